import { Chat } from "./chat.js";
import { byId, toast } from "./dom.js";
import { causeOf, text } from "./i18n.js";
import { People } from "./people.js";
import { Side } from "./side.js";
import { Room, Signaller, channelId } from "./signaller.js";
import { Stage } from "./stage.js";

/** Below the same prefix as this file, wherever a proxy shows it. */
const serverUrl = new URL("./", import.meta.url).href.replace(/^http/, "ws");

/** Sender and watcher both open it; the sender says over it whether it is muted. */
export const stateChannel = { state: { negotiated: true, id: 0 } };
/** What sender and watcher tell each other about places for video, as private messages. */
export const liveStart = '{"live":';

export const stage = new Stage(byId("tiles"));
const chat = new Chat();
const people = new People();
const side = new Side(() => chat.shown());

/**
 * What both sides of a live stream have: a room in which nobody calls by themselves, with chat, people and comments. The channel's owner is its
 * sender: it was there first, the server knows it again by its session, and nobody else can take that place.
 * Says `statechange`, `ended`, `inspect`, `ask` and `audience` {members, live}.
 */
export class LiveSession extends EventTarget {
    away = false;
    #bullets;
    #present = null;
    #listening = new AbortController();

    /** @param openBesides a media query: where there is room for the chat as well */
    constructor({ room, name, bullets, storage, description, openBesides }) {
        super();
        this.name = room;
        this.#bullets = bullets;
        this.signaller = new Signaller({ name, url: serverUrl, storage, description });
        this.room = new Room(this.signaller, channelId(`live:${room}`), { maximumCalls: 0 });
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

    /** Whether the sender is there. */
    get live() {
        return true;
    }

    leave() {
        this.stop();
        this.signaller.close();
    }

    /** The page goes away, perhaps only to be loaded anew. */
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
        this.paintAudience();
    }

    /** Listens until the session stops. */
    on(target, type, take) {
        target.addEventListener(type, ({ detail }) => take(detail), { signal: this.ending });
    }

    /** Comes into the room; what is said there is shown from now on. */
    async enter() {
        const joined = await this.room.join();
        // The session may be one from before a reload.
        this.away = Boolean(this.room.self?.away);
        people.use(this.room);
        this.paintAudience();
        return joined;
    }

    /** What the other side of the stream says about it: private messages that begin with `liveStart`. */
    onLive(take) {
        this.on(this.signaller, "privmsg", ({ from, content }) => {
            const live = content.startsWith(liveStart) && readLive(content);
            if (live) take(from.id, live);
        });
    }

    async tell(peer, live) {
        await this.signaller.privmsg(peer, JSON.stringify({ live }));
    }

    paintAudience() {
        if (this.stopped || !this.room.self) return;
        this.dispatch("audience", { members: this.#present ?? this.room.members.size, live: this.live });
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
        people.followBans(this.signaller, this.room, this.ending);
        for (const type of ["memberjoin", "memberchange", "memberleave", "sync"]) {
            this.on(this.room, type, () => {
                people.repaint();
                this.paintAudience();
            });
        }
        // Above some hundred members the server counts them instead of naming each.
        this.on(this.signaller, "presence", ({ channel, members }) => {
            if (channel !== this.room.channel) return;
            this.#present = members;
            this.paintAudience();
        });
    }

    #followConnection(detail) {
        this.dispatch("statechange", detail);
        if (detail.state === "closed") this.end(detail.code === 4501 ? "takenOver" : "endedClosed", detail.code === 4501 ? null : detail.reason);
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

function readLive(content) {
    try {
        return JSON.parse(content).live;
    } catch {
        return null;
    }
}
