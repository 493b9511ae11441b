// A member of a room that is a Node process: its WebSocket is the package ws, its RTCPeerConnection that of @roamhq/wrtc. It sends a picture of its
// own making, echoes what it hears over a data channel, and prints what it saw when its input ends.
import "./node_globals.mjs";
import wrtc from "@roamhq/wrtc";
import WebSocket from "ws";
import { Room, Signaller, channelId } from "../../../src/web/signaller.js";

const [url, roomName] = process.argv.slice(2);
const signaller = new Signaller({ url, name: "node", WebSocket });
const source = new wrtc.nonstandard.RTCVideoSource();
const picture = { width: 64, height: 48, data: new Uint8ClampedArray(64 * 48 * 1.5).fill(128) };
const drawing = setInterval(() => {
    picture.data.fill((picture.data[0] + 16) % 256);
    source.onFrame(picture);
}, 50);
const stream = new wrtc.MediaStream([source.createTrack()]);
const room = new Room(signaller, channelId(roomName), {
    streams: [stream],
    call: { RTCPeerConnection: wrtc.RTCPeerConnection, channels: { echo: { negotiated: true, id: 1 } } },
});

const seen = { frames: 0, size: null, states: [], messages: [], leaves: [] };
const sinks = [];
room.addEventListener("stream", ({ detail }) => {
    const sink = new wrtc.nonstandard.RTCVideoSink(detail.stream.getVideoTracks()[0]);
    sink.onframe = ({ frame }) => {
        if (++seen.frames === 3) console.log("frames");
        seen.size = [frame.width, frame.height];
    };
    sinks.push(sink);
});
room.addEventListener("channel", ({ detail: { channel } }) => {
    channel.onmessage = ({ data }) => channel.send(`${data}, says Node`);
});
room.addEventListener("callstate", ({ detail }) => seen.states.push(detail.state));
room.addEventListener("message", ({ detail }) => seen.messages.push(detail.content));
room.addEventListener("memberleave", ({ detail }) => seen.leaves.push(detail.member.name));
await room.join();
await room.say("hello from Node");
console.log(`joined ${signaller.id}`);

for await (const _ of process.stdin);
clearInterval(drawing);
for (const sink of sinks) sink.stop();
for (const track of stream.getTracks()) track.stop();
signaller.close();
console.log(JSON.stringify(seen));
// The native part of @roamhq/wrtc does not end by itself in good order.
process.exit(0);
