import { byId } from "./dom.js";

/** The panel beside the video, with its two tabs, and how much was said while it was away. */
export class Side {
    #unread = 0;
    #tabs = [byId("tab-chat"), byId("tab-people")];
    #shown;

    constructor(shown) {
        this.#shown = shown;
        byId("side-switch").addEventListener("click", () => this.#open(byId("side").hidden));
        byId("side-close").addEventListener("click", () => {
            this.#open(false);
            byId("side-switch").focus();
        });
        this.#tabs.forEach((tab, index) => {
            tab.addEventListener("click", () => this.#select(tab));
            tab.addEventListener("keydown", ({ key }) => {
                if (key !== "ArrowLeft" && key !== "ArrowRight") return;
                const other = this.#tabs[1 - index];
                this.#select(other);
                other.focus();
            });
        });
    }

    /** @param besides a media query: where there is room for it beside the video */
    reset(besides = "(min-width: 1100px)") {
        this.#open(matchMedia(besides).matches);
    }

    unread() {
        if (!byId("side").hidden && !byId("panel-chat").hidden) return;
        ++this.#unread;
        this.#paint();
    }

    #open(open) {
        byId("side").hidden = !open;
        byId("side-switch").setAttribute("aria-expanded", String(open));
        if (open) this.#seen();
    }

    #select(chosen) {
        for (const tab of this.#tabs) {
            const selected = tab === chosen;
            tab.setAttribute("aria-selected", String(selected));
            tab.tabIndex = selected ? 0 : -1;
            byId(tab.getAttribute("aria-controls")).hidden = !selected;
        }
        this.#seen();
    }

    #seen() {
        if (byId("panel-chat").hidden) return;
        this.#unread = 0;
        this.#paint();
        this.#shown();
    }

    #paint() {
        byId("unread").hidden = this.#unread === 0;
        byId("unread").textContent = this.#unread > 99 ? "99+" : this.#unread;
    }
}
