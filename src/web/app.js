import { Bullets } from "./bullets.js";
import { byId, nameButton, recall, recallHere, remember, rememberHere, setIcon, toast } from "./dom.js";
import { applyTexts, causeOf, onLanguage, otherLanguage, setText, switchLanguage, text } from "./i18n.js";
import { LevelMeter } from "./level_meter.js";
import { LocalMedia } from "./media.js";
import { askReason, askToGo, openSettings, openShare, showReport } from "./dialogs.js";
import { mode, roomName, openSession } from "./mode.js";

/** The page's course: lobby, call, end. What happens inside a call is its session's. */

const media = new LocalMedia();
const meter = new LevelMeter((level) => byId("preview-mic").style.setProperty("--level", level));
const bullets = new Bullets(byId("bullets"));
const settings = recall("bullets", {
    on: !matchMedia("(prefers-reduced-motion: reduce)").matches, speed: 160, density: 0.7, size: matchMedia("(max-width: 720px)").matches ? 18 : 24, opacity: 1,
});
const visit = "signaller.visit";
const visited = (room) => `${mode} ${room}`;
/** Another tab of this browser may have been given another name since. */
const ownName = () => recallHere("name", recall("name", ""));
let session = null;

const randomRoom = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => "abcdefghjkmnpqrstuvwxyz23456789"[byte % 31]).join("");

function show(view) {
    for (const id of ["lobby", "call", "ended"]) byId(id).hidden = id !== view;
    listenToMicrophone();
    byId("share").hidden = view === "ended";
    byId(view).querySelector("h2, input")?.scrollIntoView?.({ block: "nearest" });
}

/** Before joining one sees whether one can be heard. */
function listenToMicrophone() {
    meter.follow(byId("lobby").hidden ? null : media.track("audio"));
}

function paintTitle() {
    const name = session?.name ?? (mode === "watcher" ? roomName() : "");
    byId("room-title").textContent = name || text("tagline");
    document.title = name ? `${name} · Signaller` : "Signaller";
}

function paintAudience(detail) {
    byId("audience").hidden = !detail;
    byId("audience").classList.toggle("live", Boolean(detail?.live));
    if (detail) byId("audience").textContent = text(detail.live ? "audience" : "audienceWaiting", detail);
}

function paintPlaces(detail) {
    byId("places-now").textContent = text("placesNow", detail);
}

/** What a watcher is told while there is no picture. */
function paintNotice({ key, values }) {
    byId("notice").hidden = !key;
    byId("notice-text").textContent = key ? text(key, values) : "";
}

function paintState(detail) {
    const pill = byId("connection");
    const state = detail?.state ?? "";
    pill.dataset.state = state;
    pill.textContent = state ? text({ connected: "connected", connecting: "connecting", reconnecting: "reconnecting", closed: "offline" }[state]) : "";
    pill.title = detail?.reason ?? "";
}

async function fillChoices(selects) {
    const devices = await media.devices();
    for (const [kind, select, none] of [["video", selects[0], "noCamera"], ["audio", selects[1], "noMicrophone"]]) {
        const options = devices[kind].map(({ label, deviceId }, index) => new Option(label || `${text(kind === "video" ? "camera" : "microphone")} ${index + 1}`, deviceId));
        const without = new Option("", "none");
        setText(without, none);
        select.replaceChildren(...options, without);
        const current = media.track(kind)?.getSettings().deviceId;
        const chosen = options.find(({ value }) => value === current) ?? options.find(({ value }) => value === media.chosen[kind]) ?? (media.chosen[kind] ? null : options[0]);
        select.value = media.chosen[kind] === "none" || !chosen ? "none" : chosen.value;
    }
}

