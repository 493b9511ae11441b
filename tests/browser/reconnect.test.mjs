import "./support/node_globals.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { Call, Room, Signaller } from "../../src/web/signaller.js";
import { startScriptedServer } from "./support/scripted_server.mjs";
import { until } from "./support/wait.mjs";

/** A client of a server that follows the test's script. */
async function meet(t, options = {}) {
    const server = await startScriptedServer();
    const client = new Signaller({ url: server.url, name: "ann", WebSocket, backoff: { first: 1, most: 2 }, ...options });
    t.after(() => (client.close(), server.stop()));
    client.said = [];
    for (const type of ["statechange", "ready"]) client.addEventListener(type, ({ detail }) => client.said.push({ type, ...detail }));
    return { server, client };
}

const options = { timeout: 90_000 };
const bye = (code, more = {}) => ({ type: "bye", code, reason: `because of ${code}`, reconnect: code < 4500, retryAfter: null, ...more });

test("after a close code that allows it the client comes back, with its session", options, async (t) => {
    for (const code of [1001, 1006, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4499]) {
        const { server, client } = await meet(t);
        await server.welcome(0);
        await client.ready;
        (await server.connection(0)).close(code);
        const { id, session, seen } = await server.welcome(1, { resumed: true });
        assert.deepEqual({ id, session, seen }, { id: client.id, session: "a secret", seen: 0 }, String(code));
        await until("it is back", () => client.state === "connected");
        client.close();
    }
});

test("after a close code that forbids it, or a bye that does, the client ends and says why", options, async (t) => {
    const ends = [...[1002, 1003, 1007, 1009, 4500, 4501, 4502, 4999].map((code) => ({ code })), { code: 4000, words: bye(4000, { reconnect: false }) }, { code: 4502, words: bye(4502) }];
    for (const { code, words } of ends) {
        const { server, client } = await meet(t);
        await server.welcome(0);
        await client.ready;
        const pending = client.ping().catch((error) => error);
        const connection = await server.connection(0);
        if (words) connection.say(words);
        connection.close(code);
        await until("it ends", () => client.state === "closed");
        const { reason, code: told } = client.said.at(-1);
        assert.deepEqual({ reason, told }, { reason: words?.reason ?? `closed with ${code}`, told: code });
        assert.equal((await pending).name, "ERR_CLOSED");
        assert.equal((await client.ping().catch((error) => error)).name, "ERR_CLOSED");
        assert.equal(server.connections.length, 1);
    }
});

test("each connection shows a fresh access token, and one that is refused ends the session", options, async (t) => {
    let made = 0;
    const { server, client } = await meet(t, { token: async () => `token ${++made}` });
    assert.equal((await server.welcome(0)).token, "token 1");
    await client.ready;
    const first = await server.connection(0);
    first.say(bye(4003, { reason: "access token expired", retryAfter: 0 }));
    first.close(4003);
    const { token, session } = await server.welcome(1, { resumed: true });
    assert.deepEqual({ token, session }, { token: "token 2", session: "a secret" });
    const second = await server.connection(1);
    await until("it is back", () => client.state === "connected");
    second.close(1006);
    const third = await server.connection(2);
    assert.equal((await third.command("descp")).json.token, "token 3");
    third.say({ type: "error", code: 464, name: "ERR_PASSWDMISMATCH", command: "descp", target: null, message: "access token not valid" });
    await until("it ends", () => client.state === "closed");
    assert.deepEqual([client.said.at(-1).error.code, client.said.at(-1).reason], [464, "access token not valid"]);
});

