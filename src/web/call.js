import { closed } from "./errors.js";
import { newId } from "./ids.js";
import { describeHere, describeThere } from "./negotiation.js";

const restartAfter = 3_000;
const waitForCaller = 3_000;
const mostEarlyCandidates = 256;
const receiving = new Set(["sendrecv", "recvonly"]);
/** The reason of a call's end where the other side has as many as it wants. */
export const full = "full";

/**
 * Media and data with one peer. Both sides make a Call for each other (a Room does it for its members) and put streams in; what the other side
 * put in comes out as `stream` and `streamremoved` {stream, label}. Streams may come and go at any time, on both sides at once.
 *
 * Further events: `statechange` {state, reason} with the states new, connecting, connected, interrupted, failed and ended; `channel` {channel}.
 * A path that breaks is mended by itself; a peer that reloads its page is called anew.
 */
export class Call extends EventTarget {
    #signaller;
    #RTCPeerConnection;
    #configuration;
    #channelOptions;
    #giveUpAfter;
    #streams = new Map();
    /** What is sent at present: each track's sender with its transceiver, and the stream it is of. */
    #senders = new Map();
    #remoteStreams = new Map();
    #remoteLabels = {};
    #connection = null;
    #makingOffer = false;
    #ignoringOffer = false;
    /** Offers are numbered, and answers name theirs: an offer that was said again is answered again. */
    #offers = 0;
    #earlyCandidates = [];
    #work = Promise.resolve();
    #timers = {};
    #listening = new AbortController();
    /** Names this Call among all that its peer's page ever had, so that what was meant for a former page is not taken for this one. */
    #me = newId();
    #you = null;

