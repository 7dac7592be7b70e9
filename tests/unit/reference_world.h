// A small catalog, rules as text, and a history a line a record: what the tests of the reference interpreter are written in.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/reference/reference.h"
#include "compiler/syntax/syntax.h"
#include "runtime/base/time.h"

namespace polku::reference {

using catalog::TypeKind;
using history::Decision;
using history::Outcome;
using history::Tri;

class Reference : public testing::Test {
 protected:
  Reference() {
    const auto field = [](std::string name, TypeKind kind) { return catalog::Field{std::move(name), {kind, {}}, true, {}}; };
    c.name = "world";
    c.salt = "salt";
    c.history = 30 * kDay;
    c.events = {{"cart", {field("items", TypeKind::Whole), field("value", TypeKind::Money), field("name", TypeKind::Text)}, {}},
                {"order", {field("total", TypeKind::Money), field("share", TypeKind::Percent), field("took", TypeKind::Duration)}, {}},
                {"page", {field("group", TypeKind::OneOf), field("rank", TypeKind::Number), field("tags", TypeKind::TextList)}, {}},
                {"opened", {}, {}}};
    c.events[2].fields[0].type.values = {"offers", "help"};
    attribute("consent.marketing", TypeKind::Consent);
    attribute("push.token", TypeKind::Text);
    attribute("tier", TypeKind::OneOf, catalog::Presence::Default).type.values = {"none", "gold"};
    c.attributes.back().default_value.value = 0;
    attribute("age", TypeKind::Whole);
    attribute("time zone", TypeKind::Text);
    attribute("birthday", TypeKind::Date);
    attribute("joined", TypeKind::Time);
    attribute("anonymous", TypeKind::YesNo);
    attribute("likes", TypeKind::TextList);
    derive("basket.value", TypeKind::Money, "last cart.value", {"order"});
    derive("orders", TypeKind::Number, "number of order ever");
    c.channels.resize(6);
    const char* const names[] = {"email", "push", "sms", "mail", "web", "night"};
    for (std::size_t i = 0; i < 6; ++i) c.channels[i].name = names[i];
    c.channels[0].needs = c.attribute("consent.marketing");
    c.channels[0].answer = catalog::Answer{3, kHour};
    c.channels[1].reach = c.attribute("push.token");
    c.channels[2].limit = catalog::Quota{2, 90 * kMinute};
    c.channels[2].answer = catalog::Answer{3, kHour};
    c.channels[4].slots = {"hero", "side"};
    c.channels[5].quiet = catalog::Hours{21 * kHour, 8 * kHour};
    catalog::Field first = field("first", TypeKind::Number);
    first.optional = false;
    const std::vector<int> all{0, 1, 2, 3, 4, 5};
    c.templates = {{"t", all, false, {}, {}}, {"p", all, false, {first, field("second", TypeKind::Text), field("third", TypeKind::TextList)}, {}},
                   {"receipt", all, true, {}, {}}, {"u", all, false, {}, {}}};
    c.tasks = {{"call", {}, {}}, {"visit", {first}, {}}};
  }

  catalog::Attribute& attribute(std::string name, TypeKind kind, catalog::Presence presence = catalog::Presence::Optional) {
    catalog::Attribute& a = c.attributes.emplace_back();
    a.name = std::move(name);
    a.type.kind = kind;
    a.presence = presence;
    return a;
  }
  void derive(std::string name, TypeKind kind, const std::string& as, std::vector<std::string> until = {}) {
    catalog::Attribute& a = attribute(std::move(name), kind, catalog::Presence::Derived);
    a.until = std::move(until);
    diag::Diagnostics d;
    derived[a.name] = syntax::parse_expression(as, {}, d);
    EXPECT_TRUE(derived[a.name] != nullptr) << as;
  }

  // ---- rules ----

  void rules(const std::string& text) {
    diag::Sources sources;
    diag::Diagnostics d;
    file = syntax::parse(sources, sources.add("test.polku", text), d);
    for (const auto& fault : d.all()) ADD_FAILURE() << diag::render_text(fault, sources, false);
  }
  // What stands in one journey, J.
  void journey(const std::string& text) { rules("journey \"J\"\n" + text + "\nend\n"); }

  // ---- the history ----

  // `10:00`, `3 10:00:00.001` (the third day), or an instant as in RFC 3339. Days count from Monday, 2 March 2026, UTC.
  static Millis instant(const std::string& text) {
    if (text.size() > 4 && text[4] == '-') return base::parse_instant(text, base::Zone::utc()).value();
    int day = 1, hour = 0, minute = 0, second = 0, millis = 0, used = 0;
    const bool with_day = std::sscanf(text.c_str(), "%d %n", &day, &used) == 1 && text.find(' ') != std::string::npos;
    const char* clock = text.c_str() + (with_day ? used : 0);
    EXPECT_GE(std::sscanf(clock, "%d:%d:%d.%d", &hour, &minute, &second, &millis), 2) << text;
    if (!with_day) day = 1;
    return base::civil_day(2026, 3, 2).value() * kDay + (day - 1) * kDay + hour * kHour + minute * kMinute + second * kSecond + millis;
  }