function paintMedia() {
    for (const [id, kind, name, on, off] of [
        ["mic", "audio", "mic", "micOn", "micOff"], ["preview-mic", "audio", "mic", "micOn", "micOff"],
        ["camera", "video", "camera", "cameraOn", "cameraOff"], ["preview-camera", "video", "camera", "cameraOn", "cameraOff"],
    ]) {
        const active = media.isOn(kind);
        byId(id).dataset.on = active;
        nameButton(byId(id), text(active ? off : on));
        setIcon(byId(id), active ? name : `${name}-off`);
    }
}

function paintNothing() {
    paintState(null);
    paintTitle();
    paintAudience(null);
    paintNotice({ key: null });
}

function paintTexts() {
    applyTexts();
    const { name, tag } = otherLanguage();
    Object.assign(byId("language"), { textContent: name, lang: tag });
    byId("say-text").placeholder = text("messageHint");
    byId("stage").setAttribute("aria-label", text("video"));
    byId("toolbar").setAttribute("aria-label", text("toolbar"));
    byId("tab-list").setAttribute("aria-label", text("sidePanel"));
    byId("messages").setAttribute("aria-label", text("chat"));
    byId("messages").dataset.empty = text("chatEmpty");
    nameButton(byId("share"), text("share"));
    nameButton(byId("settings"), text("settings"));
    nameButton(byId("leave"), text("leave"));
    nameButton(byId("side-switch"), text("sideOpen"));
    nameButton(byId("side-close"), text("sideClose"));
    nameButton(byId("say").querySelector("button"), text("send"));
    paintTitle();
    paintMedia();
    paintBullets();
    session?.repaint();
    if (session) paintState({ state: session.signaller.state });
}

function paintBullets() {
    byId("bullet-switch").dataset.on = settings.on;
    nameButton(byId("bullet-switch"), text(settings.on ? "bulletsOff" : "bulletsShow"));
    setIcon(byId("bullet-switch"), settings.on ? "bullets" : "bullets-off");
}

function changeBullets(change) {
    Object.assign(settings, change);
    remember("bullets", settings);
    bullets.apply(settings);
    paintBullets();
}

/** An element does not notice by itself that its stream got its first picture; and one that waits for it keeps the whole page from being loaded. */
function showPreview() {
    byId("preview").srcObject = media.track("video") ? media.stream : null;
}

async function openPreview() {
    if (mode === "watcher") return;
    showPreview();
    const notice = await media.openBoth();
    setText(byId("preview-notice"), notice);
    await fillChoices([byId("camera-choice"), byId("microphone-choice")]);
}

async function openLobby() {
    show("lobby");
    byId("name").value = ownName();
    byId("room").value = roomName() || randomRoom();
    byId("places").value = recall("places", 8);
    await openPreview();
    byId(byId("name").value ? "join-button" : "name").focus();
}

async function enter(room, name) {
    byId("join-error").hidden = true;
    const submit = byId("join-form").querySelector("[type=submit]");
    submit.disabled = true;
    remember("name", name);
    rememberHere("name", name);
    history.replaceState(null, "", `#${encodeURIComponent(room)}`);
    session = await openSession({ room, name, media, bullets, places: recall("places", 8) });
    paintTitle();
    const listeners = { statechange: paintState, ended: end, inspect: showReport, ask: askReason, audience: paintAudience, places: paintPlaces, notice: paintNotice };
    for (const [type, take] of Object.entries(listeners)) session.addEventListener(type, ({ detail }) => take(detail));
    session.signaller.addEventListener("invite", ({ detail }) => considerInvitation(detail));
    try {
        await session.join();
        sessionStorage.setItem(visit, visited(room));
        show("call");
        byId("say-text").focus({ preventScroll: true });
    } catch (error) {
        // What has ended by itself meanwhile says so already.
        if (!session) return;
        session.leave();
        session = null;
        paintNothing();
        show("lobby");
        byId("join-error").textContent = text("joinFailed", { reason: causeOf(error) });
        byId("join-error").hidden = false;
    } finally {
        submit.disabled = false;
    }
}