test("events are confirmed every 32, and counted on where the session goes on", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const heard = [];
    client.addEventListener("pubmsg", ({ detail }) => heard.push(detail.seq));
    const pubmsg = (seq) => ({ type: "pubmsg", channel: "#507f1f77bcf86cd799439011", from: { id: "507f1f77bcf86cd799439012", name: "ben" }, content: "x", time: 0, seq });
    const first = await server.connection(0);
    for (let seq = 1; seq <= 70; ++seq) first.say(pubmsg(seq));
    assert.equal((await first.command("ack")).text, "/ack 32");
    assert.equal((await first.command("ack")).text, "/ack 64");
    await until("all of them", () => heard.length === 70);
    first.close(1006);
    assert.equal((await server.welcome(1, { resumed: true, missed: 2 })).seen, 70);
    const second = await server.connection(1);
    const waits = client.pubmsg("#507f1f77bcf86cd799439011", "after those missed");
    second.say(pubmsg(71));
    second.say(pubmsg(72));
    const { label } = await second.command("pubmsg");
    assert.equal(heard.length, 72, "a command waits for the events missed, whose replies may be its own");
    second.say({ type: "ack", command: "pubmsg", channel: "#507f1f77bcf86cd799439011", seq: 73, time: 0, label });
    assert.equal((await waits).seq, 73);
});

test("a confirmation that was too fast is no concern of the application's, and the next one makes up for it", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const errors = [];
    client.addEventListener("error", ({ detail }) => errors.push(detail.command));
    const connection = await server.connection(0);
    const say = (count) => Array.from({ length: count }, () => connection.say({ type: "broadcast", from: { id: client.id, name: "ann" }, content: "x", time: 0 }));
    const refuse = (command) => connection.say({ type: "error", code: 263, name: "RPL_TRYAGAIN", command, target: null, message: "too fast", retryAfter: 1 });
    say(32);
    assert.equal((await connection.command("ack")).text, "/ack 32");
    refuse("ack");
    refuse("descp");
    say(30);
    assert.equal((await connection.command("ack")).text, "/ack 64");
    assert.deepEqual(errors, ["descp"]);
});

test("when the past is lost, what can be said again is, and of the rest its sender is told", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const first = await server.connection(0);
    const [asked, said] = [client.whois(client.id), client.privmsg(client.id, "once only").catch((error) => error)];
    await Promise.all([first.command("whois"), first.command("privmsg")]);
    first.close(1006);
    await server.welcome(1, { resumed: true, lost: true });
    assert.deepEqual([(await said).code, (await said).name], [0, "ERR_CONNECTIONLOST"]);
    const second = await server.connection(1);
    const { label } = await second.command("whois");
    second.say({ type: "whois", peer: { id: client.id, name: "ann" }, label });
    assert.equal((await asked).name, "ann");
    assert.deepEqual(client.said.filter(({ type }) => type === "ready").map(({ fresh, lost }) => ({ fresh, lost })), [{ fresh: true, lost: false }, { fresh: false, lost: true }]);
    second.close(1006);
    const third = await server.connection(2);
    assert.equal((await third.command("descp")).json.seen, 1, "counting began again with the reply");
});

test("a description that was under way when the connection broke is said again, since the connection after it begins with the one before", options, async (t) => {
    for (const resumed of [{ resumed: true, missed: 1 }, { resumed: true, lost: true }, {}]) {
        const { server, client } = await meet(t, { description: { colour: "red" } });
        await server.welcome(0);
        await client.ready;
        const first = await server.connection(0);
        const described = client.describe({ name: "annie", colour: "blue" });
        const { label, text } = await first.command("descp");
        first.close(1006);
        const { name, colour } = await server.welcome(1, resumed);
        assert.deepEqual({ name, colour }, { name: "ann", colour: "red" });
        const second = await server.connection(1);
        const reply = { type: "welcome", id: client.id, name: "annie", label };
        // It was carried out, before the connection was described anew.
        if (resumed.missed) second.say(reply);
        assert.equal((await second.command("descp")).text, text);
        second.say(reply);
        assert.equal((await described).name, "annie");
        assert.deepEqual([client.name, client.description], ["annie", { colour: "blue" }]);
        client.close();
    }
});

