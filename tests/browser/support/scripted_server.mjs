import { once } from "node:events";
import { WebSocketServer } from "ws";
import { until } from "./wait.mjs";

/**
 * A server that says what a test tells it to: for what the real one does only after a long time, or when something is wrong with it. Each
 * connection keeps what its client said in `heard`.
 */
export async function startScriptedServer() {
    const listener = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(listener, "listening");
    const connections = [];
    listener.on("connection", (socket) => {
        const heard = [];
        socket.on("message", (data) => heard.push(data.toString()));
        socket.on("error", () => {});
        connections.push({
            heard,
            say: (event) => socket.send(JSON.stringify(event)),
            close: (code) => (code === 1006 ? socket.terminate() : socket.close(code)),
            /** The next command of this verb that was not waited for yet: {label, json, text}. */
            async command(verb) {
                const pattern = new RegExp(`^(?:@label=(\\S+) )?(/${verb}\\b ?(.*))$`, "s");
                const found = await until(`/${verb} among ${JSON.stringify(heard)}`, () => heard.findIndex((text) => pattern.test(text)) + 1);
                const [, label, text, rest] = pattern.exec(heard.splice(found - 1, 1)[0]);
                return { label, text, json: rest.startsWith("{") ? JSON.parse(rest) : null };
            },
        });
    });
    return {
        url: `ws://127.0.0.1:${listener.address().port}/`,
        connections,
        connection: (index) => until(`connection ${index}`, () => connections[index]),

        /** Welcomes the client of a connection, and says what it described itself as. */
        async welcome(index, fields = {}) {
            const connection = await until(`connection ${index}`, () => connections[index]);
            const { json } = await connection.command("descp");
            connection.say({
                type: "welcome", id: "507f1f77bcf86cd799439011", name: "ann", session: "a secret", resumed: false, missed: 0, lost: false, channels: [],
                iceServers: [], heartbeat: 25, limits: { message: 131_072, rate: 0, burst: 1 }, server: "scripted", ...fields,
            });
            return json;
        },

        async stop() {
            for (const socket of listener.clients) socket.terminate();
            listener.close();
            await once(listener, "close");
        },
    };
}
