import { Chat } from "./chat.js";
import { byId, toast } from "./dom.js";
import { causeOf, text } from "./i18n.js";
import { People } from "./people.js";
import { ScreenShare } from "./screen_share.js";
import { Side } from "./side.js";
import { Room, Signaller, channelId } from "./signaller.js";
import { Stage, hueOf } from "./stage.js";

/** Below the same prefix as this file, wherever a proxy shows it. */
const serverUrl = new URL("./", import.meta.url).href.replace(/^http/, "ws");

const stage = new Stage(byId("tiles"));
const chat = new Chat();
const people = new People();
const side = new Side(() => chat.shown());

/** Everything of one call: the room and what the page shows of it. Says `statechange`, `ended`, `inspect` and `ask`. */
export class Session extends EventTarget {
    away = false;
    #media;
    #bullets;
    #screen;
    #pictures = new Map();
    /** Somebody had no place for a call with this one. */
    #turnedAway = false;
    #listening = new AbortController();

    constructor({ room, name, media, bullets }) {
        super();
        this.name = room;
        this.#media = media;
        this.#bullets = bullets;
        this.signaller = new Signaller({ name, url: serverUrl });
        this.room = new Room(this.signaller, channelId(room), {
            streams: [media.stream],
            // Each side says over it whether its microphone and camera are on; it also joins those who have neither.
            call: { channels: { state: { negotiated: true, id: 0 } } },
        });
        this.#follow();
        stage.onInspect = (peer) => this.#inspect(peer);
        people.onAct = (act, member) => this.#act(act, member);
    }

    async join() {
        stage.clear();
        chat.clear();
        side.reset();
        people.showBans([]);
        await this.signaller.ready;
        await this.room.join();
        // The session may be one from before a reload.
        this.away = Boolean(this.room.self?.away);
        people.use(this.room);
        this.#showSelf();
        this.#paintAlone();
    }

    leave() {
        this.#stop();
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
        this.#screen.repaint();
        this.#paintAlone();
    }