    /**
     * @param options `streams` to begin with, `configuration` for RTCPeerConnection (and where there is no global one, the class itself as
     * `RTCPeerConnection`), `channels` as {label: options} that both sides open, `answer` if the other side calls and this one waits for it,
     * `giveUpAfter` ms without a path the state is failed (30,000); should one be found later, it is connected all the same.
     */
    constructor(signaller, peer, { streams = [], configuration = {}, channels = {}, answer = false, giveUpAfter = 30_000, RTCPeerConnection = globalThis.RTCPeerConnection } = {}) {
        super();
        this.#RTCPeerConnection = RTCPeerConnection;
        this.#signaller = signaller;
        this.peer = peer;
        this.state = "new";
        this.reason = null;
        this.#configuration = configuration;
        this.#channelOptions = channels;
        this.#giveUpAfter = giveUpAfter;
        for (const entry of streams) {
            const { stream, label = "" } = entry.getTracks ? { stream: entry } : entry;
            this.#streams.set(stream, label);
        }
        signaller.calls.get(peer)?.close();
        signaller.calls.set(peer, this);
        const { signal } = this.#listening;
        signaller.addEventListener("ready", ({ detail }) => this.#goOn(detail), { signal });
        signaller.addEventListener("ice", () => this.#useFreshServers(), { signal });
        if (answer) this.#timer("begin", () => this.#begin(), waitForCaller);
        else queueMicrotask(() => this.#begin());
    }

    /** The polite side gives way when both make an offer at once. */
    get polite() {
        return this.#signaller.id > this.peer;
    }

    get streams() {
        return [...this.#remoteStreams].map(([stream]) => ({ stream, label: this.#remoteLabels[stream.id] ?? "" }));
    }

    /** Sends a stream, or brings what is sent of it up to date when its tracks changed. */
    addStream(stream, label = "") {
        this.#streams.set(stream, label);
        if (this.#connection) this.#sendTracks(stream);
    }

    removeStream(stream) {
        this.#streams.delete(stream);
        if (this.#connection) this.#stopTracks(stream, () => true);
    }

    /** Exchanges a camera or a microphone without a new negotiation; the application does the same in its stream. */
    async replaceTrack(before, after) {
        const entry = this.#senders.get(before);
        if (!entry) return;
        this.#senders.delete(before);
        this.#senders.set(after, entry);
        await entry.sender.replaceTrack(after);
    }

    createDataChannel(label, options) {
        if (this.state === "ended") throw closed(`the call has ended: ${this.reason}`);
        this.#begin();
        return this.#connection.createDataChannel(label, options);
    }

    /** What a user can be told, or can send to whoever looks for the fault. */
    async statistics() {
        const result = { state: this.state, reason: this.reason, iceState: this.#connection?.iceConnectionState ?? "new", framesDecoded: 0, bytesReceived: 0, bytesSent: 0 };
        const candidates = { "local-candidate": new Set(), "remote-candidate": new Set() };
        const reports = (await this.#connection?.getStats()) ?? new Map();
        for (const report of reports.values()) {
            if (report.type === "inbound-rtp") {
                result.framesDecoded += report.framesDecoded ?? 0;
                result.packetsLost = (result.packetsLost ?? 0) + (report.packetsLost ?? 0);
            }
            candidates[report.type]?.add(describeCandidate(report));
            if (report.type !== "transport") continue;
            result.bytesReceived += report.bytesReceived ?? 0;
            result.bytesSent += report.bytesSent ?? 0;
            const pair = reports.get(report.selectedCandidatePairId);
            if (!pair) continue;
            result.roundTripTime = pair.currentRoundTripTime ?? null;
            result.localCandidate = describeCandidate(reports.get(pair.localCandidateId));
            result.remoteCandidate = describeCandidate(reports.get(pair.remoteCandidateId));
        }
        // Where no pair was found this tells which side had nothing to offer.
        result.localCandidates = [...candidates["local-candidate"]];
        result.remoteCandidates = [...candidates["remote-candidate"]];
        return result;
    }

    close() {
        if (this.state === "ended") return;
        if (this.#connection) this.#tell({ end: true });
        this.#finish("closed here");
    }

    /**
     * The signaller hands over what the peer's Call sent. The signals are taken one after the other.
     *
     * @param anew takes one of the peer's next Call, which may be here before the end of this one was taken
     */
    receive(rtc, anew) {
        const meantForNext = () => this.state === "ended" && this.#you && rtc.me !== this.#you;
        this.#work = this.#work.then(() => (meantForNext() ? anew() : this.#take(rtc))).catch((error) => this.#setState("failed", error.message));
    }

    async #take(rtc) {
        if (this.state === "ended" || typeof rtc.me !== "string") return;
        const meantForAnother = rtc.you && rtc.you !== this.#me;
        if (rtc.end) {
            if (!meantForAnother && (!this.#you || rtc.me === this.#you)) this.#finish(rtc.end === full ? full : "closed there");
            return;
        }
        if (this.#you && this.#you !== rtc.me) this.#renew();
        this.#you = rtc.me;
        this.#begin();
        if (rtc.hello) return this.#repeatOffer();
        if (meantForAnother) {
            this.#tell({ hello: true });
            return;
        }
        if (rtc.description) await this.#takeDescription(rtc);
        if (rtc.candidate) await this.#takeCandidate(rtc.candidate);
    }

    async #takeDescription({ description, labels, number }) {
        const connection = this.#connection;
        const offer = description.type === "offer";
        const readyForOffer = !this.#makingOffer && connection.signalingState === "stable";
        this.#ignoringOffer = offer && !readyForOffer && !this.polite;
        if (this.#ignoringOffer) return;
        // An answer to an offer that was answered already, or taken back meanwhile.
        if (!offer && (connection.signalingState !== "have-local-offer" || (number ?? this.#offers) !== this.#offers)) return;
        this.#remoteLabels = { ...labels };
        await describeThere(connection, description);
        if (connection !== this.#connection) return;
        this.#sendAnew();
        if (!offer) this.#stopIdle();
        for (const candidate of this.#earlyCandidates.splice(0)) await this.#addCandidate(candidate);
        if (!offer) return;
        if (await describeHere(connection)) this.#tellDescription(number);
    }

    async #takeCandidate(candidate) {
        if (this.#connection.remoteDescription) await this.#addCandidate(candidate);
        else if (this.#earlyCandidates.length < mostEarlyCandidates) this.#earlyCandidates.push(candidate);
    }

    /** A candidate of an offer that was ignored, or of a path given up meanwhile, fits nothing: others will do. */
    async #addCandidate(candidate) {
        try {
            await this.#connection.addIceCandidate(candidate);
        } catch (error) {
            if (!this.#ignoringOffer) console.warn("signaller: a candidate was not usable:", error.message);
        }
    }

    #begin() {
        this.#clear("begin");
        if (this.#connection || this.state === "ended") return;
        const connection = new this.#RTCPeerConnection({ iceServers: this.#signaller.iceServers, ...this.#configuration });
        this.#connection = connection;
        const current = (handler) => (event) => connection === this.#connection && handler(event);
        connection.onnegotiationneeded = current(() => this.#offer());
        connection.onicecandidate = current(({ candidate }) => candidate && this.#tell({ candidate }));
        connection.oniceconnectionstatechange = current(() => this.#followPath());
        connection.onconnectionstatechange = current(() => this.#followPath());
        connection.ontrack = current(({ streams }) => streams.forEach((stream) => this.#takeStream(stream)));
        connection.ondatachannel = current(({ channel }) => this.#dispatch("channel", { channel }));
        for (const stream of this.#streams.keys()) this.#sendTracks(stream);
        for (const [label, options] of Object.entries(this.#channelOptions)) {
            this.#dispatch("channel", { channel: connection.createDataChannel(label, options) });
        }
        this.#setState("connecting");
    }

    /** The peer's page was loaded anew: what was agreed with the former one is void. */
    #renew() {
        this.#dropConnection();
        this.#earlyCandidates = [];
        this.#makingOffer = false;
        this.#ignoringOffer = false;
    }

    async #offer() {
        const connection = this.#connection;
        try {
            this.#makingOffer = true;
            const described = await describeHere(connection);
            if (described && connection === this.#connection) this.#tellDescription(++this.#offers);
        } catch (error) {
            if (connection === this.#connection) this.#setState("failed", error.message);
        } finally {
            this.#makingOffer = false;
        }
    }

    /** @param number of the offer, or of the one that is answered. */
    #tellDescription(number) {
        if (this.state === "connecting") this.#giveUpInTime();
        const labels = Object.fromEntries([...this.#streams].map(([stream, label]) => [stream.id, label]));
        this.#tell({ description: this.#connection.localDescription, labels, number });
    }

    #repeatOffer() {
        if (this.#connection.signalingState === "have-local-offer") this.#tellDescription(this.#offers);
    }

    async #tell(signal) {
        const rtc = { ...signal, me: this.#me, ...(this.#you && { you: this.#you }) };
        try {
            await this.#signaller.privmsg(this.peer, JSON.stringify({ rtc }));
        } catch (error) {
            if (error.code === 401 && this.state !== "connected") this.#finish("not online");
            else if (error.code > 0 && error.code !== 401 && signal.description) this.#setState("failed", error.message);
        }
    }

    #sendTracks(stream) {
        const tracks = stream.getTracks();
        this.#stopTracks(stream, (track) => !tracks.includes(track));
        for (const track of tracks) {
            if (!this.#senders.has(track)) this.#sendTrack(track, stream);
        }
    }

    #sendTrack(track, stream) {
        const sender = addTrack(this.#connection, track, stream);
        const transceiver = this.#connection.getTransceivers().find((each) => each.sender === sender);
        this.#senders.set(track, { stream, sender, transceiver });
    }

    /** The other side stopped a transceiver that it had no more use for in the moment in which this one began to send over it. */
    #sendAnew() {
        for (const [track, { stream, transceiver }] of this.#senders) {
            if (transceiver?.currentDirection === "stopped") this.#sendTrack(track, stream);
        }
    }

    /**
     * Transceivers that neither side uses any more are stopped, so that the next ones take their places: descriptions would grow for as long as a
     * call lasts, with every screen that is shared and every camera that is switched off and on.
     */
    #stopIdle() {
        for (const transceiver of this.#connection.getTransceivers()) {
            if (transceiver.currentDirection === "inactive" && !transceiver.sender.track) transceiver.stop?.();
        }
    }

    #stopTracks(stream, concerns) {
        for (const [track, entry] of this.#senders) {
            if (entry.stream !== stream || !concerns(track)) continue;
            this.#senders.delete(track);
            this.#connection.removeTrack(entry.sender);
            if (!receiving.has(entry.transceiver?.currentDirection)) entry.transceiver?.stop?.();
        }
    }

    #takeStream(stream) {
        if (this.#remoteStreams.has(stream)) return;
        const label = this.#remoteLabels[stream.id] ?? "";
        this.#remoteStreams.set(stream, label);
        stream.addEventListener("removetrack", () => {
            if (stream.getTracks().length === 0) this.#loseStream(stream);
        }, { signal: this.#listening.signal });
        this.#dispatch("stream", { stream, label });
    }

    #loseStream(stream) {
        const label = this.#remoteStreams.get(stream);
        if (this.#remoteStreams.delete(stream)) this.#dispatch("streamremoved", { stream, label });
    }

    #followPath() {
        const { iceConnectionState: ice, connectionState } = this.#connection;
        if (connectionState === "connected" && (ice === "connected" || ice === "completed")) {
            this.#clear("restart");
            this.#clear("giveUp");
            return this.#setState("connected");
        }
        if (connectionState === "failed" || ice === "failed") return this.#mend(0);
        if (ice === "disconnected") this.#mend(restartAfter);
    }

    #mend(delay) {
        this.#setState("interrupted", "no path to the other side");
        this.#giveUpInTime();
        if (!this.#timers.restart || delay === 0) this.#timer("restart", () => this.#restart(), delay);
    }

    #giveUpInTime() {
        this.#timers.giveUp ??= setTimeout(() => this.#setState("failed", "no path to the other side"), this.#giveUpAfter);
    }

    /** The impolite side restarts, so that the two do not undo each other's work; the polite one steps in if that has not helped. */
    #restart() {
        if (this.#connection.connectionState === "connected") return;
        const turn = this.polite ? restartAfter : 0;
        this.#timer("restart", () => {
            this.#connection.restartIce();
            this.#timer("restart", () => this.#restart(), 2 * restartAfter);
        }, turn);
    }

    /** The signalling is back. Media that flows needs none, so a call is left alone unless it was in the middle of something. */
    #goOn({ fresh, lost }) {
        // Those that were sent meanwhile were sent to nobody.
        this.#useFreshServers();
        if (!this.#connection || (!fresh && !lost)) return;
        // An offer may have come to nothing on the other side, too: because this one was not there.
        this.#tell({ hello: true });
        if (this.#connection.signalingState === "have-local-offer") this.#repeatOffer();
        else if (this.#connection.connectionState !== "connected") this.#connection.restartIce();
    }

    #useFreshServers() {
        if (this.#configuration.iceServers) return;
        this.#connection?.setConfiguration({ ...this.#connection.getConfiguration(), iceServers: this.#signaller.iceServers });
    }

    #dropConnection() {
        const connection = this.#connection;
        this.#connection = null;
        this.#senders.clear();
        for (const name of Object.keys(this.#timers)) this.#clear(name);
        for (const stream of [...this.#remoteStreams.keys()]) this.#loseStream(stream);
        connection?.close();
    }

    #finish(reason) {
        if (this.state === "ended") return;
        this.#dropConnection();
        this.#listening.abort();
        if (this.#signaller.calls.get(this.peer) === this) this.#signaller.calls.delete(this.peer);
        this.#setState("ended", reason);
        // For Rooms that wait for it.
        this.#signaller.dispatchEvent(new CustomEvent("callended", { detail: { peer: this.peer } }));
    }

    #setState(state, reason = null) {
        if (this.state === state || this.state === "ended") return;
        this.state = state;
        this.reason = reason;
        this.#dispatch("statechange", { state, reason });
    }

    #dispatch(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail: { peer: this.peer, ...detail } }));
    }

    #timer(name, action, delay) {
        this.#clear(name);
        this.#timers[name] = setTimeout(() => (delete this.#timers[name], action()), delay);
    }

    #clear(name) {
        clearTimeout(this.#timers[name]);
        delete this.#timers[name];
    }
}

/** Answers a peer's first signal, `rtc`, that there is no place for its call. */
export function refuse(signaller, peer, rtc) {
    signaller.privmsg(peer, JSON.stringify({ rtc: { end: full, me: newId(), you: rtc.me } })).catch(() => {});
}

/** Chromium takes a transceiver for a free one that is about to stop, and then finds that it is stopping. */
function addTrack(connection, track, stream) {
    try {
        return connection.addTrack(track, stream);
    } catch (error) {
        if (error.name !== "InvalidAccessError") throw error;
        return connection.addTransceiver(track, { streams: [stream] }).sender;
    }
}

function describeCandidate(candidate) {
    return candidate ? `${candidate.candidateType}/${candidate.protocol}` : null;
}
