const finalCodes = new Set([1002, 1003, 1007, 1009]);
const openPatience = 15_000;
const pongPatience = 10_000;
const stableAfter = 10_000;
const beatEvery = 5_000;

/**
 * The WebSocket under a session, made anew whenever it breaks and the server does not forbid it. Knows nothing of sessions and commands.
 *
 * Callbacks: `opened({send, drop})`, which do nothing once this WebSocket is given up, `received(event)`, `broken({reason, retryAfter})` before it tries again, `refused({reason, code})` when it will not.
 */
export class Connection {
    #url;
    #WebSocket;
    #backoff;
    #callbacks;
    #socket = null;
    #bye = null;
    #attempts = 0;
    #welcomedAt = 0;
    #heartbeat = 25_000;
    #heardAt = 0;
    #pingedAt = 0;
    #timers = {};
    #listening = new AbortController();

    constructor(url, { WebSocket, backoff }, callbacks) {
        this.#url = url;
        this.#WebSocket = WebSocket;
        this.#backoff = backoff;
        this.#callbacks = callbacks;
        this.#watchPage();
    }

    open() {
        if (this.#listening.signal.aborted) return;
        this.#bye = null;
        if (!this.#WebSocket) return this.#callbacks.refused({ reason: "there is no WebSocket here, and none was given as an option" });
        let socket;
        try {
            socket = new this.#WebSocket(this.#url, ["signaller.v1"]);
        } catch (error) {
            this.#callbacks.refused({ reason: error.message });
            return;
        }
        this.#socket = socket;
        // An attempt that hangs is given up like one that fails.
        this.#timer("open", () => this.drop(), openPatience);
        const current = (action) => (value) => socket === this.#socket && action(value);
        socket.onopen = current(() => this.#callbacks.opened({ send: current((text) => this.send(text)), drop: current((reason) => this.drop(reason)) }));
        socket.onmessage = current(({ data }) => this.#receive(JSON.parse(data)));
        socket.onclose = current(({ code }) => this.#broken(code));
        socket.onerror = () => {};
    }

    /** The server has taken the session: from now on its silence counts. */
    welcomed(heartbeatSeconds) {
        clearTimeout(this.#timers.open);
        this.#heartbeat = heartbeatSeconds * 1_000;
        this.#welcomedAt = Date.now();
        clearInterval(this.#timers.beat);
        this.#timers.beat = setInterval(() => this.#beat(), beatEvery);
    }

    send(text) {
        if (this.#socket?.readyState === 1) this.#socket.send(text);
    }

    /** Gives this WebSocket up and tries another one. */
    drop(reason) {
        const socket = this.#socket;
        if (!socket) return;
        this.#socket = null;
        socket.close();
        this.#broken(1006, reason);
    }

    end() {
        const socket = this.#socket;
        this.#socket = null;
        this.#clearTimers();
        this.#listening.abort();
        socket?.close();
    }

    #receive(event) {
        this.#heardAt = Date.now();
        this.#pingedAt = 0;
        if (event.type === "bye") this.#bye = event;
        this.#callbacks.received(event);
    }

    #broken(code, reason = "connection lost") {
        this.#socket = null;
        this.#clearTimers();
        const ended = this.#bye?.code ?? code;
        if (this.#bye?.reconnect === false || finalCodes.has(ended) || (ended >= 4500 && ended <= 4999)) {
            this.#callbacks.refused({ reason: this.#bye?.reason ?? `closed with ${ended}`, code: ended });
            return;
        }
        if (this.#welcomedAt && Date.now() - this.#welcomedAt > stableAfter) this.#attempts = 0;
        this.#welcomedAt = 0;
        this.#pingedAt = 0;
        const retryAfter = this.#waitBeforeRetry();
        this.#callbacks.broken({ reason: this.#bye?.reason ?? reason, retryAfter });
        if (!this.#listening.signal.aborted) this.#timer("retry", () => this.open(), retryAfter);
    }

    /** What the server asks for, and a random part that doubles its range with every failure: clients must not come back as one. */
    #waitBeforeRetry() {
        const { first, most } = this.#backoff;
        const ceiling = Math.min(most, first * 2 ** this.#attempts++);
        return (this.#bye?.retryAfter ?? 0) + Math.round(Math.random() * ceiling);
    }

    /** Timers of hidden pages run once a minute, so silence counts only after a ping went unanswered. */
    #beat() {
        const now = Date.now();
        if (this.#pingedAt && now - this.#pingedAt >= pongPatience) this.drop();
        else if (!this.#pingedAt && now - this.#heardAt >= this.#heartbeat) this.#probe(now);
    }

    #probe(now) {
        this.#pingedAt = now;
        this.send("/ping");
    }

    #watchPage() {
        if (typeof globalThis.addEventListener !== "function") return;
        const { signal } = this.#listening;
        globalThis.addEventListener("online", () => this.#hurry(), { signal });
        globalThis.document?.addEventListener("visibilitychange", () => !document.hidden && this.#hurry(), { signal });
    }

    /** The network or the user is back: try at once, or find out whether the connection survived. A server's own wish to wait stands. */
    #hurry() {
        if (this.#timers.retry && !this.#bye?.retryAfter) {
            this.#clearTimers();
            this.open();
        } else if (this.#welcomedAt && this.#socket && !this.#pingedAt) {
            this.#probe(Date.now());
        }
    }

    #timer(name, action, delay) {
        clearTimeout(this.#timers[name]);
        this.#timers[name] = setTimeout(() => (delete this.#timers[name], action()), delay);
    }

    #clearTimers() {
        for (const timer of Object.values(this.#timers)) clearTimeout(timer);
        this.#timers = {};
    }
}
