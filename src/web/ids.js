/** Identifiers as the protocol wants them: BSON ObjectIds, 24 hexadecimal digits. */

const processBytes = crypto.getRandomValues(new Uint8Array(5));
let counter = crypto.getRandomValues(new Uint32Array(1))[0] & 0xffffff;

/** @param {Uint8Array} bytes */
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A new ObjectId: seconds, five random bytes of this page, a counter. It is unique, and no secret. */
export function newId() {
    counter = (counter + 1) & 0xffffff;
    const seconds = Math.floor(Date.now() / 1000) >>> 0;
    return seconds.toString(16).padStart(8, "0") + toHex(processBytes) + counter.toString(16).padStart(6, "0");
}

/**
 * The channel that belongs to a room name: the same name gives the same channel everywhere. What is an ObjectId already, with or without its `#`,
 * is that channel. Who knows the name knows the channel: give a channel a token if that is not wanted.
 */
export function channelId(name) {
    const text = String(name).normalize("NFC").trim();
    const written = /^#?([0-9a-f]{24})$/i.exec(text);
    if (written) return `#${written[1].toLowerCase()}`;
    return `#${toHex(sha256(new TextEncoder().encode(text))).slice(0, 24)}`;
}

const primes = (count) => {
    const found = [];
    for (let candidate = 2; found.length < count; ++candidate) {
        if (found.every((prime) => candidate % prime)) found.push(candidate);
    }
    return found;
};
const fraction = (value) => Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
const roundConstants = Int32Array.from(primes(64), (prime) => fraction(Math.cbrt(prime)));
const startState = Int32Array.from(primes(8), (prime) => fraction(Math.sqrt(prime)));

/** FIPS 180-4. Our own, because `crypto.subtle` is asynchronous and missing in pages that were not loaded securely. */
function sha256(message) {
    const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
    padded.set(message);
    padded[message.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
    view.setUint32(padded.length - 4, message.length * 8);
    const state = startState.slice();
    const schedule = new Int32Array(64);
    const rotate = (word, bits) => (word >>> bits) | (word << (32 - bits));
    for (let block = 0; block < padded.length; block += 64) {
        for (let i = 0; i < 16; ++i) schedule[i] = view.getInt32(block + i * 4);
        for (let i = 16; i < 64; ++i) {
            const early = schedule[i - 15];
            const late = schedule[i - 2];
            const low = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
            const high = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
            schedule[i] = schedule[i - 16] + low + schedule[i - 7] + high;
        }
        let [a, b, c, d, e, f, g, h] = state;
        for (let i = 0; i < 64; ++i) {
            const first = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + roundConstants[i] + schedule[i]) | 0;
            const second = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
            [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
        }
        [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
    }
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((word, i) => digest.setInt32(i * 4, word));
    return new Uint8Array(digest.buffer);
}
