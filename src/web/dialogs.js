import { byId, copyText, element, toast } from "./dom.js";
import { text } from "./i18n.js";
import { qrSvg } from "./qr.js";

export function openShare(link) {
    byId("link").value = link;
    const code = qrSvg(link);
    byId("qr").hidden = !code;
    byId("qr").replaceChildren(...(code ? [code] : []));
    byId("copy").onclick = async () => toast(text((await copyText(link, byId("link"))) ? "copied" : "copyFailed"));
    byId("share-dialog").showModal();
    byId("copy").focus();
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
        const lines = describe(name, await statistics());
        latest = lines.map(([term, value]) => `${term}: ${value}`).join("\n");
        byId("report").replaceChildren(...lines.flatMap(([term, value]) => [element("dt", { textContent: term }), element("dd", { textContent: value })]));
    };
    byId("report-copy").onclick = async () => toast(text((await copyText(latest)) ? "copied" : "copyFailed"));
    dialog.showModal();
    paint();
    const timer = setInterval(paint, 1_000);
    dialog.addEventListener("close", () => clearInterval(timer), { once: true });
}

function describe(name, statistics) {
    const { state, reason, iceState, localCandidate, remoteCandidate, roundTripTime, framesDecoded, packetsLost, bytesReceived, bytesSent } = statistics;
    return [
        ["Peer", name], ["Call", reason ? `${state} (${reason})` : state], ["ICE", iceState],
        ["Local candidate", localCandidate ?? "–"], ["Remote candidate", remoteCandidate ?? "–"],
        ["Round trip", roundTripTime === undefined || roundTripTime === null ? "–" : `${Math.round(roundTripTime * 1_000)} ms`],
        ["Frames decoded", framesDecoded], ["Packets lost", packetsLost ?? "–"],
        ["Received", kilobytes(bytesReceived)], ["Sent", kilobytes(bytesSent)], ["Browser", navigator.userAgent],
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
