import { recall, remember } from "./dom.js";

const texts = {
    en: {
        invite: "Invite", inviteIntro: "Somebody who is in another room sees your invitation at once.", inviteTitle: "Ask somebody who is online", invited: "{name} asks you to another room", invitedIntro: "Going there ends what you are in now.",
        inviteSent: "Invitation sent", goThere: "Go there", peerId: "Their ID", shareSystem: "Share…", stayHere: "Stay here", yourId: "Your ID:",
        errorBanned: "you are banned here", errorFull: "the room is full", errorId: "an ID is 24 digits and letters a to f", errorNotOnline: "nobody with this ID is online", errorPassword: "the room has a password",
        errorTooFast: "too fast; try again in a moment", errorHere: "they are here already", errorTooLong: "that is too long", errorForbidden: "only operators may do that",
        reportPeer: "Peer", reportCall: "Call", reportLocal: "Own candidate", reportRemote: "Their candidate", reportRoundTrip: "Round trip", reportFrames: "Frames decoded", reportLost: "Packets lost",
        reportReceived: "Received", reportSent: "Sent", reportServer: "Server", reportBrowser: "Browser", reportTime: "Time", reportHint: "No path between the two was found. Networks that let no direct connection through need a TURN server, which the operator of this server can configure.",
        asking: "Connecting to the stream…", audience: "Live · {members} here", audienceWaiting: "{members} here", goLive: "Go live", live: "Live stream", noPathToSender: "No connection to the sender was possible. Trying again; you can chat meanwhile.", notBegun: "This stream has not begun. It starts here by itself as soon as it does.",
        placesFull: "All {places} places for video are taken. You are number {line} in line, and can chat meanwhile.", placesNow: "{watching} of {places} places taken, {waiting} in line", placesWanted: "Viewers with video (each costs upload)",
        senderAway: "The sender is away. The stream goes on here when they are back.", sendIntro: "One sends, many watch and comment.", sendTitle: "Start a live stream", stream: "Stream",
        streamTaken: "this stream belongs to somebody else; reload the page to watch it", toCall: "Have a video call instead", toLive: "Send a live stream", watch: "Watch",
        watchIntro: "You will see and hear the stream; nobody sees you.", watchTitle: "Watch the stream",
        again: "Join again", alone: "You are the only one here. Send somebody the link.", chatEmpty: "What is said here flies over the video.", full: "All places for video are taken. You can chat, and are connected when somebody leaves.", away: "away", awayNow: "I am away", ban: "Ban", banAsk: "Ban {name} from this room?",
        banned: "Banned", bulletDensity: "Density", bulletOpacity: "Opacity", bulletSize: "Size", bulletSpeed: "Speed", bullets: "Bullet comments", bulletsOff: "Hide bullet comments",
        bulletsOn: "Show bullet comments", bulletsShow: "Show bullet comments", camera: "Camera", cameraFailed: "The camera could not be used.", cameraOff: "Turn camera off", cameraOn: "Turn camera on", cancel: "Cancel", chat: "Chat",
        close: "Close", connected: "Connected", connecting: "Connecting…", copied: "Copied", copy: "Copy link", copyFailed: "Press Ctrl+C to copy", copyReport: "Copy report", details: "Details",
        devices: "Devices", done: "Done", endedBanned: "You were banned from this room", endedKicked: "You were removed from this room", endedClosed: "The connection has ended", endedLeft: "You have left the room",
        gone: "{name} left", came: "{name} joined", insecure: "Cameras and microphones need https (or localhost). You can still watch and chat.", interrupted: "Connection interrupted, trying again…",
        join: "Join", joinFailed: "Could not join: {reason}", joinIntro: "Everyone with the same room name meets here.", joinTitle: "Ready to join?", kick: "Remove", kickAsk: "Remove {name} from this room?",
        leave: "Leave", makeOperator: "Make operator", message: "Message", messageHint: "Say something…", micOff: "Mute", micOn: "Unmute", microphone: "Microphone", microphoneDenied: "The microphone was not allowed. You can change that in the address bar.", microphoneFailed: "The microphone could not be used.", muted: "muted", newer: "Newer messages",
        noCamera: "No camera", noDevices: "No camera or microphone could be used. You can still watch and chat.", denied: "The camera was not allowed. You can change that in the address bar; you can still watch and chat.",
        noMicrophone: "No microphone", noPath: "No path to {name}", notSent: "Not sent: {reason}", offline: "Disconnected", operator: "operator", people: "People", presence: "Presence", preview: "Preview",
        reason: "Reason (optional)", reconnecting: "Reconnecting…", reportTitle: "Connection", room: "Room", screen: "{name}'s screen", screenOff: "Stop sharing", screenOn: "Share screen", send: "Send",
        settings: "Settings", share: "Invite", shareIntro: "Whoever opens this link comes into the room.", shareTitle: "Invite others", sideClose: "Close panel", sideOpen: "Chat and people", sidePanel: "Beside the video", sideUnread: "Chat and people, {count} unread", link: "Link",
        tagline: "Video calls with bullet comments", takenOver: "This room is open in a newer tab", toolbar: "Call controls", unban: "Lift ban", video: "Video", you: "{name} (you)", yourName: "Your name", yourScreen: "Your screen",
    },
    zh: {
        invite: "邀请", inviteIntro: "正在其他房间的人会立刻看到你的邀请。", inviteTitle: "邀请在线的人", invited: "{name} 邀请你去另一个房间", invitedIntro: "前往将结束你当前的通话。",
        inviteSent: "邀请已发送", goThere: "前往", peerId: "对方的 ID", shareSystem: "分享…", stayHere: "留在这里", yourId: "你的 ID：",
        errorBanned: "你已被此房间封禁", errorFull: "房间已满", errorId: "ID 由 24 位数字和字母 a 到 f 组成", errorNotOnline: "没有使用此 ID 的人在线", errorPassword: "此房间有密码",
        errorTooFast: "操作太快，请稍后再试", errorHere: "对方已在此房间", errorTooLong: "内容太长", errorForbidden: "只有管理员可以这样做",
        reportPeer: "对方", reportCall: "通话", reportLocal: "本地候选", reportRemote: "对方候选", reportRoundTrip: "往返时延", reportFrames: "已解码帧数", reportLost: "丢包数",
        reportReceived: "已接收", reportSent: "已发送", reportServer: "服务器", reportBrowser: "浏览器", reportTime: "时间", reportHint: "双方之间没有可用的网络路径。若网络不允许直接连接，需要由本服务器的管理者配置 TURN 服务器。",
        asking: "正在连接直播…", audience: "直播中 · {members} 人", audienceWaiting: "{members} 人在等", goLive: "开始直播", live: "直播", noPathToSender: "无法连接到主播，正在重试。你可以先聊天。", notBegun: "直播尚未开始，开始后会自动播放。",
        placesFull: "{places} 个视频席位已满。你排在第 {line} 位，可以先聊天。", placesNow: "已用 {watching}/{places} 个席位，{waiting} 人排队", placesWanted: "可看视频的观众数（每人占用上行带宽）",
        senderAway: "主播暂时离开，回来后会继续播放。", sendIntro: "一人直播，众人观看并发弹幕。", sendTitle: "发起直播", stream: "直播间",
        streamTaken: "此直播间属于其他人；刷新页面即可观看", toCall: "改为视频通话", toLive: "发起直播", watch: "观看",
        watchIntro: "你可以看到和听到直播，别人看不到你。", watchTitle: "观看直播",
        again: "重新加入", alone: "这里只有你一个人。把链接发给朋友吧。", chatEmpty: "这里说的话会从视频上飘过。", full: "视频席位已满。你可以先聊天，有人离开后会自动接通。", away: "离开", awayNow: "我暂时离开", ban: "封禁", banAsk: "将 {name} 移出房间并封禁？",
        banned: "已封禁", bulletDensity: "密度", bulletOpacity: "不透明度", bulletSize: "字号", bulletSpeed: "速度", bullets: "弹幕", bulletsOff: "关闭弹幕",
        bulletsOn: "显示弹幕", bulletsShow: "打开弹幕", camera: "摄像头", cameraFailed: "无法使用摄像头。", cameraOff: "关闭摄像头", cameraOn: "打开摄像头", cancel: "取消", chat: "聊天",
        close: "关闭", connected: "已连接", connecting: "正在连接…", copied: "已复制", copy: "复制链接", copyFailed: "请按 Ctrl+C 复制", copyReport: "复制报告", details: "详情",
        devices: "设备", done: "完成", endedBanned: "你已被此房间封禁", endedKicked: "你已被移出此房间", endedClosed: "连接已结束", endedLeft: "你已离开房间",
        gone: "{name} 离开了", came: "{name} 加入了", insecure: "摄像头和麦克风需要 https（或 localhost）。你仍可以观看和聊天。", interrupted: "连接中断，正在重试…",
        join: "加入", joinFailed: "无法加入：{reason}", joinIntro: "输入相同房间名的人会在这里相见。", joinTitle: "准备加入？", kick: "移出", kickAsk: "将 {name} 移出房间？",
        leave: "离开", makeOperator: "设为管理员", message: "消息", messageHint: "发个弹幕…", micOff: "静音", micOn: "取消静音", microphone: "麦克风", microphoneDenied: "麦克风未获允许，可在地址栏中更改。", microphoneFailed: "无法使用麦克风。", muted: "已静音", newer: "新消息",
        noCamera: "不使用摄像头", noDevices: "摄像头和麦克风都无法使用。你仍可以观看和聊天。", denied: "摄像头未获允许，可在地址栏中更改；你仍可以观看和聊天。",
        noMicrophone: "不使用麦克风", noPath: "无法连通 {name}", notSent: "未发送：{reason}", offline: "已断开", operator: "管理员", people: "成员", presence: "状态", preview: "预览",
        reason: "原因（可不填）", reconnecting: "正在重新连接…", reportTitle: "连接状况", room: "房间", screen: "{name} 的屏幕", screenOff: "停止共享", screenOn: "共享屏幕", send: "发送",
        settings: "设置", share: "邀请", shareIntro: "打开此链接的人会进入房间。", shareTitle: "邀请他人", sideClose: "关闭面板", sideOpen: "聊天和成员", sidePanel: "侧栏", sideUnread: "聊天和成员，{count} 条未读", link: "链接",
        tagline: "视频通话与弹幕", takenOver: "此房间已在更新的标签页中打开", toolbar: "通话控制", unban: "解除封禁", video: "视频", you: "{name}（我）", yourName: "你的名字", yourScreen: "你的屏幕",
    },
};

