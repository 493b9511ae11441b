import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launchBrowser, openBlankPage } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { endWithTests, until, within } from "./support/wait.mjs";

const inSupport = (name) => fileURLToPath(new URL(`support/${name}`, import.meta.url));
const version = Number(process.versions.node.split(".")[0]);

test("the module works in Node, and lets the process end", { skip: version < 20 && "Node has no WebSocket before version 20", timeout: 120_000 }, async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const flags = version < 22 ? ["--experimental-websocket"] : [];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, inSupport("node_client.mjs"), server.url], { timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), { from: "alice", content: "hello from Node", seq: 1, members: ["alice", "bob"] });
});

test("who is in two rooms with somebody is in one call, the first one's, and in the other's when that ends, whoever leaves", { timeout: 120_000 }, async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const { stdout } = await promisify(execFile)(process.execPath, [inSupport("two_rooms.mjs"), server.url], { timeout: 90_000 });
    const both = ["connected", "connected"];
    const neither = [null, null];
    assert.deepEqual(JSON.parse(stdout), [[both, neither, 0], [neither, both], [both, neither, 2], [neither, both]]);
});

test("a Node process is a member of a room like any page: pictures, data and chat both ways", { timeout: 120_000 }, async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const peer = spawn(process.execPath, [inSupport("node_peer.mjs"), server.url, "mixed"], { stdio: ["pipe", "pipe", "pipe"] });
    endWithTests(peer);
    const exited = new Promise((resolve) => peer.once("exit", (code, signal) => resolve(code ?? signal)));
    const lines = [];
    for (const stream of [peer.stdout, peer.stderr]) createInterface({ input: stream }).on("line", (line) => lines.push(line));
    const says = (start) => until(`"${start}" of the Node process, which says ${JSON.stringify(lines)}`, () => lines.find((line) => line.startsWith(start)));

    const page = await openBlankPage(browser, server, { script: inSupport("module_page.js") });
    const open = page.evaluate(() => openRoom({ name: "ann", room: "mixed", call: { channels: { echo: { negotiated: true, id: 1 } } } }));
    const id = (await says("joined ")).split(" ")[1];
    await open;
    await page.evaluate((id) => framesFlow(id), id);
    await says("frames");
    const heard = await page.evaluate(async () => {
        await until(() => session.channels.length === 1);
        const [channel] = session.channels;
        const heard = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
        await until(() => channel.readyState === "open");
        channel.send("ping");
        await session.room.say("hello from Chromium");
        return heard;
    });
    assert.equal(heard, "ping, says Node");
    // A second picture, asked for by both sides' pages at once, is a negotiation that Node has to take part in.
    await page.evaluate(async (id) => {
        session.room.addStream(paintedStream(), "screen");
        await until(async () => connections[0].signalingState === "stable" && connections[0].getSenders().every(({ track }) => track));
        await framesFlow(id);
    }, id);
    await page.evaluate(() => until(() => session.messages.length === 2));
    assert.deepEqual(await page.evaluate(() => session.messages.map(({ content }) => content).sort()), ["hello from Chromium", "hello from Node"]);
    peer.stdin.end();
    assert.equal(await within(15_000, "the Node process's end", exited), 0, JSON.stringify(lines));
    await page.evaluate(() => until(() => session.room.members.size === 1 && session.incoming.length === 0));
    assert.equal(lines.length, 3, `nothing is complained of: ${lines}`);
    const seen = JSON.parse(lines.at(-1));
    assert.deepEqual(seen.states.slice(0, 2), ["connecting", "connected"]);
    assert.deepEqual(seen.messages.sort(), ["hello from Chromium", "hello from Node"]);
    assert.ok(seen.frames >= 3);
});
