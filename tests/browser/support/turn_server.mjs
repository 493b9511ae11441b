import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { endWithTests, within } from "./wait.mjs";

/** A UDP port that is free now; coturn does not say which one it picked itself. */
async function freePort() {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    return port;
}

/** A real coturn that relays on the loopback, and takes credentials signed by the secret. */
export async function startTurnServer(secret) {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), "signaller-turn-"));
    const child = spawn(process.env.TURNSERVER ?? "turnserver", [
        "-n", "--use-auth-secret", `--static-auth-secret=${secret}`, "--realm=signaller.test",
        "--listening-ip=127.0.0.1", `--listening-port=${port}`, "--relay-ip=127.0.0.1", "--allow-loopback-peers",
        "--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "--simple-log", "--verbose",
        `--pidfile=${join(directory, "pid")}`, `--userdb=${join(directory, "users")}`,
    ], { stdio: ["ignore", "pipe", "pipe"], cwd: directory });
    const exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
    endWithTests(child);
    const lines = [];
    const listeners = new Set();
    for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
            lines.push(line);
            for (const listener of listeners) listener(line);
        });
    }
    const said = () => lines.slice(-40).join("\n");
    await within(15_000, "coturn's listening", new Promise((resolve, reject) => {
        child.once("error", (error) => reject(new Error(`coturn cannot be started: ${error.message}`)));
        exited.then(({ code, signal }) => reject(new Error(`coturn ended (${code ?? signal}) before it listened: ${said()}`)));
        listeners.add((line) => /UDP listener opened on/.test(line) && resolve());
    })).catch((error) => {
        child.kill("SIGKILL");
        throw new Error(`${error.message}\n${said()}`);
    });

    return {
        url: `turn:127.0.0.1:${port}?transport=udp`,
        lines,

        async stop() {
            child.kill("SIGTERM");
            await within(10_000, "coturn's end", exited).finally(() => child.kill("SIGKILL"));
            await rm(directory, { recursive: true, force: true });
            assert.ok(lines.length > 0);
        },
    };
}
