import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser, openBlankPage } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const rawPeer = fileURLToPath(new URL("support/raw_peer.js", import.meta.url));
const channel = "#5f43a1b2c3d4e5f60718293a";

describe("pages that speak the protocol by hand", { timeout: 180_000 }, () => {
    let server;
    let browser;

    before(async () => {
        server = await startServer();
        browser = await launchBrowser();
    });

    after(async () => {
        await browser?.close();
        await server?.stop();
    });

    async function openPeer(description, { camera = true } = {}) {
        const page = await openBlankPage(browser, server, { script: rawPeer });
        await page.evaluate(async ({ url, description, camera }) => {
            const stream = camera ? await smallCamera() : null;
            window.peer = await connectPeer(url, description, stream);
        }, { url: server.url, description, camera });
        const id = await page.evaluate(() => peer.id);
        return { page, id };
    }

    test("two pages set up a video call and a data channel through /privmsg", async () => {
        const alice = await openPeer('{"id": "aaaaaaaaaaaaaaaaaaaaaa01", "name": "alice"}');
        const bob = await openPeer('{id: "AAAAAAAAAAAAAAAAAAAAAA02", name: "bob"}');
        assert.equal(alice.id, "aaaaaaaaaaaaaaaaaaaaaa01");
        assert.equal(bob.id, "aaaaaaaaaaaaaaaaaaaaaa02", "ids are sent in lower case");

        await alice.page.evaluate((id) => peer.call(id).offer(), bob.id);
        for (const [here, there] of [[alice, bob], [bob, alice]]) {
            await here.page.evaluate(async (id) => {
                await until("the other side's first signal", () => peer.calls.has(id));
                await peer.call(id).connected();
            }, there.id);
        }

        for (const [here, there] of [[alice, bob], [bob, alice]]) {
            const statistics = await here.page.evaluate((id) => peer.call(id).videoFlows(), there.id);
            assert.ok(statistics.framesDecoded > 0 && statistics.bytesReceived > 0, JSON.stringify(statistics));
            await here.page.evaluate((id) => peer.call(id).channel.send(`你好 from ${peer.id}`), there.id);
        }
        for (const [here, there] of [[alice, bob], [bob, alice]]) {
            const seen = await here.page.evaluate(async (id) => {
                const call = peer.call(id);
                await until("the other side's message", () => call.messages.length > 0);
                const { messages, candidates, sent, received } = call;
                return { messages, candidates, sent, received };
            }, there.id);
            assert.deepEqual(seen.messages, [`你好 from ${there.id}`]);
            assert.ok(seen.candidates.sent > 0 && seen.candidates.received > 0, "candidates trickled both ways");
            here.descriptions = seen;
        }
        assert.deepEqual(bob.descriptions.received, alice.descriptions.sent, "an SDP arrives byte for byte");
        assert.deepEqual(alice.descriptions.received, bob.descriptions.sent, "an SDP arrives byte for byte");

        // The call is the browsers' own: it outlives the signalling.
        const code = await alice.page.evaluate(() => {
            peer.signalling.send("/quit");
            return peer.signalling.closed;
        });
        assert.equal(code, 1000);
        await bob.page.evaluate((id) => peer.call(id).videoFlows(), alice.id);
        await alice.page.context().close();
        await bob.page.context().close();
    });

    test("four pages find each other through /join, /peers and join events, and form a mesh", async () => {
        const members = [];
        for (const name of ["ann", "ben", "cat", "dan"]) {
            const member = await openPeer(JSON.stringify({ name }));
            // The newcomer calls everybody it finds, so each pair is called by exactly one side.
            member.found = await member.page.evaluate(async (channel) => {
                const { signalling } = peer;
                signalling.send(`/join ${channel}`);
                const joined = await signalling.event("joined");
                signalling.send(`/peers ${channel}`);
                const { peers, total, next } = await signalling.event("peers");
                const others = peers.map(({ id }) => id).filter((id) => id !== peer.id);
                for (const id of others) peer.call(id).offer();
                return { joined, ids: peers.map(({ id }) => id), total, next };
            }, channel);
            members.push(member);
            const { joined, ids, total, next } = member.found;
            assert.equal(joined.members, members.length);
            assert.equal(joined.created, members.length === 1);
            assert.equal(joined.owner, members[0].id);
            assert.deepEqual(ids, members.map(({ id }) => id).sort(), "/peers lists every member, in id order");
            assert.deepEqual({ total, next }, { total: members.length, next: null });
        }

        const everyId = members.map(({ id }) => id);
        const results = await Promise.all(members.map(({ page, id }) => page.evaluate(async (others) => {
            await until("three calls", () => peer.calls.size === 3);
            const frames = [];
            for (const other of others) {
                const call = peer.call(other);
                await call.connected();
                call.channel.send(`hello from ${peer.id}`);
                frames.push((await call.videoFlows()).framesDecoded);
                await until("a greeting", () => call.messages.length > 0);
            }
            const joins = peer.signalling.events.filter(({ type }) => type === "join").map((event) => event.peer.id);
            return { frames, joins, greetings: others.map((other) => peer.call(other).messages) };
        }, everyId.filter((other) => other !== id))));

        results.forEach((result, index) => {
            const others = everyId.filter((_, other) => other !== index);
            assert.deepEqual(result.joins, everyId.slice(index + 1), "who was there saw each later member join, in order");
            assert.ok(result.frames.every((frames) => frames > 0), `frames from three others: ${result.frames}`);
            assert.deepEqual(result.greetings, others.map((other) => [`hello from ${other}`]));
        });

        await members[3].page.evaluate((channel) => peer.signalling.send(`/quit ${channel} time to go`), channel);
        for (const { page } of members.slice(0, 3)) {
            const quit = await page.evaluate(() => peer.signalling.event("quit"));
            assert.deepEqual(quit, { type: "quit", channel, peer: { id: everyId[3], name: "dan" }, reason: "time to go" });
        }
        for (const { page } of members) await page.context().close();
    });

    test("a page is told when the server goes away, and when to come back", async () => {
        const going = await startServer();
        try {
            const page = await openBlankPage(browser, server, { script: rawPeer });
            await page.evaluate(async (url) => (window.peer = await connectPeer(url, "{}")), going.url);
            await going.stop();
            const end = await page.evaluate(async () => ({ bye: await peer.signalling.event("bye"), code: await peer.signalling.closed }));
            assert.equal(end.code, 1001);
            assert.equal(end.bye.code, 1001);
            assert.equal(end.bye.reconnect, true);
            assert.ok(end.bye.retryAfter >= 0);
            await page.context().close();
        } finally {
            await going.kill();
        }
    });
});
