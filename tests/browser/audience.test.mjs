import assert from "node:assert/strict";
import { test } from "node:test";
import { Audience } from "../../src/web/audience.js";

function makeAudience(limit) {
    const done = [];
    const act = Object.fromEntries(["call", "hangUp", "tell"].map((name) => [name, (id, what) => done.push(what ? [name, id, what.line] : [name, id])]));
    return { audience: new Audience(limit, act), told: () => done.splice(0) };
}

test("places are given in order, and the rest stand in line", () => {
    const { audience, told } = makeAudience(2);
    for (const id of ["a", "b", "c", "d", "c"]) audience.ask(id);
    assert.deepEqual(told(), [["call", "a"], ["call", "b"], ["tell", "c", 1], ["tell", "d", 2], ["tell", "c", 1]]);
    audience.leave("a");
    assert.deepEqual(told(), [["call", "c"]]);
    assert.deepEqual([audience.watching, audience.waiting], [2, 1]);
});

test("who leaves the line is not called, and leaving twice is harmless", () => {
    const { audience, told } = makeAudience(1);
    for (const id of ["a", "b", "c"]) audience.ask(id);
    told();
    audience.leave("b");
    audience.leave("b");
    audience.leave("a");
    assert.deepEqual(told(), [["call", "c"]]);
});

test("fewer places take them from those who came last, more give them back in order", () => {
    const { audience, told } = makeAudience(3);
    for (const id of ["a", "b", "c", "d"]) audience.ask(id);
    told();
    audience.limit = 1;
    assert.deepEqual(told(), [["hangUp", "b"], ["hangUp", "c"], ["tell", "b", 1], ["tell", "c", 2]]);
    audience.limit = 3;
    assert.deepEqual(told(), [["call", "b"], ["call", "c"]]);
});

test("whoever has a place and asks again is called again", () => {
    const { audience, told } = makeAudience(1);
    audience.ask("a");
    audience.ask("a");
    assert.deepEqual(told(), [["call", "a"], ["call", "a"]]);
    assert.equal(audience.watching, 1);
});

test("the line is bounded", () => {
    const { audience, told } = makeAudience(0);
    for (let i = 0; i < 1_002; ++i) audience.ask(`peer ${i}`);
    assert.equal(audience.waiting, 1_000);
    assert.deepEqual(told().at(-1), ["tell", "peer 1001", 0]);
});
