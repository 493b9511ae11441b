// Runs in the page. It uses the browser's WebSocket and the protocol's plain commands only, so that the tests hold the server itself to its contract.

const patience = 60_000;

async function until(what, condition) {
    const deadline = performance.now() + patience;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (performance.now() > deadline) throw new Error(`${what}: not within ${patience} ms`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

class RawSignalling {
    constructor(url) {
        this.events = [];
        this.listeners = new Set();
        this.closed = new Promise((resolve) => (this.resolveClosed = resolve));
        this.socket = new WebSocket(url, []);
        this.socket.onmessage = ({ data }) => {
            const event = JSON.parse(data);
            this.events.push(event);
            for (const listener of this.listeners) listener(event);
        };
        this.socket.onclose = ({ code }) => this.resolveClosed(code);
        this.opened = new Promise((resolve, reject) => {
            this.socket.onopen = resolve;
            this.socket.onerror = () => reject(new Error(`no connection to ${url}`));
        });
    }

    send(command) {
        this.socket.send(command);
    }

    /** The first event of this type that passes, from the connection's first on. */
    event(type, passes = () => true) {
        return until(`event ${type}`, () => this.events.find((event) => event.type === type && passes(event)));
    }

    count(type) {
        return this.events.filter((event) => event.type === type).length;
    }
}

/** One call: trickle ICE, the description sent as bare SDP because a command's last parameter has to arrive byte for byte. */
class RawCall {
    constructor(signalling, remote, stream) {
        this.signalling = signalling;
        this.remote = remote;
        this.connection = new RTCPeerConnection({ iceServers: [] });
        this.sent = [];
        this.received = [];
        this.messages = [];
        this.candidates = { sent: 0, received: 0 };
        this.work = Promise.resolve();
        for (const track of stream?.getTracks() ?? []) this.connection.addTrack(track, stream);
        this.connection.onicecandidate = ({ candidate }) => {
            if (!candidate) return;
            ++this.candidates.sent;
            this.tell(`candidate ${JSON.stringify(candidate)}`);
        };
        this.connection.ontrack = ({ streams }) => (this.remoteStream = streams[0]);
        this.connection.ondatachannel = ({ channel }) => this.useChannel(channel);
    }

    tell(content) {
        this.signalling.send(`/privmsg ${this.remote} ${content}`);
    }

    useChannel(channel) {
        this.channel = channel;
        channel.onmessage = ({ data }) => this.messages.push(data);
    }

    async describe(kind) {
        await this.connection.setLocalDescription();
        const { sdp } = this.connection.localDescription;
        this.sent.push(sdp);
        this.tell(`${kind} ${sdp}`);
    }

    offer() {
        this.useChannel(this.connection.createDataChannel("chat"));
        this.work = this.describe("offer");
    }

    /** Signals are taken in the order of their arrival: a candidate waits until the description before it is in place. */
    take(content) {
        this.work = this.work.then(() => this.handle(content));
    }

    async handle(content) {
        const space = content.indexOf(" ");
        const kind = content.slice(0, space);
        const body = content.slice(space + 1);
        if (kind === "candidate") {
            ++this.candidates.received;
            await this.connection.addIceCandidate(JSON.parse(body));
            return;
        }
        this.received.push(body);
        await this.connection.setRemoteDescription({ type: kind, sdp: body });
        if (kind === "offer") await this.describe("answer");
    }

    async connected() {
        await until("connected", () => this.connection.connectionState === "connected");
        await until("data channel", () => this.channel?.readyState === "open");
    }

    async statistics() {
        const result = { framesDecoded: 0, bytesReceived: 0, transportBytes: 0 };
        for (const report of (await this.connection.getStats()).values()) {
            if (report.type === "inbound-rtp" && report.kind === "video") {
                result.framesDecoded += report.framesDecoded ?? 0;
                result.bytesReceived += report.bytesReceived ?? 0;
            }
            if (report.type === "transport") result.transportBytes += report.bytesReceived ?? 0;
        }
        return result;
    }

    /** Two growths in a row: frames keep coming, they did not come once. */
    async videoFlows() {
        let before = await this.statistics();
        for (let growth = 0; growth < 2; ++growth) {
            const earlier = before;
            before = await until(`frames from ${this.remote}`, async () => {
                const now = await this.statistics();
                return now.framesDecoded > earlier.framesDecoded && now.bytesReceived > earlier.bytesReceived && now;
            });
        }
        return before;
    }
}

function smallCamera() {
    return navigator.mediaDevices.getUserMedia({ video: { width: 160, height: 120, frameRate: 5 }, audio: false });
}

/** A signalling connection that answers every peer's offer, and hands each call's signals to it. */
async function connectPeer(url, description, stream) {
    const signalling = new RawSignalling(url);
    await signalling.opened;
    signalling.send(`/descp ${description}`);
    const welcome = await signalling.event("welcome");
    const peer = { signalling, welcome, id: welcome.id, calls: new Map() };
    peer.call = (remote) => {
        if (!peer.calls.has(remote)) peer.calls.set(remote, new RawCall(signalling, remote, stream));
        return peer.calls.get(remote);
    };
    signalling.listeners.add((event) => {
        if (event.type === "privmsg") peer.call(event.from.id).take(event.content);
    });
    return peer;
}

Object.assign(window, { RawSignalling, connectPeer, smallCamera, until });
