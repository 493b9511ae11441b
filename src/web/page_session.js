import { Chat } from "./chat.js";
import { byId, toast } from "./dom.js";
import { causeOf, text } from "./i18n.js";
import { People } from "./people.js";
import { Side } from "./side.js";
import { Room, Signaller, channelId } from "./signaller.js";
import { Stage, hueOf } from "./stage.js";

/** Below the same prefix as this file, wherever a proxy shows it. */
const serverUrl = new URL("./", import.meta.url).href.replace(/^http/, "ws");

export const stage = new Stage(byId("tiles"));
export const chat = new Chat();
export const people = new People();
const side = new Side(() => chat.shown());

/**
 * What a call and both sides of a live stream have: the session with the server, the room, and what the page shows of it: stage, chat, people and
 * comments. Says `statechange`, `ended` {title, reason}, `inspect` {name, statistics} and `ask` {title, action, confirmed}.
 */
export class PageSession extends EventTarget {
    away = false;
    #bullets;
    #listening = new AbortController();

    /**
     * @param channelName what the room is called among all channels
     * @param openBesides a media query: where there is room for the chat as well
     * @param signaller, roomOptions what the Signaller and the Room are given besides
     */
    constructor({ name, room, channelName = room, bullets, openBesides, signaller = {}, roomOptions = {} }) {
        super();
        this.name = room;
        this.#bullets = bullets;
        this.signaller = new Signaller({ name, url: serverUrl, ...signaller });
        this.room = new Room(this.signaller, channelId(channelName), roomOptions);
        this.#follow();
        stage.clear();
        chat.clear();
        side.reset(openBesides);
        people.showBans([]);
        people.onAct = (act, member) => this.#act(act, member);
    }

    get stopped() {
        return this.ending.aborted;
    }

    get ending() {
        return this.#listening.signal;
    }

    /** Comes into the room; what is said there is shown from now on. */
    async enter() {
        const joined = await this.room.join();
        // The session may be one from before a reload.
        this.away = Boolean(this.room.self?.away);
        people.use(this.room);
        return joined;
    }

    leave() {
        this.stop();
        this.signaller.close();
    }

    /** The page goes away: the others should not look at a frozen picture. If it is only loaded anew, it takes its place again. */
    pause() {
        this.#listening.abort();
        this.signaller.close({ keep: true });
    }

    say(line) {
        return this.room.say(line);
    }

    async setAway(away) {
        this.away = away;
        await this.signaller.away(away ? "" : false).catch((error) => toast(causeOf(error)));
        if (this.room.self) this.room.self.away = away;
        people.repaint();
    }

    repaint() {
        stage.repaint();
        people.repaint();
        side.repaint();
    }

    showSelf(media) {
        const { id, name } = this.signaller;
        stage.show("self", () => ({
            name: text("you", { name }), initial: name, hue: hueOf(id), self: true, stream: media.stream, muted: !media.isOn("audio"), cameraOff: !media.isOn("video"),
        }));
    }

    paintMembers() {
        people.repaint();
    }

    /** Listens until the session stops. */
    on(target, type, take) {
        target.addEventListener(type, ({ detail }) => take(detail), { signal: this.ending });
    }

    stop() {
        this.#listening.abort();
        stage.clear();
        people.use(null);
    }

    end(title, reason) {
        this.stop();
        this.signaller.close();
        this.dispatch("ended", { title, reason });
    }

    dispatch(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    #follow() {
        this.on(this.signaller, "statechange", (detail) => this.#followConnection(detail));
        this.on(this.room, "message", (message) => this.#takeMessage(message));
        this.on(this.room, "removed", (removal) => this.#leaveUnasked(removal));
        for (const type of ["memberjoin", "memberchange", "memberleave", "sync"]) this.on(this.room, type, () => this.paintMembers());
        people.followBans(this.signaller, this.room, this.ending);
    }

    #followConnection(detail) {
        this.dispatch("statechange", detail);
        if (detail.state !== "closed" || this.stopped) return;
        this.end(detail.code === 4501 ? "takenOver" : "endedClosed", detail.code === 4501 ? null : detail.reason);
    }

    /** By nobody: the server was away, and does not let one in again. A session that has ended says so itself. */
    #leaveUnasked({ by, reason, banned }) {
        if (this.signaller.state !== "closed") this.end(banned ? "endedBanned" : by ? "endedKicked" : "endedClosed", reason);
    }

    #takeMessage(message) {
        chat.say(message);
        if (message.earlier) return;
        this.#bullets.fly(message.content, { own: message.own });
        if (!message.own) side.unread();
    }

    #act(act, { id, name }) {
        const carryOut = async (reason) => {
            try {
                await this.room[act](id, reason);
            } catch (error) {
                toast(causeOf(error));
            }
        };
        if (act === "kick" || act === "ban") this.dispatch("ask", { title: text(`${act}Ask`, { name }), action: text(act), confirmed: carryOut });
        else carryOut();
    }
}
