/**
 * QR codes (ISO/IEC 18004), as much as a link needs: bytes, error correction level M, versions 1 to 10 (up to 213 bytes).
 */

/** Per version: bytes of error correction in each block, and the bytes of data in each block. */
const versions = [
    null,
    { correction: 10, blocks: [16] }, { correction: 16, blocks: [28] }, { correction: 26, blocks: [44] }, { correction: 18, blocks: [32, 32] },
    { correction: 24, blocks: [43, 43] }, { correction: 16, blocks: [27, 27, 27, 27] }, { correction: 18, blocks: [31, 31, 31, 31] },
    { correction: 22, blocks: [38, 38, 39, 39] }, { correction: 22, blocks: [36, 36, 36, 37, 37] }, { correction: 26, blocks: [43, 43, 43, 43, 44] },
];
const alignments = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
const masks = [
    (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3, (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
    (x, y) => ((x * y) % 2) + ((x * y) % 3), (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** The modules, row by row, true for dark; null if the text is too long. */
export function encodeQr(text) {
    const bytes = new TextEncoder().encode(text);
    const version = versions.findIndex((candidate, number) => candidate && sum(candidate.blocks) * 8 >= 4 + (number < 10 ? 8 : 16) + bytes.length * 8);
    if (version < 0) return null;
    const codewords = interleave(dataCodewords(bytes, version), versions[version]);
    let best = null;
    for (let mask = 0; mask < masks.length; ++mask) {
        const matrix = draw(codewords, version, mask);
        const cost = penalty(matrix);
        if (!best || cost < best.cost) best = { matrix, cost };
    }
    return best.matrix;
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

function dataCodewords(bytes, version) {
    const capacity = sum(versions[version].blocks);
    const bits = [];
    const push = (value, count) => {
        for (let bit = count - 1; bit >= 0; --bit) bits.push((value >>> bit) & 1);
    };
    push(0b0100, 4);
    push(bytes.length, version < 10 ? 8 : 16);
    bytes.forEach((byte) => push(byte, 8));
    push(0, Math.min(4, capacity * 8 - bits.length));
    while (bits.length % 8) bits.push(0);
    const data = [];
    for (let i = 0; i < bits.length; i += 8) data.push(parseInt(bits.slice(i, i + 8).join(""), 2));
    for (let pad = 0xec; data.length < capacity; pad ^= 0xec ^ 0x11) data.push(pad);
    return data;
}

function interleave(data, { correction, blocks }) {
    const generator = generatorPolynomial(correction);
    let start = 0;
    const parts = blocks.map((length) => data.slice(start, (start += length)));
    const checks = parts.map((part) => remainder(part, generator));
    const result = [];
    for (let i = 0; i < Math.max(...blocks); ++i) parts.forEach((part) => i < part.length && result.push(part[i]));
    for (let i = 0; i < correction; ++i) checks.forEach((check) => result.push(check[i]));
    return result;
}

/** In GF(256) with the polynomial 0x11d. */
function multiply(a, b) {
    let product = 0;
    for (let bit = 7; bit >= 0; --bit) {
        product = (product << 1) ^ ((product >>> 7) * 0x11d);
        product ^= ((b >>> bit) & 1) * a;
    }
    return product;
}

function generatorPolynomial(degree) {
    const coefficients = Array(degree).fill(0);
    coefficients[degree - 1] = 1;
    for (let i = 0, root = 1; i < degree; ++i, root = multiply(root, 2)) {
        for (let j = 0; j < degree; ++j) coefficients[j] = multiply(coefficients[j], root) ^ (coefficients[j + 1] ?? 0);
    }
    return coefficients;
}

function remainder(data, generator) {
    const result = Array(generator.length).fill(0);
    for (const byte of data) {
        const factor = byte ^ result.shift();
        result.push(0);
        generator.forEach((coefficient, i) => (result[i] ^= multiply(coefficient, factor)));
    }
    return result;
}

function draw(codewords, version, mask) {
    const size = version * 4 + 17;
    const modules = Array.from({ length: size }, () => Array(size).fill(false));
    const fixed = Array.from({ length: size }, () => Array(size).fill(false));
    const set = (x, y, dark) => {
        if (x < 0 || y < 0 || x >= size || y >= size) return;
        modules[y][x] = dark;
        fixed[y][x] = true;
    };
    for (let i = 0; i < size; ++i) {
        set(6, i, i % 2 === 0);
        set(i, 6, i % 2 === 0);
    }
    for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) drawSquare(set, cx, cy, 4, [2, 4]);
    const centres = alignments[version];
    const last = centres.length - 1;
    centres.forEach((cx, i) => centres.forEach((cy, j) => {
        const onFinder = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
        if (!onFinder) drawSquare(set, cx, cy, 2, [1]);
    }));
    drawFormat(set, size, mask);
    if (version >= 7) drawVersion(set, size, version);
    fill(modules, fixed, codewords, masks[mask]);
    return modules;
}

/** Rings around a centre, dark but for those of the light distances. */
function drawSquare(set, cx, cy, radius, light) {
    for (let dy = -radius; dy <= radius; ++dy) {
        for (let dx = -radius; dx <= radius; ++dx) set(cx + dx, cy + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
}

function drawFormat(set, size, mask) {
    // Level M is 00.
    let check = mask;
    for (let i = 0; i < 10; ++i) check = (check << 1) ^ ((check >>> 9) * 0x537);
    const bits = ((mask << 10) | check) ^ 0x5412;
    const bit = (i) => ((bits >>> i) & 1) === 1;
    for (let i = 0; i < 6; ++i) set(8, i, bit(i));
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (let i = 9; i < 15; ++i) set(14 - i, 8, bit(i));
    for (let i = 0; i < 8; ++i) set(size - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; ++i) set(8, size - 15 + i, bit(i));
    set(8, size - 8, true);
}

function drawVersion(set, size, version) {
    let check = version;
    for (let i = 0; i < 12; ++i) check = (check << 1) ^ ((check >>> 11) * 0x1f25);
    const bits = (version << 12) | check;
    for (let i = 0; i < 18; ++i) {
        const dark = ((bits >>> i) & 1) === 1;
        const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
        set(a, b, dark);
        set(b, a, dark);
    }
}

/** In columns of two, from the right, up and down by turns. */
function fill(modules, fixed, codewords, masked) {
    const size = modules.length;
    let index = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
        if (right === 6) right = 5;
        for (let step = 0; step < size; ++step) {
            for (const x of [right, right - 1]) {
                const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
                if (fixed[y][x]) continue;
                const dark = index < codewords.length * 8 && ((codewords[index >>> 3] >>> (7 - (index & 7))) & 1) === 1;
                modules[y][x] = dark !== (masked(x, y) === 0);
                ++index;
            }
        }
    }
}

function penalty(modules) {
    const size = modules.length;
    let cost = 0;
    let dark = 0;
    const lines = [...modules, ...modules[0].map((_, x) => modules.map((row) => row[x]))];
    for (const line of lines) {
        const written = line.map((module) => (module ? "1" : "0")).join("");
        for (const [run] of written.matchAll(/0{5,}|1{5,}/g)) cost += run.length - 2;
        cost += 40 * [...written.matchAll(/(?=10111010000|00001011101)/g)].length;
    }
    for (let y = 0; y < size; ++y) {
        for (let x = 0; x < size; ++x) {
            if (modules[y][x]) ++dark;
            if (x && y && modules[y][x] === modules[y - 1][x] && modules[y][x] === modules[y][x - 1] && modules[y][x] === modules[y - 1][x - 1]) cost += 3;
        }
    }
    return cost + Math.floor(Math.abs((dark * 20) / (size * size) - 10)) * 10;
}

/** The code as an SVG with the quiet zone left to its surroundings. */
export function qrSvg(text) {
    const modules = encodeQr(text);
    if (!modules) return null;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", `0 0 ${modules.length} ${modules.length}`);
    svg.setAttribute("shape-rendering", "crispEdges");
    path.setAttribute("d", modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join(""));
    path.setAttribute("fill", "#000");
    svg.append(path);
    return svg;
}