    #follow() {
        const { signal } = this.#listening;
        const on = (target, type, take) => target.addEventListener(type, ({ detail }) => take(detail), { signal });
        on(this.signaller, "statechange", (detail) => this.#followConnection(detail));
        on(this.room, "message", (message) => this.#takeMessage(message));
        on(this.room, "memberjoin", ({ member }) => this.#takeMember(member));
        on(this.room, "memberchange", ({ member }) => this.#changeMember(member));
        on(this.room, "memberleave", ({ member }) => this.#loseMember(member));
        on(this.room, "stream", (incoming) => this.#takeStream(incoming));
        on(this.room, "streamremoved", (outgoing) => this.#loseStream(outgoing));
        on(this.room, "callstate", ({ member, reason }) => {
            if (reason === "full") this.#turnedAway = true;
            this.#paintMember(member);
        });
        on(this.room, "channel", ({ member, channel }) => this.#shareState(member, channel));
        on(this.room, "removed", (removal) => this.#leaveUnasked(removal));
        people.followBans(this.signaller, this.room, signal);
        on(this.#media, "change", (change) => this.#changeMedia(change));
        this.#screen = new ScreenShare(stage, signal);
        on(this.#screen, "start", ({ stream }) => this.room.addStream(stream, "screen"));
        on(this.#screen, "stop", ({ stream }) => this.room.removeStream(stream));
    }

    #followConnection(detail) {
        this.#dispatch("statechange", detail);
        if (detail.state !== "closed" || this.#listening.signal.aborted) return;
        this.#end(detail.code === 4501 ? "takenOver" : "endedClosed", detail.code === 4501 ? null : detail.reason);
    }

    /** By nobody: the server was away, and does not let one in again. A session that has ended says so itself. */
    #leaveUnasked({ by, reason, banned }) {
        if (this.signaller.state !== "closed") this.#end(banned ? "endedBanned" : by ? "endedKicked" : "endedClosed", reason);
    }

    #end(title, reason) {
        this.#stop();
        this.signaller.close();
        this.#dispatch("ended", { title, reason });
    }

    #stop() {
        this.#listening.abort();
        stage.clear();
        people.use(null);
    }

    #takeMessage(message) {
        chat.say(message);
        if (message.earlier) return;
        this.#bullets.fly(message.content, { own: message.own });
        if (!message.own) side.unread();
    }

    #takeMember(member) {
        people.repaint();
        if (member.self) return;
        if (byId("call").hidden === false) chat.note(text("came", { name: member.name }));
        this.#paintMember(member);
    }

    #changeMember(member) {
        people.repaint();
        if (member.self) return this.#showSelf();
        this.#paintMember(member);
    }

    #loseMember(member) {
        people.repaint();
        for (const key of [...this.#pictures.keys()].filter((key) => key.startsWith(member.id))) this.#pictures.delete(key), stage.remove(key);
        if (!member.self) chat.note(text("gone", { name: member.name }));
        this.#paintAlone();
    }

    /** A member has a tile as long as there is a call with them; in a large room the rest are in the list alone. */
    #paintMember(member) {
        if (!member.call || this.#listening.signal.aborted) {
            stage.remove(member.id);
        } else {
            const trouble = () => (member.call?.state === "failed" ? text("noPath", { name: member.name }) : member.call?.state === "interrupted" ? text("interrupted") : null);
            stage.show(member.id, () => ({
                name: member.call?.state === "connecting" ? `${member.name} · ${text("connecting")}` : member.name, initial: member.name, hue: hueOf(member.id), peer: member.id,
                stream: this.#pictures.get(member.id), muted: member.media?.audio === false, cameraOff: member.media?.video === false, trouble: trouble(),
            }));
        }
        this.#paintAlone();
    }

    #takeStream({ member, stream, label }) {
        if (label !== "screen") {
            this.#pictures.set(member.id, stream);
            return this.#paintMember(member);
        }
        const key = `${member.id} screen`;
        this.#pictures.set(key, stream);
        stage.show(key, () => ({ name: text("screen", { name: member.name }), initial: member.name, hue: hueOf(member.id), screen: true, stream, peer: member.id }));
    }

    #loseStream({ member, stream }) {
        for (const [key, shown] of this.#pictures) {
            if (shown !== stream || !key.startsWith(member.id)) continue;
            this.#pictures.delete(key);
            if (key === member.id) this.#paintMember(member);
            else stage.remove(key);
        }
    }

    #showSelf() {
        const { id, name } = this.signaller;
        stage.show("self", () => ({
            name: text("you", { name }), initial: name, hue: hueOf(id), self: true, stream: this.#media.stream,
            muted: !this.#media.isOn("audio"), cameraOff: !this.#media.isOn("video"),
        }));
    }

    /** What is to be said to somebody who sees nobody. */
    #paintAlone() {
        const members = [...this.room.members.values()];
        const full = this.#turnedAway && !members.some(({ call }) => call);
        byId("alone").hidden = members.length > 1 && !full;
        byId("alone-share").hidden = full;
        byId("alone-text").textContent = text(full ? "full" : "alone");
    }

    #shareState(member, channel) {
        member.stateChannel = channel;
        channel.addEventListener("open", () => this.#tellState(channel));
        channel.addEventListener("message", ({ data }) => {
            const state = readState(data);
            if (state) member.media = state;
            this.#paintMember(member);
        });
    }

    #tellState(channel) {
        if (channel?.readyState === "open") channel.send(JSON.stringify({ audio: this.#media.isOn("audio"), video: this.#media.isOn("video") }));
    }

    async #changeMedia({ before, after }) {
        if (before && after) await this.room.replaceTrack(before, after);
        this.room.addStream(this.#media.stream);
        for (const member of this.room.members.values()) this.#tellState(member.stateChannel);
        if (stage.has("self")) this.#showSelf();
    }

    #inspect(peer) {
        const member = this.room.members.get(peer);
        if (member?.call) this.#dispatch("inspect", { name: member.name, statistics: () => member.call?.statistics() ?? { state: "ended", framesDecoded: 0, bytesReceived: 0, bytesSent: 0 } });
    }

    #act(act, { id, name }) {
        if (act === "kick" || act === "ban") {
            this.#dispatch("ask", { title: text(`${act}Ask`, { name }), action: text(act), confirmed: (reason) => this.#carryOut(() => this.room[act](id, reason)) });
        } else {
            this.#carryOut(() => this.room[act](id));
        }
    }

    async #carryOut(action) {
        try {
            await action();
        } catch (error) {
            toast(causeOf(error));
        }
    }

    #dispatch(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}

function readState(data) {
    try {
        const { audio, video } = JSON.parse(data);
        return { audio: audio === true, video: video === true };
    } catch {
        return null;
    }
}