  // `at("10:00", "cart items=3, name=Cabin")`. Numbers as runtime/base/value.h encodes them; a list as `a|b`.
  void at(const std::string& time, const std::string& what) {
    history::Event& e = record(time);
    const std::size_t blank = std::min(what.find(' '), what.size());
    e.type = c.event(what.substr(0, blank));
    ASSERT_GE(e.type, 0) << what;
    const catalog::Event& type = c.events[static_cast<std::size_t>(e.type)];
    e.fields.resize(type.fields.size(), kUnknown);
    for (const auto& [name, value] : pairs(what.substr(blank))) {
      const int field = type.field(name);
      ASSERT_GE(field, 0) << name;
      e.fields[static_cast<std::size_t>(field)] = encoded(type.fields[static_cast<std::size_t>(field)].type, value);
    }
  }
  // `set("10:00", "age=40, time zone=Europe/Helsinki")`; nothing behind the sign: missing from now on.
  void set(const std::string& time, const std::string& values) {
    history::Event& e = record(time);
    for (const auto& [name, value] : pairs(values)) {
      const int index = c.attribute(name);
      ASSERT_GE(index, 0) << name;
      e.changes.push_back({index, encoded(c.attributes[static_cast<std::size_t>(index)].type, value)});
    }
  }
  void asked(const std::string& time, const std::vector<std::pair<std::string, std::string>>& slots) {
    history::Event& e = record(time);
    e.type = history::kAsked;
    for (const auto& [channel, slot] : slots) {
      const int index = c.channel(channel);
      e.asked.push_back({index, c.channels[static_cast<std::size_t>(index)].slot(slot)});
    }
  }
  // The record given last reached us then, not at its own time.
  void received(const std::string& time) { events.back().received = instant(time); }
  void merge(const std::string& time, const std::string& other) {
    history::Event& e = record(time);
    e.type = history::kMerge;
    e.merges = other;
  }
  void under_name(std::uint64_t identity, const std::string& name) { under_[identity] = name; }
  void down(const std::string& from, const std::string& to) { outages.push_back({instant(from), instant(to)}); }
  // From then on these rules hold, with the catalog as it stands now, and what is received is of that catalog.
  void change(const std::string& from, const std::string& text) {
    if (packs.empty()) packs.push_back({0, before.events.empty() ? c : before, {}});
    New& pack = packs.emplace_back();
    pack.from = instant(from);
    pack.catalog = c;
    diag::Sources sources;
    diag::Diagnostics d;
    pack.file = syntax::parse(sources, sources.add("new.polku", text), d);
    EXPECT_TRUE(d.ok()) << text;
  }
  void table(const std::string& time, std::string name, std::map<std::string, history::Answered> channels) {
    tables.push_back({instant(time), std::move(name), std::move(channels)});
  }

  // ---- what becomes of it ----

  std::vector<Decision> run(const std::string& until = "11 00:00") {
    const auto era = [&](const catalog::Catalog& catalog, const syntax::File& rules, Millis from) {
      Pack pack{&catalog, {&rules}, std::vector<const syntax::Expr*>(catalog.attributes.size(), nullptr)};
      for (const auto& [name, expr] : derived)
        if (const int i = catalog.attribute(name); i >= 0 && catalog.attributes[static_cast<std::size_t>(i)].presence == catalog::Presence::Derived)
          pack.derived[static_cast<std::size_t>(i)] = expr.get();
      return Era{std::move(pack), &texts, from};
    };
    std::vector<Era> eras{era(packs.empty() ? c : packs.front().catalog, file, 0)};
    for (std::size_t i = 1; i < packs.size(); ++i) eras.push_back(era(packs[i].catalog, packs[i].file, packs[i].from));
    std::vector<Arrival> arrivals;
    for (const history::Event& event : events) {
      const auto name = under_.find(event.identity);
      Arrival& a = arrivals.emplace_back(Arrival{name != under_.end() ? name->second : visitor, event, 0});
      while (a.era + 1 < eras.size() && eras[a.era + 1].from <= std::max(event.at, event.received)) ++a.era;
    }
    const Log log{eras, arrivals, outages, instant(until)};
    const auto decisions = judge(log, {tables, hold_outs, false});
    EXPECT_EQ(told_wholly(judge(log, {tables, hold_outs, true})), told_wholly(decisions));
    return decisions;
  }
  // Everything that is written down of them, a line each.
  static std::string told_wholly(const std::vector<Decision>& decisions) {
    std::string all;
    for (const Decision& d : decisions) {
      history::append_json(all, d, "EUR");
      all.append("\n");
    }
    return all;
  }
  // `nudge acted 10:30, nudge unknown 2 11:00` of each decision, in order.
  static std::string told(const std::vector<Decision>& decisions) {
    std::string all;
    for (const Decision& d : decisions) {
      all.append(all.empty() ? "" : ", ").append(d.rule).append(" ").append(history::outcome_name(d.outcome)).append(" ").append(clock(d.at));
    }
    return all;
  }
  std::string story(const std::string& until = "11 00:00") { return told(run(until)); }

