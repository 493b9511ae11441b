import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { encodeQr } from "../../src/web/qr.js";
import { launchBrowser } from "./support/browser.mjs";
import { close, forgiveLostServer, hears, openPage, patience, say, seesMovingPictures, visitRoom } from "./support/page.mjs";
import { startServer } from "./support/server.mjs";

/** The text that one language has and the other has not would show as a key. */
test("every text of the page is there in both languages", async () => {
    const { keysOf } = await import("../../src/web/i18n.js");
    assert.deepEqual(keysOf("zh"), keysOf("en"));
});

test("a QR code is the one that readers were seen to read", () => {
    const code = encodeQr("http://127.0.0.1:3012/#my%20room");
    const written = code.map((row) => row.map(Number).join("")).join("\n");
    assert.equal(createHash("sha256").update(written).digest("hex"), "58131f4988a043e0fb3929b24ad3df43f92801e02774617ce3b54b116160d117");
    assert.equal(encodeQr("x".repeat(213)).length, 57);
    assert.equal(encodeQr("x".repeat(214)), null);
});

/** For `before`: notes which kinds of devices the page asks for. */
function noteRequests() {
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.requested = [];
    navigator.mediaDevices.getUserMedia = (wishes) => {
        requested.push(...Object.keys(wishes));
        return open(wishes);
    };
}

