// What a till and a call centre send with the CloudEvents SDK.
//   node cloudevents.mjs HOST WRITE_KEY NAME
import { CloudEvent, HTTP, Mode, emitterFor, httpTransport } from "cloudevents";

const [host, writeKey, name] = process.argv.slice(2);

const emit = emitterFor(httpTransport(`${host}/ce`));
const emitWhole = emitterFor(httpTransport(`${host}/ce`), { binding: HTTP, mode: Mode.STRUCTURED });
const headers = { authorization: `Bearer ${writeKey}` };

let sent = 0;
const answers = [];
const send = async (emit, event) => {
  const answer = await emit(event, { headers });
  answers.push(answer.body);
  ++sent;
  return Date.parse(event.time);
};
const about = (subject, type, data, more = {}) => new CloudEvent({ source: "/desk/4", subject, type, data, ...more });

const left = await send(emit, about(name, "example.till.cart.updated", { items: 3, top_item: "Lämpöpatja 20 °C", email: `${name}@mail.example` }));
await send(emitWhole, about(`${name}-buyer`, "example.till.cart.updated", { items: 1, top_item: "Tent", email: `${name}-buyer@mail.example` }));
await send(emitWhole, about(`${name}-buyer`, "example.till.order.placed", { number: `${name}-0` }));
// An event that is sent again, as after an answer that did not come, in both forms: it is one event.
const call = about(name, "example.desk.call.ended", { topic: "tent", wants_call: true }, { id: `${name}-call`, region: "fi" });
await send(emit, call);
await send(emit, call);
await send(emitWhole, call);
console.log(JSON.stringify({ sent: sent - 2, again: 2, left, answers }));
