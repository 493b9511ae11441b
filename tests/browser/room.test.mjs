import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser, openBlankPage } from "./support/browser.mjs";
import { startLink } from "./support/link.mjs";
import { startServer } from "./support/server.mjs";

const script = fileURLToPath(new URL("support/module_page.js", import.meta.url));
const never = { first: 3_600_000, most: 3_600_000 };

describe("rooms", { timeout: 300_000, concurrency: 2 }, () => {
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

    async function openMember(description) {
        const page = await openBlankPage(browser, server, { script });
        const id = await page.evaluate((given) => openRoom(given), description);
        return { page, id };
    }

    const close = (...members) => Promise.all(members.map(({ page }) => page.context().close()));
    const logged = ({ page }, type) => page.evaluate((type) => session.log.filter((entry) => entry.type === type), type);
    const contents = ({ page }, count) => page.evaluate(async (count) => {
        await until(() => session.messages.length >= count);
        return session.messages.map(({ content }) => content);
    }, count);

    test("four are in a room, each with a call to every other; who leaves is gone for all, and the rest goes on", async () => {
        const members = [];
        for (const name of ["ann", "ben", "cat", "dan"]) members.push(await openMember({ name, room: "four" }));
        const seeEachOther = (those) => Promise.all(those.flatMap((here) => those.filter((there) => there !== here).map((there) => here.page.evaluate((id) => framesFlow(id), there.id))));
        await seeEachOther(members);
        for (const { page } of members) {
            const seen = await page.evaluate(() => ({ connections: connections.length, incoming: session.incoming.length, names: [...session.room.members.values()].map(({ name }) => name).sort() }));
            assert.deepEqual(seen, { connections: 3, incoming: 3, names: ["ann", "ben", "cat", "dan"] });
        }
        await members[1].page.evaluate(() => session.room.leave("time to go"));
        const rest = members.filter((_, index) => index !== 1);
        for (const { page } of rest) await page.evaluate(() => until(() => session.room.members.size === 3 && session.incoming.length === 2));
        await seeEachOther(rest);
        for (const { page } of rest) await page.evaluate(() => session.room.say(`${session.signaller.name} stays`));
        for (const member of rest) {
            assert.deepEqual(await contents(member, 3), ["ann stays", "cat stays", "dan stays"]);
            assert.deepEqual((await logged(member, "memberleave")).map(({ reason }) => reason), ["time to go"]);
        }
        await close(...members);
    });

    test("who was offline gets everything said meanwhile, once, when the network is back; the others notice nothing", async () => {
        const ann = await openMember({ name: "ann", room: "offline" });
        const ben = await openMember({ name: "ben", room: "offline", options: { backoff: never } });
        await Promise.all([ann.page.evaluate((id) => framesFlow(id), ben.id), ben.page.evaluate((id) => framesFlow(id), ann.id)]);
        for (let round = 0; round < 3; ++round) {
            await ben.page.context().setOffline(true);
            await ben.page.evaluate(async () => {
                session.sockets.at(-1).close();
                await until(() => session.signaller.state === "reconnecting" && !navigator.onLine);
            });
            await ann.page.evaluate((round) => Promise.all(["a", "b", "c"].map((letter) => session.room.say(`${letter}${round}`))), round);
            const said = ben.page.evaluate((round) => session.room.say(`late ${round}`), round);
            await ben.page.context().setOffline(false);
            await said;
            await ben.page.evaluate(() => until(() => session.signaller.state === "connected"));
        }
        const expected = [0, 1, 2].flatMap((round) => ["a", "b", "c", "late "].map((start) => `${start}${round}`));
        assert.deepEqual(await contents(ann, 12), expected);
        assert.deepEqual(await contents(ben, 12), expected);
        assert.equal(await ben.page.evaluate(() => session.sockets.length), 4);
        assert.deepEqual(await logged(ann, "memberleave"), []);
        assert.deepEqual((await logged(ann, "callstate")).map(({ state }) => state), ["connecting", "connected"]);
        await close(ann, ben);
    });

    test("what is added while the server is away arrives when it is back, whoever of the two comes back first", async (t) => {
        for (const adder of ["ann", "ben"]) {
            const mortal = await startServer();
            const members = {};
            for (const name of ["ann", "ben"]) {
                const page = await openBlankPage(browser, mortal, { script });
                await page.evaluate((given) => openRoom(given), { name, room: "away", options: { backoff: never } });
                members[name] = { page };
            }
            const { [adder]: here, ...rest } = members;
            const [there] = Object.values(rest);
            await Promise.all([here, there].map(({ page }) => page.evaluate(() => until(() => session.incoming.length === 1))));
            await mortal.kill();
            await there.page.evaluate(() => until(() => session.signaller.state === "reconnecting"));
            await here.page.evaluate(async () => {
                await until(() => session.signaller.state === "reconnecting");
                session.room.addStream(paintedStream(), "screen");
                await until(() => connections[0].signalingState === "have-local-offer");
            });
            const again = await startServer({ port: mortal.port });
            t.after(() => again.stop());
            // Its offer finds nobody: the other one has not come back yet.
            for (const { page } of [here, there]) {
                await page.evaluate(async () => {
                    window.dispatchEvent(new Event("online"));
                    await until(() => session.signaller.state === "connected");
                    await session.signaller.ping();
                });
            }
            await there.page.evaluate(() => until(() => session.incoming.some(({ label }) => label === "screen")));
            await here.page.evaluate(() => until(() => connections.length === 1 && connections[0].signalingState === "stable"));
            await close(here, there);
        }
    });

    test("who finds no place for a call is told so, and is called when there is one", async () => {
        const open = (name) => openMember({ name, room: "two at most", maximumCalls: 1 });
        const ann = await open("ann");
        const ben = await open("ben");
        await Promise.all([ann.page.evaluate((id) => framesFlow(id), ben.id), ben.page.evaluate((id) => framesFlow(id), ann.id)]);
        const cat = await open("cat");
        await cat.page.evaluate(() => until(() => session.log.some(({ type, state, reason }) => type === "callstate" && state === "ended" && reason === "full")));
        assert.deepEqual([await ann.page.evaluate(() => connections.length), await cat.page.evaluate(() => session.room.members.size)], [1, 3]);
        await ben.page.evaluate(() => session.room.leave());
        await Promise.all([ann.page.evaluate((id) => framesFlow(id), cat.id), cat.page.evaluate((id) => framesFlow(id), ann.id)]);
        await close(ann, ben, cat);
    });

    test("a connection that has fallen silent is found out by the heartbeat and replaced", async (t) => {
        const link = await startLink(server.port);
        t.after(() => link.stop());
        const ann = await openMember({ name: "ann", room: "silence", camera: false });
        const page = await openBlankPage(browser, server, { script });
        // The page's time runs as ever, but can be put forward.
        await page.clock.install();
        await page.evaluate((given) => openRoom(given), { name: "ben", room: "silence", camera: false, options: { url: link.url } });
        const ben = { page };
        link.silence();
        await ann.page.evaluate(() => session.room.say("into the silence"));
        await page.clock.fastForward(31_000);
        assert.equal(await page.evaluate(() => session.signaller.state), "connected", "it has asked, and waits for the answer");
        link.restore();
        await page.clock.fastForward(16_000);
        assert.deepEqual(await contents(ben, 1), ["into the silence"]);
        assert.equal(await page.evaluate(() => session.sockets.length), 2);
        assert.deepEqual(await logged(ann, "memberleave"), []);
        await close(ann, ben);
    });

    test("who is banned is told by whom and why, is out at once, and may come back when the ban is lifted", async () => {
        const ann = await openMember({ name: "ann", room: "bans" });
        const ben = await openMember({ name: "ben", room: "bans" });
        const cat = await openMember({ name: "cat", room: "bans", camera: false });
        await ben.page.evaluate((id) => framesFlow(id), ann.id);
        // One channel, and so it need not be named.
        await ann.page.evaluate((id) => session.signaller.ban(id), ben.id);
        const removed = await ben.page.evaluate(() => until(() => session.log.find(({ type }) => type === "removed")));
        assert.deepEqual({ banned: removed.banned, reason: removed.reason }, { banned: true, reason: null });
        for (const member of [ann, cat]) await member.page.evaluate(() => until(() => session.room.members.size === 2));
        await ben.page.evaluate(() => until(() => session.incoming.length === 0 && connections.every(({ connectionState }) => connectionState === "closed")));
        const errors = await ben.page.evaluate(() => Promise.all([
            session.signaller.join(session.room.channel), session.signaller.pubmsg(session.room.channel, "let me in"),
        ].map((attempt) => attempt.catch(({ code, name }) => ({ code, name })))));
        assert.deepEqual(errors, [{ code: 474, name: "ERR_BANNEDFROMCHAN" }, { code: 442, name: "ERR_NOTONCHANNEL" }]);
        assert.deepEqual(await ann.page.evaluate(async () => (await session.signaller.bans(session.room.channel)).map(({ id, reason }) => ({ id, reason }))), [{ id: ben.id, reason: null }]);
        await ann.page.evaluate((id) => session.room.unban(id), ben.id);
        await cat.page.evaluate(() => session.room.say("welcome back"));
        await ben.page.evaluate(() => session.room.join());
        for (const member of [ann, ben, cat]) await member.page.evaluate(() => until(() => session.room.members.size === 3));
        await Promise.all([ben.page.evaluate((id) => framesFlow(id), ann.id), ann.page.evaluate((id) => framesFlow(id), ben.id)]);
        assert.deepEqual(await contents(ben, 1), ["welcome back"]);
        await close(ann, ben, cat);
    });

    test("a session that a server refuses to go on with ends, and says why; one that another page took over leaves it the room", async () => {
        const ann = await openMember({ name: "ann", room: "taken" });
        const stolen = await ann.page.evaluate(async () => {
            const { Signaller } = await import("/signaller.js");
            let kept = null;
            const storage = { getItem: () => kept, setItem: (_, value) => (kept = value), removeItem: () => (kept = null) };
            const first = new Signaller({ storage, name: "first" });
            await first.ready;
            const other = new Signaller({ storage: null, id: first.id });
            const refused = await other.ready.catch(({ code, name }) => ({ code, name }));
            const copy = { getItem: () => kept, setItem() {}, removeItem() {} };
            const ended = new Promise((resolve) => first.addEventListener("statechange", ({ detail }) => detail.state === "closed" && resolve(detail.code)));
            // A browser without locks cannot tell a copied tab from a reloaded one: the newer page wins, and the older one does not fight for it.
            const { locks } = navigator;
            Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
            const second = new Signaller({ storage: copy });
            const welcome = await second.ready;
            Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
            const result = { refused, ended: await ended, resumed: welcome.resumed, same: second.id === first.id, states: [first.state, second.state, other.state] };
            second.close();
            return result;
        });
        assert.deepEqual(stolen, { refused: { code: 433, name: "ERR_NICKNAMEINUSE" }, ended: 4501, resumed: true, same: true, states: ["closed", "connected", "closed"] });
        await close(ann);
    });
});
