import { Call, refuse } from "./call.js";
import { SignallerError } from "./errors.js";

const graceForReturning = 60_000;
const mostBuffered = 1_000;
/** Who is answered so when leaving is out already: there is no such channel, or one is no member. */
const outAlready = new Set([403, 442]);

/**
 * A channel with all its members, and a Call with each of them, but for those with whom another Room or the application has one: they are called when
 * that ends. Events: `memberjoin`, `memberleave` {member, reason}, `memberchange` {member}, `stream` and `streamremoved` {member, stream, label},
 * `channel` {member, channel} for data channels, `callstate` {member, state, reason}, `message` {from, content, time, seq, own, earlier},
 * `removed` {by, reason, banned} when this peer was kicked or banned, `sync` when members were read anew.
 *
 * Messages come in the order of `seq`, each once, also those said before joining (`earlier`), while the connection was away or while this
 * reader was too slow.
 */
export class Room extends EventTarget {
    #signaller;
    #options;
    #streams = new Map();
    /** By type. No AbortSignal ends them, because Node warns of one that has more than ten listeners. */
    #listeners = [];
    #lastSeq = 0;
    #createdAt = null;
    /** Changes whenever the room is left: what was asked for before is then not to be carried on. */
    #visit = 0;
    #joined = false;
    #synchronising = null;
    /** Members that this one has no place for yet, or that are in a call already which is not this one's. */
    #waiting = new Set();
    /** Reads of the members that are under way: each notes by id what events said of whom since it began: `here`, if it came or left, and what changed of it. */
    #readers = new Set();
    #catchingUp = null;
    /** What was heard and is not dispatched yet: {message, flags, behind}, the last being how many messages of one's own had been given up to then. */
    #buffer = [];
    #given = 0;
    /** By their count, those of one's own that are not answered yet. */
    #unanswered = new Set();

    /**
     * @param options `token`, `streams`, `history` (messages said before joining, 50), `maximumCalls` (8), `call` (options for every Call).
     */
    constructor(signaller, channel, { token, streams = [], history = 50, maximumCalls = 8, call = {} } = {}) {
        super();
        this.#signaller = signaller;
        this.channel = channel.toLowerCase();
        this.members = new Map();
        this.owner = null;
        this.#options = { token, history, maximumCalls, call };
        for (const stream of streams) this.#streams.set(stream, "");
    }

