import { byId, nameButton } from "./dom.js";
import { text } from "./i18n.js";

/**
 * The screen that is shown to the others: the button for it, the browser's choice of one, and its own tile. Says `start` and `stop` {stream}. Ends with
 * `signal`; what is chosen after that, in a dialog that was open already, is let go at once.
 */
export class ScreenShare extends EventTarget {
    stream = null;
    #stage;
    #signal;
    #choosing = false;

    constructor(stage, signal) {
        super();
        this.#stage = stage;
        this.#signal = signal;
        byId("screen").addEventListener("click", () => (this.stream ? this.#stop() : this.#start()), { signal });
        signal.addEventListener("abort", () => this.#stop());
        this.repaint();
    }

    repaint() {
        byId("screen").setAttribute("aria-pressed", String(Boolean(this.stream)));
        nameButton(byId("screen"), text(this.stream ? "screenOff" : "screenOn"));
    }

    async #start() {
        if (this.#choosing) return;
        this.#choosing = true;
        // Whoever changes their mind in the dialog has not asked for anything.
        const stream = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true }).catch(() => null);
        this.#choosing = false;
        if (!stream) return;
        if (this.#signal.aborted) return end(stream);
        this.stream = stream;
        stream.getVideoTracks()[0].onended = () => this.#stop();
        this.#stage.show("self screen", () => ({ name: text("yourScreen"), hue: 180, self: true, screen: true, stream }));
        this.repaint();
        this.dispatchEvent(new CustomEvent("start", { detail: { stream } }));
    }

    #stop() {
        const { stream } = this;
        if (!stream) return;
        end(stream);
        this.stream = null;
        this.#stage.remove("self screen");
        this.repaint();
        this.dispatchEvent(new CustomEvent("stop", { detail: { stream } }));
    }
}

function end(stream) {
    for (const track of stream.getTracks()) track.stop();
}
