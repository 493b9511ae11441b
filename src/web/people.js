import { byId, element } from "./dom.js";
import { text } from "./i18n.js";
import { hueOf } from "./stage.js";

/** Who is here, and what an operator may do about it. */
export class People {
    #room = null;
    #scheduled = false;
    /** Called with what is to be done ("kick", "ban", "op", "unban") and to whom. */
    onAct = () => {};

    /** An operator sees who is banned: from the first moment on, and whoever bans. Ends with `signal`. */
    followBans(signaller, room, signal) {
        const on = (target, type, take) => target.addEventListener(type, ({ detail }) => take(detail), { signal });
        let operator = false;
        const show = async () => {
            operator = Boolean(room.self?.operator);
            // Who is no operator any more when the server answers has nothing to see either.
            const bans = operator ? await signaller.bans(room.channel).catch(() => []) : [];
            if (!signal.aborted) this.showBans(bans);
        };
        on(room, "sync", show);
        on(room, "memberchange", ({ member }) => member.self && Boolean(member.operator) !== operator && show());
        for (const type of ["ban", "unban"]) on(signaller, type, ({ channel }) => channel === room.channel && operator && show());
    }

    use(room) {
        this.#room = room;
        this.repaint();
    }

    repaint() {
        if (this.#scheduled) return;
        this.#scheduled = true;
        setTimeout(() => {
            this.#scheduled = false;
            this.#paint();
        }, 50);
    }

    showBans(bans) {
        byId("banned").hidden = bans.length === 0;
        byId("bans").replaceChildren(...bans.map(({ id, reason }) => element("li", {},
            element("span", { className: "dot", textContent: "–" }),
            element("div", { className: "name", textContent: id }, reason ? element("small", { textContent: reason }) : null),
            element("div", { className: "acts" }, this.#act("unban", { id, name: id })))));
    }

    #paint() {
        const members = [...(this.#room?.members.values() ?? [])];
        members.sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name));
        byId("people-count").textContent = members.length || "";
        const focused = document.activeElement?.dataset?.act;
        byId("people").replaceChildren(...members.map((member) => this.#line(member)));
        // A list painted anew must not throw a keyboard user out of it.
        if (focused) byId("people").querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
    }

    #line(member) {
        const notes = [member.operator && text("operator"), member.away && (member.awayMessage && member.awayMessage !== "away" ? `${text("away")}: ${member.awayMessage}` : text("away"))].filter(Boolean);
        const name = element("div", { className: "name", textContent: member.self ? text("you", { name: member.name }) : member.name },
            notes.length ? element("small", { textContent: notes.join(" · ") }) : null);
        const line = element("li", {}, element("span", { className: "dot", textContent: Array.from(member.name)[0]?.toUpperCase() ?? "?", ariaHidden: "true" }), name);
        line.style.setProperty("--hue", hueOf(member.id));
        if (this.#room.self?.operator && !member.self) {
            const acts = element("div", { className: "acts" });
            if (!member.operator) acts.append(this.#act("op", member));
            if (member.id !== this.#room.owner) acts.append(this.#act("kick", member), this.#act("ban", member));
            line.append(acts);
        }
        return line;
    }

    #act(act, { id, name }) {
        const titles = { op: "makeOperator", kick: "kick", ban: "ban", unban: "unban" };
        const button = element("button", { className: "button", type: "button", textContent: text(titles[act]), onclick: () => this.onAct(act, { id, name }), dataset: { act: `${act} ${id}` } });
        button.setAttribute("aria-label", `${text(titles[act])}: ${name}`);
        return button;
    }
}
