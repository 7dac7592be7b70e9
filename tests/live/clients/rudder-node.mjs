// What a shop's own server sends with @rudderstack/rudder-sdk-node: the same as segment-node.mjs.
//   node rudder-node.mjs HOST WRITE_KEY visit|orders NAME [COUNT]
import RudderAnalytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, writeKey, what, name, count] = process.argv.slice(2);

// Its three retries are over after two seconds, in which no service is started again.
const analytics = new RudderAnalytics(writeKey, {
  dataPlaneUrl,
  retryCount: 10,
  axiosRetryConfig: { onRetry: () => console.error("tries") },
});

let sent = 0, lost = [], told = [];
const send = (type, record) => {
  const now = Date.now();
  told.push(new Promise((done) => analytics[type](record, (error) => (error && lost.push(String(error)), done()))));
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
await analytics.flush();
await Promise.all(told);
console.log(JSON.stringify({ sent, left, lost }));
process.exit(0); // a timer of the next flush would keep it here for ten seconds
