import { recall, remember } from "./dom.js";

const mostStreams = 20;

/**
 * Where the session of a stream sent from this browser is kept: who closes the tab is still its sender afterwards, for as long as the server
 * remembers the stream.
 */
export const storageOf = (room) => ({
    getItem: () => recall("streams", {})[room] ?? null,
    setItem: (_, session) => remember("streams", Object.fromEntries([...othersThan(room).slice(1 - mostStreams), [room, session]])),
    removeItem: () => remember("streams", Object.fromEntries(othersThan(room))),
});

export const isSenderOf = (room) => Object.hasOwn(recall("streams", {}), room);

const othersThan = (room) => Object.entries(recall("streams", {})).filter(([name]) => name !== room);
