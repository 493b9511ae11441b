import { byId, element } from "./dom.js";
import { hueOf } from "./stage.js";

const mostShown = 400;
const oneBreath = 120_000;

/** The log of what was said. It is written once a frame, however much is said, and holds the last few hundred lines. */
export class Chat {
    #list = byId("messages");
    #newer = byId("newer");
    #waiting = [];
    #following = true;
    /** Who said something last, and when: what goes on in the same breath needs no name again. */
    #last = null;

    constructor() {
        this.#list.addEventListener("scroll", () => {
            this.#following = this.#list.scrollTop + this.#list.clientHeight >= this.#list.scrollHeight - 40;
            if (this.#following) this.#newer.hidden = true;
        }, { passive: true });
        this.#newer.addEventListener("click", () => this.#toEnd());
    }

    say({ from, content, time, own }) {
        const goesOn = this.#last?.id === from.id && time - this.#last.time < oneBreath;
        this.#last = { id: from.id, time };
        this.#add(() => {
            const shown = new Date(time);
            const clock = element("time", { textContent: shown.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" }), dateTime: shown.toISOString() });
            const head = element("div", { className: goesOn ? "hidden-text" : "head" }, element("b", { className: own ? "hidden-text" : "", textContent: from.name }), clock);
            const line = element("div", { className: `line${own ? " own" : ""}${goesOn ? " goes-on" : ""}` }, head, element("p", { textContent: content }));
            line.style.setProperty("--hue", hueOf(from.id));
            return line;
        });
    }

    note(textContent) {
        this.#last = null;
        this.#add(() => element("div", { className: "note", textContent }));
    }

    clear() {
        this.#waiting = [];
        this.#last = null;
        this.#list.replaceChildren();
        this.#toEnd();
    }

    /** To be called when the log comes into sight: what is hidden cannot be scrolled. */
    shown() {
        if (this.#following) this.#toEnd();
    }

    #add(make) {
        this.#waiting.push(make);
        if (this.#waiting.length > mostShown) this.#waiting.shift();
        if (this.#waiting.length === 1) schedule(() => this.#write());
    }

    #write() {
        this.#list.append(...this.#waiting.splice(0).map((make) => make()));
        while (this.#list.children.length > mostShown) this.#list.firstElementChild.remove();
        if (this.#following) this.#toEnd();
        else this.#newer.hidden = false;
    }

    #toEnd() {
        this.#following = true;
        this.#newer.hidden = true;
        this.#list.scrollTop = this.#list.scrollHeight;
    }
}

/** Frames stop in a hidden page, messages do not. */
function schedule(action) {
    if (document.hidden) setTimeout(action, 500);
    else requestAnimationFrame(action);
}
