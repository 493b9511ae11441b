import { element, icon, nameButton } from "./dom.js";
import { text } from "./i18n.js";

const gap = 8;
const ratio = 16 / 10;
const cornerGap = 12;

/** The colour that a peer has everywhere on the page. Ids made one after the other are far apart: the golden angle. */
export const hueOf = (id) => Math.round(parseInt(id.slice(-4), 16) * 137.508) % 360;

/** The videos, as large as the space allows. A tile is one picture: somebody's camera, or a screen. */
export class Stage {
    #container;
    #tiles = new Map();
    #size = { width: 0, height: 0 };
    /** Called with a tile's peer when its connection is asked about. */
    onInspect = () => {};

    constructor(container) {
        this.#container = container;
        new ResizeObserver(([{ contentRect }]) => {
            this.#size = { width: contentRect.width, height: contentRect.height };
            this.#layOut();
        }).observe(container);
    }

    has(key) {
        return this.#tiles.has(key);
    }

    /**
     * Shows or changes a tile. `picture` is a function that gives its fields in the current language: {name, stream, peer, self, screen, muted, cameraOff, trouble}.
     */
    show(key, picture) {
        let tile = this.#tiles.get(key);
        if (!tile) {
            tile = this.#build();
            this.#tiles.set(key, tile);
            this.#container.append(tile.figure);
        }
        const screen = Boolean(picture().screen);
        tile.picture = picture;
        this.#paint(tile);
        if (screen === tile.screen) return;
        tile.screen = screen;
        this.#layOut();
    }

    remove(key) {
        const tile = this.#tiles.get(key);
        if (!tile) return;
        this.#tiles.delete(key);
        tile.watch?.abort();
        tile.video.srcObject = null;
        tile.figure.remove();
        this.#layOut();
    }

    clear() {
        for (const key of [...this.#tiles.keys()]) this.remove(key);
    }

    repaint() {
        for (const tile of this.#tiles.values()) this.#paint(tile);
    }

    #build() {
        const video = element("video", { autoplay: true, playsInline: true });
        video.addEventListener("resize", () => this.#layOut());
        const initial = element("span");
        const avatar = element("div", { className: "avatar" }, initial);
        const label = element("span");
        const mute = icon("mic-off");
        mute.removeAttribute("aria-hidden");
        mute.setAttribute("role", "img");
        const caption = element("figcaption", {}, mute, label);
        const trouble = element("div", { className: "trouble", hidden: true });
        const inspect = element("button", { className: "inspect", type: "button" }, icon("info"));
        const figure = element("figure", { className: "tile" }, video, avatar, trouble, caption, inspect);
        return { figure, video, initial, avatar, label, mute, trouble, inspect, picture: null, stream: null, watch: null, screen: null };
    }

    #paint(tile) {
        const picture = tile.picture();
        const { figure, video } = tile;
        figure.classList.toggle("self", Boolean(picture.self));
        figure.classList.toggle("screen", Boolean(picture.screen));
        figure.style.setProperty("--hue", picture.hue ?? 180);
        video.muted = Boolean(picture.self);
        if (tile.stream !== picture.stream) {
            tile.stream = picture.stream;
            this.#watch(tile, picture.stream);
        }
        // What waits for a first track would keep the page from being loaded.
        const playable = picture.stream?.getTracks().length ? picture.stream : null;
        if (video.srcObject !== playable) {
            video.srcObject = playable;
            if (playable) playWhenAllowed(video);
        }
        const live = picture.stream?.getVideoTracks().some((track) => track.readyState === "live" && !track.muted);
        tile.avatar.hidden = Boolean(live && !picture.cameraOff);
        tile.initial.textContent = Array.from(picture.initial ?? picture.name)[0]?.toUpperCase() ?? "?";
        tile.label.textContent = picture.name;
        video.setAttribute("aria-label", picture.name);
        tile.mute.toggleAttribute("hidden", !picture.muted);
        tile.mute.setAttribute("aria-label", text("muted"));
        this.#paintTrouble(tile, picture);
    }

    #paintTrouble(tile, { trouble, peer }) {
        tile.trouble.hidden = !trouble;
        tile.inspect.hidden = !peer || Boolean(trouble);
        nameButton(tile.inspect, text("details"));
        tile.inspect.onclick = () => this.onInspect(peer);
        if (!trouble) return tile.trouble.replaceChildren();
        const more = element("button", { className: "button", type: "button", textContent: text("details"), onclick: () => this.onInspect(peer) });
        tile.trouble.replaceChildren(element("p", { textContent: trouble }), more);
    }

    /** Tracks come, go, and fall silent without the application's doing. */
    #watch(tile, stream) {
        tile.watch?.abort();
        if (!stream) return;
        tile.watch = new AbortController();
        const { signal } = tile.watch;
        const repaint = () => this.#paint(tile);
        const follow = (track) => ["mute", "unmute", "ended"].forEach((type) => track.addEventListener(type, repaint, { signal }));
        stream.getTracks().forEach(follow);
        stream.addEventListener("addtrack", ({ track }) => (follow(track), repaint()), { signal });
        stream.addEventListener("removetrack", repaint, { signal });
    }

