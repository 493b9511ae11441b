import { text } from "./i18n.js";
import { LiveSession } from "./live_session.js";
import { readState, stateChannel } from "./media_state.js";
import { stage } from "./page_session.js";
import { Call } from "./signaller.js";
import { hueOf } from "./stage.js";

const askAgainAfter = 20_000;
const lookAgainAfter = 2_000;
const mostBetweenLooks = 20_000;
/** A sender's browser, and the server's limit on what it may send, take about so many askers a second. */
const askersPerSecond = 200;
const mostPatience = 20;
/** Thousands who lost the same stream must not all ask in the same moment. */
const spread = (milliseconds) => milliseconds * (0.5 + Math.random());

/** Watches a stream: asks its sender for a place, chats meanwhile, and asks again whenever the picture is lost. Says `notice` {key, values}. */
export class LiveWatcher extends LiveSession {
    #call = null;
    #media = null;
    #pictures = new Map();
    #timer = null;
    #notice = null;
    #inside = false;
    #waiting = false;
    #connected = false;
    #looks = 0;

    constructor(options) {
        super({ ...options, openBesides: "(min-width: 1100px), (max-width: 720px) and (orientation: portrait)" });
        this.onLive((from, live) => from === this.room.owner && Number.isInteger(live?.full) && this.#takePlace(live));
        this.on(this.signaller, "call", ({ from }) => from.id === this.room.owner && this.#answer(from));
        this.on(this.signaller, "welcome", (welcome) => this.#followRestart(welcome));
        this.on(this.signaller, "joined", ({ channel, owner }) => channel === this.room.channel && owner === this.signaller.id && this.#stepOut());
        this.on(this.room, "memberjoin", ({ member }) => member.id === this.room.owner && this.#askIn(1_000));
        this.on(this.room, "memberleave", ({ member }) => member.id === this.room.owner && this.#loseSender());
    }

    get live() {
        return this.#notice?.[0] !== "senderAway";
    }

    /** Comes in when the stream has begun. Whoever came in before its sender would be the owner of its channel. */
    async join() {
        await this.signaller.ready;
        if (!(await this.#enterIfBegun())) this.#wait("notBegun");
    }

    say(line) {
        if (this.#waiting) return Promise.reject(new Error(text(this.#notice?.[0] ?? "senderAway")));
        return super.say(line);
    }

    stop() {
        clearTimeout(this.#timer);
        this.#call = null;
        super.stop();
    }

    repaint() {
        super.repaint();
        if (this.#notice) this.#show(...this.#notice);
    }

    /** A server that forgot the channel would make whoever comes back first its owner: that is to be the sender. */
    #followRestart({ resumed, lost, channels }) {
        const still = channels?.some(({ channel }) => channel === this.room.channel);
        if (this.#inside && (!resumed || lost) && !still) this.#stepOut();
    }

    /** Leaves before the session goes back by itself, or as soon as it did. */
    #stepOut() {
        this.room.leave().catch(() => {});
        super.repaint();
        this.#looks = 0;
        this.#wait("senderAway");
    }

    /** What comes from the sender itself goes on meanwhile. */
    #wait(key) {
        this.#inside = false;
        this.#waiting = true;
        this.dispatch("audience", null);
        if (!this.#call) this.#show(key);
        this.#in(this.#nextLook(), () => this.#look());
    }

    async #look() {
        try {
            if (await this.#enterIfBegun()) return;
        } catch (error) {
            if (this.stopped) return;
            return this.end("endedClosed", error.message);
        }
        this.#in(this.#nextLook(), () => this.#look());
    }

    /** Milliseconds, more each time: a crowd that waits for one sender must not weigh on the server. */
    #nextLook() {
        return Math.min(mostBetweenLooks, lookAgainAfter * 1.3 ** this.#looks++);
    }

    async #enterIfBegun() {
        if (!(await this.#hasBegun())) return false;
        this.#inside = true;
        this.#waiting = false;
        const joined = await this.enter().catch((error) => {
            if (!this.#waiting) throw error;
        });
        // The last of them may have left in between, or the server gone: then one is out again.
        if (this.#waiting) return false;
        const { members } = joined;
        this.#looks = 0;
        if (members < askersPerSecond) this.#ask();
        else this.#askLater((members / askersPerSecond) * 1_000);
        return true;
    }

    async #hasBegun() {
        try {
            return (await this.signaller.whois(this.room.channel)).members !== 0;
        } catch (error) {
            if (error.code === 403) return false;
            throw error;
        }
    }

    async #ask() {
        this.#askIn(askAgainAfter);
        if (this.#call) return;
        if (!this.#notice || this.#notice[0] === "notBegun") this.#show("asking");
        try {
            await this.tell(this.room.owner, "watch");
        } catch (error) {
            if (error.code !== 401 || this.stopped || this.#waiting) return;
            this.#show("senderAway");
            this.#askIn(this.#nextLook());
        }
    }

    #askLater(milliseconds) {
        this.#show("asking");
        this.#askIn(milliseconds);
    }

    /** Who waits outside looks again instead. */
    #askIn(milliseconds) {
        if (!this.#waiting) this.#in(milliseconds, () => this.#ask());
    }

    #in(milliseconds, action) {
        clearTimeout(this.#timer);
        if (!this.stopped) this.#timer = setTimeout(action, spread(milliseconds));
    }

    /** The sender calls when it is this one's turn; asking meanwhile only shows that one is still there, the less often the longer the line is. */
    #takePlace({ full, line }) {
        if (this.#call) return;
        const known = Number.isInteger(line) && line > 0;
        this.#show("placesFull", { places: full, line: known ? line : "–" });
        this.#askIn(askAgainAfter * Math.min(mostPatience, known ? 1 + line / 10 : mostPatience));
    }

    #answer(from) {
        const call = new Call(this.signaller, from.id, { channels: stateChannel, answer: true });
        this.#call = call;
        this.#looks = 0;
        this.sender = from.name;
        this.#pictures.clear();
        this.#media = null;
        this.#connected = false;
        if (this.#notice?.[0] !== "noPathToSender") this.#show("asking");
        const current = (take) => ({ detail }) => this.#call === call && take(detail);
        call.addEventListener("stream", current((picture) => this.#takePicture(picture)));
        call.addEventListener("streamremoved", current(({ stream }) => this.#losePicture(stream)));
        call.addEventListener("channel", current(({ channel }) => channel.addEventListener("message", ({ data }) => this.#takeState(data))));
        call.addEventListener("statechange", current(({ state }) => this.#followCall(state)));
    }

    #followCall(state) {
        if (state === "ended" || state === "failed") {
            const call = this.#call;
            this.#clearStage();
            call.close();
            this.#show(this.#waiting ? "senderAway" : this.#connected ? "asking" : "noPathToSender");
            return this.#askIn(this.#connected ? 1_000 : askAgainAfter);
        }
        if (state === "connected") {
            this.#connected = true;
            this.#show(null);
        }
        this.#paint();
    }

    #loseSender() {
        this.#call?.close();
        this.#clearStage();
        this.#show("senderAway");
        this.#askIn(lookAgainAfter);
    }

    #clearStage() {
        this.#call = null;
        stage.clear();
    }

    #takePicture({ stream, label }) {
        this.#pictures.set(label === "screen" ? "screen" : "camera", stream);
        this.#paint();
    }

    #losePicture(stream) {
        for (const [kind, shown] of this.#pictures) {
            if (shown !== stream) continue;
            this.#pictures.delete(kind);
            if (kind === "screen") stage.remove("screen");
        }
        this.#paint();
    }

    #takeState(data) {
        this.#media = readState(data) ?? this.#media;
        this.#paint();
    }

    #paint() {
        if (!this.#call) return;
        const common = () => ({ hue: hueOf(this.room.owner), initial: this.sender, peer: this.room.owner, trouble: this.#call?.state === "interrupted" ? text("interrupted") : null });
        stage.show("sender", () => ({ ...common(), name: this.sender, stream: this.#pictures.get("camera"), muted: this.#media?.audio === false, cameraOff: this.#media?.video === false }));
        const screen = this.#pictures.get("screen");
        if (screen) stage.show("screen", () => ({ ...common(), name: text("screen", { name: this.sender }), screen: true, stream: screen }));
        stage.onInspect = () => {
            const call = this.#call;
            if (call) this.dispatch("inspect", { name: this.sender, statistics: () => call.statistics() });
        };
    }

    #show(key, values) {
        this.#notice = key ? [key, values] : null;
        this.dispatch("notice", { key, values });
        this.paintAudience();
    }
}
