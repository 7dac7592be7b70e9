// A live pack that is edited: patches say what a fresh compilation says, and what a patch cannot say is compiled as a whole.
#include <gtest/gtest.h>

#include <random>

#include "compiler/driver/live.h"

namespace polku::driver {
namespace {

using Kind = Live::Kind;

constexpr const char* kCatalog = R"(
catalog: shop
events:
  order: { total: money, items: whole number }
  visit: { page: text }
visitor:
  age: whole number
  score: whole number optional
  tier: [none, silver, gold]
channels:
  email: {}
  push:  { quiet: 21:00 to 08:00 }
  web:   { slots: [hero] }
templates:
  hello: { by: [email, push], with: { points: whole number optional } }
  teaser: { by: [web] }
)";

constexpr const char* kText = R"(# rules
segment regular
  is number of order in the last 30 days at least 3
end

journey "A"
  priority 3
  rule first
    when    order where items more than 2
    only if age at least 20 and tier is gold
    only if number of visit in the last 7 days at least 2
    limit   2 messages in 7 days
    do send "hello" by email with points = age
  rule second
    when    first sent
    then    no visit for 1 day
    not if  score less than 5 and visitor in regular
    do choose
       | age   | tier | do                   |
       | >= 30 | gold | send "hello" by push |
       | -     | -    | nothing              |
end

journey "B"
  goal order within 2 days
  rule shown
    when asked for web.hero
    only if last order.total otherwise 0 EUR at least 0 EUR or age at least 1
    do show "teaser" in web.hero
  rule third
    when    order
    only if age at least 40
    once in 3 days
    do send "hello" by email
end
)";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// The rules of a plan, codes by what they are and not by number.
class Meant {
 public:
  explicit Meant(const plan::Plan& plan) : plan_(plan) {
    for (const plan::Rule& r : plan.rules) {
      out_ += r.journey + "." + r.name + " priority " + std::to_string(r.priority) + " " + r.owner + "\n";
      for (const plan::Match& m : r.trigger.on) out_ += "on " + std::to_string(m.what), code(m.filter);
      for (const plan::Clause& c : r.when) clause(c);
      code(r.gate);
      for (const plan::Condition& c : r.conditions) out_ += c.polarity == plan::Polarity::OnlyIf ? "only " : "not ", clause(c.clause);
      for (const plan::Once& o : r.once) out_ += "once " + std::to_string(o.within.value_or(0)) + "\n";
      for (const plan::Quiet& q : r.quiet) out_ += "quiet " + std::to_string(q.from) + " " + std::to_string(q.to) + "\n";
      for (const plan::Dates& d : r.dates) out_ += "dates " + std::to_string(d.from) + " " + std::to_string(d.until) + "\n";
      for (const auto* list : {&r.limits, &r.counted_in, &r.suppressed_by})
        for (const std::int32_t n : *list) out_ += std::to_string(n) + " ";
      for (const std::string& b : r.belongs_to) out_ += b + " ";
      out_ += std::to_string(r.hold_out) + " held " + std::to_string(r.held) + "\n";
      leaves(r.columns);
      for (const plan::Row& row : r.rows) {
        out_ += "row", code(row.code);
        for (const plan::Action& a : row.actions) {
          out_ += a.name + "\n";
          for (const plan::Param& p : a.params) out_ += p.clause, code(p.code), leaves(p.leaves);
        }
      }
    }
    for (const plan::Feature& f : plan.features)  // a ring may keep more than is asked for
      out_ += std::to_string(f.match.what) + (f.kind == plan::FeatureKind::Count && f.keep > 0 ? " keeps the latest" : " keeps " + std::to_string(f.horizon)) + "\n";
  }
  std::string text() && { return std::move(out_); }

