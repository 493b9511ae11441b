import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser, openBlankPage } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { startTurnServer } from "./support/turn_server.mjs";
import { until } from "./support/wait.mjs";

const script = fileURLToPath(new URL("support/module_page.js", import.meta.url));

describe("calls through a TURN server", { timeout: 240_000 }, () => {
    const secret = "north-star";
    let turn;
    let browser;

    before(async () => {
        [turn, browser] = await Promise.all([startTurnServer(secret), launchBrowser()]);
    });

    after(async () => {
        await browser?.close();
        await turn?.stop();
    });

    /** Stopped after the test, however it ends. */
    async function start(t, ...args) {
        const server = await startServer({ args: ["--ice-servers", turn.url, ...args] });
        t.after(() => server.stop());
        return server;
    }

    /** The user names by which a peer got an allocation. */
    function allocationsOf({ id }) {
        const granted = turn.lines.filter((line) => line.includes("ALLOCATE processed, success"));
        return new Set(granted.map((line) => /<(\d+:\w+)>/.exec(line)?.[1]).filter((name) => name?.endsWith(`:${id}`)));
    }

    async function openMember(description, server) {
        const page = await openBlankPage(browser, server, { script });
        const id = await page.evaluate((given) => openRoom(given), { call: { configuration: { iceTransportPolicy: "relay" } }, ...description });
        return { page, id };
    }

    const seesFrames = (here, there) => here.page.evaluate((id) => framesFlow(id), there.id);
    const path = (here, there) => here.page.evaluate(async (id) => {
        const { localCandidate, remoteCandidate } = await session.room.members.get(id).call.statistics();
        return [localCandidate, remoteCandidate];
    }, there.id);

    test("two pages that may use nothing but the relay see each other", async (t) => {
        const server = await start(t, "--turn-secret", secret, "--turn-secret", "older");
        const ann = await openMember({ name: "ann", room: "relay" }, server);
        const ben = await openMember({ name: "ben", room: "relay" }, server);
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        for (const [here, there] of [[ann, ben], [ben, ann]]) assert.deepEqual(await path(here, there), ["relay/udp", "relay/udp"]);
        const offered = await ann.page.evaluate(async (id) => (await session.room.members.get(id).call.statistics()).localCandidates, ben.id);
        assert.deepEqual(offered, ["relay/udp"]);
        for (const member of [ann, ben]) assert.equal(allocationsOf(member).size, 1, "the credentials are the peer's own");
        await Promise.all([ann, ben].map(({ page }) => page.context().close()));
    });

    test("a call that restarts ICE after its first credentials have expired uses fresh ones, pushed or got with the session's return", async (t) => {
        const server = await start(t, "--turn-secret", secret, "--turn-ttl", "10s");
        const ann = await openMember({ name: "ann", room: "fresh", options: { backoff: { first: 3_600_000, most: 3_600_000 } } }, server);
        const ben = await openMember({ name: "ben", room: "fresh" }, server);
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        const untilExpired = ({ page }) => page.evaluate(() => {
            window.expiry = () => Number(session.signaller.iceServers[0].username.split(":")[0]);
            window.first ??= expiry();
            return until(() => Date.now() / 1000 > first + 1);
        });
        const restart = ({ page }) => page.evaluate(async () => {
            const [connection] = connections;
            const ufrag = () => connection.localDescription.sdp.match(/ice-ufrag:(\S+)/)[1];
            const before = ufrag();
            connection.restartIce();
            await until(() => connection.signalingState === "stable" && ufrag() !== before);
        });
        // The old path carries the call until the new one is there.
        const isRenewed = (member) => until("an allocation by another user name", () => allocationsOf(member).size > 1);

        await ann.page.evaluate(() => session.sockets[0].close());
        await Promise.all([ann, ben].map(untilExpired));
        assert.ok(await ben.page.evaluate(() => expiry() > first));
        await ann.page.evaluate(async () => {
            window.dispatchEvent(new Event("online"));
            await until(() => session.signaller.state === "connected");
        });
        for (const member of [ann, ben]) {
            await restart(member);
            await isRenewed(member);
        }
        await Promise.all([seesFrames(ann, ben), seesFrames(ben, ann)]);
        assert.deepEqual(await path(ann, ben), ["relay/udp", "relay/udp"]);
        await Promise.all([ann, ben].map(({ page }) => page.context().close()));
    });

    test("the TURN server takes nobody whose credentials another secret signed", async (t) => {
        const server = await start(t, "--turn-secret", "south-star");
        const { page } = await openMember({ name: "eve", room: "forged", camera: false }, server);
        const seen = await page.evaluate(async () => {
            const connection = new RTCPeerConnection({ iceServers: session.signaller.iceServers, iceTransportPolicy: "relay" });
            const seen = { errors: [], candidates: 0 };
            connection.onicecandidateerror = ({ errorCode }) => seen.errors.push(errorCode);
            connection.onicecandidate = ({ candidate }) => candidate && ++seen.candidates;
            connection.createDataChannel("x");
            await connection.setLocalDescription();
            await until(() => connection.iceGatheringState === "complete" && seen.errors.length > 0);
            return seen;
        });
        assert.equal(seen.candidates, 0);
        assert.ok(seen.errors.every((code) => code === 401), JSON.stringify(seen));
        await page.context().close();
    });

    test("a call to which no path leads says so", async (t) => {
        const server = await start(t, "--turn-secret", "south-star");
        const call = { configuration: { iceTransportPolicy: "relay" }, giveUpAfter: 500 };
        const members = await Promise.all(["ann", "ben"].map((name) => openMember({ name, room: "nowhere", call }, server)));
        await Promise.all(members.map(async ({ page }) => {
            const { state, reason } = await page.evaluate(async () => {
                const failure = () => session.log.find(({ type, state }) => type === "callstate" && state === "failed");
                await until(failure);
                return failure();
            });
            assert.deepEqual([state, reason], ["failed", "no path to the other side"]);
            const offered = await page.evaluate(async () => {
                const call = [...session.signaller.calls.values()].at(0);
                const { localCandidates, remoteCandidates } = await call.statistics();
                return [localCandidates, remoteCandidates];
            });
            assert.deepEqual(offered, [[], []]);
        }));
        await Promise.all(members.map(({ page }) => page.context().close()));
    });
});
