const every = 80;
const quietest = -55;

/** How loud a microphone is, as a number from 0 to 1 for `show`, for as long as it is followed. */
export class LevelMeter {
    #show;
    #track = null;
    #context = null;
    #timer = null;

    constructor(show) {
        this.#show = show;
    }

    /** @param track null: none */
    follow(track) {
        if (track === this.#track) return;
        this.#stop();
        this.#track = track;
        if (track) this.#listen();
    }

    #listen() {
        this.#context = new AudioContext();
        const analyser = this.#context.createAnalyser();
        analyser.fftSize = 512;
        this.#context.createMediaStreamSource(new MediaStream([this.#track])).connect(analyser);
        const samples = new Float32Array(analyser.fftSize);
        this.#timer = setInterval(() => {
            analyser.getFloatTimeDomainData(samples);
            const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
            const decibels = 10 * Math.log10(power || 1e-10);
            this.#show(Math.min(1, Math.max(0, 1 - decibels / quietest)).toFixed(2));
        }, every);
    }

    #stop() {
        clearInterval(this.#timer);
        this.#context?.close();
        this.#context = null;
        this.#show(0);
    }
}
