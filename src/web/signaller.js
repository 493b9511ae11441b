/**
 * The client of the Signaller WebRTC signalling server: an ES module without dependencies, for browsers and Node.
 *
 *     import { Signaller, Room, channelId } from "/signaller.js";
 *     const signaller = new Signaller({ name: "alice" });
 *     const room = new Room(signaller, channelId("my room"), { streams: [camera] });
 *     room.addEventListener("stream", ({ detail }) => show(detail.member, detail.stream));
 *     await room.join();
 */
import { newId } from "./ids.js";
import { SignallerError, connectionLost, closed } from "./errors.js";
import { SessionStore } from "./session_store.js";

export { newId, channelId } from "./ids.js";
export { SignallerError } from "./errors.js";
export { Call } from "./call.js";
export { Room } from "./room.js";

const finalCodes = new Set([1002, 1003, 1007, 1009]);
const stableAfter = 10_000;
const pongPatience = 10_000;
const acknowledgeEvery = 32;
const acknowledgeAfter = 5_000;
const maximumPending = 1_000;
/** Commands that may be carried out twice without anybody noticing. */
const repeatable = /^\/(whois|peers|history|ice|join|bans|ping)\b/;
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
    #socket = null;
    #pending = new Map();
    #memberships = new Map();
    #labels = 0;
    #seen = 0;
    #acknowledged = 0;
    #missed = 0;
    #attempts = 0;
    #connectedAt = 0;
    #heardAt = 0;
    #pingedAt = 0;
    #heldUntil = 0;
    #bye = null;
    #ready;
    #timers = {};
    #listening = new AbortController();

    constructor(options = {}) {
        super();
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
        this.#watchPage();
        this.#start();
    }

    /** Says who one is: a later call changes the name and replaces the description. */
    async describe({ name = this.name, ...description } = {}) {
        this.name = name;
        this.description = description;
        return this.command(`/descp ${JSON.stringify({ ...description, ...(name && { name }), ...(await this.#credentials()) })}`);
    }

    /** Joins a channel, and joins it again if the session had to start anew. */
    async join(channel, token) {
        const joined = await this.command(token ? `/join ${channel} ${token}` : `/join ${channel}`);
        this.#memberships.set(joined.channel, token);
        return joined;
    }

    async quit(channel, reason) {
        this.#memberships.delete(channel);
        return this.command(`/quit ${channel}${reason ? ` ${reason}` : ""}`);
    }

    privmsg(peer, content) {
        return this.command(`/privmsg ${peer} ${content}`);
    }

    pubmsg(channel, content) {
        return this.command(`/pubmsg ${channel} ${content}`);
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
        return this.command(`/invite ${peer}${channel ? ` ${channel}` : ""}`);
    }

    /** Away with a message, or back with `false`. */
    async away(message) {
        if (message !== false) return this.command(`/away ${message || "away"}`);
        const { away } = await this.whois(this.id);
        return away === null ? null : this.command("/away");
    }

    kick(peer, channel, reason) {
        return this.command(`/kick ${peer} ${channel}${reason ? ` ${reason}` : ""}`);
    }

    ban(peer, channel, reason) {
        return this.command(`/ban ${peer} ${channel}${reason ? ` ${reason}` : ""}`);
    }

    unban(peer, channel) {
        return this.command(`/unban ${peer} ${channel}`);
    }

    async bans(channel) {
        return (await this.command(`/bans ${channel}`)).bans;
    }

    op(peer, channel) {
        return this.command(`/op ${peer} ${channel}`);
    }

    deop(peer, channel) {
        return this.command(`/deop ${peer} ${channel}`);
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
     */
    command(text) {
        if (this.state === "closed") return Promise.reject(closed());
        if (this.#pending.size >= maximumPending) return Promise.reject(new SignallerError({ name: "ERR_TOOMANYPENDING", message: "too many commands wait for the connection" }));
        return new Promise((resolve, reject) => {
            const label = `c${++this.#labels}-${newId().slice(-6)}`;
            this.#pending.set(label, { text, resolve, reject, sent: false, tried: false });
            this.#flush();
        });
    }

    /** Leaves every channel, ends the session and closes. Nothing reconnects after it. */
    close() {
        if (this.state === "closed") return;
        if (this.#socket?.readyState === 1) this.#socket.send("/quit");
        this.#store.forget();
        this.#end("closed", { reason: "closed" });
    }

    async #start() {
        await this.#store.load();
        this.id ??= this.#store.id;
        this.#seen = this.#acknowledged = this.#store.seen;
        this.#connect();
    }

    async #credentials() {
        const token = typeof this.#options.token === "function" ? await this.#options.token() : this.#options.token;
        return token ? { token } : {};
    }

    #connect() {
        if (this.state === "closed") return;
        this.#bye = null;
        let socket;
        try {
            socket = new this.#options.WebSocket(this.url, ["signaller.v1"]);
        } catch (error) {
            this.#end("failed", { reason: error.message });
            return;
        }
        this.#socket = socket;
        // A connection attempt that hangs is given up like one that fails.
        this.#timer("open", () => this.#drop(socket), 15_000);
        socket.onopen = () => this.#introduce(socket);
        socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
        socket.onclose = ({ code }) => socket === this.#socket && this.#broken(code);
        socket.onerror = () => {};
    }

    async #introduce(socket) {
        const credentials = await this.#credentials().catch(() => null);
        if (!credentials) return this.#drop(socket);
        const { id, session } = this.#store;
        const described = { ...this.description, ...(this.name && { name: this.name }), ...credentials, resume: this.#options.resume };
        if (session) Object.assign(described, { id, session, seen: this.#seen });
        else if (this.id) described.id = this.id;
        if (socket.readyState === 1) socket.send(`/descp ${JSON.stringify(described)}`);
    }

    #receive(event) {
        this.#heardAt = Date.now();
        this.#pingedAt = 0;
        if (event.type === "bye") this.#bye = event;
        else if (this.state !== "connected") return this.#beforeWelcome(event);
        else if (event.type !== "pong") this.#count();
        if (event.type === "ice") this.iceServers = event.iceServers;
        if (event.type === "kick" || event.type === "ban") {
            if (event.peer.id === this.id) this.#memberships.delete(event.channel);
        }
        this.#answer(event);
        this.#dispatchServerEvent(event);
        if (this.#missed > 0 && event.type !== "pong" && event.type !== "bye" && --this.#missed === 0) this.#flush();
    }

    #beforeWelcome(event) {
        if (event.type === "welcome") return this.#welcomed(event);
        if (event.type !== "error") return;
        const mine = !this.#options.id;
        if (event.code === 433 && mine) {
            this.#store.forget();
            this.id = null;
            this.#drop(this.#socket);
        } else if (event.code === 263 || event.code === 400) {
            this.#drop(this.#socket);
        } else {
            const error = new SignallerError(event);
            this.#ready.reject(error);
            this.#end("failed", { reason: error.message, error });
        }
    }

    #welcomed(welcome) {
        this.#clear("open");
        const fresh = !welcome.resumed;
        const lost = fresh || welcome.lost;
        if (lost) this.#seen = this.#acknowledged = 0;
        this.#missed = welcome.missed ?? 0;
        Object.assign(this, { id: welcome.id, name: welcome.name, iceServers: welcome.iceServers ?? [], limits: welcome.limits, heartbeat: welcome.heartbeat });
        this.#store.save(welcome.id, welcome.session, this.#seen);
        this.#connectedAt = Date.now();
        if (lost) this.#settleAfterLoss(welcome);
        this.#setState("connected");
        this.#timer("heartbeat", () => this.#beat(), 5_000, true);
        this.#ready.resolve(welcome);
        this.#dispatch("welcome", welcome);
        if (fresh) this.#rejoin();
        if (this.#missed === 0) this.#flush();
        this.#dispatch("ready", { fresh, lost: welcome.lost ?? false });
    }

    /** Whether a command was carried out whose reply is lost cannot be known, so its sender decides. */
    #settleAfterLoss() {
        for (const [label, { tried, text, reject }] of this.#pending) {
            if (!tried || repeatable.test(text)) continue;
            this.#pending.delete(label);
            reject(connectionLost());
        }
    }

    /** Before all else that waits, so that a message to a channel finds its sender there. */
    #rejoin() {
        const waiting = [...this.#pending];
        this.#pending.clear();
        for (const [channel, token] of this.#memberships) {
            this.join(channel, token).catch((error) => {
                this.#memberships.delete(channel);
                this.#dispatch("rejoinfailed", { channel, error });
            });
        }
        for (const [label, command] of waiting) this.#pending.set(label, command);
    }

    #count() {
        ++this.#seen;
        if (!this.#options.resume) return;
        if (this.#seen - this.#acknowledged >= acknowledgeEvery) this.#acknowledge();
        else if (!this.#timers.acknowledge) this.#timer("acknowledge", () => this.#acknowledge(), acknowledgeAfter);
    }

    #acknowledge() {
        this.#clear("acknowledge");
        this.#store.saveSeen(this.#seen);
        if (this.state !== "connected" || this.#acknowledged === this.#seen) return;
        this.#acknowledged = this.#seen;
        this.#socket.send(`/ack ${this.#seen}`);
    }

    #answer(event) {
        const command = event.label && this.#pending.get(event.label);
        if (!command) return;
        if (event.type === "error" && event.code === 263) {
            command.sent = false;
            this.#heldUntil = Date.now() + (event.retryAfter ?? 1_000);
            this.#timer("hold", () => this.#flush(), event.retryAfter ?? 1_000);
            return;
        }
        this.#pending.delete(event.label);
        if (event.type === "error") command.reject(new SignallerError(event));
        else command.resolve(event);
    }

    /** Sends what waits, in order. Held back until the events missed are in: a reply among them says that its command needs no sending. */
    #flush() {
        if (this.state !== "connected" || this.#missed > 0 || Date.now() < this.#heldUntil) return;
        for (const [label, command] of this.#pending) {
            if (command.sent) continue;
            command.sent = true;
            this.#socket.send(`@label=${label} ${command.text}`);
        }
    }

    #dispatchServerEvent(event) {
        if (event.type === "error" && event.label) return;
        if (event.type === "privmsg" && event.content.startsWith(signalStart)) {
            const { rtc } = parseSignal(event.content);
            if (rtc) this.#signal(event.from, rtc);
            return;
        }
        this.#dispatch(event.type, event);
    }

    #signal(from, rtc) {
        const known = this.calls.get(from.id);
        if (known) return known.receive(rtc);
        if (rtc.end || rtc.hello) return;
        // The listener that makes a Call of it gets this first signal too.
        this.#dispatch("call", { from, rtc });
        this.calls.get(from.id)?.receive(rtc);
    }

    /** Timers of hidden pages run once a minute, so silence counts only after a ping went unanswered. */
    #beat() {
        const now = Date.now();
        if (this.#pingedAt && now - this.#pingedAt >= pongPatience) this.#drop(this.#socket);
        else if (!this.#pingedAt && now - this.#heardAt >= this.heartbeat * 1_000) this.#probe(now);
    }

    #probe(now) {
        this.#pingedAt = now;
        if (this.#socket?.readyState === 1) this.#socket.send("/ping");
    }

    #drop(socket) {
        if (!socket || socket !== this.#socket) return;
        this.#socket = null;
        socket.close();
        this.#broken(1006);
    }

    #broken(code) {
        this.#socket = null;
        for (const name of ["open", "heartbeat", "acknowledge", "hold"]) this.#clear(name);
        if (this.state === "closed") return;
        const ended = this.#bye?.code ?? code;
        if (this.#bye?.reconnect === false || finalCodes.has(ended) || (ended >= 4500 && ended <= 4999)) {
            if (ended !== 4501) this.#store.forget();
            return this.#end("failed", { reason: this.#bye?.reason ?? `closed with ${ended}`, code: ended });
        }
        if (this.#connectedAt && Date.now() - this.#connectedAt > stableAfter) this.#attempts = 0;
        this.#connectedAt = 0;
        this.#pingedAt = 0;
        this.#missed = 0;
        this.#store.saveSeen(this.#seen);
        // What was sent may or may not have arrived: the replies among the events missed will tell.
        for (const command of this.#pending.values()) {
            command.tried ||= command.sent;
            command.sent = false;
        }
        const wait = this.#waitBeforeRetry();
        this.#setState("reconnecting", { reason: this.#bye?.reason ?? "connection lost", retryAfter: wait });
        this.#timer("retry", () => this.#connect(), wait);
    }

    #waitBeforeRetry() {
        const { first, most } = this.#options.backoff;
        const ceiling = Math.min(most, first * 2 ** this.#attempts++);
        return (this.#bye?.retryAfter ?? 0) + Math.round(Math.random() * ceiling);
    }

    #end(state, detail) {
        const socket = this.#socket;
        this.#socket = null;
        for (const name of Object.keys(this.#timers)) this.#clear(name);
        this.#listening.abort();
        this.#ready.reject(detail.error ?? closed(detail.reason));
        const error = detail.error ?? closed(detail.reason);
        for (const { reject } of this.#pending.values()) reject(error);
        this.#pending.clear();
        this.#setState("closed", { ...detail, failed: state === "failed" });
        for (const call of [...this.calls.values()]) call.close();
        socket?.close();
        this.#store.release();
    }

    #watchPage() {
        if (typeof globalThis.addEventListener !== "function") return;
        const { signal } = this.#listening;
        globalThis.addEventListener("online", () => this.#hurry(), { signal });
        globalThis.addEventListener("pagehide", () => this.#acknowledge(), { signal });
        globalThis.document?.addEventListener("visibilitychange", () => !document.hidden && this.#hurry(), { signal });
    }

    /** The network or the user is back: try at once, or find out whether the connection survived. */
    #hurry() {
        if (this.state === "reconnecting" && this.#timers.retry && !this.#bye?.retryAfter) {
            this.#clear("retry");
            this.#connect();
        } else if (this.state === "connected" && !this.#pingedAt) {
            this.#probe(Date.now());
        }
    }

    #setState(state, detail = {}) {
        this.state = state;
        this.#dispatch("statechange", { state, ...detail });
    }

    #dispatch(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    #timer(name, action, delay, repeat = false) {
        this.#clear(name);
        if (repeat) this.#timers[name] = setInterval(action, delay);
        else this.#timers[name] = setTimeout(() => (delete this.#timers[name], action()), delay);
    }

    #clear(name) {
        clearTimeout(this.#timers[name]);
        delete this.#timers[name];
    }
}

function parseSignal(content) {
    try {
        return JSON.parse(content);
    } catch {
        return {};
    }
}

function defaultUrl() {
    const { protocol, host } = globalThis.location ?? { protocol: "http:", host: "127.0.0.1:3012" };
    return `${protocol === "https:" ? "wss" : "ws"}://${host}/`;
}
