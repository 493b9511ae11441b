/** What a Call opens besides, on both sides: each says over it whether its microphone and camera are on. It also joins those who have neither. */
export const stateChannel = { state: { negotiated: true, id: 0 } };

export function tellState(channel, media) {
    if (channel?.readyState === "open") channel.send(JSON.stringify({ audio: media.isOn("audio"), video: media.isOn("video") }));
}

/** {audio, video}, or null: what says something else says nothing to this page. */
export function readState(data) {
    try {
        const { audio, video } = JSON.parse(data);
        return { audio: audio === true, video: video === true };
    } catch {
        return null;
    }
}