    /** A screen that is shared gets most of the space, and the people a strip beside or below it. */
    #layOut() {
        const { width, height } = this.#size;
        if (!this.#tiles.size || !width || !height) return;
        const screens = [...this.#tiles.values()].filter(({ screen }) => screen);
        const people = [...this.#tiles.values()].filter(({ screen }) => !screen);
        const corner = !screens.length && width > height ? cornerOf(people) : null;
        for (const tile of people) tile.figure.classList.toggle("corner", tile === corner);
        if (corner) {
            place(people.filter((tile) => tile !== corner), { x: 0, y: 0, width, height });
            const size = Math.min(260, Math.max(150, width * 0.2));
            return place([corner], { x: width - size - cornerGap, y: height - size / ratio - cornerGap, width: size, height: size / ratio }, ratio);
        }
        if (!screens.length || !people.length) return place([...screens, ...people], { x: 0, y: 0, width, height });
        if (width > height) {
            const strip = Math.min(240, width / 4);
            place(screens, { x: 0, y: 0, width: width - strip - gap, height });
            place(people, { x: width - strip, y: 0, width: strip, height });
        } else {
            const strip = height / 3;
            place(screens, { x: 0, y: 0, width, height: height - strip - gap });
            place(people, { x: 0, y: height - strip, width, height: strip });
        }
    }
}

/** Of two people the other one is what one looks at; one's own picture is enough in a corner. */
function cornerOf(people) {
    return people.length === 2 ? (people.find(({ figure }) => figure.classList.contains("self")) ?? null) : null;
}

/** In as many columns as make the tiles largest, in the middle of the area. */
function place(tiles, area, fixedShape = null) {
    // A picture that is alone is shown whole, in its own shape; on a phone held upright several may be narrower than a camera's picture.
    const alone = fixedShape ?? (tiles.length === 1 && tiles[0].video.videoWidth > 0 ? tiles[0].video.videoWidth / tiles[0].video.videoHeight : null);
    const shape = alone ?? ratio;
    const tallest = alone ? 1 / alone : area.height > area.width ? 1.3 : 0.8;
    let best = { size: 0 };
    for (let columns = 1; columns <= tiles.length; ++columns) {
        const rows = Math.ceil(tiles.length / columns);
        const most = { width: (area.width - gap * (columns - 1)) / columns, height: (area.height - gap * (rows - 1)) / rows };
        const height = Math.floor(Math.min(most.height, most.width * tallest));
        const width = Math.floor(Math.min(most.width, height * shape));
        if (width * height > best.size) best = { size: width * height, width, height, columns, rows };
    }
    const { width, height, columns, rows } = best;
    const top = area.y + (area.height - rows * height - (rows - 1) * gap) / 2;
    tiles.forEach(({ figure }, index) => {
        const row = Math.floor(index / columns);
        const inRow = Math.min(columns, tiles.length - row * columns);
        const left = area.x + (area.width - inRow * width - (inRow - 1) * gap) / 2;
        Object.assign(figure.style, {
            width: `${width}px`, height: `${height}px`,
            left: `${Math.round(left + (index % columns) * (width + gap))}px`, top: `${Math.round(top + row * (height + gap))}px`,
        });
    });
}

/** A page that was loaded anew may not sound before it is touched. */
function playWhenAllowed(video) {
    video.play().catch((error) => {
        if (error.name !== "NotAllowedError") return;
        document.addEventListener("pointerdown", () => video.play().catch(() => {}), { once: true });
    });
}
