// A good catalog, read whole; and what an engineer is told of wrong ones, with the exact place.
#include "compiler/catalog/catalog.h"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>

namespace polku::catalog {
namespace {

using diag::Code;

struct Loaded {
  diag::Sources sources;
  diag::Diagnostics d;
  Catalog catalog;
};

std::unique_ptr<Loaded> load_text(std::string text) {
  auto l = std::make_unique<Loaded>();
  const auto file = l->sources.add("catalog.yaml", std::move(text));
  l->catalog = load(l->sources, file, l->d);
  return l;
}

std::string listing(const Loaded& l) {
  std::string out;
  for (const auto& one : l.d.all()) out += diag::render_text(one, l.sources, false);
  return out;
}

struct Told {
  Code code;
  std::size_t line, column, end_column;
  std::string message, help;
};

void expect_told(const std::string& text, const std::vector<Told>& told) {
  const auto l = load_text(text);
  EXPECT_EQ(l->d.errors(), told.size()) << listing(*l);
  for (std::size_t i = 0; i < std::min(told.size(), l->d.all().size()); ++i) {
    const auto& is = l->d.all()[i];
    const auto at = l->sources.position(0, is.span.begin), end = l->sources.position(0, is.span.end);
    EXPECT_EQ(diag::code_text(is.code), diag::code_text(told[i].code)) << listing(*l);
    EXPECT_EQ(at.line, told[i].line) << listing(*l);
    EXPECT_EQ(at.column, told[i].column) << listing(*l);
    EXPECT_EQ(end.line, at.line) << listing(*l);
    EXPECT_EQ(end.column, told[i].end_column) << listing(*l);
    EXPECT_EQ(is.message, told[i].message);
    EXPECT_EQ(is.help, told[i].help);
  }
}

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
  EXPECT_EQ(shop.id, "message_id");
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

TEST(Wrong, Files) {
  const auto nothing = [](const std::string& text) {
    expect_told(text, {{Code::CatalogEmpty, 1, 1, 1, "This catalog says nothing.", "Begin with its name, as in `catalog: ferry`."}});
  };
  nothing("");
  nothing("# x\n");
  nothing("---\n");
  expect_told("catalog: \xFF", {{Code::CatalogNotUtf8, 1, 10, 11, "This byte is not UTF-8 text.", "Save the file as UTF-8."}});
  expect_told("catalog: a\nb\x04", {{Code::CatalogControl, 2, 2, 3, "A control character stands here.", "Take it out; lines end with a line feed."}});
  expect_told("catalog: a\rb", {{Code::CatalogControl, 1, 11, 12, "A control character stands here.", "Take it out; lines end with a line feed."}});
  expect_told(std::string("a\0b", 3), {{Code::CatalogControl, 1, 2, 3, "A control character stands here.", "Take it out; lines end with a line feed."}});
  expect_told("catalog: " + std::string(4 << 20, 'a'),
              {{Code::CatalogTooBig, 1, 1, 2, "This catalog is larger than 4 MiB.", "A catalog describes data and holds none; make it smaller."}});
  expect_told("catalog: a\n---\ncatalog: b\n",
              {{Code::CatalogDocuments, 2, 1, 2, "A second document begins here, but a catalog is one.", "Take out the line `---`."}});
  expect_told("hello", {{Code::CatalogShape, 1, 1, 6, "A catalog must be a map of keys and values, and here stands a word.", "Write it as in `catalog: ferry`."}});
  expect_told("events: {}", {{Code::CatalogMissingKey, 1, 1, 7, "The catalog has no name.", "Begin with it, as in `catalog: ferry`."}});
}

TEST(Wrong, Yaml) {
  expect_told("catalog: ä: b", {{Code::CatalogYaml, 1, 11, 12, "A `:` cannot stand here.",
                                 "Begin a key in the column of the keys beside it; put text that holds `: ` in quotes."}});
  expect_told("catalog: a\nevents:\n\tx: {}", {{Code::CatalogYaml, 3, 1, 2, "This line is indented by a tab.", "Indent with blanks."}});
  expect_told("events: { x: {}\n", {{Code::CatalogYaml, 2, 1, 1, "The `{` before this place is never closed.",
                                     "Close it with `}`, and part what stands in it by commas."}});
  expect_told("catalog: 'a", {{Code::CatalogYaml, 1, 12, 12, "The file ends inside quotes.", "Close them."}});
  expect_told("catalog: @x", {{Code::CatalogYaml, 1, 10, 11, "A word cannot begin with this character.", "Put it in quotes."}});
  expect_told("a: { *.x : b }", {{Code::CatalogYaml, 1, 6, 7, "A word that begins with `*` repeats an `&` of the same name, and there is none.",
                                  "Put names that begin with `*` in quotes, as in `\"*.total\"`."}});
  expect_told("catalog: !!str a", {{Code::CatalogTag, 1, 10, 11, "A catalog has no use for tags (`!…`).", "Take it out; a word is read as what its place asks for."}});
}

TEST(Wrong, DepthAndSizeAreBounded) {
  const Told deep{Code::CatalogTooDeep, 1, 0, 0, "This is nested more than 64 deep.", "A catalog needs no more than six levels."};
  const auto too_deep = [&](const std::string& text, std::size_t line, std::size_t column) {
    Told told = deep;
    told.line = line;
    told.column = column;
    told.end_column = column + 1;
    expect_told(text, {told});
  };
  too_deep("a: " + std::string(100000, '[') + std::string(100000, ']'), 1, 67);
  too_deep("a: " + std::string(100000, '['), 1, 36);  // never closed, so each could be a key
  std::string braces = "a: ", dashes, questions, indents;
  for (int i = 0; i < 20000; ++i) braces += "{a: ", dashes += "- ", questions += "? ";
  for (int i = 0; i < 100; ++i) indents += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  too_deep(braces, 1, 256);
  too_deep(dashes, 1, 129);
  too_deep(questions, 1, 129);
  too_deep(indents, 65, 65);

  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i > 0 ? ", " : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  expect_told(bomb, {{Code::CatalogTooMany, 5, 7, 8, "From here on this catalog has more than a million parts (what an alias repeats counts each time).", "Make it smaller."}});
  expect_told("a: &a {b: *a}", {{Code::CatalogAlias, 1, 11, 12, "This alias stands inside the part that it repeats.", "Write the part out."}});
}

TEST(Wrong, ManyMistakesStayQuick) {
  std::string text = "catalog: a\nevents:\n", until;
  for (int i = 0; i < 20000; ++i) {
    text += "  e" + std::to_string(i) + ": {}\n";
    until += "f" + std::to_string(i) + ", ";
  }
  const auto l = load_text(text + "visitor: { x: { type: text, is: y, until: [" + until + "] } }\n");
  EXPECT_EQ(l->d.errors(), 20000u);
  EXPECT_EQ(l->d.all().size(), 50u);
}

TEST(Wrong, KeysAtTheTop) {
  expect_told("catalog: a\nevnts: {}", {{Code::CatalogUnknownKey, 2, 1, 6, "There is no key `evnts` in a catalog.", "Did you mean `events`?"}});
  expect_told("catalog: a\ncatalog: b", {{Code::CatalogDuplicateKey, 2, 1, 8, "`catalog` stands twice in a catalog; it was already said in line 1.", "Keep one of them."}});
  expect_told("catalog: 3f", {{Code::CatalogBadName, 1, 10, 12, "`3f` cannot be the name of a catalog.", "A name is made of letters, digits and `_`, and does not begin with a digit."}});
  expect_told("catalog: a\ncurrency: Euro", {{Code::CatalogCurrency, 2, 11, 15, "A currency has three capital letters, and `Euro` is none.", "Write it as in `currency: EUR`."}});
  expect_told("catalog: a\ntime zone: Europe/Helsink", {{Code::CatalogZone, 2, 12, 26, "There is no time zone `Europe/Helsink`.",
                                                         "Name a zone of the IANA list, as in `Europe/Helsinki`."}});
  expect_told("catalog: a\nhistory: 12 months", {{Code::CatalogDuration, 2, 10, 19, "`history` must be a duration, and `12 months` is none.", "Months and years differ in length; say how many days."}});
  expect_told("catalog: a\nlateness: 5 minuts", {{Code::CatalogDuration, 2, 11, 19, "`lateness` must be a duration, and `5 minuts` is none.", "Did you mean `minutes`?"}});
  expect_told("catalog: a\nhistory: 0 days", {{Code::CatalogDuration, 2, 10, 16, "`history` cannot be nothing.", "Write it as in `400 days`."}});
  expect_told("catalog: a\npatience: [1, hour]", {{Code::CatalogShape, 2, 11, 12, "`patience` must be a word, and here stands a list.", "Write it as in `30 minutes`."}});
  expect_told("catalog: a\n? [b]\n: c", {{Code::CatalogShape, 2, 3, 4, "A key of a catalog must be a word, and here stands a list.", ""}});
  expect_told("catalog: a\nevents:\n  <<: { a: {} }", {{Code::CatalogBadName, 3, 3, 5, "A catalog has no merge keys (`<<`).", "Write the keys out, or repeat a whole part by an alias."}});
}

TEST(Wrong, Names) {
  const auto event = [](const std::string& name, Told told) {
    told.line = 2;
    told.column = 11;
    expect_told("catalog: a\nevents: { " + name + ": {} }", {told});
  };
  const std::string letters = "A name is made of letters, digits and `_`, and does not begin with a digit.";
  event("a b", {Code::CatalogBadName, 0, 0, 14, "`a b` cannot be the name of an event.", letters});
  event("2x", {Code::CatalogBadName, 0, 0, 13, "`2x` cannot be the name of an event.", letters});
  event("a.b", {Code::CatalogBadName, 0, 0, 14, "`a.b` cannot be the name of an event.", letters});
  event("😀", {Code::CatalogBadName, 0, 0, 12, "`😀` cannot be the name of an event.", letters});
  event("\"\"", {Code::CatalogBadName, 0, 0, 13, "`` cannot be the name of an event.", letters});
  event("end", {Code::CatalogHardWord, 0, 0, 14, "`end` is a word of the language, so it cannot be the name of an event.", "Choose another, as in `end_1`."});
  event("now", {Code::CatalogReservedName, 0, 0, 14, "`now` already has a meaning in rules, so it cannot be the name of an event.", "Choose another."});
  for (const char* good : {"ääkkönen", "漢字", "_x1", "Order", "ends", "हिन्दी"}) {
    EXPECT_TRUE(load_text("catalog: a\nevents: { " + std::string(good) + ": {} }")->d.ok()) << good;
  }
  for (const char* hard : {"journey", "rule", "segment", "guarantee", "test", "end", "when", "then", "only", "not", "limit", "once", "quiet", "hold", "stop",
                           "goal", "owner", "priority", "do", "send", "show", "raise", "suppress", "choose", "split", "given", "missing", "unknown", "nothing"}) {
    const auto l = load_text("catalog: a\nevents: { " + std::string(hard) + ": {} }");
    EXPECT_EQ(l->d.errors(), 1u) << hard;
  }
  const std::string dotted = "A name is made of letters, digits and `_`, and does not begin with a digit; it may have parts with dots between them.";
  expect_told("catalog: a\nvisitor: { a..b: text }", {{Code::CatalogBadName, 2, 12, 16, "`a..b` cannot be the name of an attribute.", dotted}});
  expect_told("catalog: a\nvisitor: { limit.x: text }", {{Code::CatalogHardWord, 2, 12, 19, "`limit` is a word of the language, so it cannot begin the name of an attribute.",
                                                          "Choose another, as in `limit_1.x`."}});
  expect_told("catalog: a\nvisitor: { visitor.x: text }", {{Code::CatalogReservedName, 2, 12, 21, "`visitor` already has a meaning in rules, so it cannot begin the name of an attribute.",
                                                            "Choose another."}});
  EXPECT_TRUE(load_text("catalog: a\nvisitor: { order.limit: text }")->d.ok());
  // The same letters, composed and not, are one name.
  expect_told("catalog: a\nevents:\n  \xC3\xA4: {}\n  a\xCC\x88: {}", {{Code::CatalogDuplicateKey, 4, 3, 5, "`ä` stands twice in `events`; it was already said in line 3.", "Keep one of them."}});
}

TEST(Wrong, Clashes) {
  expect_told("catalog: a\nevents: { cart: { value: money } }\nvisitor:\n  cart.value: money\n  cart.item: text\n",
              {{Code::CatalogNameClash, 4, 3, 13, "The attribute `cart.value` is also the field `value` of the event `cart`.", "Rename one of them."}});
  expect_told("catalog: a\nevents: { cart: {} }\nvisitor: { cart: money }\n",
              {{Code::CatalogNameClash, 3, 12, 16, "The attribute `cart` has the name of an event.", "Rename one of them."}});
}

TEST(Wrong, Types) {
  const auto field = [](const std::string& type, std::vector<Told> told) {
    for (Told& one : told) one.line = 2;
    expect_told("catalog: a\nevents: { e: { f: " + type + " } }", told);
  };
  field("mony", {{Code::CatalogUnknownType, 0, 19, 23, "There is no type `mony`.", "Did you mean `money`?"}});
  field("boolean optional", {{Code::CatalogUnknownType, 0, 19, 35, "There is no type `boolean`.", "Say `yes/no`."}});
  field("zzz", {{Code::CatalogUnknownType, 0, 19, 22, "There is no type `zzz`.",
                 "The types are `yes/no`, `whole number`, `number`, `money`, `percent`, `text`, `time`, `date`, `duration`, `list of text`, `consent`, and a "
                 "list of values, as in `[silver, gold]`."}});
  field("", {{Code::CatalogShape, 0, 16, 17, "The type of `f` must be a word, and here stands nothing.", "Write it as in `whole number`."}});
  field("[]", {{Code::CatalogBadList, 0, 19, 20, "The list of `f` is an empty list.", "Write it as in `[silver, gold]`."}});
  field("[a, b, a]", {{Code::CatalogBadList, 0, 26, 27, "The list of `f` says `a` twice.", "Keep one of them."}});
  field("[1, yes, \"a b\", missing]",
        {{Code::CatalogBadName, 0, 20, 21, "`1` cannot be the name of a value of `f`.", "A name is made of letters, digits and `_`, and does not begin with a digit."},
         {Code::CatalogReservedName, 0, 23, 26, "`yes` already has a meaning in rules, so it cannot be the name of a value of `f`.", "For what is either yes or no there is the type `yes/no`."},
         {Code::CatalogBadName, 0, 28, 33, "`a b` cannot be the name of a value of `f`.", "A name is made of letters, digits and `_`, and does not begin with a digit."},
         {Code::CatalogHardWord, 0, 35, 42, "`missing` is a word of the language, so it cannot be the name of a value of `f`.", "Choose another, as in `missing_1`."}});
  field("consent", {{Code::CatalogConsent, 0, 19, 26, "A consent belongs to the visitor, not to the event `e`.", "Declare it under `visitor`, as in `consent.marketing: consent`."}});
  field("{ optional: true }", {{Code::CatalogMissingKey, 0, 16, 17, "`f` has no `type`.", "Write it as in `{ type: text, optional: true }`."}});
  field("{ type: text, optional: maybe }", {{Code::CatalogYesNo, 0, 43, 48, "`optional` can only be `true` or `false`.", ""}});
  expect_told("catalog: a\nevents: { e: }", {{Code::CatalogShape, 2, 11, 12, "The event `e` must be a map of keys and values, and here stands nothing.", "Write it as in `e: {}`."}});
}

TEST(Wrong, Attributes) {
  const auto attribute = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nevents: { e: { f: text } }\nvisitor: { x: " + text + " }", told);
  };
  const Told consent{Code::CatalogConsent, 0, 12, 13, "The consent `x` can only be given or refused: it has no default, is not optional and not derived.", "Write `x: consent`."};
  attribute("consent optional", {consent});
  attribute("{ type: consent, optional: true }", {consent});
  attribute("{ type: consent, default: given }", {consent});
  attribute("{ type: consent, is: e.f }", {consent});
  attribute("{ default: 3 }", {{Code::CatalogMissingKey, 0, 12, 13, "`x` has no `type`.", "Write it as in `{ type: text, optional: true }`."}});
  attribute("{ type: text, defalt: b }", {{Code::CatalogUnknownKey, 0, 29, 35, "There is no key `defalt` in an attribute.", "Did you mean `default`?"}});
  attribute("{ type: text, optional: true, default: b }", {{Code::CatalogPresence, 0, 45, 52, "`x` has a default, so it is never missing.", "Take out `optional` or `default`."}});
  attribute("{ type: text, is: last e.f, default: b }", {{Code::CatalogPresence, 0, 43, 50, "`x` is derived from events, so it has no default.", "Say `otherwise` in its expression."}});
  attribute("{ type: text optional, is: last e.f }", {{Code::CatalogPresence, 0, 12, 13, "`x` is derived from events, so it cannot be optional.", "Take `optional` out: it is missing when its expression is."}});
  attribute("{ type: text, until: [e] }", {{Code::CatalogPresence, 0, 29, 34, "`x` says `until`, but not what it `is`.", "Only a derived attribute ends with an event."}});
  attribute("{ type: text, is: last e.f, until: [ev] }", {{Code::CatalogUnknownEvent, 0, 51, 53, "There is no event `ev` in the catalog.", ""}});
  attribute("{ type: text, is: last e.f, until: e }", {{Code::CatalogShape, 0, 50, 51, "`until` of `x` must be a list, and here stands a word.", "Write it as in `until: [order_placed]`."}});
  attribute("{ type: text, is: ' ' }", {{Code::CatalogDerivedText, 0, 33, 36, "`is` of `x` says nothing.", "Write an expression, as in `is: last cart_updated.value`."}});
  attribute("{ type: text, is: \"last e.f otherwise \\\"a\\\"\" }",
            {{Code::CatalogDerivedText, 0, 33, 59, "The expression of `x` is written with escapes.",
              "Put it between quotes of the other kind, so that it stands there as it is meant: `is: 'last cart_updated.item otherwise \"x\"'`."}});
  expect_told("catalog: a\nvisitor: { time zone: number }", {{Code::CatalogZoneAttribute, 2, 23, 29, "The attribute `time zone` must be `text`, the name of a zone.", "Write `time zone: text optional`."}});
  expect_told("catalog: a\nvisitor: { time zone: { type: text, default: Nowhere } }",
              {{Code::CatalogZone, 2, 46, 53, "There is no time zone `Nowhere`.", "Name a zone of the IANA list, as in `Europe/Helsinki`."}});
}

TEST(Wrong, Defaults) {
  const auto fallback = [](const std::string& type, const std::string& text, Told told) {
    told.code = Code::CatalogBadDefault;
    told.line = 4;
    told.column = 14;
    told.end_column = told.column + text.size();
    expect_told("catalog: a\nvisitor:\n  x: { type: " + type + ", default:\n             " + text + " }", {told});
  };
  fallback("whole number", "2.5", {{}, 0, 0, 0, "The default of `x` must be a whole number, and `2.5` is none.", "Write it as in `3`."});
  fallback("number", "a", {{}, 0, 0, 0, "The default of `x` must be a number of at most six decimal places, and `a` is none.", "Write it as in `2.5`."});
  fallback("money", "40 USD", {{}, 0, 0, 0, "The default of `x` is in `USD`, but the currency of the catalog is `EUR`.", "Write it as in `40 EUR`, with at most two decimal places."});
  fallback("money", "40.123 EUR", {{}, 0, 0, 0, "The default of `x` must be an amount of money, and `40.123 EUR` is none.", "Write it as in `40 EUR`, with at most two decimal places."});
  fallback("percent", "0.1", {{}, 0, 0, 0, "The default of `x` must be a percentage, and `0.1` is none.", "Write it as in `10%`, with at most four decimal places."});
  fallback("text", "null", {{}, 0, 0, 0, "The default of `x` must be a text, and `null` is none.", "Put the word in quotes, or make the attribute `optional` instead."});
  fallback("date", "1.2.2026", {{}, 0, 0, 0, "The default of `x` must be a date, and `1.2.2026` is none.", "Write it as in `2026-12-01`."});
  fallback("time", "noon", {{}, 0, 0, 0, "The default of `x` must be a time, and `noon` is none.", "Write it as in `2026-12-01T10:00:00+02:00`."});
  fallback("[silver, gold]", "silvr", {{}, 0, 0, 0, "The default of `x` is not in the list of its values: `silvr`.", "Did you mean `silver`?"});
  fallback("[silver, gold]", "iron", {{}, 0, 0, 0, "The default of `x` is not in the list of its values: `iron`.", "Its list has `silver`, `gold`."});
}

TEST(Wrong, Channels) {
  const auto channel = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nvisitor: { consent.ads: consent, phone: text }\nchannels: { x: { " + text + " } }", told);
  };
  channel("needs: consent.asd", {{Code::CatalogUnknownAttribute, 0, 25, 36, "The visitor has no attribute `consent.asd`.", "Did you mean `consent.ads`?"}});
  channel("needs: phone", {{Code::CatalogNeeds, 0, 25, 30, "`phone` is no consent, so a channel cannot need it.", "What must be known to reach the visitor is said with `reach`."}});
  channel("reach: consent.ads", {{Code::CatalogNeeds, 0, 25, 36, "`consent.ads` is a consent, which does not reach anybody.", "What the visitor must have agreed to is said with `needs`."}});
  for (const char* limit : {"3 per week", "0 in 7 days", "-1 in 7 days", "3 in 0 days", "3 in a week", "three in 7 days", "1000001 in 7 days", "3 messages in 7 days"}) {
    channel("limit: " + std::string(limit), {{Code::CatalogBadLimit, 0, 25, 25 + std::string(limit).size(), "The limit of the channel `x` cannot be read: `" + std::string(limit) + "`.",
                                              "Say how many messages in which time, as in `3 in 7 days`."}});
  }
  channel("limit: 3 in 401 days", {{Code::CatalogLongLimit, 0, 25, 38, "The limit of the channel `x` looks further back than the history kept.", "Shorten it, or lengthen `history`."}});
  channel("slots: hero", {{Code::CatalogShape, 0, 25, 29, "`slots` of the channel `x` must be a list, and here stands a word.", "Write it as in `slots: [hero, sidebar]`."}});
  channel("slots: [a, a]", {{Code::CatalogBadList, 0, 29, 30, "`slots` of the channel `x` says `a` twice.", "Keep one of them."}});
  channel("slots: [hero], quiet: \"21:00 to 08:00\", answer: e within 1 day",
          {{Code::CatalogSlots, 0, 33, 38, "`quiet` is for channels that carry messages, and the channel `x` has slots.", "Take it out: what stands in a slot is there because the visitor came."},
           {Code::CatalogSlots, 0, 58, 64, "`answer` is for channels that carry messages, and the channel `x` has slots.", "Take it out: what stands in a slot is there because the visitor came."}});
}

