/** What a command can end in: `code` and `name` as the protocol's table of errors has them; 0 for what this module itself found. */
export class SignallerError extends Error {
    constructor({ code = 0, name = "ERR_UNKNOWNERROR", message = name, command = "", target = null, retryAfter = null }) {
        super(message);
        Object.assign(this, { code, name, command, target, retryAfter });
    }
}

/** The connection broke and the server does not know any more what became of the command. */
export const connectionLost = () => new SignallerError({ name: "ERR_CONNECTIONLOST", message: "the connection broke before the answer came" });

export const tooLong = (text) => new SignallerError({ code: 417, name: "ERR_INPUTTOOLONG", message: "the command is longer than the server takes", command: /^\/(\w*)/.exec(text)?.[1] ?? "" });

export const closed = (reason = "closed") => new SignallerError({ name: "ERR_CLOSED", message: `not connected: ${reason}` });
