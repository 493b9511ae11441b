// Two peers in a room, and then in a second one, run as a process of its own. Prints whose calls there are while both are in both, and when one has left
// the first; then the same once more, with the other one leaving.
import "./node_globals.mjs";
import wrtc from "@roamhq/wrtc";
import WebSocket from "ws";
import { Room, Signaller, channelId, newId } from "../../../src/web/signaller.js";
import { until } from "./wait.mjs";

const [url] = process.argv.slice(2);
const call = { RTCPeerConnection: wrtc.RTCPeerConnection, channels: { chat: { negotiated: true, id: 1 } } };
const signallers = ["ann", "ben"].map((name) => new Signaller({ url, name, WebSocket }));
await Promise.all(signallers.map(({ ready }) => ready));
const other = (room) => [...room.members.values()].find(({ self }) => !self);
const states = (rooms) => rooms.map((room) => other(room)?.call?.state ?? null);

async function open() {
    const channel = channelId(newId());
    const rooms = signallers.map((signaller) => new Room(signaller, channel, { call }));
    for (const room of rooms) await room.join();
    await until("both are there", () => rooms.every(other));
    return rooms;
}

const connected = (rooms) => until("their call", () => states(rooms).every((state) => state === "connected"));
const rooms = [await open()];
await connected(rooms[0]);
const ended = [];
for (const [index, room] of rooms[0].entries()) room.addEventListener("callstate", ({ detail }) => detail.state === "ended" && ended.push(index));
const seen = [];
for (const leaver of [0, 1]) {
    const former = rooms.at(-1);
    const next = await open();
    rooms.push(next);
    seen.push([states(former), states(next), ended.length]);
    await former[leaver].leave();
    await connected(next);
    seen.push([states(former), states(next)]);
}
console.log(JSON.stringify(seen));
// The native part of @roamhq/wrtc does not end by itself in good order.
process.exit(0);