TEST(Wrong, QuietHoursAndAnswers) {
  const auto channel = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nevents: { opened: {} }\nchannels: { x: { " + text + " } }", told);
  };
  for (const char* good : {"quiet: 00:00 to 23:59:59", "quiet: \"21:00 to 08:00\"", "answer: opened within 400 days", "answer: \"opened within 1 second\""}) channel(good, {});
  for (const char* bad : {"21:00", "21:00 - 08:00", "21:00 to 8:00", "9 to 5", "24:00 to 08:00", "21:00 to 08:60", "21:00 to 08:00:60", "21:00 to 08:00 ", "21.00 to 08.00", "21:00 to", "to 08:00",
                          "21:00 to 08:00 to 09:00", "9pm to 8am", "21:00  to 08:00", "\u0662\u0661:00 to 08:00", "21:0a to 08:00", ""}) {
    const std::string quoted = "\"" + std::string(bad) + "\"";
    const auto l = load_text("catalog: a\nchannels: { x: { quiet: " + quoted + " } }");
    ASSERT_EQ(l->d.errors(), 1u) << bad;
    EXPECT_EQ(l->d.all()[0].code, Code::CatalogBadQuiet) << bad;
    EXPECT_EQ(l->d.all()[0].message, "The quiet hours of the channel `x` cannot be read: `" + std::string(bad) + "`.");
  }
  const std::string times = "Say from when to when, in the visitor's time of day from `00:00` to `23:59`, as in `quiet: \"21:00 to 08:00\"`.";
  channel("quiet: 9 to 5", {{Code::CatalogBadQuiet, 0, 25, 31, "The quiet hours of the channel `x` cannot be read: `9 to 5`.", times}});
  channel("quiet: 09:00 to 09:00:00", {{Code::CatalogBadQuiet, 0, 25, 42, "The quiet hours of the channel `x` begin when they end.", "Say two different times of day, or take the key out."}});
  channel("quiet: [a]", {{Code::CatalogShape, 0, 25, 26, "`quiet` of the channel `x` must be a word, and here stands a list.", "Write it as in `quiet: \"21:00 to 08:00\"`."}});

  const std::string within = "Say which event counts as an answer, and within which time, as in `answer: email_opened within 2 days`.";
  for (const char* bad : {"opened", "within 2 days", "opened within", "opened within 0 days", "opened within 2", "opened in 2 days", "opened within 2 months"})
    channel("answer: " + std::string(bad), {{Code::CatalogBadAnswer, 0, 26, 26 + std::string(bad).size(), "The answer of the channel `x` cannot be read: `" + std::string(bad) + "`.", within}});
  channel("answer: opend within 2 days", {{Code::CatalogUnknownEvent, 0, 26, 31, "There is no event `opend` in the catalog.", "Did you mean `opened`?"}});
  channel("answer: \"opend within 2 days\"", {{Code::CatalogUnknownEvent, 0, 27, 32, "There is no event `opend` in the catalog.", "Did you mean `opened`?"}});
  channel("answer: opened within 401 days", {{Code::CatalogLongLimit, 0, 26, 48, "The answer of the channel `x` may take longer than the history kept.", "Shorten its time, or lengthen `history`."}});
  channel("answer: {}", {{Code::CatalogShape, 0, 26, 27, "`answer` of the channel `x` must be a word, and here stands a map of keys and values.", "Write it as in `answer: email_opened within 2 days`."}});
  channel("quit: 21:00 to 08:00", {{Code::CatalogUnknownKey, 0, 18, 22, "There is no key `quit` in a channel.", "Did you mean `quiet`?"}});
  // Where the events could not be read, nothing is said of one.
  expect_told("catalog: a\nevents: []\nchannels: { x: { answer: opened within 2 days } }",
              {{Code::CatalogShape, 2, 9, 10, "`events` must be a map of keys and values, and here stands a list.", "Write it as in `events: { order_placed: { total: money } }`."}});
}