test("a session that was away for too long comes back to its channels, before anything is said there", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const channels = ["507f1f77bcf86cd799439021", "507f1f77bcf86cd799439022"].map((id) => `#${id}`);
    const joined = (channel, label) => ({ type: "joined", channel, created: false, owner: client.id, operator: true, members: 1, seq: 0, label });
    const first = await server.connection(0);
    for (const channel of channels) {
        const joining = client.join(channel, "sesame");
        first.say(joined(channel, (await first.command("join")).label));
        await joining;
    }
    first.close(1006);
    await until("it is away", () => client.state === "reconnecting");
    const said = client.pubmsg(channels[1], "back");
    await server.welcome(1, { resumed: true, lost: true, channels: [joined(channels[0])] });
    const second = await server.connection(1);
    await until("both commands", () => second.heard.length === 2);
    assert.deepEqual(second.heard.map((text) => text.replace(/^@label=\S+ /, "")), [`/join ${channels[1]} sesame`, `/pubmsg ${channels[1]} back`]);
    second.say(joined(channels[1], (await second.command("join")).label));
    second.say({ type: "ack", command: "pubmsg", channel: channels[1], seq: 1, time: 0, label: (await second.command("pubmsg")).label });
    assert.equal((await said).seq, 1);
});

test("an id that is another's by now is given up, unless the application chose it", options, async (t) => {
    const taken = { type: "error", code: 433, name: "ERR_NICKNAMEINUSE", command: "descp", target: null, message: "the id belongs to another session" };
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    (await server.connection(0)).close(1006);
    const second = await server.connection(1);
    await second.command("descp");
    second.say(taken);
    const { id, session } = await server.welcome(2, { id: "507f1f77bcf86cd799439019" });
    assert.deepEqual([id, session], [undefined, undefined]);
    await until("it is somebody new", () => client.id === "507f1f77bcf86cd799439019");

    const { server: other, client: fixed } = await meet(t, { id: "507F1F77BCF86CD799439013" });
    const only = await other.connection(0);
    assert.equal((await only.command("descp")).json.id, "507f1f77bcf86cd799439013");
    only.say(taken);
    assert.equal((await fixed.ready.catch((error) => error)).code, 433);
    assert.equal(fixed.state, "closed");
});

const channel = "#507f1f77bcf86cd7994390ff";
const [ann, ben, cat, dan] = ["ann", "ben", "cat", "dan"].map((name, index) => ({ id: `507f1f77bcf86cd79943901${index + 1}`, name }));
const pubmsg = (seq, from = ben) => ({ type: "pubmsg", channel, from, content: String(seq), time: 0, seq });
const ack = (seq, label) => ({ type: "ack", command: "pubmsg", channel, seq, time: 0, label });

/** A room on a scripted server, which says that it was joined, and at once `andThen`. Its messages are noted as they come. */
async function joinRoom({ client, connection, andThen = [], more = {}, history = [] }) {
    const room = new Room(client, channel, { maximumCalls: 0, ...more });
    const seen = [];
    room.addEventListener("message", ({ detail: { seq, own, earlier } }) => seen.push(`${seq}${own ? " own" : ""}${earlier ? " earlier" : ""}`));
    const joining = room.join();
    joining.catch(() => {});
    const { label } = await connection.command("join");
    connection.say({ type: "joined", channel, created: false, owner: ben.id, operator: false, members: 2, seq: 0, label });
    for (const event of andThen) connection.say(event);
    const answer = async () => {
        connection.say({ type: "peers", channel, peers: [], total: 0, next: null, label: (await connection.command("peers")).label });
        connection.say({ type: "whois", channel: { id: channel, createdAt: 1 }, label: (await connection.command("whois")).label });
        connection.say({ type: "history", channel, messages: history, more: false, label: (await connection.command("history")).label });
        await joining;
    };
    return { room, seen, joining, answer };
}

