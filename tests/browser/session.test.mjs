import "./support/node_globals.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { Call, Room, Signaller, SignallerError, channelId, newId } from "../../src/web/signaller.js";
import { startServer } from "./support/server.mjs";
import { until } from "./support/wait.mjs";

/** The module in Node, without a browser around it: what it does with its session. Clients end with their test. */
function clientsOf(t, server) {
    return async (name, options = {}) => {
        const client = new Signaller({ url: server.url, name, WebSocket, backoff: { first: 50, most: 200 }, ...options });
        t.after(() => client.close());
        client.heard = [];
        client.states = [];
        client.addEventListener("pubmsg", ({ detail }) => client.heard.push(detail.content));
        client.addEventListener("statechange", ({ detail }) => client.states.push(detail));
        await client.ready;
        return client;
    };
}

async function start(t, ...args) {
    const server = await startServer({ args });
    t.after(() => server.stop());
    return server;
}

/** A class of WebSockets that can be broken, the newest last. */
function keptSockets() {
    const sockets = [];
    class Kept extends WebSocket {
        constructor(...rest) {
            super(...rest);
            sockets.push(this);
        }
    }
    return { sockets, Kept };
}

const options = { timeout: 120_000 };

test("more commands than the server takes at once are carried out in their order, each once", options, async (t) => {
    const server = await start(t, "--rate", "100", "--burst", "20");
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann"), await client("ben")];
    const channel = channelId(newId());
    await ann.join(channel);
    await ben.join(channel);
    const refused = [];
    ann.addEventListener("error", ({ detail }) => refused.push(detail));
    const all = Array.from({ length: 100 }, (_, i) => String(i));
    const acks = await Promise.all(all.map((content) => ann.pubmsg(channel, content)));
    assert.deepEqual(acks.map(({ seq }) => seq), all.map((_, i) => i + 1));
    await until("a hundred messages", () => ben.heard.length === 100);
    assert.deepEqual(ben.heard, all);
    assert.deepEqual(refused, []);
});

test("a command longer than the server takes is refused here, and the session goes on", options, async (t) => {
    const server = await start(t, "--max-message", "4096");
    const ann = await clientsOf(t, server)("ann");
    for (const content of ["x".repeat(4096), "é".repeat(2048), "你".repeat(1400)]) {
        const error = await ann.privmsg(ann.id, content).catch((error) => error);
        assert.ok(error instanceof SignallerError);
        assert.deepEqual([error.code, error.name, error.command], [417, "ERR_INPUTTOOLONG", "privmsg"]);
    }
    const arrived = new Promise((resolve) => ann.addEventListener("privmsg", ({ detail }) => resolve(detail.content)));
    await ann.privmsg(ann.id, "你".repeat(1300));
    assert.equal(await arrived, "你".repeat(1300));
    assert.deepEqual(ann.states.map(({ state }) => state), ["connected"]);
});

test("a server that was killed and forgot everything is told again who is where, with which token, and who is away", options, async (t) => {
    const server = await startServer();
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann"), await client("ben", { description: { colour: "red" } })];
    const channels = [channelId(newId()), channelId(newId())];
    await ann.join(channels[0], "sesame");
    await ben.join(channels[0], "sesame");
    await ben.join(channels[1]);
    await ben.away("at lunch");
    await server.kill();
    await until("both have noticed", () => [ann, ben].every(({ state }) => state === "reconnecting"));
    const said = ann.pubmsg(channels[0], "said meanwhile");
    const again = await startServer({ port: server.port });
    t.after(() => again.stop());
    await said;
    await until("both are back in", async () => (await ann.peers(channels[0]).catch(() => [])).length === 2);
    const { away, colour, channels: shared } = await until("ben is away", async () => {
        const found = await ann.whois(ben.id);
        return found.away !== null && found;
    });
    assert.deepEqual({ away, colour, shared }, { away: "at lunch", colour: "red", shared: [channels[0]] });
    assert.equal((await ben.whois(channels[1])).members, 1);
    const stranger = await client("eve");
    assert.equal((await stranger.join(channels[0]).catch((error) => error)).code, 475, "the token is the channel's again");
    await ben.away(false);
    assert.equal((await ann.whois(ben.id)).away, null);
});

