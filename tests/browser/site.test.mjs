import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { request } from "node:http";
import { test } from "node:test";
import { startServer } from "./support/server.mjs";

const web = new URL("../../src/web/", import.meta.url);
const types = {
    html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml",
    ts: "text/plain; charset=utf-8", json: "application/json",
};
const ending = (name) => name.split(".").at(-1);

/** As the server sends it: fetch() would hide a 304. */
function ask(server, path, { method = "GET", headers = {} } = {}) {
    return new Promise((resolve, reject) => {
        const asked = request(new URL(path, server.page), { method, headers, agent: false }, async (response) => {
            const chunks = [];
            for await (const chunk of response) chunks.push(chunk);
            resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        });
        asked.on("error", reject);
        asked.end();
    });
}

test("every file of the page and the module is served as it is, with its type, to be asked for again", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const names = (await readdir(web)).filter((name) => ending(name) in types);
    assert.ok(names.length > 30);
    for (const name of names) {
        const { status, headers, body } = await ask(server, name);
        assert.equal(status, 200, name);
        assert.equal(headers["content-type"], types[ending(name)], name);
        assert.equal(headers["cache-control"], "no-cache", name);
        assert.equal(headers["x-content-type-options"], "nosniff", name);
        assert.equal(headers["access-control-allow-origin"], "*", name);
        assert.ok(body.equals(await readFile(new URL(name, web))), name);
    }
    for (const path of ["", "live", "?a=b"]) assert.equal((await ask(server, path)).headers["content-type"], types.html, path);
    for (const path of ["site.cpp", "CMakeLists.txt", "live/", "..%2fLICENSE", "index"]) assert.equal((await ask(server, path)).status, 404, path);
});

test("what has not changed is not sent again", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const first = await ask(server, "signaller.js");
    const { etag } = first.headers;
    for (const tags of [etag, `W/${etag}`, `"another", ${etag}`, "*"]) {
        const { status, headers, body } = await ask(server, "signaller.js", { headers: { "if-none-match": tags } });
        assert.deepEqual([status, headers.etag, body.length], [304, etag, 0], tags);
    }
    for (const tags of ['"another"', etag.slice(0, -2), '""']) assert.equal((await ask(server, "signaller.js", { headers: { "if-none-match": tags } })).status, 200, tags);
    const head = await ask(server, "signaller.js", { method: "HEAD" });
    assert.deepEqual([head.status, Number(head.headers["content-length"]), head.body.length], [200, first.body.length, 0]);
    assert.notEqual((await ask(server, "call.js")).headers.etag, etag);
});

test("the page runs its own scripts and styles only, speaks to its own server only, and is nobody's frame", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const { headers, body } = await ask(server, "");
    const policy = new Map(headers["content-security-policy"].split("; ").map((rule) => [rule.split(" ")[0], rule.split(" ").slice(1)]));
    assert.deepEqual(policy.get("default-src"), ["'none'"]);
    for (const kind of ["script-src", "style-src", "img-src"]) assert.deepEqual(policy.get(kind), ["'self'"], kind);
    assert.deepEqual(policy.get("connect-src"), ["'self'", "ws://127.0.0.1:*", "ws://localhost:*"]);
    assert.deepEqual(policy.get("frame-ancestors"), ["'none'"]);
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["permissions-policy"], "camera=(self), microphone=(self), display-capture=(self)");
    assert.doesNotMatch(body.toString(), /<style|style=|onclick|https?:\/\/(?!www\.w3\.org)/);
});
