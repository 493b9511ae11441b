import { recallHere, rememberHere } from "./dom.js";

const constraints = {
    video: { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24 } },
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/** Not allowed, or not possible. */
const failures = { video: ["denied", "cameraFailed"], audio: ["microphoneDenied", "microphoneFailed"] };

/**
 * This user's camera and microphone: one MediaStream for the page's whole life, whose tracks come and go. `change` {before, after} says which.
 * A camera that is off is let go, so that its light goes out; a microphone is only muted, so that it is back at once.
 */
export class LocalMedia extends EventTarget {
    stream = new MediaStream();
    chosen = { video: "", audio: "", ...recallHere("devices", {}) };
    /** What the user switched off. A page that is loaded anew shows and says no more than it did before. */
    #off = { video: false, audio: false, ...recallHere("off", {}) };
    #work = Promise.resolve();
    /** Changes whenever all is closed: what was asked for before is then let go when it comes. */
    #visit = 0;

    get possible() {
        return Boolean(navigator.mediaDevices?.getUserMedia);
    }

    track(kind) {
        return this.stream.getTracks().find((track) => track.kind === kind) ?? null;
    }

    isOn(kind) {
        return this.track(kind)?.enabled ?? false;
    }

    /** Asks once for both, so that the user is asked once; takes one alone where the other is missing. Gives the reason for having none that is wanted. */
    openBoth() {
        return this.#inTurn(async (visit) => {
            if (!this.possible) return "insecure";
            const kinds = ["video", "audio"].filter((kind) => this.#isWanted(kind));
            if (!kinds.length) return null;
            try {
                await this.#request(kinds, visit);
                return null;
            } catch (error) {
                if (error.name === "NotAllowedError") return "denied";
            }
            const failed = [];
            for (const kind of kinds) await this.#request([kind], visit).catch(() => failed.push(kind));
            return failed.length === kinds.length ? "noDevices" : null;
        });
    }

    /** One change after the other: a device asked for twice would be opened twice. Gives the reason if it could not be opened. */
    open(kind, device = this.chosen[kind]) {
        this.chosen[kind] = device;
        rememberHere("devices", this.chosen);
        if (kind === "video") this.#switch("video", false);
        return this.#inTurn(async (visit) => {
            if (device === "none") {
                this.#close(kind);
                return null;
            }
            if (!this.possible) return "insecure";
            try {
                await this.#request([kind], visit);
                return null;
            } catch (error) {
                return failures[kind][error.name === "NotAllowedError" ? 0 : 1];
            }
        });
    }

    close(kind) {
        return this.#inTurn(async () => this.#close(kind));
    }

    async toggle(kind) {
        const track = this.track(kind);
        if (!track) {
            if (this.chosen[kind] === "none") this.chosen[kind] = "";
            this.#switch(kind, false);
            return this.open(kind);
        }
        this.#switch(kind, track.enabled);
        if (kind === "video") return this.close("video");
        track.enabled = !track.enabled;
        this.#dispatch(null, null);
    }

    closeAll() {
        ++this.#visit;
        for (const kind of ["video", "audio"]) this.#close(kind);
    }

    async devices() {
        const all = this.possible ? await navigator.mediaDevices.enumerateDevices() : [];
        const of = (kind) => all.filter((device) => device.kind === kind && device.deviceId);
        return { video: of("videoinput"), audio: of("audioinput") };
    }

    #isWanted(kind) {
        return this.chosen[kind] !== "none" && !(kind === "video" && this.#off.video);
    }

    #switch(kind, off) {
        this.#off[kind] = off;
        rememberHere("off", this.#off);
    }

    /** The user may have thought otherwise, or have left, before the device is there. */
    async #request(kinds, visit) {
        const still = kinds.filter((kind) => this.#isWanted(kind));
        if (visit !== this.#visit || !still.length) return;
        const opened = await navigator.mediaDevices.getUserMedia(this.#wanted(still));
        for (const track of opened.getTracks()) {
            if (visit === this.#visit && this.#isWanted(track.kind)) this.#take(track);
            else track.stop();
        }
    }

    #wanted(kinds) {
        return Object.fromEntries(kinds.map((kind) => {
            const device = this.chosen[kind];
            return [kind, device ? { ...constraints[kind], deviceId: { exact: device } } : constraints[kind]];
        }));
    }

    #take(track) {
        const before = this.track(track.kind);
        track.enabled = !this.#off[track.kind];
        if (before) {
            before.onended = null;
            this.stream.removeTrack(before);
            before.stop();
        }
        this.stream.addTrack(track);
        track.onended = () => this.#close(track.kind);
        this.#dispatch(before, track);
    }

    #close(kind) {
        const before = this.track(kind);
        if (!before) return;
        before.onended = null;
        this.stream.removeTrack(before);
        before.stop();
        this.#dispatch(before, null);
    }

    #inTurn(action) {
        const visit = this.#visit;
        const done = this.#work.then(() => action(visit));
        this.#work = done.catch(() => {});
        return done;
    }

    #dispatch(before, after) {
        this.dispatchEvent(new CustomEvent("change", { detail: { before, after } }));
    }
}
