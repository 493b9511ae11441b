import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startServer } from "./support/server.mjs";

const client = fileURLToPath(new URL("support/node_client.mjs", import.meta.url));
const version = Number(process.versions.node.split(".")[0]);

test("the module works in Node, and lets the process end", { skip: version < 20 && "Node has no WebSocket before version 20", timeout: 60_000 }, async () => {
    const server = await startServer();
    try {
        const flags = version < 22 ? ["--experimental-websocket"] : [];
        const { stdout } = await promisify(execFile)(process.execPath, [...flags, client, server.url], { timeout: 20_000 });
        assert.deepEqual(JSON.parse(stdout), { from: "alice", content: "hello from Node", seq: 1, members: ["alice", "bob"] });
    } finally {
        await server.stop();
    }
});
