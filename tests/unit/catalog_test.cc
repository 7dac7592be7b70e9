// A good catalog, read whole, and what is said of it elsewhere; and that no file makes the reader fall over.
#include <fstream>
#include <sstream>

#include "tests/unit/catalog_world.h"

namespace polku::catalog {
namespace {

constexpr const char* kFerry = R"(catalog:   ferry
currency:  EUR
time zone: Europe/Helsinki
salt:      ferry-2026
history:   400 days
lateness:  5 minutes
patience:  1 hour

events:
  email_opened: {}
  cart_updated: { items: whole number, value: money, top_item: text optional }
  cart_emptied: {}
  order_placed: { total: money }
  page_viewed:  { path: text, group: { type: [contract, offers, help], optional: true } }
  topic_viewed: { group: [contract, help] }
visitor:
  consent.marketing: consent
  time zone:     { type: text, optional: true }
  customer.tier: { type: [none, silver, gold], default: none }
  cart.value:    { type: money, is: last cart_updated.value, until: [order_placed, cart_emptied] }
  phone:         text optional
  loyal:         yes/no
channels:
  push:  {}
  email: { needs: consent.marketing, limit: 3 in 7 days, quiet: "21:00 to 08:00", answer: email_opened within 2 days }
  sms:   { needs: consent.marketing, reach: phone, quiet: 09:00 to 17:30:30 }
  web:   { slots: [hero, sidebar] }
templates:
  cart_reminder: { by: [push, email, sms], with: { product: text, percent: percent optional } }
  receipt:       { by: [email, sms], service: true }
  teaser:        { by: [web], service: false }
tasks:
  retention_call: { with: { reason: text, worth: money optional } }
  receipt:        {}
sources:                       # raw record → event, without code
  shop:  { format: ndjson, visitor: user.id, time: at, event: name, id: message_id, events: { "Order Completed": order_placed }, fields: { order_placed.total: properties.total } }
  web:
    format: csv
    zone: Europe/Berlin
    visitor: case_id
    time: timestamp
    event: activity
    asked for: places
    fields: { "*.group": Area, topic_viewed.group: Topic }
    values: { "*.group": { C: contract, "": help }, topic_viewed.group: { T: contract } }
    attributes: { consent.marketing: agreed, time zone: tz }
  crm:   { format: csv, visitor: id, time: at, attributes: { customer.tier: tier } }
  page:  { format: ndjson, visitor: id, time: at, asked for: request.slots }
  ids:   { format: ndjson, visitor: id, time: at, received: context.received_at, merges: previous.id }
)";

TEST(Catalog, ReadsEverySection) {
  const auto l = load_text(kFerry);
  ASSERT_TRUE(l->d.ok()) << listing(*l);
  const Catalog& c = l->catalog;
  EXPECT_EQ(c.name, "ferry");
  EXPECT_EQ(c.currency, "EUR");
  EXPECT_EQ(c.zone, "Europe/Helsinki");
  EXPECT_EQ(c.history, 400 * kDay);
  EXPECT_EQ(c.lateness, 5 * kMinute);
  EXPECT_EQ(c.patience, kHour);
  EXPECT_EQ(c.salt, "ferry-2026");

  ASSERT_EQ(c.events.size(), 6u);
  const Event& cart = c.events[static_cast<std::size_t>(c.event("cart_updated"))];
  ASSERT_EQ(cart.fields.size(), 3u);
  EXPECT_EQ(cart.fields[0].type.kind, TypeKind::Whole);
  EXPECT_FALSE(cart.fields[0].optional);
  EXPECT_EQ(cart.fields[2].type.kind, TypeKind::Text);
  EXPECT_TRUE(cart.fields[2].optional);
  EXPECT_EQ(cart.field("value"), 1);
  EXPECT_EQ(cart.field("nothing"), -1);
  EXPECT_TRUE(c.events[static_cast<std::size_t>(c.event("cart_emptied"))].fields.empty());
  const Field& group = c.events[static_cast<std::size_t>(c.event("page_viewed"))].fields[1];
  EXPECT_EQ(type_name(group.type), "one of contract, offers, help");
  EXPECT_TRUE(group.optional);
  EXPECT_EQ(c.event("nothing"), -1);

  ASSERT_EQ(c.attributes.size(), 6u);
  const auto attribute = [&](const char* name) -> const Attribute& { return c.attributes.at(static_cast<std::size_t>(c.attribute(name))); };
  EXPECT_EQ(attribute("consent.marketing").type.kind, TypeKind::Consent);
  EXPECT_EQ(attribute("consent.marketing").presence, Presence::Always);
  EXPECT_EQ(attribute("time zone").presence, Presence::Optional);
  EXPECT_EQ(attribute("customer.tier").presence, Presence::Default);
  EXPECT_EQ(attribute("customer.tier").default_value.value, 0);
  EXPECT_EQ(attribute("phone").presence, Presence::Optional);
  EXPECT_EQ(attribute("loyal").type.kind, TypeKind::YesNo);
  const Attribute& value = attribute("cart.value");
  EXPECT_EQ(value.presence, Presence::Derived);
  EXPECT_EQ(value.derived, "last cart_updated.value");
  EXPECT_EQ(l->sources.text(0).substr(value.derived_span.begin, value.derived_span.end - value.derived_span.begin), "last cart_updated.value");
  EXPECT_EQ(value.until, (std::vector<std::string>{"order_placed", "cart_emptied"}));
  ASSERT_EQ(value.until_spans.size(), 2u);
  EXPECT_EQ(l->sources.position(0, value.until_spans[1].begin).column, 84u);

  EXPECT_EQ(c.visitor_zone(), c.attribute("time zone"));
  EXPECT_GE(c.visitor_zone(), 0);

  const auto channel = [&](const char* name) -> const Channel& { return c.channels.at(static_cast<std::size_t>(c.channel(name))); };
  EXPECT_EQ(channel("email").needs, c.attribute("consent.marketing"));
  EXPECT_EQ(channel("email").limit->count, 3);
  EXPECT_EQ(channel("email").limit->within, 7 * kDay);
  EXPECT_EQ(channel("email").quiet->from, 21 * kHour);
  EXPECT_EQ(channel("email").quiet->to, 8 * kHour);
  EXPECT_EQ(channel("email").answer->event, c.event("email_opened"));
  EXPECT_EQ(channel("email").answer->within, 2 * kDay);
  EXPECT_EQ(channel("sms").reach, c.attribute("phone"));
  EXPECT_EQ(channel("sms").quiet->to, 17 * kHour + 30 * kMinute + 30 * kSecond);
  EXPECT_FALSE(channel("sms").limit.has_value());
  EXPECT_FALSE(channel("sms").answer.has_value());
  EXPECT_FALSE(channel("push").quiet.has_value());
  EXPECT_EQ(channel("web").slots, (std::vector<std::string>{"hero", "sidebar"}));
  EXPECT_EQ(channel("web").slot("sidebar"), 1);
  EXPECT_EQ(channel("web").slot("footer"), -1);

  const Template& t = c.templates.at(static_cast<std::size_t>(c.template_("cart_reminder")));
  EXPECT_EQ(t.by, (std::vector<int>{c.channel("push"), c.channel("email"), c.channel("sms")}));
  ASSERT_EQ(t.params.size(), 2u);
  EXPECT_TRUE(t.params[1].optional);
  EXPECT_FALSE(t.service);
  EXPECT_TRUE(c.templates.at(static_cast<std::size_t>(c.template_("receipt"))).service);
  EXPECT_FALSE(c.templates.at(static_cast<std::size_t>(c.template_("teaser"))).service);

  // A task may have the name of a template.
  const Task& call = c.tasks.at(static_cast<std::size_t>(c.task("retention_call")));
  ASSERT_EQ(call.params.size(), 2u);
  EXPECT_EQ(call.params[0].type.kind, TypeKind::Text);
  EXPECT_TRUE(call.params[1].optional);
  EXPECT_EQ(c.task("receipt"), 1);
  EXPECT_TRUE(c.tasks[1].params.empty());
  EXPECT_EQ(c.task("cart_reminder"), -1);
}

TEST(Catalog, ReadsSources) {
  const auto l = load_text(kFerry);
  ASSERT_TRUE(l->d.ok()) << listing(*l);
  const Catalog& c = l->catalog;
  const auto slot = [&](const char* event, const char* field) {
    const int e = c.event(event);
    return std::pair(e, c.events[static_cast<std::size_t>(e)].field(field));
  };
  const Source& shop = *c.source("shop");
  EXPECT_EQ(shop.format, Format::Ndjson);
  EXPECT_EQ(shop.visitor, "user.id");
  EXPECT_EQ(shop.id, std::vector<std::string>{"message_id"});
  EXPECT_TRUE(shop.events_listed);
  EXPECT_EQ(shop.events, (std::map<std::string, int>{{"Order Completed", c.event("order_placed")}}));
  EXPECT_EQ(shop.fields.at(slot("order_placed", "total")), "properties.total");

  const Source& web = *c.source("web");
  EXPECT_EQ(web.format, Format::Csv);
  EXPECT_FALSE(web.events_listed);
  EXPECT_EQ(web.zone, "Europe/Berlin");
  EXPECT_EQ(web.fields.size(), 2u);  // what has its own line wins over the star
  EXPECT_EQ(web.fields.at(slot("page_viewed", "group")), "Area");
  EXPECT_EQ(web.fields.at(slot("topic_viewed", "group")), "Topic");
  EXPECT_EQ(web.values.at(slot("page_viewed", "group")), (std::map<std::string, int>{{"C", 0}, {"", 2}}));
  EXPECT_EQ(web.values.at(slot("topic_viewed", "group")), (std::map<std::string, int>{{"T", 0}}));
  EXPECT_EQ(web.attributes.at(c.attribute("consent.marketing")), "agreed");
  EXPECT_EQ(web.attributes.at(c.attribute("time zone")), "tz");

  EXPECT_EQ(web.asked, "places");
  EXPECT_TRUE(shop.asked.empty());

  EXPECT_TRUE(c.source("crm")->event.empty());
  EXPECT_TRUE(c.source("page")->event.empty());
  EXPECT_EQ(c.source("page")->asked, "request.slots");
  EXPECT_EQ(c.source("page")->received, "");
  EXPECT_EQ(c.source("page")->merges, "");
  EXPECT_TRUE(c.source("ids")->event.empty());
  EXPECT_EQ(c.source("ids")->received, "context.received_at");
  EXPECT_EQ(c.source("ids")->merges, "previous.id");
  EXPECT_EQ(c.source("nothing"), nullptr);
}

TEST(Catalog, LittleIsEnough) {
  const auto l = load_text("catalog: my-shop");
  ASSERT_TRUE(l->d.ok()) << listing(*l);
  EXPECT_EQ(l->catalog.name, "my-shop");
  EXPECT_EQ(l->catalog.zone, "UTC");
  EXPECT_EQ(l->catalog.history, 400 * kDay);
  EXPECT_EQ(l->catalog.salt, "my-shop");
  EXPECT_EQ(l->catalog.visitor_zone(), -1);
}

TEST(Catalog, SaltIsNfcAndNotEmpty) {
  EXPECT_EQ(load_text("catalog: a\nsalt: a\u0308")->catalog.salt, "\u00E4");
  EXPECT_EQ(load_text("catalog: a\nsalt: \"null\"")->catalog.salt, "null");
  const std::string message = "`salt` says nothing.", help = "Write any text, as in `salt: ferry-2026`, or take the key out: then it is the name of the catalog.";
  expect_told("catalog: a\nsalt: ''", {{Code::CatalogSalt, 2, 7, 9, message, help}});
  expect_told("catalog: a\nsalt: null", {{Code::CatalogSalt, 2, 7, 11, message, help}});
  expect_told("catalog: a\nsalt:", {{Code::CatalogShape, 2, 1, 5, "`salt` must be a word, and here stands nothing.", "Write it as in `salt: ferry-2026`."}});
  expect_told("catalog: a\nsalt: [x]", {{Code::CatalogShape, 2, 7, 8, "`salt` must be a word, and here stands a list.", "Write it as in `salt: ferry-2026`."}});
  expect_told("catalog: a\nslat: x", {{Code::CatalogUnknownKey, 2, 1, 5, "There is no key `slat` in a catalog.", "Did you mean `salt`?"}});
}

TEST(Catalog, DefaultsOfEveryType) {
  const auto l = load_text(R"(catalog: a
time zone: Europe/Helsinki
visitor:
  whole: { type: whole number, default: -3 }
  number: { type: number, default: 2.5 }
  money: { type: money, default: 39.9 EUR }
  percent: { type: percent, default: 12.5% }
  text: { type: text, default: "null" }
  yesno: { type: yes/no, default: yes }
  time: { type: time, default: 2026-12-01T10:00 }
  date: { type: date, default: 1970-02-01 }
  duration: { type: duration, default: 2 weeks }
  texts: { type: list of text, default: [a, b] }
  one: { type: [a, null, c], default: null }
)");
  ASSERT_TRUE(l->d.ok()) << listing(*l);
  const auto value = [&](const char* name) { return l->catalog.attributes[static_cast<std::size_t>(l->catalog.attribute(name))].default_value; };
  EXPECT_EQ(value("whole").value, -3);
  EXPECT_EQ(value("number").value, 2'500'000);
  EXPECT_EQ(value("money").value, 3990);
  EXPECT_EQ(value("percent").value, 125'000);
  EXPECT_EQ(value("text").texts, std::vector<std::string>{"null"});
  EXPECT_EQ(value("yesno").value, kYes);
  EXPECT_EQ(value("time").value, 1796112000000);  // 08:00 UTC
  EXPECT_EQ(value("date").value, 31);
  EXPECT_EQ(value("duration").value, 14 * kDay);
  EXPECT_EQ(value("texts").texts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(value("one").value, 1);
}

TEST(Catalog, NumbersAtTheEdge) {
  const auto defaults = [](const std::string& type, const std::string& text) -> std::optional<Value> {
    const auto l = load_text("catalog: a\nvisitor: { x: { type: " + type + ", default: " + text + " } }\n");
    if (!l->d.ok()) return std::nullopt;
    return l->catalog.attributes[0].default_value.value;
  };
  EXPECT_EQ(defaults("whole number", "9223372036854775807"), 9223372036854775807);
  EXPECT_EQ(defaults("whole number", "9223372036854775808"), std::nullopt);
  EXPECT_EQ(defaults("whole number", "-9223372036854775808"), std::nullopt);  // is how unknown is written
  EXPECT_EQ(defaults("whole number", "+3"), std::nullopt);
  EXPECT_EQ(defaults("whole number", "1e3"), std::nullopt);
  EXPECT_EQ(defaults("number", "0.000001"), 1);
  EXPECT_EQ(defaults("number", "-0.5"), -500'000);
  EXPECT_EQ(defaults("number", "0.0000001"), std::nullopt);
  EXPECT_EQ(defaults("number", "1."), std::nullopt);
  EXPECT_EQ(defaults("number", ".5"), std::nullopt);
  EXPECT_EQ(defaults("number", "--1"), std::nullopt);
  EXPECT_EQ(defaults("number", "9223372036854.775808"), std::nullopt);
  EXPECT_EQ(defaults("money", "40"), std::nullopt);
  EXPECT_EQ(defaults("money", "40.00 EUR"), 4000);
  EXPECT_EQ(defaults("percent", "10"), std::nullopt);
  EXPECT_EQ(defaults("percent", "0.0001%"), 1);
  EXPECT_EQ(defaults("duration", "-1 day"), std::nullopt);
  EXPECT_EQ(defaults("duration", "1 day"), kDay);
  EXPECT_EQ(defaults("duration", "15250284453 weeks"), std::nullopt);
  EXPECT_EQ(defaults("date", "2026-02-30"), std::nullopt);
  EXPECT_EQ(defaults("time", "soon"), std::nullopt);
  EXPECT_EQ(defaults("text", "~"), std::nullopt);
}

// What `is:` holds is handed on exactly as it stands there.
TEST(Catalog, DerivedTextKeepsItsPlace) {
  const auto derived = [](const std::string& is) {
    const auto l = load_text("catalog: a\nevents: { ä: { x: text } }\nvisitor:\n  ö: { type: text, is: " + is + "}\n");
    EXPECT_TRUE(l->d.ok()) << listing(*l);
    const Attribute& a = l->catalog.attributes.at(0);
    EXPECT_EQ(l->sources.text(0).substr(a.derived_span.begin, a.derived_span.end - a.derived_span.begin), a.derived);
    return a.derived;
  };
  EXPECT_EQ(derived("last ä.x "), "last ä.x");
  EXPECT_EQ(derived("'last ä.x otherwise \"ö\"'"), "last ä.x otherwise \"ö\"");
  EXPECT_EQ(derived("\"last ä.x\""), "last ä.x");
  EXPECT_EQ(derived("last ä.x\n    otherwise 3 "), "last ä.x\n    otherwise 3");
  EXPECT_EQ(derived("&name last ä.x "), "last ä.x");
  const auto block = load_text("catalog: a\nvisitor:\n  x:\n    type: whole number\n    is: >\n      1 +\n      2\n");
  ASSERT_TRUE(block->d.ok()) << listing(*block);
  EXPECT_EQ(block->catalog.attributes[0].derived, "1 +\n      2");
}

TEST(Catalog, AliasesAndWindowsLineEnds) {
  const auto l = load_text("\xEF\xBB\xBF" "catalog: a\r\nevents:\r\n  b: &fields { x: text }\r\n  c: *fields\r\n");
  ASSERT_TRUE(l->d.ok()) << listing(*l);
  EXPECT_EQ(l->catalog.events[1].fields[0].name, "x");
  EXPECT_EQ(l->sources.position(0, l->catalog.events[1].span.begin).column, 3u);
}

TEST(Types, NamesAreThoseOfTheCatalog) {
  EXPECT_EQ(kind_name(TypeKind::TextList), "list of text");
  EXPECT_EQ(kind_name(TypeKind::Consent), "consent");
  EXPECT_EQ(type_name({TypeKind::Money, {}}), "money");
}

// The example of docs/catalog.md is a catalog.
TEST(Docs, ExampleLoads) {
  std::ifstream file(POLKU_SOURCE_DIR "/docs/catalog.md");
  std::stringstream page;
  page << file.rdbuf();
  const std::string text = page.str(), fence = "```yaml\n";
  const auto begin = text.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const auto start = begin + fence.size();
  const auto l = load_text(text.substr(start, text.find("```", start) - start));
  EXPECT_TRUE(l->d.ok()) << listing(*l);
  EXPECT_EQ(l->catalog.sources.size(), 4u);
  EXPECT_EQ(l->catalog.tasks.size(), 1u);
}

// Cut anywhere, or with any byte changed, a catalog is read or refused, and nothing else happens.
TEST(Robust, CutsAndChangedBytes) {
  const std::string good = kFerry;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); i += 3) refused += load_text(good.substr(0, i))->d.ok() ? 0 : 1;
  for (std::size_t i = 0; i < good.size(); i += 2) {
    std::string text = good;
    text[i] = "{}[]:,&*!|>'\"%@`#-? \n\t\xC3\x7F"[(i / 2) % 24];
    const auto l = load_text(text);
    if (l->d.ok()) continue;
    ++refused;
    EXPECT_FALSE(listing(*l).empty());
  }
  EXPECT_GT(refused, good.size() / 3);
}

}  // namespace
}  // namespace polku::catalog
