// What the client module finds in browsers and in Node 20, for tests that are run by the older Node of some distributions. To be imported before it.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class CustomEvent extends Event {
    #detail;

    constructor(type, { detail = null, ...init } = {}) {
        super(type, init);
        this.#detail = detail;
    }

    get detail() {
        return this.#detail;
    }
};
