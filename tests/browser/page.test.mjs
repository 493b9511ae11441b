import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { encodeQr } from "../../src/web/qr.js";
import { launchBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const patience = { timeout: 20_000 };

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

    async function visit(name, room, { locale = "en-US", width = 1200 } = {}) {
        const context = await browser.newContext({ locale, viewport: { width, height: 800 } });
        const page = await context.newPage();
        page.complaints = [];
        page.on("pageerror", (error) => page.complaints.push(error.message));
        page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
        await page.goto(`${server.page}#${encodeURIComponent(room)}`);
        await page.fill("#name", name);
        await page.click("#join-form [type=submit]");
        await page.waitForSelector("#call:not([hidden])", patience);
        return page;
    }

    /** A picture other than one's own is shown and moves. */
    async function seesMovingPictures(page, count) {
        await page.waitForFunction((count) => document.querySelectorAll(".tile:not(.self)").length === count, count, patience);
        await page.waitForFunction((count) => {
            const videos = [...document.querySelectorAll(".tile:not(.self) video")];
            return videos.filter((video) => video.videoWidth > 0 && video.currentTime > 0.5 && video.getVideoPlaybackQuality().totalVideoFrames > 3).length === count;
        }, count, patience);
    }

    const say = async (page, line) => {
        await page.fill("#say-text", line);
        await page.press("#say-text", "Enter");
    };
    const hears = (page, line) => page.waitForFunction((line) => [...document.querySelectorAll("#messages p")].some((shown) => shown.textContent === line), line, patience);
    const close = async (...pages) => {
        for (const page of pages) {
            assert.deepEqual(page.complaints, []);
            await page.context().close();
        }
    };

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

    test("comments of one lane never touch, and a flood stays bounded", async (context) => {
        const page = await visit("Ann", "flood");
        const measured = await page.evaluate(async () => {
            const { Bullets } = await import("/bullets.js");
            const layer = document.createElement("div");
            layer.className = "bullets";
            document.getElementById("stage").append(layer);
            const bullets = new Bullets(layer);
            bullets.apply({ on: true, speed: 200, density: 1, size: 24, opacity: 1 });
            const frame = () => new Promise(requestAnimationFrame);
            await frame();
            await frame();
            const total = 5_000;
            const result = { overlaps: 0, most: 0, frames: 0, longest: 0, checks: 0 };
            const start = performance.now();
            let last = start;
            for (let sent = 0; sent < total || result.frames < 600;) {
                const due = Math.min(total, Math.ceil(((performance.now() - start) / 5_000) * total));
                for (; sent < due; ++sent) bullets.fly("comment ".repeat(1 + (sent % 4)) + sent);
                await frame();
                const now = performance.now();
                result.longest = Math.max(result.longest, now - last);
                last = now;
                ++result.frames;
                if (now - start > 10_000) break;
                if (result.frames % 20) continue;
                ++result.checks;
                const lanes = new Map();
                for (const bullet of layer.children) {
                    const { left, right, top } = bullet.getBoundingClientRect();
                    lanes.set(Math.round(top), [...(lanes.get(Math.round(top)) ?? []), { left, right }]);
                }
                result.most = Math.max(result.most, layer.children.length);
                for (const lane of lanes.values()) {
                    lane.sort((a, b) => a.left - b.left);
                    result.overlaps += lane.filter(({ left }, index) => index > 0 && left < lane[index - 1].right).length;
                }
            }
            result.seconds = (performance.now() - start) / 1_000;
            return { ...result, flown: bullets.flown, left: bullets.left };
        });
        const { overlaps, most, checks, flown, left, frames, seconds, longest } = measured;
        context.diagnostic(`5,000 comments in 5 s: ${flown} flown, ${left} left to the chat, ${Math.round(frames / seconds)} frames a second, longest frame ${Math.round(longest)} ms`);
        assert.ok(checks > 0 && flown > 0);
        assert.equal(overlaps, 0);
        assert.ok(most < 400, `${most} at once`);
        assert.ok(flown + left <= 5_000 && flown + left >= 5_000 - 120, "each flies, is left to the chat, or waits");
        await close(page);
    });
});
