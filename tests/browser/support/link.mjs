import { once } from "node:events";
import { createServer, connect } from "node:net";

/** A way to the server that can be interrupted: `silence` leaves the connections open and carries nothing any more, `restore` lets new ones through. */
export async function startLink(port) {
    let silent = false;
    const ends = new Set();
    const listener = createServer((near) => {
        const far = connect(port, "127.0.0.1");
        for (const [from, to] of [[near, far], [far, near]]) {
            ends.add(from);
            from.on("data", (data) => !from.dead && to.write(data));
            from.on("error", () => {});
            from.on("close", () => (ends.delete(from), from.dead || to.destroy()));
        }
        if (silent) for (const end of [near, far]) end.dead = true;
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    return {
        url: `ws://127.0.0.1:${listener.address().port}/`,

        silence() {
            silent = true;
            for (const end of ends) end.dead = true;
        },

        restore() {
            silent = false;
        },

        async stop() {
            for (const end of ends) end.destroy();
            listener.close();
            await once(listener, "close");
        },
    };
}