test("a server that goes away says for how long, and is believed", options, async (t) => {
    const server = await startServer({ args: ["--retry-after", "300ms", "--retry-spread", "0s"] });
    const ann = await clientsOf(t, server)("ann");
    await server.stop();
    const left = ann.states.at(-1);
    assert.equal(left.state, "reconnecting");
    assert.ok(left.retryAfter >= 300 && left.retryAfter <= 350, `${left.retryAfter} ms: what it asked for, and the random part`);
    const again = await startServer({ port: server.port });
    t.after(() => again.stop());
    await until("it is back", () => ann.state === "connected");
    await ann.ping();
});

test("a description that the server refuses is not in force, and the session goes on with the one before when the connection breaks", options, async (t) => {
    const server = await start(t);
    const { sockets, Kept } = keptSockets();
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann", { WebSocket: Kept, description: { colour: "red" } }), await client("ben")];
    for (const refused of [{ name: "x".repeat(65) }, { text: "x".repeat(5_000) }]) {
        assert.equal((await ann.describe(refused).catch((error) => error)).code, 417);
        assert.deepEqual([ann.name, ann.description], ["ann", { colour: "red" }]);
    }
    const back = new Promise((resolve) => ann.addEventListener("ready", resolve, { once: true }));
    sockets.at(-1).terminate();
    await Promise.race([back, until("it ends", () => ann.state === "closed")]);
    assert.equal(ann.state, "connected");
    const { name, colour } = await ben.whois(ann.id);
    assert.deepEqual({ name, colour }, { name: "ann", colour: "red" });
});

test("of descriptions that are given at once the last is in force, with the name that was given last", options, async (t) => {
    const server = await start(t);
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann"), await client("ben")];
    const told = [ann.describe({ name: "annie", colour: "red" }), ann.describe({ name: "x".repeat(65) }).catch(({ code }) => code), ann.describe({ colour: "blue" })];
    assert.deepEqual((await Promise.all(told)).map((reply) => reply.name ?? reply), ["annie", 417, "annie"]);
    assert.deepEqual([ann.name, ann.description], ["annie", { colour: "blue" }]);
    const { name, colour } = await ben.whois(ann.id);
    assert.deepEqual({ name, colour }, { name: "annie", colour: "blue" });
});

test("what is said while the connection breaks is carried out once, whenever it breaks", options, async (t) => {
    const server = await start(t);
    const { sockets, Kept } = keptSockets();
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann", { WebSocket: Kept, backoff: { first: 1, most: 2 } }), await client("ben")];
    const channel = channelId(newId());
    await ann.join(channel);
    await ben.join(channel);
    const said = [];
    for (let round = 0; round < 30; ++round) {
        said.push(ann.pubmsg(channel, `${round}a`), ann.pubmsg(channel, `${round}b`));
        // At once, while it is on its way, or after its answer.
        if (round % 3 === 1) await new Promise(setImmediate);
        if (round % 3 === 2) await said.at(-1);
        const broken = sockets.at(-1);
        broken.terminate();
        said.push(ann.pubmsg(channel, `${round}c`));
        await until("it is back", () => sockets.at(-1) !== broken && ann.state === "connected");
    }
    await Promise.all(said);
    const expected = Array.from({ length: 30 }, (_, round) => [`${round}a`, `${round}b`, `${round}c`]).flat();
    await until("all of it", () => ben.heard.length >= expected.length);
    assert.deepEqual(ben.heard, expected);
    assert.ok(sockets.length > 30);
});

test("what two say in a room at once comes in one order, in that of its numbers, to both", options, async (t) => {
    const server = await start(t);
    const client = clientsOf(t, server);
    const channel = channelId(newId());
    const rooms = [];
    for (const peer of [await client("ann"), await client("ben")]) {
        const room = new Room(peer, channel, { maximumCalls: 0 });
        room.seen = [];
        room.addEventListener("message", ({ detail }) => room.seen.push(detail));
        await room.join();
        rooms.push(room);
    }
    const said = [];
    for (let i = 0; i < 150; ++i) {
        for (const [name, room] of Object.entries(rooms)) said.push(room.say(`${name} ${i}`));
        if (i % 5 === 0) await new Promise(setImmediate);
    }
    await Promise.all(said);
    await until("all of it", () => rooms.every(({ seen }) => seen.length === 300));
    for (const [name, { seen }] of Object.entries(rooms)) {
        assert.deepEqual(seen.map(({ seq }) => seq), said.map((_, index) => index + 1));
        assert.ok(seen.every(({ own, content }) => own === content.startsWith(`${name} `)));
    }
    assert.deepEqual(rooms[0].seen.map(({ content }) => content), rooms[1].seen.map(({ content }) => content));
});