TEST(Wrong, Templates) {
  const auto template_ = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nchannels: { email: {}, web: { slots: [hero] } }\ntemplates: { x: { " + text + " } }", told);
  };
  template_("by: [emial]", {{Code::CatalogUnknownChannel, 0, 24, 29, "There is no channel `emial` in the catalog.", "Did you mean `email`?"}});
  template_("by: []", {{Code::CatalogBadList, 0, 23, 24, "`by` of the template `x` is an empty list.", "Write it as in `by: [email, push]`."}});
  template_("with: {}", {{Code::CatalogMissingKey, 0, 14, 15, "No channel carries the template `x`.", "Say which, as in `by: [email, push]`."}});
  template_("by: [email], service: true", {});
  template_("by: [email], service: maybe", {{Code::CatalogYesNo, 0, 41, 46, "`service` of the template `x` can only be `true` or `false`.", ""}});
  template_("by: [email, web], service: false", {});
  template_("by: [email, web], service: true", {{Code::CatalogSlots, 0, 37, 44, "Only messages can be a service, and the template `x` can stand in a slot of `web`.",
                                                 "Take `web` out of `by`, or take `service` out."}});
  template_("by: [email], with: { only: text }", {{Code::CatalogHardWord, 0, 40, 44, "`only` is a word of the language, so it cannot be the name of a parameter of the template `x`.", "Choose another, as in `only_1`."}});
}

