// What a shop's own server sends with @segment/analytics-node.
//   node segment-node.mjs HOST WRITE_KEY visit|orders NAME [COUNT]
// Says on standard error when it tries, and at the end as JSON what it sent and when the cart was left.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, what, name, count] = process.argv.slice(2);

const analytics = new Analytics({ writeKey, host });
analytics.on("http_request", () => console.error("tries"));
const lost = [];
analytics.on("error", (error) => lost.push(String(error.reason ?? error.code)));

let sent = 0;
const send = (type, record) => {
  const now = Date.now();
  analytics[type](record);
  ++sent;
  return now;
};
let left = null;
if (what === "visit") {
  const anonymousId = `${name}-anonymous`, userId = name;
  send("page", { anonymousId, name: "Home", properties: { path: "/" } });
  send("track", { anonymousId, event: "Cart Updated", properties: { items: 1, top_item: "Boots" } });
  send("identify", { anonymousId, userId, traits: { email: `${name}@mail.example` } });
  left = send("track", { userId, event: "Cart Updated", properties: { items: 2, top_item: "Tent" } });
  // Another one buys.
  const buyer = `${name}-buyer`;
  send("identify", { userId: buyer, traits: { email: `${buyer}@mail.example` } });
  send("track", { userId: buyer, event: "Cart Updated", properties: { items: 1, top_item: "Tent" } });
  send("track", { userId: buyer, event: "Order Completed", properties: { order_id: `${name}-0` } });
} else {
  for (let n = 1; n <= Number(count); ++n) send("track", { userId: name, event: "Order Completed", properties: { order_id: `${name}-${n}` } });
}
await analytics.closeAndFlush({ timeout: 60_000 });
console.log(JSON.stringify({ sent, left, lost }));
