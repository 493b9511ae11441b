import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "./support/browser.mjs";
import { close, hears, openPage, patience, say, visitRoom } from "./support/page.mjs";
import { startServer } from "./support/server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds fault with (WCAG 2.2 A and AA, and its best practices), as a list that says where. */
async function faults(page, where) {
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => axe.run(document));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${where} is ${wide} pixels too wide`);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${where}: ${id} at ${target}: ${failureSummary}`));
}

describe("the page for everybody", { timeout: 300_000 }, () => {
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

    for (const [colorScheme, size] of [["light", {}], ["dark", { width: 320, height: 640, isMobile: true, hasTouch: true }]]) {
        test(`axe finds no fault with lobby, call, panels and dialogs (${colorScheme})`, async () => {
            const found = [];
            const lobby = await openPage(browser, `${server.page}#access`, { colorScheme, ...size });
            await lobby.waitForSelector("#lobby:not([hidden])", patience);
            found.push(...await faults(lobby, "lobby"));
            await close(lobby);
            for (const path of ["live", "live#not-yet"]) {
                const page = await openPage(browser, `${server.page}${path}`, { colorScheme, ...size });
                await page.waitForSelector("#lobby:not([hidden])", patience);
                found.push(...await faults(page, path));
                await page.fill("#name", "Ann");
                await page.click("#join-button");
                await page.waitForSelector("#call:not([hidden])", patience);
                found.push(...await faults(page, `${path}, inside`));
                await close(page);
            }

            const ann = await visitRoom(browser, server, "Ann", `access ${colorScheme}`, { colorScheme, ...size });
            const ben = await visitRoom(browser, server, "Ben", `access ${colorScheme}`, { colorScheme, ...size });
            await ann.waitForSelector(".tile:not(.self)", patience);
            await say(ann, "hello");
            await say(ben, "hello, too");
            for (const line of ["hello", "hello, too"]) await hears(ann, line);
            found.push(...await faults(ann, "call"));
            if (await ann.isHidden("#side")) await ann.click("#side-switch");
            found.push(...await faults(ann, "chat"));
            await ann.click("#tab-people");
            await ann.waitForSelector("#people .acts button", patience);
            found.push(...await faults(ann, "people"));
            for (const opener of ["#share", "#settings", '#people [data-act^="kick"]']) {
                await ann.click(opener);
                await ann.waitForSelector("dialog[open]", patience);
                found.push(...await faults(ann, opener));
                await ann.keyboard.press("Escape");
            }
            for (const [width, height] of [[320, 300], [360, 330], [412, 400], [640, 400]]) {
                await ann.setViewportSize({ width, height });
                const shown = await ann.evaluate(() => ["say-text", "leave", "share", "language"].map((id) => {
                    const { left, top, right, bottom } = document.getElementById(id).getBoundingClientRect();
                    return { id, inside: left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight, width: right - left, height: bottom - top };
                }));
                for (const { id, inside, ...box } of shown) {
                    assert.ok(inside && box.height >= 30 && box.width >= (id === "say-text" ? 140 : 30), `${id} in ${width} x ${height}: ${JSON.stringify(box)}`);
                }
            }
            await ben.click("#leave");
            await ben.waitForSelector("#ended:not([hidden])", patience);
            found.push(...await faults(ben, "end"));
            assert.deepEqual(found, []);
            await close(ann, ben);
        });
    }
});
