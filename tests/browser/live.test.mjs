import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "./support/browser.mjs";
import { allowRelayOnly, close, forgiveLostServer, hears, openPage, patience, say, seesMovingPictures } from "./support/page.mjs";
import { startServer } from "./support/server.mjs";

describe("the live page", { timeout: 300_000 }, () => {
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

    async function send(name, stream, places, { at = server, ...options } = {}) {
        const page = await openPage(browser, `${at.page}live`, options);
        await page.fill("#name", name);
        await page.fill("#room", stream);
        await page.fill("#places", String(places));
        await page.click("#join-form [type=submit]");
        await page.waitForSelector("#call:not([hidden])", patience);
        return page;
    }

    async function watch(name, stream, { at = server, ...options } = {}) {
        const page = await openPage(browser, `${at.page}live#${encodeURIComponent(stream)}`, options);
        await page.fill("#name", name);
        await page.click("#join-form [type=submit]");
        await page.waitForSelector("#call:not([hidden])", patience);
        return page;
    }

    const notice = (page, pattern) => page.waitForFunction((source) => !document.getElementById("notice").hidden && new RegExp(source).test(document.getElementById("notice-text").textContent), pattern.source, patience);
    const flies = (page, line) => page.waitForFunction((line) => [...document.querySelectorAll("#bullets .bullet")].some(({ textContent }) => textContent === line), line, patience);

    test("one sends to three with two places: two see it, the third chats and gets the place that becomes free", async () => {
        const ann = await send("Ann", "evening show", 2);
        const ben = await watch("Ben", "evening show");
        await seesMovingPictures(ben, 1);
        const cho = await watch("Cho", "evening show");
        await seesMovingPictures(cho, 1);
        const dee = await watch("Dee", "evening show");
        await notice(dee, /All 2 places.*number 1 in line/);
        assert.equal(await dee.locator(".tile").count(), 0);

        const comment = [flies(ann, "hello from the line"), flies(ben, "hello from the line"), flies(cho, "hello from the line")];
        await say(dee, "hello from the line");
        await Promise.all(comment);
        await hears(ben, "hello from the line");
        await ann.waitForFunction(() => document.getElementById("audience").textContent === "Live · 4 here", null, patience);
        await ann.click("#settings");
        assert.equal(await ann.textContent("#places-now"), "2 of 2 places taken, 1 in line");
        await ann.keyboard.press("Escape");
        assert.equal(await ann.locator(".tile").count(), 1, "the sender sees nobody");
        assert.equal(await ben.locator(".tile.self").count(), 0, "a watcher sends nothing");

        await ann.click("#screen");
        for (const page of [ben, cho]) await page.waitForFunction(() => document.querySelector(".tile.screen video")?.videoWidth > 0, null, patience);
        await ann.click("#screen");
        for (const page of [ann, ben, cho]) await page.waitForFunction(() => !document.querySelector(".tile.screen"), null, patience);

        await ben.click("#leave");
        await seesMovingPictures(dee, 1);
        assert.equal(await dee.isHidden("#notice"), true);
        await close(ben, cho, dee, ann);
    });

    test("who comes before the stream waits for it without becoming its owner; a sender that reloads goes on; the number of places can change", async () => {
        const early = await watch("Early", "premiere");
        await notice(early, /has not begun/);
        const ann = await send("Ann", "premiere", 1);
        await seesMovingPictures(early, 1);

        await ann.reload();
        await ann.waitForSelector("#call:not([hidden])", patience);
        await seesMovingPictures(early, 1);

        const late = await watch("Late", "premiere");
        await notice(late, /All 1 places/);
        const setPlaces = async (places) => {
            await ann.click("#settings");
            await ann.fill("#places-change", String(places));
            await ann.press("#places-change", "Tab");
            await ann.keyboard.press("Escape");
        };
        await setPlaces(2);
        await seesMovingPictures(late, 1);
        await setPlaces(1);
        await notice(late, /number 1 in line/);
        await late.waitForFunction(() => document.querySelectorAll(".tile").length === 0, null, patience);
        await seesMovingPictures(early, 1);
        await close(ann, early, late);
    });

    test("a killed server costs a stream nothing, though its watchers are back before its sender is", async () => {
        const first = await startServer();
        const ann = await send("Ann", "outage", 3, { at: first, clock: true });
        const ben = await watch("Ben", "outage", { at: first });
        await seesMovingPictures(ben, 1);
        // It tries again when its clock goes on.
        await ann.clock.pauseAt(Date.now() + 60_000);
        await first.kill();
        await ben.waitForFunction(() => document.getElementById("connection").dataset.state === "reconnecting", null, patience);
        const second = await startServer({ port: first.port });
        await ben.waitForFunction(() => document.getElementById("connection").dataset.state === "connected", null, patience);
        const cho = await watch("Cho", "outage", { at: second });
        await notice(cho, /has not begun/);

        await ann.clock.resume();
        await ann.waitForFunction(() => document.getElementById("audience").textContent === "Live · 3 here", null, patience);
        for (const page of [ben, cho]) await seesMovingPictures(page, 1);
        await say(ben, "back again");
        for (const page of [ann, cho]) await hears(page, "back again");
        forgiveLostServer(ann, ben, cho);
        await close(ann, ben, cho);
        await second.stop();
    });

    test("nobody can take another's stream, and its sender can ban a watcher", async () => {
        const ann = await send("Ann", "mine", 3);
        const thief = await openPage(browser, `${server.page}live`);
        await thief.fill("#name", "Mallory");
        await thief.fill("#room", "mine");
        await thief.click("#join-form [type=submit]");
        await thief.waitForSelector("#join-error:not([hidden])", patience);
        assert.match(await thief.textContent("#join-error"), /belongs to somebody else/);

        const ben = await watch("Ben", "mine");
        await seesMovingPictures(ben, 1);
        await ann.click("#tab-people");
        await ann.click('#people [aria-label="Ban: Ben"]');
        await ann.click("#confirm-yes");
        await ben.waitForSelector("#ended:not([hidden])", patience);
        assert.equal(await ben.textContent("#ended-title"), "You were banned from this room");
        await ann.click("#settings");
        await ann.waitForFunction(() => document.getElementById("places-now").textContent.startsWith("0 of 3"), null, patience);
        await ann.keyboard.press("Escape");
        await close(ann, ben, thief);
    });

    test("a watcher that no path leads to is told so, and gives its place to the next", async () => {
        const ann = await send("Ann", "far away", 1, { clock: true });
        const cut = await watch("Cut", "far away", { before: allowRelayOnly });
        await notice(cut, /Connecting/);
        await ann.waitForFunction(() => document.getElementById("places-now").textContent.startsWith("1 of 1"), null, patience);
        const ben = await watch("Ben", "far away");
        await notice(ben, /number 1 in line/);
        await ann.clock.fastForward(31_000);
        await notice(cut, /No connection to the sender/);
        await seesMovingPictures(ben, 1);
        await close(ann, cut, ben);
    });
});
