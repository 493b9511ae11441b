// A client in Node, run as a process of its own: what it prints is looked at, and that it ends by itself.
import { Signaller, channelId, newId } from "../../../src/web/signaller.js";

const [url] = process.argv.slice(2);
const channel = channelId(newId());
const alice = new Signaller({ url, name: "alice" });
const bob = new Signaller({ url, name: "bob" });
await Promise.all([alice.ready, bob.ready]);
await alice.join(channel);
await bob.join(channel);

const heard = new Promise((resolve) => bob.addEventListener("pubmsg", ({ detail }) => resolve(detail)));
const { seq } = await alice.pubmsg(channel, "hello from Node");
const { from, content } = await heard;
const members = await bob.peers(channel);
console.log(JSON.stringify({ from: from.name, content, seq, members: members.map(({ name }) => name).sort() }));
alice.close();
bob.close();
