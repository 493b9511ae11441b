import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { encodeQr } from "../../src/web/qr.js";
import { launchBrowser } from "./support/browser.mjs";
import { close, hears, patience, say, seesMovingPictures, visitRoom } from "./support/page.mjs";
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

describe("the page", { timeout: 240_000 }, () => {
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
        await ann.waitForFunction((before) => document.querySelector(".tile:not(.self) video").getVideoPlaybackQuality().totalVideoFrames > before + 3, before, patience);
        await close(ann, ben);
    });

    test("a page that is loaded anew is back in its room without being asked", async () => {
        const ann = await visit("Ann", "reload");
        const ben = await visit("Ben", "reload");
        await seesMovingPictures(ann, 1);
        await ben.reload();
        await ben.waitForSelector("#call:not([hidden])", patience);
        await seesMovingPictures(ben, 1);
        await seesMovingPictures(ann, 1);
        await ann.click("#tab-people");
        await ann.waitForFunction(() => document.querySelectorAll("#people li").length === 2, null, patience);
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
        await ann.click("#bans button");
        await ann.waitForFunction(() => document.getElementById("banned").hidden, null, patience);
        await ben.click("#again");
        await ben.click("#join-form [type=submit]");
        await ben.waitForSelector("#call:not([hidden])", patience);
        await close(ann, ben);
    });
});
