import { Audience } from "./audience.js";
import { text } from "./i18n.js";
import { LiveSession } from "./live_session.js";
import { stateChannel, tellState } from "./media_state.js";
import { stage } from "./page_session.js";
import { ScreenShare } from "./screen_share.js";
import { Call } from "./signaller.js";
import { storageOf } from "./streams.js";

/** A watcher that asks again and again is not called again and again. */
const leastCallAge = 2_000;
/** A watcher that no path leads to must not hold a place for ever. */
const mostConnecting = 30_000;

/** Sends one stream: a call to each watcher up to `places`, and the rest stand in line and chat. */
export class LiveSender extends LiveSession {
    #media;
    #screen;
    #calls = new Map();
    #audience;

    constructor({ media, places, ...rest }) {
        super({ ...rest, storage: storageOf(rest.room) });
        this.#media = media;
        this.#audience = new Audience(places, {
            call: (id) => this.#call(id),
            hangUp: (id) => this.#hangUp(id),
            tell: (id, live) => this.tell(id, live).catch(() => this.#audience.leave(id)),
        });
        this.on(this.signaller, "joined", ({ channel, owner }) => channel === this.room.channel && owner !== this.signaller.id && this.#loseStream());
        this.onLive((from, live) => live === "watch" && this.#takeRequest(from));
        this.on(this.room, "memberleave", ({ member }) => this.#lose(member.id));
        this.on(media, "change", (change) => this.#changeMedia(change));
        this.#screen = new ScreenShare(stage, this.ending);
        this.on(this.#screen, "start", ({ stream }) => this.#calls.forEach(({ call }) => call.addStream(stream, "screen")));
        this.on(this.#screen, "stop", ({ stream }) => this.#calls.forEach(({ call }) => call.removeStream(stream)));
    }

    get places() {
        return this.#audience.limit;
    }

    set places(places) {
        this.#audience.limit = places;
        this.paintAudience();
    }

    async join() {
        await this.signaller.ready;
        const { owner } = await this.enter();
        if (owner !== this.signaller.id) {
            super.leave();
            throw new Error(text("streamTaken"));
        }
        this.showSelf(this.#media);
    }

    /** Somebody else began it while this one and the server were away. */
    #loseStream() {
        if (!stage.has("self")) return;
        this.leave();
        this.dispatch("ended", { title: "endedClosed", reason: text("streamTaken") });
    }

    /** The stream stays this browser's: the server gives it back to its session. */
    leave() {
        this.stop();
        this.signaller.close({ keep: true });
    }

    paintAudience() {
        super.paintAudience();
        if (!this.stopped) this.dispatch("places", { watching: this.#audience.watching, waiting: this.#audience.waiting, places: this.places });
    }

    repaint() {
        super.repaint();
        this.#screen.repaint();
    }

    /** Whoever may read the channel may watch; in a large one the server knows better than this page who is in it. */
    async #takeRequest(id) {
        const known = this.room.members.has(id) || (await this.signaller.whois(id).catch(() => null))?.channels.includes(this.room.channel);
        if (!known || this.stopped) return;
        this.#audience.ask(id);
        this.paintAudience();
    }

    #call(id) {
        const former = this.#calls.get(id);
        if (former && performance.now() - former.since < leastCallAge) return;
        this.#hangUp(id);
        const streams = [{ stream: this.#media.stream }, ...(this.#screen.stream ? [{ stream: this.#screen.stream, label: "screen" }] : [])];
        const call = new Call(this.signaller, id, { streams, channels: stateChannel });
        const entry = { call, since: performance.now(), state: null };
        setTimeout(() => this.#calls.get(id) === entry && ["new", "connecting"].includes(call.state) && this.#lose(id), mostConnecting);
        this.#calls.set(id, entry);
        call.addEventListener("channel", ({ detail: { channel } }) => {
            entry.state = channel;
            channel.addEventListener("open", () => tellState(channel, this.#media));
        });
        call.addEventListener("statechange", ({ detail: { state } }) => {
            if (this.#calls.get(id) === entry && (state === "ended" || state === "failed")) this.#lose(id);
        });
    }

    #hangUp(id) {
        const entry = this.#calls.get(id);
        this.#calls.delete(id);
        entry?.call.close();
    }

    #lose(id) {
        this.#hangUp(id);
        this.#audience.leave(id);
        this.paintAudience();
    }

    async #changeMedia({ before, after }) {
        for (const { call, state } of [...this.#calls.values()]) {
            if (before && after) await call.replaceTrack(before, after);
            call.addStream(this.#media.stream);
            tellState(state, this.#media);
        }
        if (stage.has("self")) this.showSelf(this.#media);
    }
}
