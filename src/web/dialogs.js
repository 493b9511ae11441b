import { byId, copyText, element, toast } from "./dom.js";
import { causeOf, text } from "./i18n.js";
import { qrSvg } from "./qr.js";

/** @param session the call that one is in, or null where nobody can be asked by their id */
export function openShare(link, session) {
    byId("link").value = link;
    const code = qrSvg(link);
    byId("qr").hidden = !code;
    byId("qr").replaceChildren(...(code ? [code] : []));
    byId("copy").onclick = async () => toast(text((await copyText(link, byId("link"))) ? "copied" : "copyFailed"));
    byId("share-system").hidden = !navigator.share;
    // Who changes their mind has not failed.
    byId("share-system").onclick = () => navigator.share({ url: link, title: document.title }).catch(() => {});
    byId("invite-part").hidden = !session?.signaller.id;
    byId("own-id").textContent = session?.signaller.id ?? "";
    byId("invite").onclick = () => invite(session);
    // Else Enter presses the form's own button, which closes the dialog.
    byId("invite-id").onkeydown = (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        invite(session);
    };
    byId("share-dialog").showModal();
    byId("copy").focus();
}

async function invite(session) {
    const field = byId("invite-id");
    try {
        await session.room.invite(field.value.trim());
        field.value = "";
        toast(text("inviteSent"));
    } catch (error) {
        toast(error.code === 461 ? text("errorId") : causeOf(error));
        field.focus();
    }
}

/** Somebody in another room asks this user to come: that is for the user to decide. */
export function askToGo({ name, go }) {
    const dialog = byId("invited-dialog");
    byId("invited-title").textContent = text("invited", { name });
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && go(), { once: true });
    dialog.showModal();
}

export function openSettings(settings, { changeBullets, away, setAway }) {
    byId("bullets-on").checked = settings.on;
    byId("bullets-on").onchange = ({ target }) => changeBullets({ on: target.checked });
    for (const name of ["speed", "density", "size", "opacity"]) {
        const slider = byId(`bullet-${name}`);
        slider.value = settings[name];
        slider.oninput = () => changeBullets({ [name]: Number(slider.value) });
    }
    byId("away").checked = away;
    byId("away").onchange = ({ target }) => setAway(target.checked);
    byId("settings-dialog").showModal();
}

/** What the browser knows of one call, kept up to date while it is looked at. */
export function showReport({ name, statistics }) {
    const dialog = byId("report-dialog");
    let latest = "";
    const paint = async () => {
        const now = await statistics();
        const lines = describe(name, now);
        latest = lines.map(([term, value]) => `${term}: ${value}`).join("\n");
        byId("report").replaceChildren(...lines.flatMap(([term, value]) => [element("dt", { textContent: term }), element("dd", { textContent: value })]));
        byId("report-hint").hidden = now.state !== "failed";
    };
    byId("report-copy").onclick = async () => toast(text((await copyText(latest)) ? "copied" : "copyFailed"));
    dialog.showModal();
    paint();
    const timer = setInterval(paint, 1_000);
    dialog.addEventListener("close", () => clearInterval(timer), { once: true });
}

/** Without a pair that works it helps to know what there was to choose from. */
const offered = (candidates) => candidates.length > 0 ? candidates.map((one) => `${one} ?`).join(", ") : "–";

function describe(name, statistics) {
    const { state, reason, iceState, localCandidate, remoteCandidate, localCandidates = [], remoteCandidates = [], roundTripTime, framesDecoded, packetsLost, bytesReceived, bytesSent } = statistics;
    const milliseconds = Number.isFinite(roundTripTime) ? `${Math.round(roundTripTime * 1_000)} ms` : "–";
    return [
        [text("reportPeer"), name], [text("reportCall"), reason ? `${state} (${reason})` : state], ["ICE", iceState ?? "–"],
        [text("reportLocal"), localCandidate ?? offered(localCandidates)], [text("reportRemote"), remoteCandidate ?? offered(remoteCandidates)], [text("reportRoundTrip"), milliseconds],
        [text("reportFrames"), framesDecoded], [text("reportLost"), packetsLost ?? "–"], [text("reportReceived"), kilobytes(bytesReceived)], [text("reportSent"), kilobytes(bytesSent)],
        [text("reportTime"), new Date().toISOString()], [text("reportServer"), location.host], [text("reportBrowser"), navigator.userAgent],
    ];
}

const kilobytes = (bytes) => `${Math.round(bytes / 1024).toLocaleString()} KiB`;

/** Asks before a kick or a ban, and for its reason. */
export function askReason({ title, action, confirmed }) {
    const dialog = byId("confirm-dialog");
    byId("confirm-title").textContent = title;
    byId("confirm-yes").textContent = action;
    byId("confirm-reason").value = "";
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => dialog.returnValue === "yes" && confirmed(byId("confirm-reason").value.trim()), { once: true });
    dialog.showModal();
}