TEST(Wrong, Tasks) {
  const auto task = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 2;
    expect_told("catalog: a\ntasks: { " + text + " }", told);
  };
  task("x: {}, y: { with: { a: text, b: [c, d] } }", {});
  task("x: text", {{Code::CatalogShape, 0, 13, 17, "The task `x` must be a map of keys and values, and here stands a word.", "Write it as in `x: {}`."}});
  task("x: { by: [email] }", {{Code::CatalogUnknownKey, 0, 15, 17, "There is no key `by` in a task.", "The only key of a task is `with`."}});
  task("x: { with: [a] }", {{Code::CatalogShape, 0, 21, 22, "`with` of the task `x` must be a map of keys and values, and here stands a list.", "Write it as in `with: { product: text }`."}});
  task("x: { with: { a: txt } }", {{Code::CatalogUnknownType, 0, 26, 29, "There is no type `txt`.", "Did you mean `text`?"}});
  task("x: { with: { a: consent } }", {{Code::CatalogConsent, 0, 26, 33, "A consent belongs to the visitor, not to the task `x`.", "Declare it under `visitor`, as in `consent.marketing: consent`."}});
  task("end: {}", {{Code::CatalogHardWord, 0, 10, 13, "`end` is a word of the language, so it cannot be the name of a task.", "Choose another, as in `end_1`."}});
  expect_told("catalog: a\ntasks: x", {{Code::CatalogShape, 2, 8, 9, "`tasks` must be a map of keys and values, and here stands a word.", "Write it as in `tasks: { call_back: {} }`."}});
}

