/**
 * How fast commands may follow one another: the server's token bucket, kept here with half its depth and a little slower, so that what the network
 * bunches up is still within the server's. A command that is dropped for its speed would be overtaken by those behind it.
 */
export class Pace {
    #rate = Infinity;
    #depth = Infinity;
    #tokens = Infinity;
    #filledAt = 0;

    /** @param limits of the welcome; a rate of 0 is none. Each connection begins with a full bucket. */
    begin({ rate = 0, burst = 1 } = {}) {
        this.#rate = rate > 0 ? (rate * 0.9) / 1_000 : Infinity;
        this.#depth = this.#tokens = rate > 0 ? Math.max(1, Math.floor(burst / 2)) : Infinity;
        this.#filledAt = performance.now();
    }

    /** 0 if a command may go now, else the milliseconds until one may. */
    take() {
        if (this.#rate === Infinity) return 0;
        const now = performance.now();
        this.#tokens = Math.min(this.#depth, this.#tokens + (now - this.#filledAt) * this.#rate);
        this.#filledAt = now;
        if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#rate);
        this.#tokens -= 1;
        return 0;
    }

    /** For what does not wait: what follows waits the longer. */
    spend() {
        this.#tokens -= 1;
    }

    /** A command that was not sent after all. */
    giveBack() {
        this.#tokens += 1;
    }
}
