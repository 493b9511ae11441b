import { byId } from "./dom.js";
import { text } from "./i18n.js";
import { readState, stateChannel, tellState } from "./media_state.js";
import { PageSession, chat, people, stage } from "./page_session.js";
import { ScreenShare } from "./screen_share.js";
import { hueOf } from "./stage.js";

/** A call of all who are in the room, and what the page shows of it. */
export class CallSession extends PageSession {
    #media;
    #screen;
    #pictures = new Map();
    /** Somebody had no place for a call with this one. */
    #turnedAway = false;

    constructor({ media, ...rest }) {
        super({ ...rest, roomOptions: { streams: [media.stream], call: { channels: stateChannel } } });
        this.#media = media;
        this.#screen = new ScreenShare(stage, this.ending);
        this.#follow();
        stage.onInspect = (peer) => this.#inspect(peer);
    }

    async join() {
        await this.signaller.ready;
        await this.enter();
        this.showSelf(this.#media);
        this.#paintAlone();
    }

    repaint() {
        super.repaint();
        this.#screen.repaint();
        this.#paintAlone();
    }

    #follow() {
        this.on(this.room, "memberjoin", ({ member }) => this.#takeMember(member));
        this.on(this.room, "memberchange", ({ member }) => (member.self ? this.showSelf(this.#media) : this.#paintMember(member)));
        this.on(this.room, "memberleave", ({ member }) => this.#loseMember(member));
        this.on(this.room, "stream", (incoming) => this.#takeStream(incoming));
        this.on(this.room, "streamremoved", (outgoing) => this.#loseStream(outgoing));
        this.on(this.room, "callstate", ({ member, reason }) => {
            if (reason === "full") this.#turnedAway = true;
            this.#paintMember(member);
        });
        this.on(this.room, "channel", ({ member, channel }) => this.#shareState(member, channel));
        this.on(this.#media, "change", (change) => this.#changeMedia(change));
        this.on(this.#screen, "start", ({ stream }) => this.room.addStream(stream, "screen"));
        this.on(this.#screen, "stop", ({ stream }) => this.room.removeStream(stream));
    }

    #takeMember(member) {
        if (member.self) return;
        if (byId("call").hidden === false) chat.note(text("came", { name: member.name }));
        this.#paintMember(member);
    }

    #loseMember(member) {
        for (const key of [...this.#pictures.keys()].filter((key) => key.startsWith(member.id))) this.#pictures.delete(key), stage.remove(key);
        if (!member.self) chat.note(text("gone", { name: member.name }));
        this.#paintAlone();
    }

    /** A member has a tile as long as there is a call with them; in a large room the rest are in the list alone. */
    #paintMember(member) {
        if (!member.call || this.stopped) {
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
        channel.addEventListener("open", () => tellState(channel, this.#media));
        channel.addEventListener("message", ({ data }) => {
            const state = readState(data);
            if (state) member.media = state;
            this.#paintMember(member);
        });
    }

    async #changeMedia({ before, after }) {
        if (before && after) await this.room.replaceTrack(before, after);
        this.room.addStream(this.#media.stream);
        for (const member of this.room.members.values()) tellState(member.stateChannel, this.#media);
        if (stage.has("self")) this.showSelf(this.#media);
    }

    #inspect(peer) {
        const member = this.room.members.get(peer);
        if (member?.call) this.dispatch("inspect", { name: member.name, statistics: () => member.call?.statistics() ?? { state: "ended", framesDecoded: 0, bytesReceived: 0, bytesSent: 0 } });
    }
}
