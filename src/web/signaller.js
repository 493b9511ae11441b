/**
 * The client of the Signaller WebRTC signalling server: an ES module without dependencies, for browsers and Node.
 *
 *     import { Signaller, Room, channelId } from "/signaller.js";
 *     const signaller = new Signaller({ name: "alice" });
 *     const room = new Room(signaller, channelId("my room"), { streams: [camera] });
 *     room.addEventListener("stream", ({ detail }) => show(detail.member, detail.stream));
 *     await room.join();
 */
import { Commands } from "./commands.js";
import { Connection } from "./connection.js";
import { SignallerError, closed, tooLong } from "./errors.js";
import { SessionStore } from "./session_store.js";

export { newId, channelId } from "./ids.js";
export { SignallerError } from "./errors.js";
export { Call } from "./call.js";
export { Room } from "./room.js";

const acknowledgeEvery = 32;
const acknowledgeAfter = 5_000;
const defaultMessageLimit = 131_072;
const labelSpace = 64;
/** Contents that start so belong to a Call; everything else is the application's. */
const signalStart = '{"rtc":';

/**
 * One session with the server. It connects when it is made and again by itself whenever the connection breaks: the session goes on where it
 * was, each event reaches the application exactly once, and a command that was under way is carried out exactly once.
 *
 * Every event of the server is dispatched under its `type`, with the event as `detail` (see the protocol reference). Further events:
 * `statechange` {state, reason, retryAfter}, `ready` {fresh, lost} after each welcome, `call` when a peer calls that has no Call yet.
 */
export class Signaller extends EventTarget {
    #options;
    #store;
    #connection;
    #commands = new Commands((text) => this.#sendIfReady(text));
    #memberships = new Map();
    #seen = 0;
    #acknowledged = 0;
    #acknowledging = null;
    #missed = 0;
    /** Told again to a server that forgot it. */
    #away = null;
    #describing = Promise.resolve();
    #ready;
    #listening = new AbortController();

