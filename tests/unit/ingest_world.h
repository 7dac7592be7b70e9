// A small catalog and source, and every record of an input as a line: what the tests of ingest are written in.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/ingest/ingest.h"

namespace polku::ingest {

using catalog::TypeKind;

inline catalog::Field field(std::string name, TypeKind kind, bool optional = true, std::vector<std::string> values = {}) {
  catalog::Field f;
  f.name = std::move(name);
  f.type = {kind, std::move(values)};
  f.optional = optional;
  return f;
}

inline catalog::Attribute attribute(std::string name, TypeKind kind, std::vector<std::string> values = {}) {
  catalog::Attribute a;
  a.name = std::move(name);
  a.type = {kind, std::move(values)};
  a.presence = catalog::Presence::Optional;
  return a;
}

// Event 0 is `paid` with one field; event 1 is `all` with a field of each type.
inline catalog::Catalog a_catalog() {
  catalog::Catalog c;
  c.zone = "Europe/Helsinki";
  catalog::Event paid, all;
  paid.name = "paid";
  paid.fields = {field("total", TypeKind::Money, false)};
  all.name = "all";
  all.fields = {field("yesno", TypeKind::YesNo), field("whole", TypeKind::Whole), field("number", TypeKind::Number), field("money", TypeKind::Money),
                field("percent", TypeKind::Percent), field("text", TypeKind::Text), field("oneof", TypeKind::OneOf, true, {"silver", "g\u00F6ld"}), field("time", TypeKind::Time),
                field("date", TypeKind::Date), field("duration", TypeKind::Duration), field("list", TypeKind::TextList), field("consent", TypeKind::Consent)};
  c.events = {paid, all};
  c.attributes = {attribute("consent.marketing", TypeKind::Consent), attribute("tier", TypeKind::OneOf, {"none", "gold"}), attribute("spent", TypeKind::Money),
                  attribute("city", TypeKind::Text)};
  c.attributes[2].presence = catalog::Presence::Derived;
  catalog::Channel email, web, app;
  email.name = "email";
  web.name = "web";
  web.slots = {"hero", "sidebar"};
  app.name = "\u00E4pp";
  app.slots = {"top"};
  c.channels = {email, web, app};
  return c;
}

inline catalog::Source a_source() {
  catalog::Source s;
  s.name = "shop";
  s.visitor = "who";
  s.time = "when";
  s.event = "what";
  s.events_listed = true;
  s.events = {{"PAID", 0}, {"ALL", 1}};
  s.fields = {{{0, 0}, "amount"}};
  s.attributes = {{3, "city"}};
  return s;
}

inline std::string shown(const catalog::Type& type, Value value, const base::Texts& texts) {
  if (value == kUnknown) return "?";
  if (type.kind == TypeKind::Text) return "'" + std::string(texts.text(value)) + "'";
  if (type.kind != TypeKind::TextList) return std::to_string(value);
  std::string out = "[";
  for (Value id : texts.list(value)) out += "'" + std::string(texts.text(id)) + "'";
  return out + "]";
}

struct Took {
  std::string error, records;  // a line each: `line visitor time @received event(field=value …) attribute=value … id`
  std::vector<std::uint64_t> identities;
  Counts counts;
  std::uint64_t of(Reject r) const { return counts.by_reject[static_cast<std::size_t>(r)]; }
  const Counts::Example& first(Reject r) const { return counts.first[static_cast<std::size_t>(r)]; }
};

// The record's line, without its end.
inline std::string line_of(const Record& record, const catalog::Catalog& c, const base::Texts& texts) {
  const auto& event = record.event;
  std::string out = std::to_string(record.line) + " " + std::string(record.visitor) + " " + base::format_instant(event.at) + " ";
  if (event.received != kUnknown) out += "@" + base::format_instant(event.received) + " ";
  out += event.type == history::kAsked ? "?" : event.type == history::kMerge ? "+" : event.type < 0 ? "-" : c.events[static_cast<std::size_t>(event.type)].name;
  out += "(" + event.merges;
  EXPECT_EQ(event.asked.empty(), event.type != history::kAsked);
  EXPECT_EQ(event.merges.empty(), event.type != history::kMerge);
  if (event.type < 0) {
    EXPECT_TRUE(event.fields.empty());
  }
  for (const auto& place : event.asked) {
    const auto& channel = c.channels[static_cast<std::size_t>(place.channel)];
    out += channel.name + "." + channel.slots[static_cast<std::size_t>(place.slot)] + ";";
  }
  for (std::size_t f = 0; f < event.fields.size(); ++f) {
    const auto& declared = c.events[static_cast<std::size_t>(event.type)].fields[f];
    if (event.fields[f] != kUnknown) out += declared.name + "=" + shown(declared.type, event.fields[f], texts) + ";";
  }
  out += ")";
  for (const auto& change : event.changes) {
    const auto& a = c.attributes[static_cast<std::size_t>(change.attribute)];
    out += " " + a.name + "=" + shown(a.type, change.value, texts);
  }
  return out + (record.has_id ? " id" : "");
}

inline std::uint64_t refused(const Counts& counts) {
  std::uint64_t sum = 0;
  for (std::size_t r = 0; r < kRejects; ++r)
    if (reject_refuses(static_cast<Reject>(r))) sum += counts.by_reject[r];
  return sum;
}

inline Took drain(Opened opened, const catalog::Catalog& c, const base::Texts& texts) {
  Took took;
  took.error = opened.error;
  EXPECT_EQ(opened.reader == nullptr, !opened.error.empty());
  if (!opened.reader) return took;
  Record record;
  while (opened.reader->next(record)) {
    took.records += line_of(record, c, texts) + "\n";
    took.identities.push_back(record.event.identity);
  }
  took.counts = opened.reader->counts();
  EXPECT_EQ(took.counts.records, took.counts.accepted + refused(took.counts));
  return took;
}

inline Took take(std::string_view text, const catalog::Source* source = nullptr, const catalog::Catalog& c = a_catalog()) {
  base::Texts texts;
  return drain(open_text(text, c, source, texts), c, texts);
}

inline Took take_json(std::string_view text, const catalog::Catalog& c = a_catalog()) {
  auto source = a_source();
  source.format = catalog::Format::Ndjson;
  return take(text, &source, c);
}

inline constexpr std::string_view kHead = "who,when,what,amount,city\n";
inline Took take_csv(std::string_view rows) {
  auto source = a_source();
  source.attributes = {{3, "city"}};
  return take(std::string(kHead) + std::string(rows), &source);
}

}  // namespace polku::ingest
