import "./support/node_globals.mjs";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** How a Signaller hands a Call its signals: between classes of the module, no application's. */
const internal = ["constructor", "receive"];
const here = fileURLToPath(new URL(".", import.meta.url));

test("the types are what TypeScript takes, strictly, and what the module has", { timeout: 120_000 }, async () => {
    const compiler = fileURLToPath(import.meta.resolve("typescript/bin/tsc"));
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, "--project", "types"], { cwd: here }).catch((error) => {
        throw new Error(error.stdout || error.message);
    });
    assert.equal(stdout, "");

    const module = await import("../../src/web/signaller.js");
    const { declared } = await import("./support/declarations.mjs");
    assert.deepEqual(Object.keys(module).sort(), declared.classes.map(({ name }) => name).concat(declared.functions).sort(), "every export is declared");
    for (const { name, members } of declared.classes) {
        const own = Object.getOwnPropertyNames(module[name].prototype).filter((member) => !internal.includes(member));
        assert.deepEqual(own.filter((member) => !members.includes(member)), [], `every member of ${name} is declared`);
        const methods = declared.methods[name];
        assert.deepEqual(methods.filter((method) => !own.includes(method)), [], `every method of ${name} that is declared is there`);
    }
});
