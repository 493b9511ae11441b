/** Types of the client module. What the fields of events mean is in the protocol reference. */

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
    statechange: CustomEvent<StateChange>;
    /** After each welcome. `fresh`: the session is a new one; `lost`: events of the old one are missing. */
    ready: CustomEvent<{ fresh: boolean; lost: boolean }>;
    /** A peer calls that has no Call yet: `new Call(signaller, from.id, {answer: true})` made in the listener takes it. */
    call: CustomEvent<{ from: PeerName }>;
    rejoinfailed: CustomEvent<{ channel: ChannelId; error: SignallerError }>;
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
    readonly url: string;
    readonly state: SignallerState;
    readonly id: string | null;
    readonly name: string | null;
    readonly description: Record<string, unknown>;
    readonly iceServers: RTCIceServer[];
    readonly limits: Partial<Limits>;
    readonly heartbeat: number;
    /** The calls there are, by the peer's id. */
    readonly calls: Map<string, Call>;
    /** The first welcome; rejects if the server refuses for good. */
    readonly ready: Promise<Welcome>;

    describe(description?: { name?: string } & Record<string, unknown>): Promise<Welcome>;
    join(channel: ChannelId, token?: string): Promise<Joined>;
    quit(channel: ChannelId, reason?: string): Promise<unknown>;
    privmsg(peer: string, content: string): Promise<Ack>;
    pubmsg(channel: ChannelId, content: string): Promise<Ack>;
    broadcast(content: string): Promise<Ack>;
    whois(target: string): Promise<PeerInformation | ChannelInformation>;
    peers(channel: ChannelId): Promise<Member[]>;
    invite(peer: string, channel?: ChannelId): Promise<unknown>;
    away(message?: string | false): Promise<unknown>;
    kick(peer: string, channel?: ChannelId, reason?: string): Promise<unknown>;
    ban(peer: string, channel?: ChannelId, reason?: string): Promise<unknown>;
    unban(peer: string, channel?: ChannelId): Promise<unknown>;
    bans(channel: ChannelId): Promise<Ban[]>;
    op(peer: string, channel?: ChannelId): Promise<unknown>;
    deop(peer: string, channel?: ChannelId): Promise<unknown>;
    history(channel: ChannelId, count?: number, before?: number): Promise<{ messages: Pubmsg[]; more: boolean }>;
    ice(): Promise<RTCIceServer[]>;
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
}
export interface CallOptions {
    streams?: (MediaStream | { stream: MediaStream; label?: string })[];
    configuration?: RTCConfiguration;
    /** For Node: the class of a package such as `@roamhq/wrtc`. */
    RTCPeerConnection?: unknown;
    /** Data channels that both sides open, by label. */
    channels?: Record<string, RTCDataChannelInit>;
    /** The other side calls: wait for it. */
    answer?: boolean;
}
export interface CallEvents {
    statechange: CustomEvent<{ peer: string; state: CallState; reason: string | null }>;
    stream: CustomEvent<{ peer: string; stream: MediaStream; label: string }>;
    streamremoved: CustomEvent<{ peer: string; stream: MediaStream; label: string }>;
    channel: CustomEvent<{ peer: string; channel: RTCDataChannel }>;
}

export interface Call extends TypedTarget<CallEvents> {}
/** Media and data with one peer. */
export class Call {
    constructor(signaller: Signaller, peer: string, options?: CallOptions);
    readonly peer: string;
    readonly state: CallState;
    readonly reason: string | null;
    readonly polite: boolean;
    readonly streams: { stream: MediaStream; label: string }[];
    addStream(stream: MediaStream, label?: string): void;
    removeStream(stream: MediaStream): void;
    replaceTrack(before: MediaStreamTrack, after: MediaStreamTrack): Promise<void>;
    createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel;
    statistics(): Promise<CallStatistics>;
    close(): void;
}

export interface RoomMember extends Member { self: boolean; call: Call | null; awayMessage?: string | null; description?: Record<string, unknown> }
export interface RoomMessage {
    from: PeerName; content: string; time: number; seq: number; own: boolean;
    /** Said before one joined, or while one was away. */
    earlier: boolean;
}
export interface RoomOptions {
    token?: string;
    streams?: MediaStream[];
    history?: number;
    maximumCalls?: number;
    call?: Omit<CallOptions, "streams" | "answer">;
}
export interface RoomEvents {
    memberjoin: CustomEvent<{ member: RoomMember }>;
    memberleave: CustomEvent<{ member: RoomMember; reason: string | null }>;
    memberchange: CustomEvent<{ member: RoomMember }>;
    stream: CustomEvent<{ member: RoomMember; stream: MediaStream; label: string }>;
    streamremoved: CustomEvent<{ member: RoomMember; stream: MediaStream; label: string }>;
    channel: CustomEvent<{ member: RoomMember; channel: RTCDataChannel }>;
    callstate: CustomEvent<{ member: RoomMember; state: CallState; reason: string | null }>;
    message: CustomEvent<RoomMessage>;
    removed: CustomEvent<{ by: PeerName | null; reason: string | null; banned: boolean }>;
    sync: CustomEvent<Record<string, never>>;
}

export interface Room extends TypedTarget<RoomEvents> {}
/** A channel with all its members, and a Call with each of them. */
export class Room {
    constructor(signaller: Signaller, channel: ChannelId, options?: RoomOptions);
    readonly channel: ChannelId;
    readonly members: Map<string, RoomMember>;
    readonly owner: string | null;
    readonly self: RoomMember | null;
    join(): Promise<Joined>;
    leave(reason?: string): Promise<void>;
    say(content: string): Promise<void>;
    addStream(stream: MediaStream, label?: string): void;
    removeStream(stream: MediaStream): void;
    replaceTrack(before: MediaStreamTrack, after: MediaStreamTrack): Promise<void>;
    kick(peer: string, reason?: string): Promise<unknown>;
    ban(peer: string, reason?: string): Promise<unknown>;
    unban(peer: string): Promise<unknown>;
    invite(peer: string): Promise<unknown>;
    op(peer: string): Promise<unknown>;
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
