import { element } from "./dom.js";

const gap = 32;
const mostWaiting = 120;
const staleAfter = 4_000;
const longest = 120;

/**
 * Comments that fly over the video. All fly at one speed, so two in a lane never meet once the first has entered wholly; a lane is a time from
 * which on it is free. What finds no lane waits a moment and is then left to the chat: density is a limit on lanes, not a pile of text.
 *
 * Nothing here reads the layout: text is measured on a canvas, and flying is a transform that the compositor does alone.
 */
export class Bullets {
    #container;
    #lanes = [];
    #waiting = [];
    #flying = new Set();
    #scheduled = false;
    #measure = document.createElement("canvas").getContext("2d");
    #size = { width: 0, height: 0 };
    #settings = { on: true, speed: 160, density: 1, size: 22, opacity: 1 };
    /** How many flew, and how many were left to the chat, since the page began. */
    flown = 0;
    left = 0;

    constructor(container) {
        this.#container = container;
        new ResizeObserver(([{ contentRect }]) => {
            this.#size = { width: contentRect.width, height: contentRect.height };
            this.#layOut();
        }).observe(container);
    }

    get waiting() {
        return this.#waiting.length;
    }

    apply(settings) {
        const before = this.#settings;
        this.#settings = { ...before, ...settings };
        const { on, size, speed, opacity } = this.#settings;
        this.#container.hidden = !on;
        this.#container.style.opacity = opacity;
        this.#container.style.fontSize = `${size}px`;
        this.#measure.font = `600 ${size}px ${getComputedStyle(this.#container).fontFamily}`;
        if (!on || size !== before.size) this.clear();
        if (speed !== before.speed) this.#hasten(speed);
        this.#layOut();
    }

    fly(text, { own = false } = {}) {
        if (!this.#settings.on || document.hidden || this.#size.width === 0) return;
        const line = Array.from(text.replace(/\s+/g, " ").trim()).slice(0, longest).join("");
        if (!line) return;
        this.#waiting.push({ line, own, since: performance.now() });
        if (this.#waiting.length > mostWaiting) this.#leave(this.#waiting.find((waiting) => !waiting.own) ?? this.#waiting[0]);
        this.#schedule();
    }

    clear() {
        this.left += this.#waiting.length;
        this.#waiting = [];
        for (const { bullet } of this.#flying) bullet.remove();
        this.#flying.clear();
        this.#lanes.fill(0);
    }

    /** A lane is free as soon as the last comment in it has entered, which depends on where the right edge is now. */
    #layOut() {
        const { size, speed, density } = this.#settings;
        const now = document.timeline.currentTime;
        const count = Math.max(1, Math.floor((this.#size.height / (size * 1.6)) * density));
        this.#lanes = Array.from({ length: count }, () => 0);
        for (const { lane, flight, speed: pace } of this.#flying) {
            const wayToGo = ((flight.effect.getTiming().duration - flight.currentTime) * pace) / 1_000;
            if (lane < count) this.#lanes[lane] = Math.max(this.#lanes[lane], now + ((wayToGo - this.#size.width) / speed) * 1_000);
        }
    }

    /** Those in the air keep pace with those to come, or they would be run into. */
    #hasten(speed) {
        for (const flying of this.#flying) flying.flight.playbackRate = speed / flying.speed;
    }

    #schedule() {
        if (this.#scheduled) return;
        this.#scheduled = true;
        requestAnimationFrame((now) => {
            this.#scheduled = false;
            this.#launch(now);
            if (this.#waiting.length) this.#schedule();
        });
    }

    #launch(now) {
        for (const waiting of this.#waiting.filter(({ since, own }) => !own && now - since > staleAfter)) this.#leave(waiting);
        while (this.#waiting.length) {
            const lane = this.#lanes.findIndex((freeAt) => freeAt <= now);
            if (lane < 0) return;
            const own = this.#waiting.findIndex((waiting) => waiting.own);
            const [next] = this.#waiting.splice(Math.max(own, 0), 1);
            this.#start(next, lane, now);
        }
    }

    #start({ line, own }, lane, now) {
        const { speed, size } = this.#settings;
        const { width } = this.#size;
        const length = this.#measure.measureText(line).width + (own ? size : 0);
        this.#lanes[lane] = now + ((length + gap) / speed) * 1_000;
        ++this.flown;
        const bullet = element("span", { className: own ? "bullet own" : "bullet", textContent: line });
        this.#container.append(bullet);
        const y = Math.round(lane * size * 1.6);
        const flight = bullet.animate(
            { transform: [`translate(${width}px, ${y}px)`, `translate(${-length - gap}px, ${y}px)`] },
            { duration: ((width + length + gap) / speed) * 1_000, easing: "linear" },
        );
        // At once, not when the browser is ready: the lane was timed by this frame.
        flight.startTime = now;
        const flying = { bullet, flight, lane, speed };
        this.#flying.add(flying);
        flight.onfinish = () => {
            this.#flying.delete(flying);
            bullet.remove();
        };
    }

    #leave(waiting) {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        ++this.left;
    }
}