TEST(Wrong, Requests) {
  const auto source = [](const std::string& channels, const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 4;
    expect_told("catalog: a\nevents: { e: { f: money } }\nchannels: { x: " + channels + " }\nsources: { s: { " + text + " } }", told);
  };
  const std::string slots = "{ slots: [hero] }", ok = "format: ndjson, visitor: v, time: t, asked for: ";
  source(slots, ok + "a.b", {});
  source(slots, ok + "a, event: n", {});
  source(slots, ok + "a, events: { E: e }", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.", "Add `event: …` with the name of the column or field."}});
  source(slots, ok + "a..b", {{Code::SourceRawName, 0, 65, 69, "`asked for` of the source `s` is no path: `a..b`.", "Write the name of a field, or a path with dots, as in `properties.total`."}});
  source(slots, ok + "n, event: n", {{Code::SourceRawName, 0, 65, 66, "`asked for` and `event` of the source `s` stand in the same place, so no record could be either.",
                                       "Name the field that holds the slots."}});
  source(slots, ok + "[a]", {{Code::CatalogShape, 0, 65, 66, "`asked for` of the source `s` must be a word, and here stands a list.", ""}});
  source(slots, ok + "a, fields: { e.f: r }", {{Code::SourceUnused, 0, 78, 81, "The source `s` never makes the event `e`.", "Take the line out, or list the event."}});
  source("{}", ok + "a", {{Code::SourceUnused, 0, 54, 63, "The source `s` has requests for slots, but no channel has a slot.",
                           "Take the line out, or give a channel slots, as in `web: { slots: [hero, sidebar] }`."}});
  source(slots, "format: csv, visitor: v, time: t, event: n, asked_for: a", {{Code::CatalogUnknownKey, 0, 61, 70, "There is no key `asked_for` in a source.", "Did you mean `asked for`?"}});
}

TEST(Wrong, ReceivedAndMerges) {
  const auto source = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 4;
    expect_told("catalog: a\nevents: { e: { f: money } }\nchannels: { x: { slots: [hero] } }\nsources: { s: { " + text + " } }", told);
  };
  const std::string begin = "format: ndjson, visitor: v, time: t, ", path = "Write the name of a field, or a path with dots, as in `properties.total`.", other = "Name the field that holds the id of the other visitor.";
  source(begin + "merges: a.b, received: c.d", {});
  source(begin + "event: n, merges: a, asked for: b, received: c, id: a, attributes: {}", {});  // an id may serve twice
  source(begin + "received: r", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.", "Add `event: …` with the name of the column or field."}});
  source(begin + "merges: a, events: { E: e }", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.",
                                                  "Add `event: …` with the name of the column or field."}});
  source(begin + "merges: a, fields: { e.f: r }", {{Code::SourceUnused, 0, 75, 78, "The source `s` never makes the event `e`.", "Take the line out, or list the event."}});
  source(begin + "event: n, received: .r", {{Code::SourceRawName, 0, 74, 76, "`received` of the source `s` is no path: `.r`.", path}});
  source(begin + "event: n, merges: \"\"", {{Code::SourceRawName, 0, 72, 74, "`merges` of the source `s` is empty.", path}});
  source(begin + "event: n, merges: [a]", {{Code::CatalogShape, 0, 72, 73, "`merges` of the source `s` must be a word, and here stands a list.", ""}});
  source(begin + "event: n, received: t", {{Code::SourceUnused, 0, 64, 72, "`received` and `time` of the source `s` stand in the same place, so no record could ever be late.",
                                            "Name the field that says when the record was received, or take the line out."}});
  source(begin + "merges: v", {{Code::SourceRawName, 0, 62, 63, "`merges` and `visitor` of the source `s` stand in the same place, so every record would merge a visitor with itself.", other}});
  source(begin + "event: n, merges: n", {{Code::SourceRawName, 0, 72, 73, "`merges` and `event` of the source `s` stand in the same place, so no record could be either.", other}});
  source(begin + "asked for: n, merges: n", {{Code::SourceRawName, 0, 76, 77, "`merges` and `asked for` of the source `s` stand in the same place, so no record could be either.", other}});
}

