const longestLine = 1_000;

/** Who of a live stream's watchers has a place for video, and who stands in line for one. It decides; `call`, `hangUp` and `tell` do. */
export class Audience {
    #limit;
    #watching = new Set();
    #line = [];
    #act;

    /** @param act `call(id)` begins a call, `hangUp(id)` ends one, `tell(id, {full, line})` says that one waits, and as which (0: the line is full too). */
    constructor(limit, act) {
        this.#limit = limit;
        this.#act = act;
    }

    get limit() {
        return this.#limit;
    }

    get watching() {
        return this.#watching.size;
    }

    get waiting() {
        return this.#line.length;
    }

    /** Takes places from those who came last if there are fewer now; they are the first in line. */
    set limit(limit) {
        this.#limit = limit;
        const over = [...this.#watching].slice(limit);
        for (const id of over) {
            this.#watching.delete(id);
            this.#act.hangUp(id);
        }
        this.#line.unshift(...over);
        this.#line.length = Math.min(this.#line.length, longestLine);
        over.forEach((id) => this.#tellPlace(id));
        this.#fill();
    }

    has(id) {
        return this.#watching.has(id);
    }

    /** Asks again whoever lost the call, or has waited for a while: the answer is the place in line as it is now. */
    ask(id) {
        if (this.#watching.has(id)) return this.#act.call(id);
        if (!this.#line.includes(id) && this.#line.length < longestLine) this.#line.push(id);
        this.#fill();
        if (!this.#watching.has(id)) this.#tellPlace(id);
    }

    leave(id) {
        this.#line = this.#line.filter((waiting) => waiting !== id);
        if (this.#watching.delete(id)) this.#fill();
    }

    #fill() {
        while (this.#watching.size < this.#limit && this.#line.length) {
            const id = this.#line.shift();
            this.#watching.add(id);
            this.#act.call(id);
        }
    }

    #tellPlace(id) {
        this.#act.tell(id, { full: this.#limit, line: this.#line.indexOf(id) + 1 });
    }
}
