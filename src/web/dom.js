/** The page's small helpers. Text from other people only ever enters as text. */

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    const { dataset, ...rest } = properties;
    Object.assign(made, rest);
    Object.assign(made.dataset, dataset);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
}

export function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `icons.svg#${name}`);
    svg.setAttribute("aria-hidden", "true");
    svg.append(use);
    return svg;
}

export function setIcon(button, name) {
    button.querySelector("use").setAttribute("href", `icons.svg#${name}`);
}

/** What a button is called, for the eye and for the ear. */
export function nameButton(button, text) {
    button.title = text;
    button.setAttribute("aria-label", text);
}

export function toast(text) {
    const shown = element("p", { className: "toast", textContent: text });
    const toasts = byId("toasts");
    toasts.append(shown);
    while (toasts.children.length > 4) toasts.firstElementChild.remove();
    setTimeout(() => shown.remove(), 5_000);
}

export async function copyText(text, field) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        field?.select();
        return false;
    }
}

export const remember = (key, value) => write(() => localStorage, key, value);
export const recall = (key, otherwise) => read(() => localStorage, key, otherwise);

/** For this tab, as long as it is there. */
export const rememberHere = (key, value) => write(() => sessionStorage, key, value);
export const recallHere = (key, otherwise) => read(() => sessionStorage, key, otherwise);

function write(storage, key, value) {
    try {
        storage().setItem(`signaller.${key}`, JSON.stringify(value));
    } catch {
        // A page that may not store forgets; it works all the same.
    }
}

function read(storage, key, otherwise) {
    try {
        return JSON.parse(storage().getItem(`signaller.${key}`)) ?? otherwise;
    } catch {
        return otherwise;
    }
}