    constructor(options = {}) {
        super();
        // Rooms and Calls each listen by themselves, and Node (from 20.16 on this way) warns of more than ten listeners.
        globalThis.process?.getBuiltinModule?.("node:events").setMaxListeners(0, this);
        this.#options = { resume: true, backoff: { first: 500, most: 30_000 }, WebSocket: globalThis.WebSocket, ...options };
        this.url = String(options.url ?? defaultUrl());
        this.state = "connecting";
        this.id = options.id?.toLowerCase() ?? null;
        this.name = options.name ?? null;
        this.description = options.description ?? {};
        this.iceServers = [];
        this.limits = {};
        this.heartbeat = 25;
        this.calls = new Map();
        this.#store = new SessionStore(this.url, options.id, options.storage);
        this.ready = new Promise((resolve, reject) => (this.#ready = { resolve, reject }));
        this.ready.catch(() => {});
        this.#connection = new Connection(this.url, this.#options, {
            opened: (line) => this.#introduce(line),
            received: (event) => this.#receive(event),
            broken: (detail) => this.#broken(detail),
            refused: (detail) => this.#refused(detail),
        });
        globalThis.addEventListener?.("pagehide", (event) => this.#leavePage(event), { signal: this.#listening.signal });
        this.#start();
    }

    /** Says who one is: a later call changes the name and replaces the description. One waits for the one before: a name left out is the one taken last. */
    describe(description = {}) {
        const described = this.#describing.then(() => this.#describe(description));
        this.#describing = described.catch(() => {});
        return described;
    }

    /** Joins a channel, and joins it again if the session had to start anew. */
    join(channel, token, taken) {
        return this.command(token ? `/join ${channel} ${token}` : `/join ${channel}`, (joined) => {
            this.#memberships.set(joined.channel, token);
            taken?.(joined);
        });
    }

    async quit(channel, reason) {
        const membership = channel.toLowerCase();
        this.#memberships.delete(membership);
        // A join that was asked for before may have been answered meanwhile.
        return this.command(`/quit ${channel}${reason ? ` ${reason}` : ""}`, () => this.#memberships.delete(membership));
    }

    privmsg(peer, content) {
        return this.command(`/privmsg ${peer} ${content}`);
    }

    pubmsg(channel, content, taken) {
        return this.command(`/pubmsg ${channel} ${content}`, taken);
    }

    broadcast(content) {
        return this.command(`/broadcast ${content}`);
    }

    /** @param target a peer's id, or a channel with its `#` */
    async whois(target) {
        const { peer, channel } = await this.command(`/whois ${target}`);
        return peer ?? channel;
    }

    /** All members of a channel, page by page. */
    async peers(channel) {
        const members = [];
        for (let after = ""; after !== null;) {
            const page = await this.command(`/peers ${channel}${after && ` ${after}`}`);
            members.push(...page.peers);
            after = page.next;
        }
        return members;
    }

    invite(peer, channel) {
        return this.#about("invite", peer, channel);
    }

    /** Away with a message, or back with `false`. */
    async away(message) {
        this.#away = message === false ? null : message || "away";
        if (this.#away) return this.command(`/away ${this.#away}`);
        const { away } = await this.whois(this.id);
        return away === null ? null : this.command("/away");
    }

    /** Where a channel may be left out it is the one in which one may do this; a reason needs it. */
    kick(peer, channel, reason) {
        return this.#about("kick", peer, channel, reason);
    }

    ban(peer, channel, reason) {
        return this.#about("ban", peer, channel, reason);
    }

    unban(peer, channel) {
        return this.#about("unban", peer, channel);
    }

    async bans(channel) {
        return (await this.command(`/bans ${channel}`)).bans;
    }

    op(peer, channel) {
        return this.#about("op", peer, channel);
    }

    deop(peer, channel) {
        return this.#about("deop", peer, channel);
    }

    /** Earlier public messages, oldest first: `{messages, more}`. */
    history(channel, count = 50, before) {
        return this.command(`/history ${channel} ${count}${before ? ` ${before}` : ""}`);
    }

    async ice() {
        return (await this.command("/ice")).iceServers;
    }

    ping(content = "") {
        return this.command(`/ping${content && ` ${content}`}`);
    }

    /**
     * Sends a command as the protocol has it and gives its reply. While the connection is away it waits for it. Rejects with a SignallerError.
     *
     * @param taken the module's own: gets the reply before anything that came after it, which may be here already when a promise tells
     */
    command(text, taken) {
        if (this.state === "closed") return Promise.reject(closed());
        // The server would close the connection for good.
        if (isLonger(text, (this.limits.message ?? defaultMessageLimit) - labelSpace)) return Promise.reject(tooLong(text));
        return this.#commands.add(text, taken);
    }

    /**
     * Leaves every channel, ends the session and closes. Nothing reconnects after it. With `keep` the next page of this tab may take the id and
     * the rights that go with it again.
     */
    close({ keep = false } = {}) {
        if (this.state === "closed") return;
        for (const call of [...this.calls.values()]) call.close();
        this.#connection.send("/quit");
        if (keep) this.#store.saveSeen(0);
        else this.#store.forget();
        this.#end({ reason: "closed", failed: false });
    }

    #about(verb, peer, channel, reason) {
        return this.command([`/${verb} ${peer}`, ...(channel ? [channel] : []), ...(channel && reason ? [reason] : [])].join(" "));
    }

    async #start() {
        await this.#store.load();
        this.id ??= this.#store.id;
        this.#seen = this.#acknowledged = this.#store.seen;
        this.#connection.open();
    }

    /** What the server refuses must not be said again on the next connection, which would end with it: only what it took is kept. */
    async #describe({ name = this.name, ...description }) {
        const described = { ...description, ...(name && { name }), ...(await this.#credentials()) };
        return this.command(`/descp ${JSON.stringify(described)}`, (welcome) => Object.assign(this, { name: welcome.name, description }));
    }

    async #credentials() {
        const token = typeof this.#options.token === "function" ? await this.#options.token() : this.#options.token;
        return token ? { token } : {};
    }

    /** @param line the connection as it is now: a token may come when it is gone already */
    async #introduce(line) {
        let credentials;
        try {
            credentials = await this.#credentials();
        } catch (error) {
            return line.drop(`no access token: ${error?.message ?? error}`);
        }
        const { id, session } = this.#store;
        const described = { ...this.description, ...(this.name && { name: this.name }), ...credentials, resume: this.#options.resume };
        if (session) Object.assign(described, { id, session, seen: this.#seen });
        else if (this.id) described.id = this.id;
        line.send(`/descp ${JSON.stringify(described)}`);
    }

    #receive(event) {
        if (this.state !== "connected" && event.type !== "bye") return this.#beforeWelcome(event);
        const counts = event.type !== "pong" && event.type !== "bye";
        if (counts) this.#count();
        if (event.type === "ice") this.iceServers = event.iceServers;
        if ((event.type === "kick" || event.type === "ban") && event.peer.id === this.id) this.#memberships.delete(event.channel);
        this.#commands.answer(event);
        this.#dispatchServerEvent(event);
        if (this.#missed > 0 && counts && --this.#missed === 0) this.#commands.flush();
    }

    #beforeWelcome(event) {
        if (event.type === "welcome") return this.#welcomed(event);
        if (event.type !== "error") return;
        if (event.code === 433 && !this.#options.id) {
            // The server forgot the session but not its id, so one starts anew under another.
            this.#store.forget();
            this.id = null;
            this.#connection.drop();
        } else if (event.code === 263 || event.code === 400) {
            this.#connection.drop(event.message);
        } else {
            const error = new SignallerError(event);
            this.#end({ reason: error.message, error, failed: true });
        }
    }

    #welcomed(welcome) {
        const fresh = !welcome.resumed;
        const lost = fresh || welcome.lost;
        if (lost) {
            this.#seen = this.#acknowledged = 0;
            this.#commands.sessionLost();
        }
        this.#missed = welcome.missed ?? 0;
        Object.assign(this, { id: welcome.id, name: welcome.name, iceServers: welcome.iceServers ?? [], limits: welcome.limits, heartbeat: welcome.heartbeat });
        this.#store.save(welcome.id, welcome.session, this.#seen);
        this.#connection.welcomed(welcome.heartbeat);
        this.#commands.begin(welcome.limits);
        this.#setState("connected");
        this.#ready.resolve(welcome);
        this.#dispatch("welcome", welcome);
        if (lost) this.#commands.ahead(() => this.#rejoin(fresh, welcome.channels ?? []));
        this.#commands.flush();
        this.#dispatch("ready", { fresh, lost: welcome.lost ?? false });
    }

    /** A server that knows the session, but not its past, may have let it leave its channels: it was away for too long. */
    #rejoin(fresh, channels) {
        if (fresh && this.#away) this.command(`/away ${this.#away}`).catch(() => {});
        const still = new Set(channels.map(({ channel }) => channel));
        for (const [channel, token] of this.#memberships) {
            if (still.has(channel)) continue;
            this.join(channel, token).catch((error) => {
                this.#memberships.delete(channel);
                this.#dispatch("rejoinfailed", { channel, error });
            });
        }
    }

    #count() {
        ++this.#seen;
        if (!this.#options.resume) return;
        if (this.#seen - this.#acknowledged >= acknowledgeEvery) this.#acknowledge();
        else this.#acknowledging ??= setTimeout(() => this.#acknowledge(), acknowledgeAfter);
    }

    #acknowledge() {
        clearTimeout(this.#acknowledging);
        this.#acknowledging = null;
        this.#store.saveSeen(this.#seen);
        if (this.state !== "connected" || this.#acknowledged === this.#seen) return;
        this.#acknowledged = this.#seen;
        this.#commands.spend();
        this.#connection.send(`/ack ${this.#seen}`);
    }

    /** The calls end with the page, and the other side should not look at a frozen picture; the session may go on in a page loaded anew. */
    #leavePage({ persisted }) {
        if (!persisted) for (const call of [...this.calls.values()]) call.close();
        this.#acknowledge();
    }

    /** Commands wait until the events missed are in: a reply among them says that its command needs no sending. */
    #sendIfReady(text) {
        if (this.state !== "connected" || this.#missed > 0) return false;
        this.#connection.send(text);
        return true;
    }

    #broken(detail) {
        clearTimeout(this.#acknowledging);
        this.#acknowledging = null;
        this.#missed = 0;
        this.#store.saveSeen(this.#seen);
        this.#commands.connectionBroke();
        this.#setState("reconnecting", detail);
    }

    #refused(detail) {
        // Taken over by a newer connection: the session lives on there.
        if (detail.code !== 4501) this.#store.forget();
        this.#end({ ...detail, failed: true });
    }

    #end(detail) {
        if (this.state === "closed") return;
        const error = detail.error ?? closed(detail.reason);
        clearTimeout(this.#acknowledging);
        this.#listening.abort();
        for (const call of [...this.calls.values()]) call.close();
        this.#setState("closed", detail);
        this.#ready.reject(error);
        this.#commands.end(error);
        this.#connection.end();
        this.#store.release();
    }

    #dispatchServerEvent(event) {
        if (event.type === "error" && event.label) return;
        // The next one confirms what this one would have.
        if (event.type === "error" && event.command === "ack" && event.code === 263) return;
        if (event.type === "privmsg" && event.content.startsWith(signalStart)) {
            const { rtc } = parseSignal(event.content);
            if (rtc) this.#signal(event.from, rtc);
            return;
        }
        this.#dispatch(event.type, event);
    }

    #signal(from, rtc) {
        const anew = () => this.#signal(from, rtc);
        const known = this.calls.get(from.id);
        if (known) return known.receive(rtc, anew);
        if (rtc.end || rtc.hello) return;
        // The listener that makes a Call of it gets this first signal too.
        this.#dispatch("call", { from, rtc });
        this.calls.get(from.id)?.receive(rtc, anew);
    }

    #setState(state, detail = {}) {
        this.state = state;
        this.#dispatch("statechange", { state, ...detail });
    }

    #dispatch(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}

function parseSignal(content) {
    try {
        return JSON.parse(content);
    } catch {
        return {};
    }
}

/** In bytes of UTF-8, counted only where it may matter. */
function isLonger(text, limit) {
    return text.length > limit || (text.length * 3 > limit && new TextEncoder().encode(text).length > limit);
}

function defaultUrl() {
    const { protocol, host } = globalThis.location ?? { protocol: "http:", host: "127.0.0.1:3012" };
    return `${protocol === "https:" ? "wss" : "ws"}://${host}/`;
}
