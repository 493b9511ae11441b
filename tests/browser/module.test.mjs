import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser, openBlankPage } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const script = fileURLToPath(new URL("support/module_page.js", import.meta.url));

describe("signaller.js", { timeout: 480_000, concurrency: 2 }, () => {
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

    async function openMember(description, at = server) {
        const page = await openBlankPage(browser, at, { script });
        const id = await page.evaluate((given) => openRoom(given), description);
        return { page, id };
    }

    const close = (...members) => Promise.all(members.map(({ page }) => page.context().close()));
    const seesFrames = (here, there) => here.page.evaluate((id) => framesFlow(id), there.id);

    test("ids are ObjectIds, and a room name is the same channel everywhere", async () => {
        const page = await openBlankPage(browser, server);
        const ids = await page.evaluate(async () => {
            const { newId, channelId } = await import("/signaller.js");
            return { many: Array.from({ length: 1000 }, newId), named: channelId("abc"), composed: channelId("caf\u00e9") === channelId("cafe\u0301"), own: channelId("#5F43A1B2C3D4E5F607182930") };
        });
        assert.equal(new Set(ids.many).size, 1000);
        assert.ok(ids.many.every((id) => /^[0-9a-f]{24}$/.test(id)));
        assert.equal(ids.named, "#ba7816bf8f01cfea414140de", "the beginning of SHA-256 of the name");
        assert.ok(ids.composed);
        assert.equal(ids.own, "#5f43a1b2c3d4e5f607182930");
        await page.context().close();
    });

    test("a refused command rejects with the protocol's code and name", async () => {
        const page = await openBlankPage(browser, server);
        const error = await page.evaluate(async () => {
            const { Signaller, SignallerError } = await import("/signaller.js");
            const signaller = new Signaller({ storage: null });
            const failure = await signaller.peers("#5f43a1b2c3d4e5f6071829ff").catch((error) => error);
            signaller.close();
            return { typed: failure instanceof SignallerError, code: failure.code, name: failure.name, command: failure.command };
        });
        assert.deepEqual(error, { typed: true, code: 403, name: "ERR_NOSUCHCHANNEL", command: "peers" });
        await page.context().close();
    });

    test("members of a room see each other and chat, each message once and in order", async () => {
        const ann = await openMember({ name: "ann", room: "chat" });
        const ben = await openMember({ name: "ben", room: "chat" });
        await seesFrames(ann, ben);
        await seesFrames(ben, ann);
        for (const { page } of [ann, ben]) await page.evaluate(() => Promise.all(["one", "two", "three"].map((text) => session.room.say(`${text} of ${session.signaller.name}`))));
        const seen = await Promise.all([ann, ben].map(({ page }) => page.evaluate(async () => {
            await until(() => session.messages.length === 6);
            return session.messages.map(({ seq, content }) => ({ seq, content }));
        })));
        assert.deepEqual(seen[0].map(({ seq }) => seq), [1, 2, 3, 4, 5, 6]);
        assert.deepEqual(seen[0], seen[1]);
        await close(ann, ben);
    });

    test("streams come and go on both sides at once", async () => {
        const ann = await openMember({ name: "ann", room: "screens" });
        const ben = await openMember({ name: "ben", room: "screens" });
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        const both = (action) => Promise.all([ann, ben].map(({ page }) => page.evaluate(action)));
        for (let round = 0; round < 3; ++round) {
            await both(() => session.room.addStream((session.screen = paintedStream()), "screen"));
            await both(() => until(() => session.incoming.length === 2 && session.incoming.some(({ label }) => label === "screen")));
            await both(() => session.room.removeStream(session.screen));
            await both(() => until(() => session.incoming.length === 1));
        }
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        await close(ann, ben);
    });

    for (const delay of [0, 200]) {
        test(`what comes and goes all the time leaves nothing behind: descriptions do not grow, with signals that take ${delay} ms`, async () => {
            const ann = await openMember({ name: "ann", room: `toggles ${delay}` });
            const ben = await openMember({ name: "ben", room: `toggles ${delay}` });
            await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
            for (const { page } of [ann, ben]) await page.evaluate((milliseconds) => delaySignals(milliseconds), delay);
            for (let round = 0; round < 12; ++round) {
                // By turns one after the other, and at once: then the other side sees but the change.
                if (round % 2) {
                    await ann.page.evaluate(() => session.room.removeStream(session.screen));
                    await ben.page.evaluate(() => until(() => session.incoming.length === 1));
                }
                await ann.page.evaluate((round) => {
                    const former = session.screen;
                    session.screen = paintedStream();
                    if (former && round % 2 === 0) session.room.removeStream(former);
                    session.room.addStream(session.screen, `screen ${round}`);
                }, round);
                await ben.page.evaluate((round) => until(() => session.incoming.length === 2 && session.incoming.some(({ label }) => label === `screen ${round}`)), round);
            }
            assert.deepEqual(await ben.page.evaluate(() => session.incoming.map(({ label }) => label).sort()), ["", "screen 11"]);
            // The stream is there with the offer, what it replaces has gone when the answer came.
            for (const { page } of [ann, ben]) {
                await page.evaluate(() => until(() => connections[0].signalingState === "stable" && connections[0].getTransceivers().length === 2));
                assert.ok((await page.evaluate(() => connections[0].localDescription.sdp.match(/^m=video/gm).length)) <= 3);
            }
            const last = await ben.page.evaluate(async () => {
                const { stream } = session.incoming.find(({ label }) => label !== "");
                const video = Object.assign(document.createElement("video"), { srcObject: stream, muted: true, autoplay: true });
                document.body.append(video);
                await until(() => video.getVideoPlaybackQuality().totalVideoFrames > 3);
                return stream.getTracks().length;
            });
            assert.equal(last, 1);
            await close(ann, ben);
        });
    }

    test("both sides may restart ICE at the same moment, again and again", async () => {
        const ann = await openMember({ name: "ann", room: "glare" });
        const ben = await openMember({ name: "ben", room: "glare" });
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        for (let round = 0; round < 5; ++round) {
            await Promise.all([ann, ben].map(({ page }) => page.evaluate(async () => {
                const [connection] = connections;
                const before = connection.localDescription.sdp.match(/ice-ufrag:(\S+)/)[1];
                connection.restartIce();
                await until(() => connection.signalingState === "stable" && connection.localDescription.sdp.match(/ice-ufrag:(\S+)/)[1] !== before);
                await until(() => connection.connectionState === "connected");
            })));
        }
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        assert.deepEqual(await Promise.all([ann, ben].map(({ page }) => page.evaluate(() => connections.length))), [1, 1]);
        await close(ann, ben);
    });

    test("a page that is online again does not wait for its turn to reconnect", async () => {
        const { page } = await openMember({ name: "ann", room: "hurry", camera: false, options: { backoff: { first: 3_600_000, most: 3_600_000 } } });
        await page.evaluate(async () => {
            session.sockets[0].close();
            await until(() => session.signaller.state === "reconnecting");
            window.dispatchEvent(new Event("online"));
            await until(() => session.signaller.state === "connected");
        });
        assert.equal(await page.evaluate(() => session.sockets.length), 2);
        await close({ page });
    });

    test("a copied tab does not take the session of the one it was copied from", async () => {
        const page = await openBlankPage(browser, server);
        const seen = await page.evaluate(async () => {
            const { Signaller } = await import("/signaller.js");
            const storage = (kept) => ({ kept, getItem: () => kept, setItem(_, value) { kept = this.kept = value; }, removeItem() { kept = this.kept = null; } });
            const original = storage(null);
            const first = new Signaller({ storage: original });
            await first.ready;
            const second = new Signaller({ storage: storage(original.kept) });
            await second.ready;
            const result = { kept: Boolean(original.kept), same: first.id === second.id, states: [first.state, second.state], pong: (await first.ping("still here")).content };
            first.close();
            second.close();
            return result;
        });
        assert.deepEqual(seen, { kept: true, same: false, states: ["connected", "connected"], pong: "still here" });
        await page.context().close();
    });

    test("a broken connection is resumed: nothing is lost, nothing comes twice, nobody sees it", async () => {
        const ann = await openMember({ name: "ann", room: "resume", camera: false });
        const ben = await openMember({ name: "ben", room: "resume", camera: false });
        for (let round = 0; round < 5; ++round) {
            await Promise.all([
                ann.page.evaluate((round) => Promise.all(Array.from({ length: 10 }, (_, i) => session.room.say(`${round}.${i}`))), round),
                ben.page.evaluate(async (round) => {
                    session.sockets.at(-1).close(3000 + round);
                    await session.room.say(`back ${round}`);
                }, round),
            ]);
        }
        const [annSaw, benSaw] = await Promise.all([ann, ben].map(({ page }) => page.evaluate(async () => {
            await until(() => session.messages.length >= 55);
            return { seqs: session.messages.map(({ seq }) => seq), leaves: session.log.filter(({ type }) => type === "memberleave").length, connections: session.sockets.length };
        })));
        const everyOne = Array.from({ length: 55 }, (_, i) => i + 1);
        assert.deepEqual(annSaw.seqs, everyOne);
        assert.deepEqual([...benSaw.seqs].sort((a, b) => a - b), everyOne);
        assert.equal(benSaw.connections, 6);
        assert.equal(annSaw.leaves, 0);
        await close(ann, ben);
    });

    test("a call outlives a server that is killed and started again, and the chat goes on", async () => {
        let mortal = await startServer();
        const members = [];
        try {
            members.push(await openMember({ name: "ann", room: "mortal" }, mortal), await openMember({ name: "ben", room: "mortal" }, mortal));
            const [ann, ben] = members;
            await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
            await ann.page.evaluate(() => session.room.say("before"));
            await ben.page.evaluate(() => until(() => session.messages.length === 1));

            await mortal.kill();
            await ann.page.evaluate(() => until(() => session.signaller.state === "reconnecting"));
            await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
            const said = ann.page.evaluate(() => session.room.say("while it was away"));
            mortal = await startServer({ port: mortal.port });
            await said;
            await Promise.all(members.map(({ page }) => page.evaluate(() => until(() => session.signaller.state === "connected" && session.room.members.size === 2))));
            await ben.page.evaluate(() => session.room.say("after"));
            for (const { page } of members) {
                const contents = await page.evaluate(async () => {
                    await until(() => session.messages.some(({ content }) => content === "after"));
                    return session.messages.map(({ content }) => content);
                });
                assert.deepEqual(contents, ["before", "while it was away", "after"]);
                const states = await page.evaluate(() => session.log.filter(({ type }) => type === "callstate").map(({ state }) => state));
                assert.deepEqual(states, ["connecting", "connected"], "the call itself never noticed");
            }
            await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        } finally {
            await close(...members);
            await mortal.stop();
        }
    });

    test("a page that is loaded anew takes its place back and is called again", async () => {
        const ann = await openMember({ name: "ann", room: "reload" });
        const ben = await openBlankPage(browser, server, { script });
        const open = () => ben.evaluate(() => openRoom({ name: "ben", room: "reload", options: { storage: undefined } }));
        const first = await open();
        await ann.page.evaluate((id) => framesFlow(id), first);
        await ben.reload();
        await ann.page.evaluate(() => until(() => session.incoming.length === 0), "no frozen picture");
        const second = await open();
        assert.equal(second, first, "the session was kept");
        await ben.evaluate((id) => framesFlow(id), ann.id);
        await ann.page.evaluate((id) => framesFlow(id), first);
        assert.equal(await ann.page.evaluate(() => session.log.filter(({ type }) => type === "memberleave").length), 0);
        await close(ann, { page: ben });
    });

    test("an operator's kick ends the calls and is told with its reason; the banned cannot come back", async () => {
        const ann = await openMember({ name: "ann", room: "order" });
        const ben = await openMember({ name: "ben", room: "order" });
        await seesFrames(ben, ann);
        await ann.page.evaluate((id) => session.room.kick(id, "too loud"), ben.id);
        const removed = await ben.page.evaluate(() => until(() => session.log.find(({ type }) => type === "removed")));
        assert.equal(removed.reason, "too loud");
        assert.equal(removed.banned, false);
        await ann.page.evaluate(() => until(() => session.incoming.length === 0 && session.room.members.size === 1));
        await ann.page.evaluate((id) => session.room.ban(id), ben.id);
        const code = await ben.page.evaluate(() => session.signaller.join(session.room.channel).catch((error) => error.code));
        assert.equal(code, 474);
        await close(ann, ben);
    });
});