    /** This peer's own place in the room. */
    get self() {
        return this.members.get(this.#signaller.id) ?? null;
    }

    async join() {
        if (this.#listeners.length === 0) this.#listen();
        const visit = this.#visit;
        try {
            // What comes right behind the reply is heard as a member.
            const joined = await this.#signaller.join(this.channel, this.#options.token, () => (this.#joined ||= visit === this.#visit));
            if (visit !== this.#visit) throw new SignallerError({ name: "ERR_CLOSED", message: "the room was left before it was joined", command: "join", target: this.channel });
            await this.#synchronising;
            return joined;
        } catch (error) {
            if (visit === this.#visit && !this.#joined) this.#close();
            throw error;
        }
    }

    async leave(reason) {
        this.#close();
        try {
            await this.#signaller.quit(this.channel, reason);
        } catch (error) {
            if (!outAlready.has(error.code) && error.name !== "ERR_CLOSED") throw error;
        }
    }

    async say(content) {
        const count = ++this.#given;
        this.#unanswered.add(count);
        try {
            await this.#signaller.pubmsg(this.channel, content, ({ seq, time }) => {
                const { id, name } = this.#signaller;
                this.#unanswered.delete(count);
                this.#takeMessage({ from: { id, name }, content, time, seq }, { own: true });
            });
        } finally {
            if (this.#unanswered.delete(count)) this.#release();
        }
    }

    addStream(stream, label = "") {
        this.#streams.set(stream, label);
        for (const { call } of this.members.values()) call?.addStream(stream, label);
    }

    removeStream(stream) {
        this.#streams.delete(stream);
        for (const { call } of this.members.values()) call?.removeStream(stream);
    }

    async replaceTrack(before, after) {
        await Promise.all([...this.members.values()].map(({ call }) => call?.replaceTrack(before, after)));
    }

    kick(peer, reason) {
        return this.#signaller.kick(peer, this.channel, reason);
    }

    ban(peer, reason) {
        return this.#signaller.ban(peer, this.channel, reason);
    }

    unban(peer) {
        return this.#signaller.unban(peer, this.channel);
    }

    invite(peer) {
        return this.#signaller.invite(peer, this.channel);
    }

    op(peer) {
        return this.#signaller.op(peer, this.channel);
    }

    deop(peer) {
        return this.#signaller.deop(peer, this.channel);
    }

    #listen() {
        const on = (type, take) => {
            const listener = ({ detail }) => take(detail);
            this.#listeners.push([type, listener]);
            this.#signaller.addEventListener(type, listener);
        };
        const here = (type, take) => on(type, (event) => event.channel === this.channel && take(event));
        here("join", ({ peer }) => {
            this.#note(peer.id, { here: true });
            this.#welcomeMember(peer, { answer: true });
        });
        here("kick", (event) => this.#takeRemoval(event, false));
        here("ban", (event) => this.#takeRemoval(event, true));
        here("op", ({ peer }) => this.#change(peer.id, { operator: true }));
        here("deop", ({ peer }) => this.#change(peer.id, { operator: false }));
        // What was said before one joined is in the history.
        here("pubmsg", (message) => this.#joined && this.#takeMessage(message));
        // Where that fails one is out, or there is no session any more: either is told by itself.
        here("lost", () => this.#catchUp().catch(() => {}));
        here("joined", (joined) => {
            if (!this.#joined) return;
            this.#synchronising = this.#synchronise(joined);
            this.#synchronising.catch(() => {});
        });
        on("quit", ({ channel, peer, reason }) => {
            if (channel !== null && channel !== this.channel) return;
            this.#note(peer.id, { here: false });
            this.#loseMember(peer.id, reason);
        });
        on("away", ({ peer, away, message }) => this.#change(peer.id, { away, awayMessage: message }));
        on("peer", ({ peer }) => this.#change(peer.id, { name: peer.name, description: peer }));
        on("welcome", ({ id, name }) => this.self?.name !== name && this.#change(id, { name }));
        on("ready", ({ fresh, lost }) => this.#joined && lost && !fresh && this.#synchronise().catch(() => {}));
        on("rejoinfailed", ({ channel, error }) => channel === this.channel && this.#leaveUnasked({ by: null, reason: error.message, banned: error.code === 474 }));
        on("statechange", ({ state, reason }) => state === "closed" && this.#joined && this.#leaveUnasked({ by: null, reason, banned: false }));
        on("call", ({ from, rtc }) => {
            const member = this.members.get(from.id);
            // A room without calls leaves them to the application.
            if (!member || this.#options.maximumCalls === 0) return;
            // Another Room, or the application, may take it.
            if (!this.#call(member, { answer: true })) queueMicrotask(() => this.#signaller.calls.has(from.id) || refuse(this.#signaller, from.id, rtc));
        });
        // One side waits for the other, which may take over, too.
        on("callended", ({ peer }) => {
            const member = this.members.get(peer);
            queueMicrotask(() => this.#waiting.has(member) && this.#call(member, { answer: this.#signaller.id > peer }));
        });
    }

    /** Members and messages as the server has them now. What is under way already is right, so only differences show. */
    async #synchronise(joined) {
        if (joined) this.owner = joined.owner;
        const visit = this.#visit;
        await Promise.all([this.#readMembers(), this.#catchUp()]);
        if (visit === this.#visit) this.#dispatch("sync", {});
    }

    /** What events say while the members are being read is newer than what is read. */
    async #readMembers() {
        const visit = this.#visit;
        const meanwhile = new Map();
        this.#readers.add(meanwhile);
        const peers = await this.#signaller.peers(this.channel).finally(() => this.#readers.delete(meanwhile));
        if (visit !== this.#visit) return;
        const present = new Set(peers.map(({ id }) => id));
        for (const peer of peers) {
            const { here, ...changed } = meanwhile.get(peer.id) ?? {};
            if (here !== false) this.#welcomeMember({ ...peer, ...changed }, { answer: false });
        }
        for (const member of [...this.members.values()]) {
            if (!present.has(member.id) && !meanwhile.get(member.id)?.here) this.#missMember(member);
        }
    }

    /** Who comes or leaves begins anew: nothing said of it before holds. */
    #note(id, news) {
        for (const meanwhile of this.#readers) meanwhile.set(id, "here" in news ? news : { ...meanwhile.get(id), ...news });
    }

    #welcomeMember(peer, { answer }) {
        let member = this.members.get(peer.id);
        const known = Boolean(member);
        if (!member) this.members.set(peer.id, (member = { id: peer.id, operator: false, away: false, call: null, self: peer.id === this.#signaller.id }));
        Object.assign(member, { name: peer.name }, "operator" in peer && { operator: peer.operator, away: peer.away });
        clearTimeout(member.missed);
        member.missed = null;
        this.#dispatch(known ? "memberchange" : "memberjoin", { member });
        if (!member.self && !member.call) this.#call(member, { answer });
    }

    /** After a restart of the server everybody comes back in their own time; a call that lives says that its peer does. */
    #missMember(member) {
        const alive = member.call && ["connected", "interrupted"].includes(member.call.state);
        if (!alive) return this.#loseMember(member.id, "gone");
        member.missed ??= setTimeout(() => this.#loseMember(member.id, "gone"), graceForReturning);
    }

    #loseMember(id, reason) {
        const member = this.members.get(id);
        if (!member) return;
        clearTimeout(member.missed);
        this.members.delete(id);
        this.#waiting.delete(member);
        member.call?.close();
        this.#dispatch("memberleave", { member, reason });
        if (member.self && this.#joined) this.#close();
        for (const waiting of this.#waiting) this.#call(waiting, { answer: false });
    }

    #change(id, fields) {
        this.#note(id, fields);
        const member = this.members.get(id);
        if (member) this.#dispatch("memberchange", { member: Object.assign(member, fields) });
    }

    #takeRemoval({ peer, by, reason }, banned) {
        this.#note(peer.id, { here: false });
        if (peer.id === this.#signaller.id) this.#leaveUnasked({ by, reason, banned });
        else this.#loseMember(peer.id, reason ?? (banned ? "banned" : "kicked"));
    }

    #leaveUnasked(detail) {
        this.#close();
        this.#dispatch("removed", detail);
    }

    #close() {
        ++this.#visit;
        this.#joined = false;
        this.#waiting.clear();
        this.#catchingUp = null;
        this.#buffer = [];
        for (const [type, listener] of this.#listeners.splice(0)) this.#signaller.removeEventListener(type, listener);
        for (const member of this.members.values()) {
            clearTimeout(member.missed);
            member.call?.close();
        }
        this.members.clear();
    }

    /** Gives false if there is no place for one more, or a call with this member that is not this room's; then it is called when that has changed. */
    #call(member, { answer }) {
        const calls = [...this.members.values()].filter(({ call }) => call).length;
        if (calls >= this.#options.maximumCalls || this.#signaller.calls.has(member.id)) {
            this.#waiting.add(member);
            return false;
        }
        this.#waiting.delete(member);
        const streams = [...this.#streams].map(([stream, label]) => ({ stream, label }));
        const call = new Call(this.#signaller, member.id, { ...this.#options.call, streams, answer });
        member.call = call;
        for (const type of ["stream", "streamremoved", "channel"]) {
            call.addEventListener(type, ({ detail }) => this.#dispatch(type, { ...detail, member }));
        }
        call.addEventListener("statechange", ({ detail }) => {
            if (detail.state === "ended" && member.call === call) member.call = null;
            this.#dispatch("callstate", { ...detail, member });
            // Only the call said that its peer would come back.
            if (detail.state === "ended" && member.missed) this.#loseMember(member.id, "gone");
        });
        return true;
    }

    /** Asks for what was said since the last message seen, and puts it before what comes in meanwhile. */
    #catchUp() {
        if (this.#catchingUp) return this.#catchingUp;
        const reading = this.#readHistory().finally(() => {
            if (reading !== this.#catchingUp) return;
            this.#catchingUp = null;
            this.#release();
        });
        return (this.#catchingUp = reading);
    }

    async #readHistory() {
        const visit = this.#visit;
        const before = this.#buffer.length;
        try {
            const { createdAt } = await this.#signaller.whois(this.channel);
            if (visit !== this.#visit) return;
            if (createdAt !== this.#createdAt) this.#startNumbering(createdAt, before);
            const count = this.#lastSeq ? (this.#signaller.limits.history ?? 100) : this.#options.history;
            const { messages } = count ? await this.#signaller.history(this.channel, count) : { messages: [] };
            if (visit !== this.#visit) return;
            for (const message of messages) this.#buffer.push({ message, flags: { earlier: true, own: message.from.id === this.#signaller.id }, behind: 0 });
        } catch (error) {
            if (error.code === 0) throw error;
        }
    }

    /** A server that lost its memory makes the channel anew, and its numbers too. What was heard `before` has the old ones. */
    #startNumbering(createdAt, before) {
        for (const { message, flags } of this.#buffer.splice(0, before)) this.#deliver(message, flags);
        this.#createdAt = createdAt;
        this.#lastSeq = 0;
    }

    #takeMessage(message, flags = {}) {
        if (!this.#catchingUp || this.#buffer.length < mostBuffered) this.#buffer.push({ message, flags, behind: this.#given });
        this.#release();
    }

    /**
     * Dispatches what is next. The acknowledgement of one's own message may be heard after the next one of somebody else: that waits while it has a
     * gap before it, and one of one's own given before it was heard is not answered.
     */
    #release() {
        if (this.#catchingUp) return;
        this.#buffer.sort((a, b) => a.message.seq - b.message.seq);
        while (this.#buffer.length > 0) {
            const [{ message, flags, behind }] = this.#buffer;
            const [oldest = Infinity] = this.#unanswered;
            if (message.seq > this.#lastSeq + 1 && oldest <= behind && this.#buffer.length <= mostBuffered) return;
            this.#buffer.shift();
            this.#deliver(message, flags);
        }
    }

    #deliver({ from, content, time, seq }, { own = false, earlier = false }) {
        if (seq <= this.#lastSeq) return;
        this.#lastSeq = seq;
        this.#dispatch("message", { from, content, time, seq, own, earlier });
    }

    #dispatch(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