 private:
  void code(plan::CodeId id) {
    if (id < 0) return void(out_ += " none\n");
    for (const plan::Instr& in : plan_.codes.at(static_cast<std::size_t>(id)).instrs) {
      out_ += std::string(" ") + plan::op_name(in.op);
      for (const std::int64_t n : {std::int64_t{in.a}, std::int64_t{in.b}, std::int64_t{in.aux}}) out_ += "," + std::to_string(n);
      if (plan::op_reads_feature(in.op) && in.op != plan::Op::LastField) {
        const plan::Window& w = plan_.windows.at(static_cast<std::size_t>(in.imm));
        for (const std::int64_t n : {static_cast<std::int64_t>(w.kind), w.length, std::int64_t{w.since}, std::int64_t{w.before_this}}) out_ += "/" + std::to_string(n);
      } else {
        out_ += "," + std::to_string(in.imm);
      }
    }
    out_ += "\n";
  }
  void leaves(const std::vector<plan::Leaf>& list) {
    for (const plan::Leaf& l : list) out_ += l.name + " " + std::to_string(l.or_more), code(l.code);
  }
  void clause(const plan::Clause& c) { out_ += c.text + ":", code(c.code), leaves(c.leaves); }

  const plan::Plan& plan_;
  std::string out_;
};

std::string said(const Pack& pack) {
  std::string out;
  for (const diag::Diagnostic& d : pack.diagnostics.all()) out += diag::render_text(d, pack.sources, false);
  return out;
}

struct World {
  Live live;
  Live::Change compile(const std::string& text) {
    const Live::Change change = live.compile({"catalog.yaml", kCatalog}, {{"a.polku", text}});
    const auto fresh = driver::compile({"catalog.yaml", kCatalog}, {{"a.polku", text}}, false);
    EXPECT_EQ(said(*change.pack), said(*fresh));
    EXPECT_EQ(change.kind == Kind::Faulty, !fresh->plan.has_value());
    if (fresh->plan) {
      live.apply();
      EXPECT_EQ(Meant(*live.plan()).text(), Meant(*fresh->plan).text());
    }
    return change;
  }
};

TEST(Live, AThresholdIsAPatch) {
  World w;
  EXPECT_EQ(w.compile(kText).kind, Kind::Whole);
  const auto plan = w.live.plan();
  const Live::Change change = w.compile(with(kText, "age at least 20", "age at least 21"));
  EXPECT_EQ(change.kind, Kind::Patch);
  EXPECT_EQ(change.rules, (std::vector<std::size_t>{0, 1}));  // those of its journey
  EXPECT_EQ(w.live.parsed(), 1u);
  EXPECT_EQ(w.live.plan(), plan);
  EXPECT_EQ(w.compile(kText).kind, Kind::Patch);
}

TEST(Live, WhatIsOnlyLookedAtInAJudgementIsAPatch) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"tier is gold", "tier is one of [silver, gold]"}, {"priority 3", "priority 4"}, {"with points = age", "with points = 7"}, {"items more than 2", "items more than 3"},
           {"once in 3 days", "once in 4 days"}, {"| >= 30 | gold", "| >= 31 | silver"}, {"not if  score less than 5", "not if  score at least 5"},
           {"    only if age at least 40\n", "    only if age at least 40\n    from 1 May 2026 until 3 May 2026\n"}, {"age at least 1\n", "age at least 2\n  # a comment\n"},
           {"in the last 7 days at least 2", "in the last 8 days at least 2"}, {"in the last 7 days at least 2", "in the last 3 days at least 1"},
           {"# rules\n", "# rules\n# of a shop\n"}}) {
    World w;
    w.compile(kText);
    EXPECT_EQ(w.compile(with(kText, from, to)).kind, Kind::Patch) << to;
    EXPECT_EQ(w.compile(kText).kind, Kind::Patch) << from;
  }
}