test("what is said right behind the reply to a join comes after what was said before it", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const connection = await server.connection(0);
    const history = [1, 2, 3].map((seq) => pubmsg(seq));
    const { room, seen, answer } = await joinRoom({ client, connection, andThen: [pubmsg(3), pubmsg(4)], history });
    const said = room.say("five");
    connection.say(ack(5, (await connection.command("pubmsg")).label));
    connection.say(pubmsg(6));
    await said;
    await answer();
    assert.deepEqual(seen, ["1 earlier", "2 earlier", "3", "4", "5 own", "6"]);
});

test("one's own message has its place even if its acknowledgement comes late, and nothing waits for one that was said after it", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const connection = await server.connection(0);
    const { room, seen, answer } = await joinRoom({ client, connection });
    await answer();
    const heard = (type) => new Promise((resolve) => client.addEventListener(type, resolve, { once: true }));
    const tell = async (event) => {
        const told = heard(event.type);
        connection.say(event);
        await told;
    };
    const [first, refused] = [room.say("one"), room.say("refused").catch(({ code }) => code)];
    const labels = [(await connection.command("pubmsg")).label, (await connection.command("pubmsg")).label];
    await tell(pubmsg(2));
    await tell(pubmsg(3));
    assert.deepEqual(seen, []);
    connection.say(ack(1, labels[0]));
    await first;
    assert.deepEqual(seen, ["1 own", "2", "3"]);
    // A gap that is nobody's here, such as what the application said without the room: it is waited for as long as it may be one's own.
    await tell(pubmsg(5));
    const late = room.say("seven");
    const { label } = await connection.command("pubmsg");
    assert.deepEqual(seen, ["1 own", "2", "3"]);
    connection.say({ type: "error", code: 417, name: "ERR_INPUTTOOLONG", command: "pubmsg", target: null, message: "too long", label: labels[1] });
    assert.equal(await refused, 417);
    assert.deepEqual(seen, ["1 own", "2", "3", "5"]);
    connection.say(ack(7, label));
    await late;
    await tell(pubmsg(6));
    await tell(pubmsg(8));
    assert.deepEqual(seen.slice(4), ["7 own", "8"]);
});

test("who is removed right behind the reply to a join is out, and is not let in again by a new connection", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const connection = await server.connection(0);
    const removal = { type: "kick", channel, peer: { id: client.id, name: "ann" }, by: ben, reason: null };
    const { room, joining } = await joinRoom({ client, connection, andThen: [removal] });
    assert.equal((await joining.catch((error) => error)).name, "ERR_CLOSED");
    assert.equal(room.members.size, 0);
    connection.close(1006);
    await server.welcome(1);
    const pinged = client.ping();
    const second = await server.connection(1);
    second.say({ type: "pong", content: "", label: (await second.command("ping")).label });
    await pinged;
    assert.deepEqual(second.heard.filter((text) => text.includes("/join")), []);
});

test("a peer that ends a call and begins the next at once is heard", options, async (t) => {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const connection = await server.connection(0);
    class RTCPeerConnection {
        close() {}
    }
    const calls = [];
    client.addEventListener("call", ({ detail }) => calls.push(new Call(client, detail.from.id, { answer: true, RTCPeerConnection })));
    const signal = (rtc) => connection.say({ type: "privmsg", from: ben, to: client.id, content: JSON.stringify({ rtc }), time: 0 });
    signal({ me: "first", candidate: {} });
    signal({ me: "first", end: true });
    signal({ me: "second", candidate: {} });
    signal({ me: "second", candidate: {} });
    await until("the next call", () => calls.length > 1 && calls.at(-1).state === "connecting");
    assert.deepEqual(calls.map(({ state, reason }) => [state, reason]), [["ended", "closed there"], ["connecting", null]]);
    // What the former Call said before it heard of its end is nobody's.
    calls[1].close();
    signal({ me: "second", end: true });
    const pinged = client.ping();
    connection.say({ type: "pong", content: "", label: (await connection.command("ping")).label });
    await pinged;
    assert.equal(calls.length, 2);
});

const entry = (peer) => ({ ...peer, operator: false, away: false });

