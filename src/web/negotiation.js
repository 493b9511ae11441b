/**
 * Descriptions of one RTCPeerConnection, set as RFC 9429 has it: `setLocalDescription()` makes the fitting one by itself, and a remote offer takes
 * back a local one. Libraries for Node that do not know this yet (@roamhq/wrtc) get it in steps.
 */

/** Connections whose library wants steps. */
const stepwise = new WeakSet();

/** Gives false if there was nothing to describe any more: the other side's offer came first, and is to be answered. */
export async function describeHere(connection) {
    if (!stepwise.has(connection)) {
        try {
            await connection.setLocalDescription();
            return true;
        } catch (error) {
            if (!(error instanceof TypeError)) throw error;
            stepwise.add(connection);
        }
    }
    const state = connection.signalingState;
    const description = state === "have-remote-offer" ? await connection.createAnswer() : await connection.createOffer();
    if (connection.signalingState !== state) return false;
    await connection.setLocalDescription(description);
    return true;
}

export async function describeThere(connection, description) {
    const collides = description.type === "offer" && connection.signalingState === "have-local-offer";
    if (collides && stepwise.has(connection)) await connection.setLocalDescription({ type: "rollback" });
    await connection.setRemoteDescription(description);
}
