import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { promisify } from "node:util";
import { launchBrowser } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

const readme = process.env.SIGNALLER_README ?? new URL("../../README.md", import.meta.url);
const web = new URL("../../src/web/", import.meta.url);
const patience = { timeout: 60_000 };

/** The page between the README's marks, as it is printed. */
async function printedPage() {
    const markdown = await readFile(readme, "utf8");
    const [, page] = /<!-- embed:begin -->\n```html\n(.*?)```\n<!-- embed:end -->/s.exec(markdown) ?? [];
    assert.ok(page, "README.md has the page that embeds the module, between its marks");
    return page;
}

/** What any host of an application does: it serves one page, and knows nothing of the signalling server. */
async function serve(path, page) {
    const host = createServer(({ url }, response) => {
        response.writeHead(url === path ? 200 : 404, { "content-type": "text/html" });
        response.end(url === path ? page : "");
    });
    host.listen(0, "127.0.0.1");
    await once(host, "listening");
    return host;
}

test("the README's page, served by another host, is a call with bullet comments", { timeout: 160_000 }, async (t) => {
    const page = await printedPage();
    const host = await serve("/call.html", page);
    t.after(() => (host.closeAllConnections(), host.close()));
    const server = await startServer({ args: ["--allowed-origin", "http://127.0.0.1:8000"] });
    t.after(() => server.stop());
    const browser = await launchBrowser({ aliases: { 3012: server.port, 8000: host.address().port } });
    t.after(() => browser.close());
    const windows = [];
    for (const name of ["one", "two"]) {
        const context = await browser.newContext();
        const opened = await context.newPage();
        opened.on("pageerror", (error) => assert.fail(`${name}: ${error}`));
        await opened.goto("http://127.0.0.1:8000/call.html");
        windows.push(opened);
    }
    for (const opened of windows) {
        await opened.waitForFunction(() => {
            const videos = [...document.querySelectorAll("video")];
            return videos.length === 2 && videos.every(({ videoWidth, currentTime }) => videoWidth > 0 && currentTime > 0.5);
        }, null, patience);
    }
    const fly = (text) => Promise.all(windows.map((opened) => opened.waitForFunction((text) => {
        const bullets = [...document.querySelectorAll(".bullet")].filter(({ textContent }) => textContent === text);
        return bullets.length === 1 && bullets[0].getAnimations().length === 1;
    }, text, patience)));
    const flies = fly("guest: <b>你好</b>");
    await windows[0].fill("[name=line]", "<b>你好</b>");
    await windows[0].click("button");
    await flies;
    await windows[1].goto("about:blank");
    await windows[0].waitForFunction(() => document.querySelectorAll("video").length === 1, null, patience);
});

test("the npm package has every file that the module imports", async () => {
    const { files, exports, version, license } = JSON.parse(await readFile(new URL("package.json", web), "utf8"));
    const needed = new Set(["signaller.js"]);
    for (const file of needed) {
        for (const [, imported] of (await readFile(new URL(file, web), "utf8")).matchAll(/from "\.\/([^"]+)"/g)) needed.add(imported);
    }
    assert.deepEqual([...files].sort(), [...needed, "signaller.d.ts"].sort());
    assert.deepEqual(exports["."], { types: "./signaller.d.ts", default: "./signaller.js" });
    const root = new URL("../../", web);
    const [, project] = /project\(signaller VERSION (\S+)/.exec(await readFile(new URL("CMakeLists.txt", root), "utf8"));
    assert.deepEqual({ version, license }, { version: project, license: "MIT" });
    assert.equal(await readFile(new URL("LICENSE", web), "utf8"), await readFile(new URL("LICENSE", root), "utf8"));

    const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json", "--offline"], { cwd: web });
    const [{ files: packed }] = JSON.parse(stdout);
    assert.deepEqual(packed.map(({ path }) => path).sort(), [...files, "LICENSE", "README.md", "package.json"].sort());
});
