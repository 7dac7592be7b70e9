// A shop's page. It knows the service by its own address: index.html?service=http://127.0.0.1:7070&key=wk_shop
const query = new URLSearchParams(location.search);
const service = query.get("service"), writeKey = query.get("key");

const options = {};
// Keeps what it has until ten have come or the page is left.
if (query.has("batching"))
  options.integrations = { "Segment.io": { deliveryStrategy: { strategy: "batching", config: { size: 10, timeout: 600_000 } } } };

const analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL: service }, options);

const teasers = {
  login_teaser: () => "Log in, and keep your cart.",
  cart_teaser: ({ items }) => `Welcome back. In your cart: ${items}.`,
};

async function showTeaser() {
  const user = await analytics.user();
  const answer = await fetch(`${service}/v1/decide`, {
    method: "POST",
    headers: { authorization: `Bearer ${writeKey}`, "content-type": "application/json" },
    body: JSON.stringify({ userId: user.id(), anonymousId: user.anonymousId(), slots: ["web.hero"] }),
  });
  const { decisions } = await answer.json();
  const hero = document.querySelector("#hero");
  for (const { id, actions: [shown] } of decisions) {
    hero.textContent = teasers[shown.name](shown.params);
    hero.dataset.decision = id;
  }
}

// What the test wants to know: how many calls were made, how many of them came back, and when the cart was touched last.
window.shop = { called: 0, done: 0, left: 0, anonymousId: null };
const sent = (promise) => {
  ++shop.called;
  return promise.then(() => ++shop.done);
};

let items = Number(sessionStorage.getItem("items"));
document.querySelector("#add").onclick = () => {
  sessionStorage.setItem("items", ++items);
  shop.left = Date.now();
  sent(analytics.track("Cart Updated", { items, top_item: "Tent" }));
};
document.querySelector("#buy").onclick = () => sent(analytics.track("Order Completed", { order_id: query.get("order") }));
document.querySelector("#login").onsubmit = async (event) => {
  event.preventDefault();
  const user = event.target.user.value;
  const known = sent(analytics.identify(user, { email: `${user}@mail.example` }));
  if (query.has("batching")) return;
  await known;
  await showTeaser();
};

const page = analytics.page();
shop.anonymousId = (await analytics.user()).anonymousId();
await sent(page);
if (!query.has("batching")) await showTeaser();
shop.ready = true;
