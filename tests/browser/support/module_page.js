// Runs in the page: a room with a camera made of a canvas, and a record of all that the module says.

const connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...rest) {
        super(...rest);
        connections.push(this);
    }
};

async function openRoom({ name, id, room, camera = true, options = {}, call = {}, maximumCalls }) {
    const { Signaller, Room, channelId } = await import("/signaller.js");
    const sockets = [];
    class CountedSocket extends WebSocket {
        constructor(...rest) {
            super(...rest);
            sockets.push(this);
        }
    }
    const signaller = new Signaller({ name, id, WebSocket: CountedSocket, storage: null, backoff: { first: 100, most: 1_000 }, ...options });
    const streams = camera ? [paintedStream()] : [];
    const session = { signaller, sockets, streams, messages: [], incoming: [], channels: [], log: [] };
    session.room = new Room(signaller, channelId(room), { streams, call, maximumCalls });
    session.room.addEventListener("message", ({ detail }) => session.messages.push(detail));
    session.room.addEventListener("stream", ({ detail }) => session.incoming.push(detail));
    session.room.addEventListener("streamremoved", ({ detail }) => {
        session.incoming = session.incoming.filter(({ stream }) => stream !== detail.stream);
    });
    for (const type of ["memberjoin", "memberleave", "callstate", "removed", "sync"]) {
        session.room.addEventListener(type, ({ detail }) => session.log.push({ type, id: detail.member?.id, state: detail.state, reason: detail.reason, banned: detail.banned }));
    }
    session.room.addEventListener("channel", ({ detail }) => session.channels.push(detail.channel));
    signaller.addEventListener("statechange", ({ detail }) => session.log.push({ type: "statechange", ...detail, error: undefined }));
    await signaller.ready;
    await session.room.join();
    window.session = session;
    return signaller.id;
}

function paintedStream() {
    const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 120 });
    const context = canvas.getContext("2d");
    let frame = 0;
    setInterval(() => {
        context.fillStyle = `hsl(${(frame += 37) % 360} 80% 50%)`;
        context.fillRect(0, 0, 160, 120);
    }, 100);
    return canvas.captureStream(10);
}

/** Waits for a condition in this page, described by its own source if it never comes. */
async function until(condition, milliseconds = 60_000) {
    const deadline = performance.now() + milliseconds;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (performance.now() > deadline) throw new Error(`not within ${milliseconds} ms: ${condition}; ${JSON.stringify(window.session?.log)}`);
        await new Promise((resolve) => setTimeout(resolve, 30));
    }
}

/** All that this page says privately takes so long from now on, as if the way were long or the machine busy. */
function delaySignals(milliseconds) {
    const { signaller } = session;
    const tell = signaller.privmsg.bind(signaller);
    signaller.privmsg = async (...message) => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        return tell(...message);
    };
}

const framesFrom = async (id) => (await session.room.members.get(id)?.call?.statistics())?.framesDecoded ?? 0;

async function framesFlow(id) {
    const before = await framesFrom(id);
    await until(async () => (await framesFrom(id)) > before + 3);
}

Object.assign(window, { connections, openRoom, paintedStream, until, delaySignals, framesFrom, framesFlow });