describe("the page", { timeout: 480_000, concurrency: 2 }, () => {
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

    const visit = (name, room, options) => visitRoom(browser, server, name, room, options);

    test("two people with the same link see each other, chat, and their comments fly", async () => {
        const ann = await visit("Ann", "first room");
        const ben = await visit("贝恩", "first room", { locale: "zh-CN" });
        await seesMovingPictures(ann, 1);
        await seesMovingPictures(ben, 1);
        assert.equal(await ann.textContent(".tile:not(.self) figcaption"), "贝恩");

        const flies = ann.waitForFunction(() => [...document.querySelectorAll("#bullets .bullet")].some(({ textContent }) => textContent === "<b>你好</b>"), null, patience);
        await say(ben, "<b>你好</b>");
        await flies;
        await hears(ann, "<b>你好</b>");
        await hears(ben, "<b>你好</b>");
        assert.equal(await ann.locator("#messages b", { hasText: "你好" }).count(), 0, "what somebody says is text");

        await ann.click("#bullet-switch");
        await say(ben, "nothing flies");
        await hears(ann, "nothing flies");
        assert.equal(await ann.locator("#bullets .bullet").count(), 0);
        assert.equal(await ben.textContent("#tab-chat"), "聊天");
        await ben.click("#language");
        assert.equal(await ben.textContent("#tab-chat"), "Chat");
        await close(ann, ben);
    });

    test("camera and microphone can be switched off and on, and the other side is told", async () => {
        const ann = await visit("Ann", "switches");
        const ben = await visit("Ben", "switches");
        await seesMovingPictures(ann, 1);
        await ben.click("#camera");
        await ben.click("#mic");
        await ann.waitForFunction(() => !document.querySelector(".tile:not(.self) .avatar").hidden && !document.querySelector(".tile:not(.self) figcaption svg").hasAttribute("hidden"), null, patience);
        await ben.click("#camera");
        await ben.click("#mic");
        await ann.waitForFunction(() => document.querySelector(".tile:not(.self) .avatar").hidden && document.querySelector(".tile:not(.self) figcaption svg").hasAttribute("hidden"), null, patience);
        const before = await ann.evaluate(() => document.querySelector(".tile:not(.self) video").getVideoPlaybackQuality().totalVideoFrames);
        await ann.waitForFunction((before) => document.querySelector(".tile:not(.self) video").getVideoPlaybackQuality().totalVideoFrames > before + 2, before, patience);
        await close(ann, ben);
    });

    test("a page that is loaded anew is back in its room without being asked, and shows and says no more than before", async () => {
        const ann = await visit("Ann", "reload");
        const ben = await visit("Ben", "reload", { before: noteRequests });
        await seesMovingPictures(ann, 1);
        await ben.click("#mic");
        await ben.click("#camera");
        await ben.waitForFunction(() => document.getElementById("camera").dataset.on === "false", null, patience);
        // As another tab of the same browser leaves it.
        await ben.evaluate(() => localStorage.setItem("signaller.name", '"Cho"'));
        await ben.reload();
        await ben.waitForSelector("#call:not([hidden])", patience);
        assert.deepEqual(await ben.evaluate(() => [requested, document.getElementById("mic").dataset.on, document.getElementById("camera").dataset.on]), [["audio"], "false", "false"]);
        await seesMovingPictures(ben, 1);
        await ann.waitForFunction(() => document.querySelector(".tile:not(.self) .avatar")?.hidden === false && !document.querySelector(".tile:not(.self) figcaption svg").hasAttribute("hidden"), null, patience);
        await ben.click("#camera");
        await seesMovingPictures(ann, 1);
        await ann.click("#tab-people");
        await ann.waitForFunction(() => [...document.querySelectorAll("#people .name")].map(({ textContent }) => textContent).join() === "Ann (you)operator,Ben", null, patience);
        await close(ann, ben);
    });

    test("an operator removes and bans; who was banned is told why and cannot come back until it is lifted", async () => {
        const ann = await visit("Ann", "order");
        const ben = await visit("Ben", "order");
        await ann.click("#tab-people");
        assert.equal(await ben.locator("#people .acts").count(), 0, "only operators see what only they may do");
        await ann.click('#people [aria-label="Ban: Ben"]');
        await ann.fill("#confirm-reason", "advertising");
        await ann.click("#confirm-yes");
        await ben.waitForSelector("#ended:not([hidden])", patience);
        assert.equal(await ben.textContent("#ended-title"), "You were banned from this room");
        assert.equal(await ben.textContent("#ended-reason"), "advertising");
        await ann.waitForFunction(() => document.querySelectorAll("#people li").length === 1 && document.querySelectorAll(".tile").length === 1, null, patience);
        await ann.reload();
        await ann.click("#tab-people");
        await ann.click("#bans button");
        await ann.waitForFunction(() => document.getElementById("banned").hidden, null, patience);
        await ben.click("#again");
        await ben.click("#join-form [type=submit]");
        await ben.waitForSelector("#call:not([hidden])", patience);
        await close(ann, ben);
    });

    test("everything is done without a mouse", async () => {
        const ann = await openPage(browser, `${server.page}#keys`);
        await ann.waitForFunction(() => document.activeElement?.id === "name", null, patience);
        await ann.keyboard.type("Ann");
        await ann.keyboard.press("Enter");
        await ann.waitForFunction(() => document.activeElement?.id === "say-text", null, patience);
        await ann.keyboard.type("hello");
        await ann.keyboard.press("Enter");
        await hears(ann, "hello");
        const reach = async (id) => {
            for (let steps = 0; steps < 20; ++steps) {
                await ann.keyboard.press("Tab");
                if ((await ann.evaluate(() => document.activeElement.id)) === id) return;
            }
            assert.fail(`${id} is not reached by the Tab key`);
        };
        await reach("mic");
        assert.equal(await ann.getAttribute("#mic", "aria-label"), "Mute");
        await ann.keyboard.press("Space");
        assert.equal(await ann.getAttribute("#mic", "aria-label"), "Unmute");
        await reach("settings");
        await ann.keyboard.press("Enter");
        await ann.waitForSelector("#settings-dialog[open]", patience);
        await ann.keyboard.press("Escape");
        assert.equal(await ann.evaluate(() => document.activeElement.id), "settings", "a dialog gives the focus back");
        await reach("leave");
        await ann.keyboard.press("Enter");
        await ann.waitForFunction(() => document.activeElement?.id === "again", null, patience);
        await close(ann);
    });

    test("a link, a code and an invitation bring others in; who is away is seen to be", async () => {
        const ann = await visit("Ann", "tea house");
        const ben = await visit("Ben", "another room");
        await ben.click("#share");
        const id = await ben.textContent("#own-id");
        await ben.keyboard.press("Escape");
        await ann.click("#share");
        assert.equal(await ann.inputValue("#link"), `${server.page}#tea%20house`);
        assert.equal(await ann.locator("#qr svg").count(), 1);
        await ann.fill("#invite-id", "nobody");
        await ann.click("#invite");
        await ann.waitForSelector(".toast", patience);
        assert.equal(await ann.textContent(".toast"), "an ID is 24 digits and letters a to f");
        await ann.fill("#invite-id", id);
        await ann.press("#invite-id", "Enter");
        await ann.keyboard.press("Escape");
        await ben.waitForSelector("#invited-dialog[open]", patience);
        assert.equal(await ben.textContent("#invited-title"), "Ann asks you to another room");
        await ben.click("#invited-dialog [value=yes]");
        await ben.waitForSelector("#lobby:not([hidden])", patience);
        await ben.waitForFunction(() => document.activeElement?.id === "join-button", null, patience);
        await ben.click("#join-form [type=submit]");
        await seesMovingPictures(ann, 1);
        await ben.click("#settings");
        await ben.check("#away");
        await ben.keyboard.press("Escape");
        await ann.click("#tab-people");
        await ann.waitForFunction(() => [...document.querySelectorAll("#people small")].some(({ textContent }) => textContent === "away"), null, patience);
        await ben.reload();
        await ben.waitForSelector("#call:not([hidden])", patience);
        await ben.click("#settings");
        assert.equal(await ben.isChecked("#away"), true);
        await close(ann, ben);
    });

    test("a server that is killed and comes back costs the page nothing: no reload, the chat goes on", async () => {
        const first = await startServer();
        const ann = await visitRoom(browser, first, "Ann", "outage");
        const ben = await visitRoom(browser, first, "Ben", "outage");
        await seesMovingPictures(ann, 1);
        await first.kill();
        await ann.waitForFunction(() => document.getElementById("connection").dataset.state === "reconnecting", null, patience);
        const second = await startServer({ port: first.port });
        for (const page of [ann, ben]) await page.waitForFunction(() => document.getElementById("connection").dataset.state === "connected", null, patience);
        await say(ann, "still here");
        await hears(ben, "still here");
        await seesMovingPictures(ben, 1);
        forgiveLostServer(ann, ben);
        await close(ann, ben);
        await second.stop();
    });

    test("who is not let in again when the server is back is told so, and not left in an empty room", async () => {
        const first = await startServer();
        const pages = [await visitRoom(browser, first, "Ann", "smaller"), await visitRoom(browser, first, "Ben", "smaller")];
        for (const page of pages) await seesMovingPictures(page, 1);
        await first.kill();
        const second = await startServer({ port: first.port, args: ["--max-members", "1"] });
        const out = await Promise.any(pages.map((page) => page.waitForSelector("#ended:not([hidden])", patience).then(() => page)));
        assert.equal(await out.textContent("#ended-title"), "The connection has ended");
        assert.notEqual(await out.textContent("#ended-reason"), "");
        const [stays] = pages.filter((page) => page !== out);
        await stays.waitForFunction(() => document.querySelectorAll(".tile").length === 1 && !document.getElementById("alone").hidden, null, patience);
        forgiveLostServer(...pages);
        await close(...pages);
        await second.stop();
    });

    test("pictures of one to nine people, and a screen, fit without touching, however wide or high the page is", async () => {
        const page = await openPage(browser, `${server.page}#grid`);
        const layouts = await page.evaluate(async () => {
            const { Stage } = await import("/stage.js");
            const layouts = [];
            for (const [width, height] of [[1_400, 700], [900, 680], [390, 640], [320, 300]]) {
                const area = Object.assign(document.createElement("div"), { className: "tiles" });
                Object.assign(area.style, { position: "fixed", inset: "0 auto auto 0", width: `${width}px`, height: `${height}px` });
                document.body.append(area);
                const stage = new Stage(area);
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                for (const key of ["self", "b", "c", "d", "e", "f", "g", "h", "i", "screen"]) {
                    stage.show(key, () => ({ name: key, self: key === "self", screen: key === "screen" }));
                    const tiles = Array.from(area.children, (tile) => [tile.offsetLeft, tile.offsetTop, tile.offsetWidth, tile.offsetHeight, tile.className]);
                    layouts.push({ width, height, count: tiles.length, tiles });
                }
                area.remove();
            }
            return layouts;
        });
        assert.equal(layouts.length, 40);
        for (const { width, height, count, tiles } of layouts) {
            const where = `${count} in ${width} x ${height}: ${JSON.stringify(tiles)}`;
            assert.equal(tiles.length, count, where);
            const inCorner = tiles.filter(([, , , , name]) => name.includes("corner"));
            assert.equal(inCorner.length, count === 2 && width > height ? 1 : 0, where);
            for (const [left, top, wide, high] of tiles) assert.ok(left >= 0 && top >= 0 && left + wide <= width && top + high <= height && wide >= 30 && high >= 30, where);
            const apart = ([left, top, wide, high], [left2, top2, wide2, high2]) => left + wide <= left2 || left2 + wide2 <= left || top + high <= top2 || top2 + high2 <= top;
            const others = tiles.filter((tile) => !inCorner.includes(tile));
            others.forEach((one, i) => others.slice(i + 1).forEach((other) => assert.ok(apart(one, other), where)));
        }
        await close(page);
    });

    test("a path that breaks is told with its reason, and a report can be copied", async () => {
        const ann = await visit("Ann", "broken", { clock: true, permissions: ["clipboard-read", "clipboard-write"] });
        const ben = await visit("Ben", "broken");
        await seesMovingPictures(ann, 1);
        await ben.goto("chrome://crash").catch(() => {});
        await ann.waitForSelector(".tile .trouble:not([hidden])", patience);
        assert.equal(await ann.textContent(".trouble p"), "Connection interrupted, trying again…");
        await ann.clock.fastForward(31_000);
        await ann.waitForFunction(() => document.querySelector(".trouble p")?.textContent === "No path to Ben", null, patience);
        await ann.click(".trouble button");
        await ann.waitForSelector("#report-hint:not([hidden])", patience);
        await ann.click("#report-copy");
        await ann.waitForSelector(".toast", patience);
        const report = await ann.evaluate(() => navigator.clipboard.readText());
        assert.match(report, /^Peer: Ben\nCall: failed \(no path to the other side\)\nICE: (disconnected|failed|checking|new)\n/);
        for (const term of ["Own candidate: ", "Their candidate: ", "Round trip: ", "Packets lost: ", "Server: 127.0.0.1:"]) assert.ok(report.includes(term), term);
        await close(ann);
        await ben.context().close();
    });

    test("who allows no camera comes in all the same, and is told when they want it; what is shown follows the language", async () => {
        const refuse = () => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError")));
        const ann = await openPage(browser, `${server.page}#refused`, { before: refuse });
        await ann.waitForFunction(() => document.getElementById("preview-notice").textContent.startsWith("The camera was not allowed"), null, patience);
        await ann.click("#preview-mic");
        await ann.waitForFunction(() => document.querySelector(".toast")?.textContent.startsWith("The microphone was not allowed"), null, patience);
        await ann.click("#language");
        assert.match(await ann.textContent("#preview-notice"), /^摄像头未获允许/);
        await ann.waitForFunction(() => document.querySelector("#camera-choice option:last-child")?.textContent === "不使用摄像头", null, patience);
        await ann.fill("#name", "Ann");
        await ann.click("#join-button");
        await ann.waitForSelector("#call:not([hidden])", patience);
        // Only what is loaded to the end is loaded for Playwright.
        await ann.reload();
        await ann.waitForSelector("#call:not([hidden])", patience);
        await ann.click("#leave");
        assert.equal(await ann.textContent("#ended-title"), "你已离开房间");
        await ann.click("#language");
        assert.equal(await ann.textContent("#ended-title"), "You have left the room");
        await close(ann);
    });

    test("one comes without a camera, chooses one later, and shows the screen", async () => {
        const ann = await visit("Ann", "devices");
        const ben = await openPage(browser, `${server.page}#devices`);
        await ben.waitForFunction(() => document.getElementById("preview").videoWidth > 0, null, patience);
        await ben.selectOption("#camera-choice", "none");
        await ben.waitForFunction(() => document.getElementById("preview-camera").dataset.on === "false", null, patience);
        await ben.fill("#name", "Ben");
        await ben.click("#join-button");
        await ann.waitForFunction(() => document.querySelector(".tile:not(.self) figcaption")?.textContent === "Ben", null, patience);
        assert.equal(await ann.isVisible(".tile:not(.self) .avatar"), true);

        await ben.click("#settings");
        await ben.selectOption("#camera-change", { index: 0 });
        await ben.keyboard.press("Escape");
        await seesMovingPictures(ann, 1);

        await ben.click("#screen");
        await ann.waitForFunction(() => document.querySelector(".tile.screen video")?.videoWidth > 0, null, patience);
        assert.equal(await ann.textContent(".tile.screen figcaption"), "Ben's screen");
        await ben.click("#screen");
        await ann.waitForFunction(() => !document.querySelector(".tile.screen"), null, patience);

        await ben.click("#settings");
        await ben.selectOption("#camera-change", "none");
        await ben.keyboard.press("Escape");
        await ben.waitForFunction(() => document.getElementById("camera").dataset.on === "false", null, patience);
        await ben.click("#leave");
        await ben.click("#again");
        await ben.waitForFunction(() => document.getElementById("preview-mic").dataset.on === "true", null, patience);
        assert.equal(await ben.getAttribute("#preview-camera", "data-on"), "false", "what is not to be used stays off when one joins again");
        await close(ann, ben);
    });

    test("a screen is asked for once, and a screen or camera that comes when the call has ended is let go", async () => {
        const ann = await visit("Ann", "late choice");
        await ann.evaluate(() => {
            const choose = navigator.mediaDevices.getDisplayMedia.bind(navigator.mediaDevices);
            window.choices = [];
            navigator.mediaDevices.getDisplayMedia = async (wishes) => {
                const choice = { stream: await choose(wishes) };
                choices.push(choice);
                await new Promise((resolve) => (choice.confirm = resolve));
                return choice.stream;
            };
        });
        const confirm = () => ann.evaluate(() => choices.at(-1).confirm());
        const isLive = () => ann.evaluate(() => choices.at(-1).stream.getTracks().map(({ readyState }) => readyState === "live"));
        await ann.click("#screen");
        await ann.click("#screen");
        await ann.waitForFunction(() => choices.at(-1)?.confirm, null, patience);
        await confirm();
        await ann.waitForSelector(".tile.screen", patience);
        assert.equal(await ann.getAttribute("#screen", "aria-pressed"), "true");
        assert.equal(await ann.evaluate(() => choices.length), 1);
        await ann.click("#screen");
        await ann.waitForFunction(() => !document.querySelector(".tile.screen"), null, patience);
        assert.ok((await isLive()).every((live) => !live));

        await ann.click("#camera");
        await ann.waitForFunction(() => document.getElementById("camera").dataset.on === "false", null, patience);
        await ann.evaluate(() => {
            const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (wishes) => {
                window.camera = await open(wishes);
                await new Promise((resolve) => (window.openCamera = resolve));
                return camera;
            };
        });
        await ann.click("#camera");
        await ann.click("#screen");
        await ann.waitForFunction(() => choices.length === 2 && choices.at(-1).confirm && window.openCamera, null, patience);
        await ann.click("#leave");
        await ann.waitForSelector("#ended:not([hidden])", patience);
        assert.ok((await isLive()).every((live) => live));
        await ann.evaluate(() => openCamera());
        await ann.waitForFunction(() => camera.getTracks().every(({ readyState }) => readyState === "ended"), null, patience);
        await confirm();
        await ann.waitForFunction(() => choices.at(-1).stream.getTracks().every(({ readyState }) => readyState === "ended"), null, patience);
        assert.equal(await ann.locator(".tile").count(), 0);
        await close(ann);
    });
});