let language = recall("language", /^zh\b/i.test(globalThis.navigator?.language ?? "") ? "zh" : "en");
const listeners = new Set();

export function text(key, values = {}) {
    const pattern = texts[language]?.[key] ?? texts.en[key] ?? key;
    return pattern.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Called now, and again whenever the language changes. */
export function onLanguage(apply) {
    listeners.add(apply);
    apply();
}

export function switchLanguage() {
    language = language === "zh" ? "en" : "zh";
    remember("language", language);
    for (const apply of listeners) apply();
}

const causes = { 263: "errorTooFast", 401: "errorNotOnline", 417: "errorTooLong", 443: "errorHere", 471: "errorFull", 474: "errorBanned", 475: "errorPassword", 482: "errorForbidden" };

/** What went wrong, in the user's language where that is known by its code. */
export const causeOf = (error) => (causes[error.code] ? text(causes[error.code]) : error.message);

/** A text, or none, that follows the language from now on. */
export function setText(node, key) {
    if (key) node.dataset.text = key;
    else delete node.dataset.text;
    node.textContent = key ? text(key) : "";
}

export function applyTexts(root = document) {
    document.documentElement.lang = language;
    for (const node of root.querySelectorAll("[data-text]")) node.textContent = text(node.dataset.text);
    for (const node of root.querySelectorAll("[data-label]")) Object.assign(node, { ariaLabel: text(node.dataset.label), placeholder: text(node.dataset.label) });
}

export const otherLanguage = () => (language === "zh" ? { name: "English", tag: "en" } : { name: "中文", tag: "zh" });

export const keysOf = (tag) => Object.keys(texts[tag]).sort();
