/** Types of the client module. What the fields of events mean is in the protocol reference. */

/** A peer as events name it. */
export interface PeerName { id: string; name: string }

/** A channel as commands and events write it: `#` and 24 hexadecimal digits. */
export type ChannelId = string;

export interface Joined { type: "joined"; channel: ChannelId; created: boolean; owner: string; operator: boolean; members: number; seq: number }
export interface Privmsg { type: "privmsg"; from: PeerName; to: string; content: string; time: number }
export interface Pubmsg { type: "pubmsg"; channel: ChannelId; from: PeerName; content: string; time: number; seq: number }
export interface Broadcast { type: "broadcast"; from: PeerName; content: string; time: number }
export interface Ack { type: "ack"; command: string; time: number; channel?: ChannelId; seq?: number; queued?: boolean }
export interface Member extends PeerName { operator: boolean; away: boolean }
export interface Ban { id: string; by: string; time: number; reason: string | null }
export interface PeerInformation extends PeerName { away: string | null; channels: ChannelId[]; connected: boolean; connectedAt: number; idle: number; [key: string]: unknown }
export interface ChannelInformation { id: ChannelId; protected: boolean; owner?: string; operators?: string[]; members?: number; createdAt?: number; updatedAt?: number }
export interface Limits { message: number; content: number; name: number; label: number; description: number; token: number; reason: number; channels: number; members: number; page: number; rate: number; burst: number; history: number; resumeWindow: number; [name: string]: number }
export interface Welcome extends PeerName {
    type: "welcome"; session: string; resumed: boolean; missed: number; lost: boolean; channels: Joined[]; iceServers: RTCIceServer[]; heartbeat: number; limits: Limits; server: string;
}
export interface ServerError { type: "error"; code: number; name: string; command: string; target: string | null; message: string; retryAfter?: number }

export type SignallerState = "connecting" | "connected" | "reconnecting" | "closed";
export interface StateChange { state: SignallerState; reason?: string; retryAfter?: number; code?: number; failed?: boolean; error?: SignallerError }

export interface SignallerEvents {
    /** Whether there is a connection; `retryAfter` (ms) if one is to be made again, `code` and `error` if not. */
    statechange: CustomEvent<StateChange>;
    /** After each welcome. `fresh`: the session is a new one; `lost`: events of the old one are missing. */
    ready: CustomEvent<{ fresh: boolean; lost: boolean }>;
    /** A peer calls that has no Call yet: `new Call(signaller, from.id, {answer: true})` made in the listener takes it. */
    call: CustomEvent<{ from: PeerName }>;
    /** The server forgot the session, and does not let it into this channel again. */
    rejoinfailed: CustomEvent<{ channel: ChannelId; error: SignallerError }>;
    /** This event and those below are the server's own, as the protocol describes them. */
    welcome: CustomEvent<Welcome>;
    joined: CustomEvent<Joined>;
    join: CustomEvent<{ type: "join"; channel: ChannelId; peer: PeerName }>;
    quit: CustomEvent<{ type: "quit"; channel: ChannelId | null; peer: PeerName; reason: string | null }>;
    privmsg: CustomEvent<Privmsg>;
    pubmsg: CustomEvent<Pubmsg>;
    broadcast: CustomEvent<Broadcast>;
    invite: CustomEvent<{ type: "invite"; channel: ChannelId; from: PeerName }>;
    away: CustomEvent<{ type: "away"; peer: PeerName; away: boolean; message: string | null }>;
    kick: CustomEvent<{ type: "kick"; channel: ChannelId; peer: PeerName; by: PeerName; reason: string | null }>;
    ban: CustomEvent<{ type: "ban"; channel: ChannelId; peer: PeerName; by: PeerName; reason: string | null }>;
    op: CustomEvent<{ type: "op"; channel: ChannelId; peer: PeerName; by: PeerName | null }>;
    deop: CustomEvent<{ type: "deop"; channel: ChannelId; peer: PeerName; by: PeerName | null }>;
    peer: CustomEvent<{ type: "peer"; peer: PeerName & Record<string, unknown> }>;
    presence: CustomEvent<{ type: "presence"; channel: ChannelId; members: number }>;
    lost: CustomEvent<{ type: "lost"; channel: ChannelId; from: number; to: number }>;
    ice: CustomEvent<{ type: "ice"; iceServers: RTCIceServer[]; ttl: number | null }>;
    error: CustomEvent<ServerError>;
    bye: CustomEvent<{ type: "bye"; code: number; reason: string; reconnect: boolean; retryAfter: number | null }>;
}

