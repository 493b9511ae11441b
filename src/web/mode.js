import { isSenderOf } from "./streams.js";

export const roomName = () => {
    try {
        return decodeURIComponent(location.hash.slice(1)).trim();
    } catch {
        return "";
    }
};

/** What this page is: a call among all in the room, or at /live the sender of a stream or one who watches it. */
export const mode = !location.pathname.endsWith("/live") ? "call" : roomName() && !isSenderOf(roomName()) ? "watcher" : "sender";

const texts = {
    call: { "join-title": "joinTitle", "join-intro": "joinIntro", "room-label": "room", "join-button": "join", "other-way": "toLive" },
    sender: { "join-title": "sendTitle", "join-intro": "sendIntro", "room-label": "stream", "join-button": "goLive", "other-way": "toCall" },
    watcher: { "join-title": "watchTitle", "join-intro": "watchIntro", "room-label": "stream", "join-button": "watch", "other-way": "toLive" },
}[mode];

/** Each of them has its own texts, and does without some of the controls. */
for (const [id, key] of Object.entries(texts)) document.getElementById(id).dataset.text = key;
for (const node of document.querySelectorAll("[data-for]")) node.hidden = !node.dataset.for.split(" ").includes(mode);
document.body.dataset.mode = mode;
document.getElementById("room").readOnly = mode === "watcher";
document.getElementById("other-way").href = mode === "sender" ? "./" : "live";

/** Only what this page is gets loaded: each kind of session takes hold of the page's elements. */
export async function openSession(options) {
    if (mode === "call") return new (await import("./call_session.js")).CallSession(options);
    if (mode === "sender") return new (await import("./live_sender.js")).LiveSender(options);
    return new (await import("./live_watcher.js")).LiveWatcher(options);
}
