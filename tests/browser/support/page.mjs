import assert from "node:assert/strict";

export const patience = { timeout: 60_000 };

/**
 * A page of its own, as a new visitor has it. What it complains about on its console is kept, and no test lets it pass. `clock`: the test may
 * put the page's clock forward; `before`: runs in the page before its own scripts.
 */
export async function openPage(browser, address, { locale = "en-US", width = 1200, height = 800, clock = false, before, ...more } = {}) {
    const context = await browser.newContext({ locale, viewport: { width, height }, ...more });
    const page = await context.newPage();
    if (clock) await page.clock.install();
    if (before) await page.addInitScript(before);
    page.complaints = [];
    page.on("pageerror", (error) => page.complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
    await page.goto(address);
    return page;
}

/** For `before`: no path leads to this page's peer connections, as there is no TURN server. */
export function allowRelayOnly() {
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(configuration) {
            super({ ...configuration, iceTransportPolicy: "relay" });
        }
    };
}

export async function visitRoom(browser, server, name, room, options) {
    const page = await openPage(browser, `${server.page}#${encodeURIComponent(room)}`, options);
    await page.fill("#name", name);
    await page.click("#join-form [type=submit]");
    await page.waitForSelector("#call:not([hidden])", patience);
    return page;
}

/** Pictures other than one's own are shown, and move. */
export async function seesMovingPictures(page, count) {
    await page.waitForFunction((count) => document.querySelectorAll(".tile:not(.self)").length === count, count, patience);
    await page.waitForFunction((count) => {
        const videos = [...document.querySelectorAll(".tile:not(.self) video")];
        return videos.filter((video) => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 2).length === count;
    }, count, patience);
}

export async function say(page, line) {
    await page.fill("#say-text", line);
    await page.press("#say-text", "Enter");
}

export function hears(page, line) {
    return page.waitForFunction((line) => [...document.querySelectorAll("#messages p")].some((shown) => shown.textContent === line), line, patience);
}

/** What the browser itself says of connections to a server that is killed, during their handshake or later. */
const ofLostServer = /^WebSocket connection to .* failed: .*(ERR_CONNECTION_|closed before the connection|Close received)/;

/** That the connection was refused meanwhile is what the browser has to say on its console, and all. */
export function forgiveLostServer(...pages) {
    for (const page of pages) page.complaints = page.complaints.filter((complaint) => !ofLostServer.test(complaint));
}

export async function close(...pages) {
    for (const page of pages) {
        assert.deepEqual(page.complaints, []);
        await page.context().close();
    }
}