export interface SignallerOptions {
    /** `ws:` or `wss:`; the page's own server if left out. */
    url?: string;
    /** An ObjectId of one's own; the server makes one if left out. */
    id?: string;
    /** How others see this peer; its id if left out. */
    name?: string;
    /** Further keys of the description, shown by `whois`. */
    description?: Record<string, unknown>;
    /** An access token, or what gives a fresh one for each connection. */
    token?: string | (() => string | Promise<string>);
    /** Whether a broken connection is resumed (true). */
    resume?: boolean;
    /** Where the session is kept through a reload: `sessionStorage` if left out, nowhere if null. */
    storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
    /** Milliseconds before the first attempt to reconnect, and at most. */
    backoff?: { first: number; most: number };
    /** For Node without a WebSocket of its own: the class of the package `ws`. */
    WebSocket?: unknown;
}

interface TypedTarget<Events> extends EventTarget {
    addEventListener<Name extends keyof Events>(type: Name, listener: (event: Events[Name]) => void, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Name extends keyof Events>(type: Name, listener: (event: Events[Name]) => void, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

export interface Signaller extends TypedTarget<SignallerEvents> {}
/** One session with the server, which survives broken connections. */
export class Signaller {
    constructor(options?: SignallerOptions);
    /** Of the server. */
    readonly url: string;
    readonly state: SignallerState;
    /** This peer's own; null until the first welcome, if none was given. */
    readonly id: string | null;
    readonly name: string | null;
    readonly description: Record<string, unknown>;
    /** With credentials that are good now: kept up to date. */
    readonly iceServers: RTCIceServer[];
    /** The server's, as its welcome says; empty before. */
    readonly limits: Partial<Limits>;
    /** Seconds of silence after which the server asks whether one is there. */
    readonly heartbeat: number;
    /** The calls there are, by the peer's id. */
    readonly calls: Map<string, Call>;
    /** The first welcome; rejects if the server refuses for good. */
    readonly ready: Promise<Welcome>;

    /** Says who one is: a later call changes the name and replaces the description. What the server refuses changes nothing. */
    describe(description?: { name?: string } & Record<string, unknown>): Promise<Welcome>;
    /** Joins a channel, which is made if there is none; `token` is then its key. Joined again by itself if the server forgot the session. */
    join(channel: ChannelId, token?: string): Promise<Joined>;
    /** Leaves a channel. To leave all of them, `close()`. */
    quit(channel: ChannelId, reason?: string): Promise<unknown>;
    /** Says something to one peer. What begins with `{"rtc":` is a Call's. */
    privmsg(peer: string, content: string): Promise<Ack>;
    /** Says something to every other member; `seq` of the reply is its number in the channel. */
    pubmsg(channel: ChannelId, content: string): Promise<Ack>;
    /** Says something to every other connected peer, where the server allows it. */
    broadcast(content: string): Promise<Ack>;
    /** What is known of a peer, or of a channel (with its `#`). */
    whois(target: string): Promise<PeerInformation | ChannelInformation>;
    /** All members, in the order of their ids, page by page. */
    peers(channel: ChannelId): Promise<Member[]>;
    /** Lets a peer in once without the token. A channel left out, here and below, is the one in which one may do this. */
    invite(peer: string, channel?: ChannelId): Promise<unknown>;
    /** Away with a message, or back with `false`. */
    away(message?: string | false): Promise<unknown>;
    /** Operators: removes a member. A reason needs the channel. */
    kick(peer: string, channel?: ChannelId, reason?: string): Promise<unknown>;
    /** Operators: removes a peer and keeps it out, also one who is not there. */
    ban(peer: string, channel?: ChannelId, reason?: string): Promise<unknown>;
    /** Operators: lifts a ban. */
    unban(peer: string, channel?: ChannelId): Promise<unknown>;
    /** Operators: who is banned, by whom and why. */
    bans(channel: ChannelId): Promise<Ban[]>;
    /** Operators: makes a member an operator. */
    op(peer: string, channel?: ChannelId): Promise<unknown>;
    /** Operators: takes that right away. */
    deop(peer: string, channel?: ChannelId): Promise<unknown>;
    /** Earlier public messages, oldest first: the last 50, or `count` of them, before the number `before`. */
    history(channel: ChannelId, count?: number, before?: number): Promise<{ messages: Pubmsg[]; more: boolean }>;
    /** The ICE servers, with fresh credentials for TURN. They also come by themselves, in time. */
    ice(): Promise<RTCIceServer[]>;
    /** Whether the server answers. */
    ping(content?: string): Promise<{ content: string }>;
    /** Any command, as the protocol writes it. */
    command(text: string): Promise<unknown>;
    /** Ends the session; with `keep` the next page of this tab may take its id and rights again. */
    close(options?: { keep?: boolean }): void;
}

export type CallState = "new" | "connecting" | "connected" | "interrupted" | "failed" | "ended";
export interface CallStatistics {
    state: CallState; reason: string | null; iceState: string; framesDecoded: number; bytesReceived: number; bytesSent: number; packetsLost?: number;
    /** Seconds. */
    roundTripTime?: number | null; localCandidate?: string | null; remoteCandidate?: string | null;
    /** All kinds of candidates that each side has offered, such as `host/udp`. */
    localCandidates: string[]; remoteCandidates: string[];
}
export interface CallOptions {
    /** What to send from the beginning. */
    streams?: (MediaStream | { stream: MediaStream; label?: string })[];
    /** For the RTCPeerConnection. Its `iceServers`, if there are any, stand for the server's. */
    configuration?: RTCConfiguration;
    /** For Node: the class of a package such as `@roamhq/wrtc`. */
    RTCPeerConnection?: unknown;
    /** Data channels that both sides open, by label. */
    channels?: Record<string, RTCDataChannelInit>;
    /** The other side calls: wait for it. */
    answer?: boolean;
    /** How long (ms) a path is looked for before the state is `failed`; 30,000 if not given. */
    giveUpAfter?: number;
}
export interface CallEvents {
    /** With the reason where it is interrupted, failed or ended: `closed here`, `closed there`, `not online`, `full`, … */
    statechange: CustomEvent<{ peer: string; state: CallState; reason: string | null }>;
    /** The other side sends one more stream, with the label that it gave it. */
    stream: CustomEvent<{ peer: string; stream: MediaStream; label: string }>;
    /** It does not send it any more, or the call has ended. */
    streamremoved: CustomEvent<{ peer: string; stream: MediaStream; label: string }>;
    /** A data channel of the other side's, or one of the option `channels`. */
    channel: CustomEvent<{ peer: string; channel: RTCDataChannel }>;
}

export interface Call extends TypedTarget<CallEvents> {}
/** Media and data with one peer. */
export class Call {
    constructor(signaller: Signaller, peer: string, options?: CallOptions);
    readonly peer: string;
    readonly state: CallState;
    readonly reason: string | null;
    /** Whether this side gives way when both make an offer at once: the one with the greater id. */
    readonly polite: boolean;
    /** What the other side sends at present. */
    readonly streams: { stream: MediaStream; label: string }[];
    /** Sends a stream, or brings what is sent of it up to date when its tracks changed. The label is told to the other side. */
    addStream(stream: MediaStream, label?: string): void;
    /** Sends it no more. */
    removeStream(stream: MediaStream): void;
    /** Exchanges a camera or a microphone without a new negotiation; do the same in the stream. */
    replaceTrack(before: MediaStreamTrack, after: MediaStreamTrack): Promise<void>;
    /** The other side gets it as a `channel` event, unless it is negotiated. */
    createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel;
    /** The path, its round trip and what flows over it: for users to be told, and for reports. */
    statistics(): Promise<CallStatistics>;
    /** Ends it on both sides. */
    close(): void;
}

/** Somebody in a room; `call` is null for oneself, and for those without one: a call that another Room has, or the application, stays there until it ends. */
export interface RoomMember extends Member { self: boolean; call: Call | null; awayMessage?: string | null; description?: Record<string, unknown> }
export interface RoomMessage {
    from: PeerName; content: string; time: number; seq: number; own: boolean;
    /** Said before one joined, or while one was away. */
    earlier: boolean;
}
export interface RoomOptions {
    /** The channel's key. */
    token?: string;
    /** What to send to everybody from the beginning. */
    streams?: MediaStream[];
    /** How many of the messages said before joining are wanted (50). */
    history?: number;
    /** Members beyond that many are there without a call, until one of the others leaves (8). 0: calls are the application's own. */
    maximumCalls?: number;
    /** For every Call. */
    call?: Omit<CallOptions, "streams" | "answer">;
}
export interface RoomEvents {
    /** Somebody is here: also those who were when one joined, and oneself. */
    memberjoin: CustomEvent<{ member: RoomMember }>;
    memberleave: CustomEvent<{ member: RoomMember; reason: string | null }>;
    /** A name, a description, operator rights, away or back. */
    memberchange: CustomEvent<{ member: RoomMember }>;
    /** This and the next three are those of the member's Call. */
    stream: CustomEvent<{ member: RoomMember; stream: MediaStream; label: string }>;
    streamremoved: CustomEvent<{ member: RoomMember; stream: MediaStream; label: string }>;
    channel: CustomEvent<{ member: RoomMember; channel: RTCDataChannel }>;
    callstate: CustomEvent<{ member: RoomMember; state: CallState; reason: string | null }>;
    /** Each once, in the order of `seq`. */
    message: CustomEvent<RoomMessage>;
    /** This peer was kicked, banned, or (`by` is null) not let in again. */
    removed: CustomEvent<{ by: PeerName | null; reason: string | null; banned: boolean }>;
    /** Members and messages have been read anew. */
    sync: CustomEvent<Record<string, never>>;
}

export interface Room extends TypedTarget<RoomEvents> {}
/** A channel with all its members, and a Call with each of them. */
export class Room {
    constructor(signaller: Signaller, channel: ChannelId, options?: RoomOptions);
    readonly channel: ChannelId;
    /** By id, this peer included. In channels of more than 256 members those at the last `sync`. */
    readonly members: Map<string, RoomMember>;
    /** The id of the channel's owner. */
    readonly owner: string | null;
    /** This peer's own place. */
    readonly self: RoomMember | null;
    /** Joins the channel, reads members and history, and calls everybody. */
    join(): Promise<Joined>;
    /** Ends the calls and leaves. It can be joined again. */
    leave(reason?: string): Promise<void>;
    /** Says something to all; it comes back as a `message` with `own`. */
    say(content: string): Promise<void>;
    /** Sends a stream to all, also to those who come later. */
    addStream(stream: MediaStream, label?: string): void;
    /** Sends it no more. */
    removeStream(stream: MediaStream): void;
    /** Exchanges a camera or a microphone in all calls without a new negotiation; do the same in the stream. */
    replaceTrack(before: MediaStreamTrack, after: MediaStreamTrack): Promise<void>;
    /** Operators: removes a member. */
    kick(peer: string, reason?: string): Promise<unknown>;
    /** Operators: removes a peer and keeps it out, also one who is not here. */
    ban(peer: string, reason?: string): Promise<unknown>;
    /** Operators: lifts a ban. */
    unban(peer: string): Promise<unknown>;
    /** Lets a peer in once without the token, and tells it. */
    invite(peer: string): Promise<unknown>;
    /** Operators: makes a member an operator. */
    op(peer: string): Promise<unknown>;
    /** Operators: takes that right away. */
    deop(peer: string): Promise<unknown>;
}

/** What a command can end in: `code` and `name` as the protocol's table of errors has them; code 0 for what the module itself found. */
export class SignallerError extends Error {
    readonly code: number;
    readonly name: string;
    readonly command: string;
    readonly target: string | null;
    /** Milliseconds. */
    readonly retryAfter: number | null;
}

/** A new ObjectId. */
export function newId(): string;
/** The channel of a room name, or of an ObjectId. */
export function channelId(name: string): ChannelId;