TEST(Wrong, Sources) {
  const auto source = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 4;
    expect_told("catalog: a\nevents: { e: { f: money, g: [a, b] }, o: { f: text } }\nvisitor: { d: { type: money, is: last e.f }, t: text }\nsources: { s: { " + text + " } }", told);
  };
  const std::string ok = "format: csv, visitor: v, time: t, event: n";
  const auto after = [&](std::size_t gap) { return 17 + ok.size() + gap; };
  source(ok, {});
  source("format: segment", {{Code::CatalogNotBuilt, 0, 25, 32, "The format `segment` is part of the language, but not built yet.", "Use `ndjson`, and name the paths, for now."}});
  source("format: cvs", {{Code::SourceFormat, 0, 25, 28, "There is no format `cvs`.", "Did you mean `csv`?"}});
  source("format: xml", {{Code::SourceFormat, 0, 25, 28, "There is no format `xml`.", "The formats are `csv` and `ndjson`."}});
  source("visitor: v, time: t, event: n", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say its format.", "Add `format: csv` or `format: ndjson`."}});
  source("format: csv, time: t, event: n", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the visitor stands in a record.",
                                             "Add `visitor: …` with the name of the column or field."}});
  source("format: csv, visitor: v, time: t", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.",
                                               "Add `event: …` with the name of the column or field."}});
  source("format: csv, visitor: v, time: t, attributes: { t: x }", {});
  source("format: ndjson, visitor: a..b, time: t, event: n", {{Code::SourceRawName, 0, 42, 46, "`visitor` of the source `s` is no path: `a..b`.",
                                                               "Write the name of a field, or a path with dots, as in `properties.total`."}});
  source("format: csv, visitor: \"\", time: t, event: n", {{Code::SourceRawName, 0, 39, 41, "`visitor` of the source `s` is empty.", "Write the name of a column as in the header."}});
  source(ok + ", zone: Mars", {{Code::CatalogZone, 0, after(8), after(12), "There is no time zone `Mars`.", "Name a zone of the IANA list, as in `Europe/Helsinki`."}});
  source(ok + ", events: {}", {{Code::SourceIncomplete, 0, after(10), after(11), "`events` of the source `s` lists none.",
                                "List some, or take the key out: then events have the same names in the data and in the catalog."}});
  source(ok + ", events: { A: x }", {{Code::CatalogUnknownEvent, 0, after(15), after(16), "There is no event `x` in the catalog.", ""}});
  source(ok + ", fields: { x.f: r }", {{Code::CatalogUnknownEvent, 0, after(12), after(15), "There is no event `x` in the catalog.", ""}});
  source(ok + ", fields: { e.x: r }", {{Code::SourceField, 0, after(12), after(15), "The event `e` has no field `x`.", ""}});
  source(ok + ", fields: { f: r }", {{Code::SourceField, 0, after(12), after(13), "`f` is not the field of an event.",
                                      "Write event and field, as in `order_placed.total`, or `\"*.total\"` for all events."}});
  source(ok + ", fields: { \"*.x\": r }", {{Code::SourceField, 0, after(12), after(17), "No event has a field `x`.", ""}});
  source(ok + ", events: { O: o }, fields: { e.f: r }", {{Code::SourceUnused, 0, after(30), after(33), "The source `s` never makes the event `e`.", "Take the line out, or list the event."}});
  source(ok + ", events: { O: o }, fields: { \"*.g\": r }", {{Code::SourceUnused, 0, after(30), after(35), "The source `s` makes no event with a field `g`.",
                                                             "Take the line out, or list such an event."}});
  source(ok + ", values: { \"*.f\": { A: a } }", {{Code::SourceNotOneOf, 0, after(12), after(17), "The field `e.f` is `money`, so no values of a list can be named for it.",
                                                "Only a field of a list, such as `[a, b]`, has such values."},
                                               {Code::SourceNotOneOf, 0, after(12), after(17), "The field `o.f` is `text`, so no values of a list can be named for it.",
                                                "Only a field of a list, such as `[a, b]`, has such values."}});
  source(ok + ", values: { e.g: { A: c } }", {{Code::SourceValue, 0, after(22), after(23), "The list of `e.g` has no value `c`.", ""}});
  source(ok + ", attributes: { d: r }", {{Code::SourceDerived, 0, after(16), after(17), "`d` is derived from events, so a source cannot set it.", "Take the line out."}});
  source(ok + ", attributes: { x: r }", {{Code::CatalogUnknownAttribute, 0, after(16), after(17), "The visitor has no attribute `x`.", ""}});
}