/** The page for a channel's id is the page for its room. An invitation into what one is in already, or one more while one is being read, says nothing. */
function considerInvitation({ from, channel }) {
    if (channel === session?.room.channel || document.querySelector("dialog[open]")) return;
    askToGo({ name: from.name, go: () => location.assign(`./#${channel.slice(1)}`) });
}

function end({ title, reason }) {
    session = null;
    sessionStorage.removeItem(visit);
    media.closeAll();
    bullets.clear();
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    setText(byId("ended-title"), title);
    byId("ended-reason").textContent = reason ?? "";
    paintNothing();
    show("ended");
    byId("again").focus();
}

function wireLobby() {
    const tell = (reason) => reason && toast(text(reason));
    byId("join-form").addEventListener("submit", (event) => {
        event.preventDefault();
        const [room, name] = [byId("room").value.trim(), byId("name").value.trim()];
        remember("places", placesIn(byId("places")));
        if (room && name && !session) enter(room, name);
    });
    for (const [id, kind] of [["camera-choice", "video"], ["microphone-choice", "audio"], ["camera-change", "video"], ["microphone-change", "audio"]]) {
        byId(id).addEventListener("change", async ({ target }) => tell(await media.open(kind, target.value)));
    }
    for (const [id, kind] of [["mic", "audio"], ["preview-mic", "audio"], ["camera", "video"], ["preview-camera", "video"]]) {
        byId(id).addEventListener("click", async () => tell(await media.toggle(kind)));
    }
    media.addEventListener("change", () => {
        paintMedia();
        listenToMicrophone();
        showPreview();
        if (media.track("video")) setText(byId("preview-notice"), null);
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => fillChoices([byId("camera-choice"), byId("microphone-choice")]));
}

/** The bounds that the field shows hold for what is typed, too. */
const placesIn = (field) => Math.min(Number(field.max), Math.max(0, Math.round(Number(field.value) || 0)));

function wireCall() {
    byId("leave").addEventListener("click", () => {
        session?.leave();
        end({ title: "endedLeft" });
    });
    byId("again").addEventListener("click", openLobby);
    byId("bullet-switch").addEventListener("click", () => changeBullets({ on: !settings.on }));
    byId("settings").addEventListener("click", () => {
        if (mode !== "watcher") fillChoices([byId("camera-change"), byId("microphone-change")]);
        byId("places-change").value = session?.places ?? 0;
        openSettings(settings, { changeBullets, away: session?.away ?? false, setAway: (away) => session?.setAway(away) });
    });
    byId("alone-share").addEventListener("click", () => byId("share").click());
    byId("share").addEventListener("click", () => {
        const room = session ? session.name : byId("room").value.trim() || roomName();
        openShare(`${location.origin}${location.pathname}#${encodeURIComponent(room)}`, mode === "call" ? session : null);
    });
    byId("places-change").addEventListener("change", ({ target }) => {
        target.value = placesIn(target);
        remember("places", placesIn(target));
        if (session) session.places = placesIn(target);
    });
    if (mode !== "watcher") byId("screen").hidden = !navigator.mediaDevices?.getDisplayMedia;
    byId("say").addEventListener("submit", async (event) => {
        event.preventDefault();
        const line = byId("say-text").value.trim();
        if (!line || !session) return;
        byId("say-text").value = "";
        await session.say(line).catch((error) => toast(text("notSent", { reason: causeOf(error) })));
    });
    byId("language").addEventListener("click", switchLanguage);
}

addEventListener("pagehide", () => session?.pause());
// A page taken back from the browser's cache has lost its calls.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
addEventListener("hashchange", () => roomName() !== session?.name && location.reload());

wireLobby();
wireCall();
bullets.apply(settings);
onLanguage(paintTexts);

const reloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
if (reloaded && roomName() && sessionStorage.getItem(visit) === visited(roomName()) && ownName()) {
    if (mode !== "watcher") await media.openBoth();
    await enter(roomName(), ownName());
} else {
    sessionStorage.removeItem(visit);
    await openLobby();
}