  // A reason in one line: `clause: is (name = value, …)`.
  static std::string told(const history::Reason& r) {
    static constexpr const char* kIs[] = {"no", "yes", "unknown"};
    std::string all = r.clause;
    all.append(": ").append(kIs[static_cast<std::size_t>(r.is)]);
    for (const auto& s : r.saw) all.append(&s == &r.saw.front() ? " (" : ", ").append(s.name).append(" = ").append(history::words(s.value, "EUR"));
    return all.append(r.saw.empty() ? "" : ")");
  }
  static std::string why(const Decision& d) { return told(d.because.back()); }
  static std::string what(const Decision& d) {
    std::string all;
    for (const auto& a : d.actions) {
      static constexpr const char* kKinds[] = {"send", "show", "task", "suppress", "split"};
      all.append(all.empty() ? "" : ", ").append(kKinds[static_cast<std::size_t>(a.kind)]).append(" ").append(a.name);
      for (const std::string& part : {a.channel, a.slot, a.variant}) all.append(part.empty() ? "" : " ").append(part);
      if (a.length > 0) all.append(" ").append(history::words(a.length));
      for (const auto& p : a.params) all.append(" ").append(p.name).append("=").append(history::words(p.value, "EUR"));
    }
    return all;
  }

  // The value of one condition, judged at an `order` at noon of the second day, behind all records given so far.
  Tri is(const std::string& condition) {
    journey("rule r when order only if " + condition + " do send \"t\" by mail");
    const auto kept = events;
    at("2 12:00", "order total=500");
    const auto decisions = run();
    events = kept;
    if (decisions.empty() || decisions.back().because.size() < 2) {
      ADD_FAILURE() << condition;
      return Tri::Unknown;
    }
    saw.clear();
    for (const auto& s : decisions.back().because.back().saw) saw.push_back(s.name + " = " + history::words(s.value, "EUR"));
    return decisions.back().because.back().is;
  }

  // A pack that holds from an instant on; the first is the one the test begins with.
  struct New {
    Millis from = 0;
    catalog::Catalog catalog;
    syntax::File file;
  };

  catalog::Catalog c;
  catalog::Catalog before;          // the catalog before it was changed: set it first
  std::deque<New> packs;
  std::vector<Outage> outages;
  std::string under;                // the name under which records come from now on; empty: the visitor's
  std::map<std::string, syntax::ExprPtr> derived;
  syntax::File file;
  base::Texts texts;
  std::string visitor = "anna";
  std::vector<history::Event> events;
  std::vector<history::AnswerTable> tables;
  HoldOuts hold_outs = HoldOuts::ByHash;
  std::vector<std::string> saw;   // of the last is()

 private:
  history::Event& record(const std::string& time) {
    history::Event& e = events.emplace_back();
    e.at = instant(time);
    e.identity = events.size();
    if (!under.empty()) under_[e.identity] = under;
    return e;
  }
  std::map<std::uint64_t, std::string> under_;
  static std::vector<std::pair<std::string, std::string>> pairs(const std::string& text) {
    std::vector<std::pair<std::string, std::string>> all;
    for (std::size_t from = text.find_first_not_of(' '); from < text.size();) {
      const std::size_t end = std::min(text.find(", ", from), text.size()), sign = text.find('=', from);
      all.emplace_back(text.substr(from, sign - from), text.substr(sign + 1, end - sign - 1));
      from = end + 2;
    }
    return all;
  }
  Value encoded(const catalog::Type& type, const std::string& value) {
    if (value.empty()) return kUnknown;
    if (type.kind == TypeKind::Text) return texts.intern(value);
    if (type.kind == TypeKind::OneOf) return std::find(type.values.begin(), type.values.end(), value) - type.values.begin();
    if (type.kind != TypeKind::TextList) return std::stoll(value);
    std::vector<Value> ids;
    for (std::size_t from = 0; from <= value.size();) {
      const std::size_t end = std::min(value.find('|', from), value.size());
      ids.push_back(texts.intern(value.substr(from, end - from)));
      from = end + 1;
    }
    return texts.intern_list(ids);
  }
  static std::string clock(Millis at) {
    const Millis t = at - instant("00:00");
    std::string text = t >= kDay || t < 0 ? std::to_string(t / kDay + 1) + " " : "";
    char digits[32];
    std::snprintf(digits, sizeof digits, "%02d:%02d", static_cast<int>(t % kDay / kHour), static_cast<int>(t % kHour / kMinute));
    text += digits;
    if (t % kMinute == 0) return text;
    std::snprintf(digits, sizeof digits, ":%02d", static_cast<int>(t % kMinute / kSecond));
    text += digits;
    if (t % kSecond == 0) return text;
    std::snprintf(digits, sizeof digits, ".%03d", static_cast<int>(t % kSecond));
    return text += digits;
  }
};

}  // namespace polku::reference
