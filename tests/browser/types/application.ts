// An application that uses everything the module has, and what the types must refuse. It is checked, never run.
import { Call, Room, Signaller, SignallerError, channelId, newId } from "signaller-client";
import type { ChannelId, Pubmsg, RoomMember, RoomMessage, SignallerState, Welcome } from "signaller-client";

const id: string = newId();
const channel: ChannelId = channelId("my room");

const signaller = new Signaller({
    url: "wss://example.org/", id, name: "alice", description: { colour: "red" }, token: async () => "token", resume: true, storage: null,
    backoff: { first: 500, most: 30_000 }, WebSocket: class {},
});
const welcome: Welcome = await signaller.ready;
const state: SignallerState = signaller.state;
const servers: RTCIceServer[] = welcome.iceServers.concat(await signaller.ice(), signaller.iceServers);
// @ts-expect-error: it is the module that sets it
signaller.state = state;
// @ts-expect-error: times are numbers
new Signaller({ backoff: { first: "1s", most: 2 } });

const { created, members, operator } = await signaller.join(channel, "token");
const seq: number | undefined = (await signaller.pubmsg(channel, "hello")).seq;
const queued: boolean | undefined = (await signaller.privmsg(id, "hello")).queued;
const { messages, more } = await signaller.history(channel, 10, 100);
const first: Pubmsg | undefined = messages[0];
const bans: (string | null)[] = (await signaller.bans(channel)).map(({ reason }) => reason);
const operators = (await signaller.peers(channel)).filter((member) => member.operator);
await signaller.broadcast("hello");
await signaller.whois(id);
await signaller.away("lunch");
await signaller.away(false);
for (const verb of ["invite", "unban", "op", "deop"] as const) await signaller[verb](id, channel);
await signaller.kick(id, channel, "reason");
await signaller.ban(id);
await signaller.describe({ name: "bob", colour: "blue" });
await signaller.quit(channel, "reason");
const { content } = await signaller.ping("content");
// @ts-expect-error: a message is text
await signaller.pubmsg(channel, 1);
try {
    await signaller.command(`/whois ${channel}`);
} catch (error) {
    if (error instanceof SignallerError && error.code === 403) console.log(error.name, error.command, error.target, error.retryAfter);
}

signaller.addEventListener("statechange", ({ detail }) => console.log(detail.state, detail.retryAfter?.toFixed()));
signaller.addEventListener("privmsg", ({ detail: { from, content, time } }) => console.log(from.name, content.length, new Date(time)));
signaller.addEventListener("kick", ({ detail: { by, reason } }) => console.log(by.id, reason?.length));
// @ts-expect-error: nobody gave op when it passes by succession
signaller.addEventListener("op", ({ detail: { by } }) => console.log(by.id));

const camera = await navigator.mediaDevices.getUserMedia({ video: true });
signaller.addEventListener("call", ({ detail }) => {
    const call = new Call(signaller, detail.from.id, { answer: true, streams: [camera, { stream: camera, label: "again" }] });
    call.addEventListener("stream", ({ detail: { stream, label } }) => console.log(stream.id, label.length));
    call.addEventListener("statechange", ({ detail: { state, reason } }) => console.log(state === "failed" && reason));
});
const call = new Call(signaller, id, { configuration: { iceTransportPolicy: "relay", iceServers: servers }, channels: { chat: { ordered: false } }, RTCPeerConnection });
call.createDataChannel("file", { negotiated: true, id: 1 }).send("content");
call.addStream(camera);
await call.replaceTrack(camera.getVideoTracks()[0]!, camera.getVideoTracks()[0]!);
call.removeStream(camera);
const { roundTripTime, remoteCandidate } = await call.statistics();
call.close();

const room = new Room(signaller, channel, { token: "token", streams: [camera], history: 10, maximumCalls: 4, call: { configuration: {} } });
await room.join();
const show = ({ name, self, call }: RoomMember) => console.log(name, self, call?.state);
for (const member of room.members.values()) show(member);
room.addEventListener("message", ({ detail }: { detail: RoomMessage }) => console.log(detail.from.name, detail.own, detail.earlier));
room.addEventListener("memberleave", ({ detail }) => show(detail.member));
room.addEventListener("channel", ({ detail }) => (detail.channel.onmessage = ({ data }) => console.log(data)));
// @ts-expect-error: there is no such thing in a message
room.addEventListener("message", ({ detail }) => console.log(detail.colour));
await room.say("hello");
await room.kick(id, "reason");
await room.leave();
signaller.close({ keep: true });

export { bans, content, created, first, members, more, operator, operators, queued, remoteCandidate, roundTripTime, seq };
