import { byId, nameButton } from "./dom.js";
import { text } from "./i18n.js";

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
        this.repaint();
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
        this.repaint();
        this.#shown();
    }

    repaint() {
        const count = this.#unread > 99 ? "99+" : String(this.#unread);
        byId("unread").hidden = this.#unread === 0;
        byId("unread").textContent = count;
        nameButton(byId("side-switch"), this.#unread ? text("sideUnread", { count }) : text("sideOpen"));
    }
}
