import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { launchBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";
import { matchesLine, readTutorial } from "./support/tutorial.mjs";
import { within } from "./support/wait.mjs";

const readme = process.env.SIGNALLER_README ?? new URL("../../README.md", import.meta.url);
const defaultPort = 3012;

/** A tab with its console: statements run as DevTools runs them, so that top-level await and names that live on from block to block work. */
async function openTab(browser) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const lines = [];
    const arrivals = new Set();
    page.on("console", (message) => {
        lines.push(message.text());
        for (const arrival of arrivals) arrival();
    });
    await page.goto(`http://127.0.0.1:${defaultPort}/`);
    const console = await context.newCDPSession(page);
    return {
        lines,

        async run(expression) {
            const { exceptionDetails } = await console.send("Runtime.evaluate", {
                expression, replMode: true, awaitPromise: true, userGesture: true, timeout: 60_000,
            });
            if (exceptionDetails) throw new Error(`${exceptionDetails.exception?.description ?? exceptionDetails.text}\nin:\n${expression}`);
        },

        shows(promise) {
            return within(60_000, `the console's line "${promise}" (it shows: ${JSON.stringify(lines)})`, new Promise((resolve) => {
                const look = () => {
                    if (!lines.some((line) => matchesLine(promise, line))) return;
                    arrivals.delete(look);
                    resolve();
                };
                arrivals.add(look);
                look();
            }));
        },
    };
}

test("the README's tutorial works as it is printed", { timeout: 240_000 }, async () => {
    const steps = readTutorial(await readFile(readme, "utf8"));
    for (const tab of ["A", "B"]) {
        assert.ok(steps.some((step) => step.code && step.tab === tab), `the tutorial has code for tab ${tab}`);
        assert.ok(steps.some((step) => step.shows?.length && step.tab === tab), `the tutorial says what tab ${tab} shows`);
    }

    const server = await startServer();
    let browser;
    try {
        browser = await launchBrowser({ aliases: { [defaultPort]: server.port } });
        const tabs = { A: await openTab(browser), B: await openTab(browser) };
        for (const { tab, code, shows } of steps) {
            if (code) await tabs[tab].run(code);
            for (const line of shows ?? []) await tabs[tab].shows(line);
        }
    } finally {
        await browser?.close();
        await server.stop();
    }
});