/** A room that was joined, and has asked for the first page of its members: with the label `first`. */
async function readMembers(t) {
    const { server, client } = await meet(t);
    await server.welcome(0);
    await client.ready;
    const connection = await server.connection(0);
    const room = new Room(client, channel, { maximumCalls: 0, history: 0 });
    const joining = room.join();
    const { label } = await connection.command("join");
    connection.say({ type: "joined", channel, created: false, owner: cat.id, operator: false, members: 4, seq: 0, label });
    const { label: first } = await connection.command("peers");
    return { room, connection, joining, first };
}

test("who comes or goes while a room's members are being read is there, or gone", options, async (t) => {
    const { room, connection, joining, first } = await readMembers(t);
    connection.say({ type: "quit", channel, peer: cat, reason: null });
    connection.say({ type: "join", channel, peer: ben });
    connection.say({ type: "peers", channel, peers: [entry(ann), entry(cat)], total: 3, next: cat.id, label: first });
    const { label: second } = await connection.command("peers");
    connection.say({ type: "peers", channel, peers: [], total: 3, next: null, label: second });
    // The channel's history, which is read beside them, takes longer.
    connection.say({ type: "join", channel, peer: dan });
    connection.say({ type: "whois", channel: { id: channel, createdAt: 1 }, label: (await connection.command("whois")).label });
    await joining;
    assert.deepEqual([...room.members.keys()].sort(), [ann.id, ben.id, dan.id]);
});

test("what events say of members while they are read, page by page, is newer than the pages", options, async (t) => {
    const { room, connection, joining, first } = await readMembers(t);
    connection.say({ type: "op", channel, peer: dan, by: cat });
    connection.say({ type: "peers", channel, peers: [ann, ben, cat].map(entry), total: 4, next: cat.id, label: first });
    const { label: second } = await connection.command("peers");
    connection.say({ type: "op", channel, peer: ann, by: cat });
    connection.say({ type: "away", peer: ben, away: true, message: "tea" });
    connection.say({ type: "peer", peer: { ...cat, name: "new" } });
    // What is said of somebody before they leave is nothing to those who come back.
    connection.say({ type: "quit", channel, peer: dan, reason: null });
    connection.say({ type: "join", channel, peer: dan });
    connection.say({ type: "peers", channel, peers: [entry(dan)], total: 4, next: null, label: second });
    connection.say({ type: "whois", channel: { id: channel, createdAt: 1 }, label: (await connection.command("whois")).label });
    await joining;
    assert.deepEqual([ann, ben, cat, dan].map(({ id }) => {
        const { name, operator, away } = room.members.get(id);
        return [name, operator, away];
    }), [["ann", true, false], ["ben", false, true], ["new", false, false], ["dan", false, false]]);
});

test("a token that comes late is for the connection that asked for it, and one that does not come is told", options, async (t) => {
    const asked = [];
    const { server, client } = await meet(t, { token: () => new Promise((resolve, reject) => asked.push({ resolve, reject })) });
    await until("the first question", () => asked.length === 1);
    (await server.connection(0)).close(1006);
    await until("the second question", () => asked.length === 2);
    asked[0].resolve("late");
    asked[1].resolve("fresh");
    const second = await server.connection(1);
    assert.equal((await second.command("descp")).json.token, "fresh");
    assert.deepEqual(second.heard, []);

    second.close(1006);
    await until("the third question", () => asked.length === 3);
    asked[2].reject(new Error("the issuer is away"));
    await until("it is told", () => client.said.at(-1).reason === "no access token: the issuer is away");
    assert.equal(client.state, "reconnecting");
});

test("where there is no WebSocket at all the session ends at once, and says so", options, async () => {
    const client = new Signaller({ url: "ws://127.0.0.1:9/", WebSocket: null });
    const error = await client.ready.catch((error) => error);
    assert.deepEqual([error.name, client.state], ["ERR_CLOSED", "closed"]);
    assert.match(error.message, /no WebSocket/);
});
