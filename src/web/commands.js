import { SignallerError, closed, connectionLost } from "./errors.js";
import { newId } from "./ids.js";
import { Pace } from "./pace.js";

const mostPending = 1_000;
/** Commands that may be carried out twice without anybody noticing. */
const repeatable = /^\/(descp|whois|peers|history|ice|join|bans|ping)\b/;
const describes = /^\/descp\b/;

/**
 * The commands that wait for their reply, in their order. A broken connection leaves it open whether a command arrived: after a resume the
 * replies among the events missed tell, and the rest is sent again; so each is carried out once.
 */
export class Commands {
    #pending = new Map();
    #count = 0;
    #pace = new Pace();
    #heldUntil = 0;
    #holding = null;
    #send;

    /** @param send sends a text, or gives false when that is not possible now. */
    constructor(send) {
        this.#send = send;
    }

    /** @param taken gets the reply at once, and the promise's reader a moment later */
    add(text, taken) {
        if (this.#pending.size >= mostPending) {
            return Promise.reject(new SignallerError({ name: "ERR_TOOMANYPENDING", message: "too many commands wait for the connection" }));
        }
        return new Promise((resolve, reject) => {
            const label = `c${++this.#count}-${newId().slice(-6)}`;
            this.#pending.set(label, { text, taken, resolve, reject, sent: false, tried: false });
            this.flush();
        });
    }

    /** What `add` is called for inside comes before all that waits already. */
    ahead(add) {
        const waiting = [...this.#pending];
        this.#pending.clear();
        add();
        for (const [label, command] of waiting) this.#pending.set(label, command);
    }

    /** The server's limits, of a connection that has just begun. */
    begin(limits) {
        this.#pace.begin(limits);
        this.#heldUntil = 0;
    }

    /** Something else is sent beside them, which the server counts as well. */
    spend() {
        this.#pace.spend();
    }

    flush() {
        if (performance.now() < this.#heldUntil) return;
        for (const [label, command] of this.#pending) {
            if (command.sent) continue;
            const wait = this.#pace.take();
            if (wait > 0) return this.#hold(wait);
            if (!this.#send(`@label=${label} ${command.text}`)) return this.#pace.giveBack();
            command.sent = true;
        }
    }

    answer(event) {
        const command = event.label && this.#pending.get(event.label);
        if (!command) return;
        // Among the events missed: the connection began with an older description, so that this one has to be said again.
        if (!command.sent && describes.test(command.text)) return;
        if (event.type === "error" && event.code === 263) {
            command.sent = false;
            this.#hold(event.retryAfter ?? 1_000);
            return;
        }
        this.#pending.delete(event.label);
        if (event.type === "error") return command.reject(new SignallerError(event));
        command.taken?.(event);
        command.resolve(event);
    }

    connectionBroke() {
        for (const command of this.#pending.values()) {
            command.tried ||= command.sent;
            command.sent = false;
        }
    }

    /** The session's past is lost, and with it the answers: whether to say it again its sender must decide. */
    sessionLost() {
        for (const [label, { tried, text, reject }] of this.#pending) {
            if (!tried || repeatable.test(text)) continue;
            this.#pending.delete(label);
            reject(connectionLost());
        }
    }

    end(error = closed()) {
        clearTimeout(this.#holding);
        for (const { reject } of this.#pending.values()) reject(error);
        this.#pending.clear();
    }

    /** Nothing goes before that. */
    #hold(milliseconds) {
        this.#heldUntil = performance.now() + milliseconds;
        clearTimeout(this.#holding);
        // Timers may be a little early by that clock.
        this.#holding = setTimeout(() => ((this.#heldUntil = 0), this.flush()), milliseconds);
    }
}
