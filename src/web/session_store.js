/**
 * Keeps the session through a reload of the page. A duplicated tab copies `sessionStorage` too; a lock that lives as long as the page
 * tells the copy that the session is in use, and it starts its own.
 */
export class SessionStore {
    id = null;
    session = null;
    seen = 0;
    #key;
    #storage;
    #release = () => {};

    /** @param storage `null` keeps nothing; left out it is the page's `sessionStorage`, if there is one. */
    constructor(url, fixedId, storage) {
        this.#key = `signaller ${url} ${fixedId ?? ""}`;
        this.#storage = storage === undefined ? pageStorage() : storage;
    }

    async load() {
        const kept = this.#read();
        if (!kept?.session || !(await this.#claim(kept.session))) return;
        Object.assign(this, { id: kept.id, session: kept.session, seen: kept.seen ?? 0 });
    }

    save(id, session, seen) {
        if (session !== this.session) {
            this.#release();
            this.#claim(session);
        }
        Object.assign(this, { id, session, seen });
        this.#write();
    }

    saveSeen(seen) {
        if (seen === this.seen || !this.session) return;
        this.seen = seen;
        this.#write();
    }

    forget() {
        Object.assign(this, { id: null, session: null, seen: 0 });
        try {
            this.#storage?.removeItem(this.#key);
        } catch {
            // Storage that is forbidden has nothing to forget.
        }
    }

    release() {
        this.#release();
    }

    /** A reloaded page may ask before its former self has let go, so it waits a moment. */
    #claim(session) {
        const locks = globalThis.navigator?.locks;
        if (!locks || !this.#storage) return Promise.resolve(true);
        return new Promise((resolve) => {
            const held = new Promise((release) => (this.#release = release));
            locks.request(`signaller ${session}`, { signal: AbortSignal.timeout(1_000) }, () => {
                resolve(true);
                return held;
            }).catch(() => resolve(false));
        });
    }

    #read() {
        try {
            return JSON.parse(this.#storage?.getItem(this.#key) ?? "null");
        } catch {
            return null;
        }
    }

    #write() {
        try {
            this.#storage?.setItem(this.#key, JSON.stringify({ id: this.id, session: this.session, seen: this.seen }));
        } catch {
            // Full or forbidden storage costs the session at the next reload, nothing else.
        }
    }
}

function pageStorage() {
    try {
        return globalThis.sessionStorage ?? null;
    } catch {
        return null;
    }
}
