import { chromium } from "playwright-core";

/**
 * Debian's Chromium with a fake camera, cut off from every host but this one. `aliases` says which ports of 127.0.0.1 lead to which others, so that
 * a text which names the default port can be run as it stands against a server on any port.
 */
export function launchBrowser({ aliases, args = [] } = {}) {
    const rules = aliases
        ? [...Object.entries(aliases).map(([from, to]) => `MAP 127.0.0.1:${from} 127.0.0.1:${to}`), "MAP * ~NOTFOUND"].join(", ")
        : "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost";
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: [
            "--no-sandbox",
            "--disable-gpu",
            "--use-fake-device-for-media-stream=fps=5",
            "--use-fake-ui-for-media-stream",
            "--allow-loopback-in-peer-connection",
            "--disable-features=WebRtcHideLocalIpsWithMdns",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--disable-quic",
            "--autoplay-policy=no-user-gesture-required",
            `--host-resolver-rules=${rules}`,
            ...args,
        ],
    });
}

/**
 * A page of the server's origin without anything of ours in it: the answer to an address that the server does not have. The origin makes it a
 * secure context, which cameras need, and it comes from the loopback, without which Chromium does not let it speak to the loopback.
 */
export async function openBlankPage(browser, server, { script } = {}) {
    const context = await browser.newContext();
    if (script) await context.addInitScript({ path: script });
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error("page error:", error));
    await page.goto(`${server.page}blank`);
    return page;
}
