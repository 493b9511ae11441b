import { PageSession } from "./page_session.js";

/** What sender and watcher tell each other about places for video, as private messages. */
const liveStart = '{"live":';

/**
 * What both sides of a live stream have: a room in which nobody calls by themselves, with chat, people and comments. The channel's owner is its
 * sender: it was there first, the server knows it again by its session, and nobody else can take that place.
 * Says `audience` {members, live}, too.
 */
export class LiveSession extends PageSession {
    #present = null;

    constructor({ room, name, bullets, storage, description, openBesides }) {
        super({ room, name, bullets, openBesides, channelName: `live:${room}`, signaller: { storage, description }, roomOptions: { maximumCalls: 0 } });
        // Above some hundred members the server counts them instead of naming each.
        this.on(this.signaller, "presence", ({ channel, members }) => {
            if (channel !== this.room.channel) return;
            this.#present = members;
            this.paintAudience();
        });
    }

    /** Whether the sender is there. */
    get live() {
        return true;
    }

    repaint() {
        super.repaint();
        this.paintAudience();
    }

    paintMembers() {
        super.paintMembers();
        this.paintAudience();
    }

    async enter() {
        const joined = await super.enter();
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
}

function readLive(content) {
    try {
        return JSON.parse(content).live;
    } catch {
        return null;
    }
}
