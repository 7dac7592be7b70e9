// What the fuzz targets share: a check that ends the program (so that libFuzzer keeps the input), the duties of diagnostics, a catalog.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "compiler/diag/diag.h"
#include "runtime/base/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace polku::fuzz {

// A promise of the code under test. `what` says which; `more` is shown below it.
inline void must(bool kept, std::string_view what, std::string_view more = {}) {
  if (kept) return;
  std::fprintf(stderr, "BROKEN PROMISE: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(more.size()), more.data());
  std::abort();
}

// Every diagnostic says something about a place that is there, can be shown, and none says that Polku itself is at fault.
inline void check(const diag::Diagnostics& diagnostics, const diag::Sources& sources) {
  std::size_t errors = 0, warnings = 0;
  for (const diag::Diagnostic& d : diagnostics.all()) {
    must(!diag::code_text(d.code).empty() && !diag::code_summary(d.code).empty(), "a diagnostic has a code", d.message);
    must(!d.message.empty(), "a diagnostic has a message", diag::code_text(d.code));
    const diag::Span place = sources.absolute(d.span);
    must(place.file < sources.size(), "a diagnostic is about a file that is there", d.message);
    must(place.begin <= place.end && place.end <= sources.text(place.file).size(), "the place of a diagnostic is inside the text", d.message);
    const std::string shown = diag::render_text(d, sources, false);
    must(base::valid_utf8(shown), "a diagnostic is shown as UTF-8", shown);
    must(d.code != diag::Code::ReadingFailed, "no text leads to a fault of Polku itself", shown);
    ++(diag::code_severity(d.code) == diag::Severity::Error ? errors : warnings);
  }
  must((errors == 0) == diagnostics.ok() && errors <= diagnostics.errors(), "errors are counted");
  must(warnings == diagnostics.warnings(), "warnings are counted");
  must(base::valid_utf8(diag::render_json(diagnostics, sources)), "diagnostics are written as UTF-8");
}

// The catalog that rules and logs are read beside: a superset of the shop pack's, so that its rules are good seeds, with every type, every
// kind of attribute and channel, a source of each format, and the short names of the conformance cases.
inline constexpr std::string_view kCatalog = R"(catalog: fuzz
currency: EUR
time zone: Europe/Berlin
history: 400 days
lateness: 5 minutes
patience: 1 hour
salt: fuzz
events:
  page_viewed: { page: [start, returns, account, close_account] }
  product_viewed: { product: text, category: [tents, boots, jackets, packs], price: money }
  searched: { words: text, hits: whole number }
  cart_updated: { items: whole number, value: money, top_item: text optional }
  cart_emptied: {}
  order_placed: { number: text, total: money, items: whole number }
  order_shipped: { number: text, carrier: [post, courier] }
  order_returned: { number: text, refund: money, reason: { type: [size, damaged, disliked], optional: true } }
  email_opened: {}
  push_opened: {}
  call_ended: { topic: [order, advice, complaint], lasted: duration, solved: { type: yes/no, optional: true } }
  a: { n: whole number, s: text, m: money optional }
  b: { n: whole number optional }
  c: {}
  sample: { flag: yes/no, whole: whole number, number: number, money: money optional, share: percent, text: text, one: [small, large], at: time, day: date, length: duration, tags: list of text }
visitor:
  consent.marketing: consent
  consent.app: consent
  time zone: text optional
  contact.email: text optional
  contact.phone: text optional
  app.device: text optional
  birthday: date optional
  anonymous: { type: yes/no, default: yes }
  club: { type: [none, member, gold], default: none }
  age: whole number
  score: { type: number, default: 2.5 }
  discount: { type: percent, default: 10% }
  seen: time optional
  stay: { type: duration, default: 30 minutes }
  tags: { type: list of text, default: [a, b] }
  credit: money optional
  cart.value: { type: money, is: last cart_updated.value, until: [order_placed, cart_emptied] }
  cart.top_item: { type: text, is: last cart_updated.top_item, until: [order_placed, cart_emptied] }
  orders: { type: whole number, is: number of order_placed in the last 30 days }
channels:
  email: { needs: consent.marketing, reach: contact.email, limit: 3 in 7 days, answer: email_opened within 2 days }
  push: { needs: consent.app, reach: app.device, quiet: "21:00 to 08:00", answer: push_opened within 1 day }
  sms: { needs: consent.marketing, reach: contact.phone, limit: 1 in 14 days }
  desk: {}
  web: { slots: [hero, product, basket] }
  app: { slots: [home] }
templates:
  order_confirmed: { by: [email], service: yes, with: { number: text, total: money } }
  on_its_way: { by: [push, sms, email], service: yes, with: { number: text } }
  cart_reminder: { by: [push, email, sms], with: { product: text } }
  cart_discount: { by: [email], with: { reduction: percent, saving: money } }
  welcome: { by: [email, push], with: { product: text optional } }
  review_request: { by: [email, push], with: { number: text } }
  size_guide: { by: [email] }
  apology: { by: [email, sms], with: { voucher: money } }
  call_follow_up: { by: [sms, email], with: { lasted: duration } }
  club_invitation: { by: [email, push], with: { first: money, average: money } }
  we_miss_you: { by: [email, push], with: { spent: money } }
  welcome_back: { by: [push, email] }
  birthday_card: { by: [email, push], with: { voucher: money } }
  todays_finds: { by: [email], with: { seen: whole number, dearest: money } }
  last_delivery: { by: [push, email] }
  anything: { by: [desk], with: { flag: yes/no optional, number: number optional, share: percent optional, one: { type: [small, large], optional: true }, at: time optional, day: date optional, tags: list of text optional } }
  hello: { by: [desk, push, email, sms] }
  login_teaser: { by: [web, app] }
  reviews: { by: [web], with: { product: text } }
  advice: { by: [web], with: { words: text } }
  any_questions: { by: [web] }
  free_delivery: { by: [web], with: { missing_for_it: money } }
  gift_guide: { by: [web], with: { category: [tents, boots, jackets, packs] } }
  advent_door: { by: [web], with: { reduction: percent } }
tasks:
  call_about_cart: { with: { value: money } }
  call_back: { with: { lasted: duration } }
  apologise: { with: { refund: money } }
  look_at_returns: { with: { refunds: money } }
  retention_call: { with: { orders: whole number, spent: money } }
  note: {}
  t: { with: { n: whole number optional, s: text optional } }
sources:
  till:
    format: csv
    visitor: customer
    time: when
    received: arrived
    zone: America/New_York
    event: what
    id: nr
    events: { SALE: order_placed, CART: cart_updated, ALL: sample }
    fields: { order_placed.total: amount, "*.items": count }
    values: { sample.one: { S: small, L: large } }
    attributes: { club: card, consent.marketing: agreed, tags: marks }
    asked for: screen
    merges: same_as
  app:
    format: ndjson
    visitor: user.id
    time: time
    received: received_at
    event: name
    id: message.id
    events: { "Order Completed": order_placed, "Cart Updated": cart_updated, Sample: sample }
    fields: { order_placed.total: properties.total, "*.items": properties.count, sample.tags: properties.tags, sample.at: properties.at }
    values: { sample.one: { "": small, L: large } }
    attributes: { club: traits.club, birthday: traits.born, consent.app: traits.consent, credit: traits.credit }
    asked for: page.slots
    merges: user.anonymous
)";

}  // namespace polku::fuzz