TEST(Live, WhatIsRememberedIsCompiledAsAWhole) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"in the last 7 days at least 2", "in the last 7 days at least 3"}, {"in the last 7 days at least 2", "since order at least 2"}, {"for 1 day", "for 2 days"},
           {"2 messages", "3 messages"}, {"order within 2 days", "order within 3 days"}, {"rule third", "rule fourth"}, {"  rule third", "  rule more\n    when visit\n    do send \"hello\" by email\n  rule third"},
           {"journey \"B\"", "journey \"C\""}, {"at least 3\nend", "at least 2\nend"}, {"    once in 3 days\n", ""}, {"send \"hello\" by push", "send \"hello\" by email"},
           {"when    order\n", "when    visit\n"}, {"when    order\n", "when    2 order within 1 day\n"}, {"only if age at least 40", "only if first visit.page is \"x\" and age at least 40"}}) {
    World w;
    w.compile(kText);
    EXPECT_EQ(w.compile(with(kText, from, to)).kind, Kind::Whole) << to;
  }
}

TEST(Live, AFaultLeavesThePlanAsItIs) {
  World w;
  w.compile(kText);
  const auto plan = w.live.plan();
  const std::string meant = Meant(*plan).text();
  for (const char* fault : {"age at least", "ages at least 20", "tier at least 20", "age at least 20 and tier is 3"}) {
    EXPECT_EQ(w.compile(with(kText, "age at least 20", fault)).kind, Kind::Faulty) << fault;
    EXPECT_EQ(Meant(*w.live.plan()).text(), meant);
    EXPECT_EQ(w.compile(with(kText, "age at least 20", "age at least 22")).kind, Kind::Patch) << fault;
    EXPECT_EQ(w.compile(kText).kind, Kind::Patch);
  }
  EXPECT_EQ(w.live.plan(), plan);
}

TEST(Live, ANameOfATestThatComesTwiceIsAFault) {
  Live live;
  const auto compile = [&](const std::string& second) {
    const auto test = [](const std::string& name) { return "test \"" + name + "\"\n  at 10:00 visit page = \"/\"\n  at 10:00 expect nothing because no_match\nend\n"; };
    return live.compile({"catalog.yaml", kCatalog}, {{"a.polku", kText + test("one")}, {"b.polku", test(second)}});
  };
  ASSERT_EQ(compile("two").kind, Kind::Whole);
  live.apply();
  EXPECT_EQ(compile("three").kind, Kind::Patch);
  live.apply();
  const Live::Change twice = compile("one");
  EXPECT_EQ(twice.kind, Kind::Faulty);
  EXPECT_NE(said(*twice.pack).find("PK2013"), std::string::npos) << said(*twice.pack);
}

TEST(Live, APatchThatNobodyAppliedIsNotBuiltUpon) {
  Live live;
  live.compile({"catalog.yaml", kCatalog}, {{"a.polku", kText}});
  live.apply();
  EXPECT_EQ(live.compile({"catalog.yaml", kCatalog}, {{"a.polku", with(kText, "age at least 20", "age at least 21")}}).kind, Kind::Patch);
  EXPECT_EQ(live.compile({"catalog.yaml", kCatalog}, {{"a.polku", with(kText, "age at least 20", "age at least 22")}}).kind, Kind::Whole);
}

TEST(Live, AnotherCatalogIsAnotherPlan) {
  World w;
  w.compile(kText);
  EXPECT_EQ(w.live.compile({"catalog.yaml", std::string(kCatalog) + "# a comment\n"}, {{"a.polku", kText}}).kind, Kind::Whole);
}

TEST(Live, ManyEdits) {
  World w;
  w.compile(kText);
  std::mt19937 random(3);
  int patches = 0;
  for (int i = 0; i < 60; ++i) {
    std::string text = kText;
    for (const char* word : {"age at least 20", "tier is gold", "items more than 2", "score less than 5", "age at least 40", ">= 30"}) {
      if (random() % 3 != 0) continue;
      const std::string other(word);
      text = with(text, word, other == "tier is gold" ? "tier is silver" : other.substr(0, other.find_last_of(' ')) + " " + std::to_string(random() % 5));
    }
    patches += w.compile(text).kind == Kind::Patch;
  }
  EXPECT_EQ(patches, 60);
}

}  // namespace
}  // namespace polku::driver
