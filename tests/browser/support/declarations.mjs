import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** What signaller.d.ts exports as values: functions, and classes with the names of their members. */
export const declared = { functions: [], classes: [], methods: {} };

const path = fileURLToPath(new URL("../../../src/web/signaller.d.ts", import.meta.url));
const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement)) declared.functions.push(statement.name.text);
    if (!ts.isClassDeclaration(statement)) continue;
    const named = statement.members.filter((member) => member.name);
    declared.classes.push({ name: statement.name.text, members: named.map((member) => member.name.text) });
    declared.methods[statement.name.text] = named.filter(ts.isMethodDeclaration).map((member) => member.name.text);
}