// One cause, one message: what depends on a thing at fault is not at fault too.
TEST(Wrong, OneCauseOneMessage) {
  expect_told("catalog: a\nevents: [e]\nvisitor: { x: { type: text, is: y, until: [e] } }\nsources: { s: { format: csv, visitor: v, time: t, event: n, events: { E: e }, fields: { e.f: r, \"*.g\": h } } }\n",
              {{Code::CatalogShape, 2, 9, 10, "`events` must be a map of keys and values, and here stands a list.", "Write it as in `events: { order_placed: { total: money } }`."}});
  expect_told("catalog: a\nevents: { b: &x { f: mony }, c: *x }",
              {{Code::CatalogUnknownType, 2, 22, 26, "There is no type `mony`.", "Did you mean `money`?"}});
  expect_told("catalog: a\nevents: { e: { f: mony } }\nsources: { s: { format: csv, visitor: v, time: t, event: n, values: { e.f: { A: a } } } }",
              {{Code::CatalogUnknownType, 2, 19, 23, "There is no type `mony`.", "Did you mean `money`?"}});
  expect_told("catalog: a\nvisitor: { c: consnt }\nchannels: { x: { needs: c } }", {{Code::CatalogUnknownType, 2, 15, 21, "There is no type `consnt`.", "Did you mean `consent`?"}});
  expect_told("catalog: a\nevents: { e: }\nsources: { s: { format: csv, visitor: v, time: t, event: n, fields: { e.f: r } } }",
              {{Code::CatalogShape, 2, 11, 12, "The event `e` must be a map of keys and values, and here stands nothing.", "Write it as in `e: {}`."}});
}