test("a room that is left before it was joined stays left, whatever else is made of its channel meanwhile", options, async (t) => {
    const server = await start(t);
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann"), await client("ben")];
    const channel = channelId(newId());
    await ben.join(channel);
    const seen = [];
    const rooms = ["first", "second"].map((name) => {
        const room = new Room(ann, channel, { maximumCalls: 0 });
        for (const type of ["memberjoin", "message", "sync"]) room.addEventListener(type, () => seen.push(`${type} in the ${name}`));
        return room;
    });
    const unfinished = rooms[0].join().catch((error) => error);
    await Promise.all([rooms[0].leave(), rooms[1].join()]);
    const error = await unfinished;
    assert.ok(error instanceof SignallerError);
    assert.equal(error.name, "ERR_CLOSED");
    await ben.pubmsg(channel, "hello");
    await until("the message", () => seen.includes("message in the second"));
    assert.deepEqual(seen.filter((what) => what.endsWith("first")), []);
    assert.deepEqual([rooms[0].members.size, rooms[1].members.size], [0, 2]);
    await rooms[1].leave();
    await rooms[1].leave();
});

test("what was joined and left at once is not joined again when the server has forgotten it", options, async (t) => {
    const server = await startServer();
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann"), await client("ben")];
    const channels = [channelId(newId()), channelId(newId())];
    await Promise.all([ann.join(channels[0]), ann.quit(channels[0].toUpperCase()), ann.join(channels[1])]);
    await server.kill();
    const again = await startServer({ port: server.port });
    t.after(() => again.stop());
    await until("ann is back in the other", () => ben.whois(channels[1]).then(() => true, () => false));
    assert.equal((await ben.whois(channels[0]).catch((error) => error)).code, 403);
});

test("Node warns of nothing when a session has many rooms and calls", { ...options, skip: !process.getBuiltinModule && "this Node does not hand out node:events" }, async (t) => {
    const server = await start(t);
    const ann = await clientsOf(t, server)("ann");
    const warnings = [];
    const warned = (warning) => warnings.push(warning.name);
    process.on("warning", warned);
    t.after(() => process.off("warning", warned));
    await Promise.all(Array.from({ length: 12 }, () => new Room(ann, channelId(newId()), { maximumCalls: 0 }).join()));
    for (let i = 0; i < 12; ++i) new Call(ann, newId(), { answer: true });
    await new Promise(setImmediate);
    assert.deepEqual(warnings, []);
});

test("a session may be closed in the middle of anything", options, async (t) => {
    const server = await startServer();
    const client = clientsOf(t, server);
    const ann = await client("ann");
    const room = new Room(ann, channelId(newId()), { maximumCalls: 0 });
    await room.join();
    await server.kill();
    const again = await startServer({ port: server.port });
    t.after(() => again.stop());
    // Members and history are being read again; that this comes to nothing is nobody's unhandled rejection.
    await new Promise((resolve) => ann.addEventListener("joined", resolve, { once: true }));
    ann.close();
    await room.leave();
});

test("a new name is in the room at once, for oneself and for others", options, async (t) => {
    const server = await start(t);
    const client = clientsOf(t, server);
    const [ann, ben] = [await client("ann"), await client("ben")];
    const channel = channelId(newId());
    const rooms = [ann, ben].map((peer) => new Room(peer, channel, { maximumCalls: 0 }));
    for (const room of rooms) await room.join();
    await ann.describe({ name: "annie", colour: "red" });
    assert.equal(rooms[0].self.name, "annie");
    await until("the other sees it", () => rooms[1].members.get(ann.id).name === "annie");
});
