import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { endWithTests, within } from "./wait.mjs";

const defaultBinary = fileURLToPath(new URL("../../../build/release/signaller", import.meta.url));

/**
 * The real server as a child process. The port is its own choice unless one is given (a restarted server has to come back where its clients look for it).
 */
export async function startServer({ port = 0, args = [] } = {}) {
    const binary = process.env.SIGNALLER_BINARY ?? defaultBinary;
    // What the environment says to the tests is no configuration of the server's.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SIGNALLER_")));
    const child = spawn(binary, ["--port", String(port), ...args], { stdio: ["ignore", "pipe", "pipe"], env });
    const exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
    endWithTests(child);
    const stderr = [];
    child.stderr.on("data", (data) => stderr.push(data));
    const said = () => Buffer.concat(stderr).toString();

    const address = await within(15_000, "the server's address", new Promise((resolve, reject) => {
        child.once("error", (error) => reject(new Error(`${binary} cannot be started: ${error.message}`)));
        exited.then(({ code, signal }) => reject(new Error(`${binary} ended (${code ?? signal}) before it listened: ${said()}`)));
        // The lines are read to the end, so that the pipe never fills.
        createInterface({ input: child.stdout }).on("line", (line) => {
            const match = /^signaller \S+ listening on ws:\/\/(.+):(\d+)\/$/.exec(line);
            if (match) resolve({ host: match[1], port: Number(match[2]) });
        });
    }));

    return {
        port: address.port,
        url: `ws://127.0.0.1:${address.port}/`,
        page: `http://127.0.0.1:${address.port}/`,

        /** Ends it as an operator would; only a clean end passes. */
        async stop() {
            child.kill("SIGTERM");
            const { code, signal } = await within(60_000, "the server's end after SIGTERM", exited).catch((error) => {
                child.kill("SIGKILL");
                throw error;
            });
            assert.deepEqual({ code, signal }, { code: 0, signal: null }, said());
        },

        async kill() {
            child.kill("SIGKILL");
            await within(60_000, "the server's end after SIGKILL", exited);
        },
    };
}