// A misspelt key of a source is no missing one, and nothing is judged by its absence.
TEST(Wrong, AMisspeltKeyOfASourceIsSaidOnce) {
  const auto source = [](const std::string& text, const std::string& key, const std::string& meant) {
    const std::string line = "sources: { s: { " + text + " } }";
    const auto at = line.find(key) + 1;
    expect_told("catalog: a\nevents: { e: { f: money } }\nchannels: { x: { slots: [hero] } }\nvisitor: { tier: text }\n" + line,
                {{Code::CatalogUnknownKey, 5, at, at + key.size(), "There is no key `" + key + "` in a source.", "Did you mean `" + meant + "`?"}});
  };
  const std::string begin = "format: csv, visitor: v, time: t, ";
  source(begin + "asked_for: a", "asked_for", "asked for");
  source(begin + "attribute: { tier: t }", "attribute", "attributes");
  source(begin + "merge: a", "merge", "merges");
  source(begin + "evnt: n", "evnt", "event");
  source(begin + "evnt: n, fields: { e.f: r }", "evnt", "event");
  source(begin + "evnt: n, events: { E: e }", "evnt", "event");
  source(begin + "evnt: n, attributes: { tier: x }, fields: { \"*.f\": r }", "evnt", "event");
  source(begin + "event: n, recieved: r", "recieved", "received");
  source("format: csv, visitr: v, time: t, event: n", "visitr", "visitor");
  source("format: csv, visitor: v, tim: t, event: n", "tim", "time");
  source("formt: csv, visitor: v, time: t, event: n", "formt", "format");
  // What is misspelt and what is missing are two things.
  expect_told("catalog: a\nsources: { s: { format: csv, visitr: v, event: n } }",
              {{Code::CatalogUnknownKey, 2, 30, 36, "There is no key `visitr` in a source.", "Did you mean `visitor`?"},
               {Code::SourceIncomplete, 2, 12, 13, "The source `s` does not say where the time stands in a record.", "Add `time: …` with the name of the column or field."}});
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
