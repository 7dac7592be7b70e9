// The reference interpreter on small packs built by hand, so that nothing but the syntax tree stands between the test and it.
#include "compiler/reference/reference.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace polku::reference {
namespace {

using catalog::TypeKind;
using history::Decision;
using history::Outcome;
using history::Tri;
using syntax::ArithOp;
using syntax::CompareOp;
using syntax::Expr;
using syntax::ExprPtr;
using syntax::LiteralKind;
using syntax::LogicOp;
using syntax::Verb;

// ---- expressions ----

template <class Node>
ExprPtr make(Node node, std::string text) {
  auto e = std::make_unique<Expr>();
  e->node = std::move(node);
  e->text = std::move(text);
  return e;
}
ExprPtr literal(LiteralKind kind, Value value) { return make(syntax::Literal{kind, value, {}, {}}, std::to_string(value)); }
ExprPtr whole(Value n) { return literal(LiteralKind::Whole, n); }
ExprPtr number(Value millionths) { return literal(LiteralKind::Number, millionths); }
ExprPtr money(Value cents) { return literal(LiteralKind::Money, cents); }
ExprPtr percent(Value millionths) { return literal(LiteralKind::Percent, millionths); }
ExprPtr duration(Millis length) { return literal(LiteralKind::Duration, length); }
ExprPtr date(Value days) { return literal(LiteralKind::Date, days); }
ExprPtr quoted(const std::string& text) { return make(syntax::Literal{LiteralKind::Text, 0, text, {}}, "\"" + text + "\""); }

syntax::Path path_of(const std::string& dotted) {
  syntax::Path path;
  std::string part;
  for (const char c : dotted + ".") {
    if (c != '.') part += c;
    else path.parts.push_back(std::exchange(part, {}));
  }
  return path;
}
ExprPtr path(const std::string& dotted) { return make(path_of(dotted), dotted); }
ExprPtr now() { return make(syntax::Now{}, "now"); }
ExprPtr arith(ArithOp op, ExprPtr l, ExprPtr r) { return make(syntax::Arith{op, std::move(l), std::move(r)}, "?"); }
ExprPtr compare(CompareOp op, ExprPtr l, ExprPtr r) { return make(syntax::Compare{op, std::move(l), std::move(r)}, "?"); }
ExprPtr logic(LogicOp op, ExprPtr l, ExprPtr r) { return make(syntax::Logic{op, std::move(l), std::move(r)}, "?"); }
ExprPtr negation(ExprPtr e) { return make(syntax::Not{std::move(e)}, "?"); }
ExprPtr given(ExprPtr e) { return make(syntax::Presence{std::move(e), true}, "?"); }
ExprPtr missing(ExprPtr e) { return make(syntax::Presence{std::move(e), false}, "?"); }
ExprPtr otherwise(ExprPtr e, ExprPtr f) { return make(syntax::Otherwise{std::move(e), std::move(f)}, "?"); }
ExprPtr last(const std::string& event, const std::string& field) {
  return make(syntax::Last{{event, {}}, {field, {}}}, "last " + event + "." + field);
}
ExprPtr in_segment(const std::string& name, bool negated = false) {
  return make(syntax::InSegment{{name, {}}, negated}, (negated ? "visitor not in " : "visitor in ") + name);
}

syntax::Occurrence event(const std::string& name, ExprPtr where = nullptr) {
  syntax::Occurrence o;
  o.name = {name, {}};
  o.where = std::move(where);
  o.text = name;
  return o;
}
syntax::Occurrence act(const std::string& rule, Verb verb = Verb::Sent, std::string journey = {}) {
  syntax::Occurrence o = event(rule);
  o.verb = verb;
  if (!journey.empty()) o.journey = syntax::Name{journey, {}};
  o.text += verb == Verb::Sent ? " sent" : " shown";
  return o;
}
syntax::Window in_last(Millis length) { return {syntax::WindowKind::Last, length, {}, {}}; }
syntax::Window ever() { return {syntax::WindowKind::Ever, 0, {}, {}}; }
syntax::Window since(const std::string& name) { return {syntax::WindowKind::Since, 0, {name, {}}, {}}; }
ExprPtr count(syntax::Occurrence what, syntax::Window window = ever()) {
  const std::string text = "number of " + what.text;
  return make(syntax::Aggregate{syntax::AggregateKind::Number, std::move(what), {}, std::move(window)}, text);
}
ExprPtr sum(syntax::Occurrence what, const std::string& field, syntax::Window window = ever()) {
  const std::string text = "sum of " + what.text + "." + field;
  return make(syntax::Aggregate{syntax::AggregateKind::Sum, std::move(what), {field, {}}, std::move(window)}, text);
}
ExprPtr happened(syntax::Occurrence what, syntax::Window window = ever()) {
  const std::string text = what.text + " happened";
  return make(syntax::Happened{std::move(what), std::move(window)}, text);
}
ExprPtr one_of(ExprPtr subject, std::vector<ExprPtr> values) { return make(syntax::OneOf{std::move(subject), std::move(values), false}, "?"); }
template <class... E>
std::vector<ExprPtr> list(E... e) {
  std::vector<ExprPtr> all;
  (all.push_back(std::move(e)), ...);
  return all;
}

// ---- a pack, a history, and what becomes of them ----

constexpr Millis kBase = 1'000 * kDay;  // a time of day 0, far enough from the beginning of time

class Reference : public testing::Test {
 protected:
  enum EventType { cart, order, page };
  enum Attribute { marketing, token, tier, age, cart_value, orders };

  Reference() {
    const auto field = [](std::string name, TypeKind kind) { return catalog::Field{std::move(name), {kind, {}}, true, {}}; };
    c.history = 30 * kDay;
    c.events = {{"cart", {field("items", TypeKind::Whole), field("value", TypeKind::Money), field("name", TypeKind::Text)}, {}},
                {"order", {field("total", TypeKind::Money)}, {}},
                {"page", {field("group", TypeKind::Text), field("rank", TypeKind::Number)}, {}}};
    c.events[page].fields[0].type = {TypeKind::OneOf, {"offers", "help"}};
    const auto attribute = [&](std::string name, TypeKind kind, catalog::Presence presence) {
      catalog::Attribute a;
      a.name = std::move(name);
      a.type.kind = kind;
      a.presence = presence;
      c.attributes.push_back(a);
    };
    attribute("consent.marketing", TypeKind::Consent, catalog::Presence::Optional);
    attribute("push.token", TypeKind::Text, catalog::Presence::Optional);
    attribute("tier", TypeKind::OneOf, catalog::Presence::Default);
    c.attributes[tier].type.values = {"none", "gold"};
    c.attributes[tier].default_value.value = 0;
    attribute("age", TypeKind::Whole, catalog::Presence::Optional);
    attribute("cart.value", TypeKind::Money, catalog::Presence::Derived);
    c.attributes[cart_value].until = {"order"};
    attribute("orders", TypeKind::Number, catalog::Presence::Derived);
    derived.push_back(last("cart", "value"));
    derived.push_back(count(event("order")));
    c.channels = {{"email", marketing, -1, std::nullopt, {}, {}}, {"push", -1, token, std::nullopt, {}, {}},
                  {"sms", -1, -1, catalog::Quota{2, 90 * kMinute}, {}, {}}, {"mail", -1, -1, std::nullopt, {}, {}},
                  {"web", -1, -1, std::nullopt, {"hero", "side"}, {}}};
    catalog::Field required = field("first", TypeKind::Number);
    required.optional = false;
    c.templates = {{"t", {0, 1, 2, 3, 4}, {}, {}}, {"p", {3}, {required, field("second", TypeKind::Text)}, {}}};
    file.journeys.emplace_back();
    file.journeys.back().name.text = "J";
  }

  syntax::Journey& journey() { return file.journeys.back(); }

  // The rule added last. Valid until the next is added.
  syntax::Rule& rule(const std::string& name, syntax::Occurrence when, const std::string& where = "mail", const std::string& tmpl = "t") {
    syntax::Rule& r = journey().rules.emplace_back();
    r.name.text = name;
    const std::string text = "when " + when.text;
    r.when = syntax::When{std::move(when), {}, text};
    r.action.emplace();
    r.action->target = path_of(where);
    r.action->kind = r.action->target.parts.size() > 1 ? syntax::ActionKind::Show : syntax::ActionKind::Send;
    r.action->template_.text = tmpl;
    return r;
  }
  template <class... Stop>
  static void then_no(syntax::Rule& r, Millis length, Stop... stop) {
    r.then.emplace();
    r.then->length.length = length;
    r.then->text = "then";
    (r.then->stops.push_back(std::move(stop)), ...);
  }
  static void then_wait(syntax::Rule& r, Millis length) { then_no(r, length); }
  template <class Of>
  static void only_if(Of& of, ExprPtr test, std::string text = "only if ?") {
    of.conditions.push_back({syntax::Polarity::OnlyIf, std::move(test), {}, std::move(text)});
  }
  template <class Of>
  static void not_if(Of& of, ExprPtr test, std::string text = "not if ?") {
    of.conditions.push_back({syntax::Polarity::NotIf, std::move(test), {}, std::move(text)});
  }
  template <class Of>
  static void limit(Of& of, std::int64_t n, Millis within, syntax::LimitUnit unit = syntax::LimitUnit::Messages) {
    of.limits.push_back({n, unit, {within, {}}, {}, "limit"});
  }
  static void with(syntax::Rule& r, const std::string& name, ExprPtr value) {
    syntax::Binding b;
    b.name = path_of(name);
    b.value = std::move(value);
    r.action->params.push_back(std::move(b));
  }

  void at(Millis t, EventType type, std::vector<Value> fields = {}) {
    history::Event e;
    e.at = kBase + t;
    e.type = type;
    e.identity = events.size() + 1;
    e.fields = std::move(fields);
    e.fields.resize(c.events[type].fields.size(), kUnknown);
    events.push_back(e);
  }
  void set(Millis t, Attribute attribute, Value value) {
    history::Event e;
    e.at = kBase + t;
    e.identity = events.size() + 1;
    e.changes = {{attribute, value}};
    events.push_back(e);
  }

  std::vector<Decision> run(Millis until = 10 * kDay) {
    Pack pack{&c, {&file}, {}};
    pack.derived.assign(c.attributes.size(), nullptr);
    pack.derived[cart_value] = derived[0].get();
    pack.derived[orders] = derived[1].get();
    return judge(pack, "anna", events, kBase + until, texts);
  }
  // `rule outcome minute` of each decision, in order; times that are no whole minute in milliseconds.
  static std::string told(const std::vector<Decision>& decisions) {
    std::string all;
    for (const Decision& d : decisions) {
      const Millis t = d.at - kBase;
      all += (all.empty() ? "" : ", ") + d.rule + " " + std::string(history::outcome_name(d.outcome)) + " " +
             (t % kMinute == 0 ? std::to_string(t / kMinute) : std::to_string(t) + "ms");
    }
    return all;
  }
  std::string story(Millis until = 10 * kDay) { return told(run(until)); }

  // The value of one condition, judged at an `order` behind all events given so far.
  Tri value(ExprPtr test) {
    file.journeys.back().rules.clear();
    only_if(rule("r", event("order")), std::move(test));
    const auto kept = events;
    at(kDay, order, {500});
    const auto decisions = run();
    events = kept;
    saw = decisions.back().because.back().saw;
    return decisions.back().because.back().is;
  }
  std::string seen(std::size_t i) const { return saw[i].name + " = " + history::words(saw[i].value, "EUR"); }

  catalog::Catalog c;
  std::vector<ExprPtr> derived;
  syntax::File file;
  base::Texts texts;
  std::vector<history::Event> events;
  std::vector<history::Seen> saw;
};

// ---- triggers ----

TEST_F(Reference, AbsenceFiresExactlyAfterItsLength) {
  then_no(rule("nudge", event("cart")), 30 * kMinute, event("order"));
  at(0, cart);
  EXPECT_EQ(story(30 * kMinute), "nudge acted 30");
  EXPECT_EQ(story(30 * kMinute - 1), "");
}

TEST_F(Reference, AnEventStampedAtTheDueTimeComesTooLateToStop) {
  then_no(rule("nudge", event("cart")), 30 * kMinute, event("order"));
  at(0, cart);
  at(30 * kMinute, order);
  EXPECT_EQ(story(), "nudge acted 30");
  events.back().at -= 1;
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, AStopOfTheSameMillisecondCountsOnlyBehindTheStart) {
  then_no(rule("nudge", event("cart")), 30 * kMinute, event("order"));
  at(0, order);
  at(0, cart);
  EXPECT_EQ(story(), "nudge acted 30");
  at(0, order);
  EXPECT_EQ(story(), "");
}

TEST_F(Reference, ALaterStartArmsAgain) {
  then_no(rule("nudge", event("cart")), 30 * kMinute, event("order"));
  at(0, cart);
  at(10 * kMinute, cart);
  at(60 * kMinute, cart);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "nudge acted 40, nudge acted 90");
  EXPECT_EQ(decisions[0].id, history::firing_id(2, "J", "nudge"));
}

TEST_F(Reference, AnEventThatStopsAndStartsStopsFirst) {
  then_no(rule("nudge", event("cart")), 30 * kMinute, event("cart"));
  at(0, cart);
  at(10 * kMinute, cart);
  EXPECT_EQ(story(), "nudge acted 40");
}

TEST_F(Reference, WhereOfStartMustBeTrueAndOfStopMustBeFalse) {
  then_no(rule("nudge", event("cart", compare(CompareOp::Gt, path("items"), whole(0)))), 30 * kMinute,
          event("order", compare(CompareOp::Gt, path("order.total"), money(100))));
  at(0, cart);  // items unknown: does not start
  at(60 * kMinute, cart, {1});
  at(70 * kMinute, order, {50});  // does not stop
  at(120 * kMinute, cart, {1});
  at(130 * kMinute, order);  // total unknown: stops
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "nudge acted 90");
  ASSERT_EQ(decisions[0].because.size(), 2u);
  ASSERT_EQ(decisions[0].because[0].saw.size(), 1u);
  EXPECT_EQ(decisions[0].because[0].saw[0].name, "items");
  EXPECT_EQ(decisions[0].because[0].saw[0].value.value, 1);
  EXPECT_TRUE(decisions[0].because[1].saw.empty());
}

TEST_F(Reference, WaitsFireEachOnItsOwnAndOnceAtOneInstant) {
  then_wait(rule("later", event("cart")), kHour);
  at(0, cart);
  at(0, cart);
  at(10 * kMinute, cart);
  at(20 * kMinute, order);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "later acted 60, later acted 70");
  EXPECT_EQ(decisions[0].id, history::firing_id(1, "J", "later"));
}

TEST_F(Reference, TimersArmedByTimersFireBeforeTheNextEvent) {
  then_no(rule("first", event("cart")), 10 * kMinute, event("order"));
  then_no(rule("second", act("first")), 10 * kMinute, event("order"));
  then_wait(rule("third", act("second")), 10 * kMinute);
  at(0, cart);
  at(30 * kMinute, order);
  EXPECT_EQ(story(), "first acted 10, second acted 20, third acted 30");
  events.back().at = kBase + 20 * kMinute - 1;
  EXPECT_EQ(story(), "first acted 10");
}

TEST_F(Reference, RoundsFollowOneAnotherAtOneInstant) {
  rule("b", act("a"), "web.side");  // stands first, but fires in the next round
  rule("a", event("cart"));
  rule("c", act("b", Verb::Shown), "web.hero");
  rule("wrong_verb", act("b", Verb::Sent), "sms");
  at(0, cart);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 0, b acted 0, c acted 0");
  EXPECT_EQ(decisions[1].id, history::firing_id(history::identity_of_decision(decisions[0].id), "J", "b"));
}

TEST_F(Reference, RefusedDecisionsStartNothingAndJourneysAreKeptApart) {
  only_if(rule("a", event("cart")), happened(event("order")));
  rule("b", act("a"), "sms");
  file.journeys.emplace_back();
  journey().name.text = "K";
  rule("a", event("cart"), "sms");
  rule("own", act("a"), "web.hero");
  rule("other", act("a", Verb::Sent, "J"), "web.side");
  at(0, cart);
  EXPECT_EQ(story(), "a no_match 0, a acted 0, own acted 0");
}

// ---- conditions ----

TEST_F(Reference, WindowsLeaveOutTheirFarEdge) {
  at(0, cart);
  EXPECT_EQ(value(happened(event("cart"), in_last(kDay))), Tri::No);
  EXPECT_EQ(value(happened(event("cart"), in_last(kDay + 1))), Tri::Yes);
  EXPECT_EQ(value(happened(event("order"), in_last(1))), Tri::Yes);  // the event itself
}

TEST_F(Reference, SinceSeesWhatStandsBehindTheLatestInOrder) {
  at(0, cart);
  at(0, page);
  at(0, cart);
  EXPECT_EQ(value(compare(CompareOp::Eq, count(event("cart"), since("page")), whole(1))), Tri::Yes);
  EXPECT_EQ(value(compare(CompareOp::Eq, count(event("page"), since("cart")), whole(0))), Tri::Yes);
  EXPECT_EQ(value(compare(CompareOp::Eq, count(event("page"), since("page")), whole(0))), Tri::Yes);
  c.history = kDay;  // the latest page is now just out of sight
  EXPECT_EQ(value(compare(CompareOp::Eq, count(event("order"), since("page")), whole(0))), Tri::Yes);
}

TEST_F(Reference, HistoryEndsWhatConditionsSeeButNotAttributes) {
  set(0, age, 40);
  at(0, cart, {1, 700});
  c.history = kDay;
  EXPECT_EQ(value(happened(event("cart"))), Tri::No);
  EXPECT_EQ(value(given(last("cart", "value"))), Tri::No);
  EXPECT_EQ(value(compare(CompareOp::Eq, path("visitor.age"), whole(40))), Tri::Yes);
  EXPECT_EQ(seen(0), "visitor.age = 40");
  c.history = kDay + 1;
  EXPECT_EQ(value(happened(event("cart"))), Tri::Yes);
  EXPECT_EQ(value(compare(CompareOp::Eq, last("cart", "value"), money(700))), Tri::Yes);
}

TEST_F(Reference, CountsWithUnknownMatchesAreRanges) {
  const auto big = [] { return event("cart", compare(CompareOp::Gt, path("items"), whole(3))); };
  at(0, cart, {5});
  at(1, cart, {9});
  at(2, cart);
  at(3, cart, {1});
  EXPECT_EQ(value(compare(CompareOp::Ge, count(big()), whole(2))), Tri::Yes);
  EXPECT_EQ(seen(0), "number of cart = 2 or more");
  EXPECT_EQ(value(compare(CompareOp::Ge, count(big()), whole(3))), Tri::Unknown);
  EXPECT_EQ(seen(0), "number of cart = not known");
  EXPECT_EQ(value(compare(CompareOp::Ge, count(big()), whole(4))), Tri::No);
  EXPECT_EQ(value(compare(CompareOp::Eq, count(big()), whole(2))), Tri::Unknown);
  EXPECT_EQ(value(compare(CompareOp::Eq, count(big()), number(2'500'000))), Tri::No);
  EXPECT_EQ(value(compare(CompareOp::Lt, count(big()), count(event("cart")))), Tri::Unknown);  // both must be known
  EXPECT_EQ(value(one_of(count(big()), list(whole(2), whole(3)))), Tri::Unknown);
  EXPECT_EQ(value(compare(CompareOp::Ge, arith(ArithOp::Add, count(big()), whole(0)), whole(1))), Tri::Unknown);
  EXPECT_EQ(value(happened(big())), Tri::Yes);
  EXPECT_EQ(value(happened(event("cart", compare(CompareOp::Gt, path("items"), whole(9))))), Tri::Unknown);
  EXPECT_EQ(value(compare(CompareOp::Eq, otherwise(count(big()), whole(7)), whole(7))), Tri::Yes);
}

TEST_F(Reference, CountsAreShownAsFarAsTheyDecide) {
  for (int i = 0; i < 4; ++i) at(i, cart);
  value(compare(CompareOp::Lt, count(event("cart")), whole(4)));
  EXPECT_EQ(seen(0), "number of cart = 4 or more");
  value(compare(CompareOp::Le, count(event("cart")), whole(4)));
  EXPECT_EQ(seen(0), "number of cart = 4");
  EXPECT_EQ(value(compare(CompareOp::Le, whole(3), count(event("cart")))), Tri::Yes);
  EXPECT_EQ(seen(0), "number of cart = 3 or more");
  value(compare(CompareOp::Ge, count(event("cart")), whole(0)));
  EXPECT_EQ(seen(0), "number of cart = 1 or more");
  value(compare(CompareOp::Eq, count(event("cart")), count(event("cart"))));
  ASSERT_EQ(saw.size(), 1u);
  EXPECT_EQ(seen(0), "number of cart = 4");
}

TEST_F(Reference, SumsAreExactOrUnknown) {
  const auto total = [](Value cents) { return compare(CompareOp::Eq, sum(event("cart"), "value"), money(cents)); };
  EXPECT_EQ(value(total(0)), Tri::Yes);
  at(0, cart, {1, 300});
  at(0, cart, {1, -100});
  EXPECT_EQ(value(total(200)), Tri::Yes);
  at(0, cart, {0});
  EXPECT_EQ(value(total(200)), Tri::Unknown);
  const auto matching = [] { return event("cart", compare(CompareOp::Gt, path("items"), whole(0))); };
  EXPECT_EQ(value(compare(CompareOp::Eq, sum(matching(), "value"), money(200))), Tri::Yes);
  at(0, cart, {kUnknown, 0});
  EXPECT_EQ(value(compare(CompareOp::Eq, sum(matching(), "value"), money(200))), Tri::Unknown);
  events.clear();
  for (int i = 0; i < 2; ++i) at(0, cart, {1, std::numeric_limits<Value>::max()});
  EXPECT_EQ(value(missing(sum(event("cart"), "value"))), Tri::Yes);
}

TEST_F(Reference, ConsentIsGivenMissingOrNeither) {
  EXPECT_EQ(value(given(path("consent.marketing"))), Tri::No);
  EXPECT_EQ(value(missing(path("consent.marketing"))), Tri::Yes);
  EXPECT_EQ(saw[0].value.kind, TypeKind::Consent);
  set(0, marketing, kNo);
  EXPECT_EQ(value(given(path("consent.marketing"))), Tri::No);
  EXPECT_EQ(value(missing(path("consent.marketing"))), Tri::No);
  set(1, marketing, kYes);
  EXPECT_EQ(value(given(path("consent.marketing"))), Tri::Yes);
  set(2, marketing, kUnknown);
  EXPECT_EQ(value(missing(path("consent.marketing"))), Tri::Yes);
}

TEST_F(Reference, BareWordsBesideOneOfValuesAreConstants) {
  EXPECT_EQ(value(compare(CompareOp::Eq, path("tier"), path("none"))), Tri::Yes);  // by default
  ASSERT_EQ(saw.size(), 1u);
  EXPECT_EQ(seen(0), "tier = none");
  set(0, tier, 1);
  EXPECT_EQ(value(compare(CompareOp::Eq, path("gold"), path("visitor.tier"))), Tri::Yes);
  ASSERT_EQ(saw.size(), 1u);
  EXPECT_EQ(seen(0), "visitor.tier = gold");
  EXPECT_EQ(value(one_of(path("tier"), list(path("none"), path("gold")))), Tri::Yes);
  EXPECT_EQ(saw.size(), 1u);
  set(1, tier, kUnknown);
  EXPECT_EQ(value(compare(CompareOp::Eq, path("tier"), path("none"))), Tri::Yes);
  at(2, page, {1});
  EXPECT_EQ(value(happened(event("page", compare(CompareOp::Eq, path("group"), path("help"))))), Tri::Yes);
}

TEST_F(Reference, DerivedAttributesEndWithTheirUntil) {
  at(0, cart, {1, 700});
  EXPECT_EQ(value(given(path("cart.value"))), Tri::No);  // the order judged at stands behind the cart
  only_if(rule("s", event("page")), compare(CompareOp::Ge, path("cart.value"), money(700)));
  at(1 * kMinute, page);
  at(2 * kMinute, order);
  at(3 * kMinute, page);
  at(4 * kMinute, cart, {1, 900});
  at(5 * kMinute, page);
  journey().rules.erase(journey().rules.begin());
  EXPECT_EQ(story(), "s acted 1, s unknown 3, s acted 5");
}

TEST_F(Reference, DerivedCountsAreNumbersOfTheirDeclaredType) {
  at(0, order);
  EXPECT_EQ(value(compare(CompareOp::Eq, path("orders"), number(2 * kMillion))), Tri::Yes);  // with the one judged at
  EXPECT_EQ(saw[0].value.kind, TypeKind::Number);
  EXPECT_EQ(saw[0].value.value, 2 * kMillion);
}

TEST_F(Reference, TextsAreTestedWholeAndUnknownStaysUnknown) {
  const auto test = [](syntax::TextOp op, const std::string& part) { return make(syntax::TextTest{op, path("push.token"), quoted(part)}, "?"); };
  EXPECT_EQ(value(test(syntax::TextOp::Contains, "b")), Tri::Unknown);
  EXPECT_EQ(value(compare(CompareOp::Ne, path("push.token"), quoted("abc"))), Tri::Unknown);
  set(0, token, texts.intern("abc"));
  EXPECT_EQ(value(test(syntax::TextOp::Contains, "b")), Tri::Yes);
  EXPECT_EQ(value(test(syntax::TextOp::StartsWith, "b")), Tri::No);
  EXPECT_EQ(value(test(syntax::TextOp::StartsWith, "ab")), Tri::Yes);
  EXPECT_EQ(value(test(syntax::TextOp::EndsWith, "bc")), Tri::Yes);
  EXPECT_EQ(value(test(syntax::TextOp::EndsWith, "zabc")), Tri::No);
  EXPECT_EQ(value(compare(CompareOp::Eq, path("push.token"), quoted("abc"))), Tri::Yes);
  EXPECT_EQ(value(compare(CompareOp::Ne, path("push.token"), quoted("Abc"))), Tri::Yes);  // case matters
}

TEST_F(Reference, SegmentsAreThreeValuedAndShowOnlyMembership) {
  file.segments.push_back({{"adult", {}}, compare(CompareOp::Ge, path("age"), whole(18)), {}});
  EXPECT_EQ(value(in_segment("adult")), Tri::Unknown);
  EXPECT_EQ(value(in_segment("adult", true)), Tri::Unknown);
  set(0, age, 17);
  EXPECT_EQ(value(in_segment("adult", true)), Tri::Yes);
  ASSERT_EQ(saw.size(), 1u);
  EXPECT_EQ(seen(0), "visitor in adult = no");
}

TEST_F(Reference, UnknownCommutesAndIsSeenThroughOnlyByName) {
  const auto open = [] { return compare(CompareOp::Eq, path("age"), whole(1)); };
  const auto yes = [] { return literal(LiteralKind::YesNo, kYes); };
  EXPECT_EQ(value(logic(LogicOp::Or, open(), yes())), Tri::Yes);
  EXPECT_EQ(value(logic(LogicOp::Or, yes(), open())), Tri::Yes);
  EXPECT_EQ(value(logic(LogicOp::And, yes(), open())), Tri::Unknown);
  EXPECT_EQ(value(logic(LogicOp::And, negation(yes()), open())), Tri::No);
  EXPECT_EQ(value(negation(open())), Tri::Unknown);
  EXPECT_EQ(value(compare(CompareOp::Eq, otherwise(path("age"), whole(1)), whole(1))), Tri::Yes);
  EXPECT_EQ(value(missing(path("age"))), Tri::Yes);
  set(0, age, std::numeric_limits<Value>::max());  // beside a number it becomes one, and then it does not fit
  EXPECT_EQ(value(compare(CompareOp::Eq, otherwise(path("age"), number(500'000)), number(500'000))), Tri::Yes);
}

TEST_F(Reference, NumbersAreRoundedOnceHalfToEvenOrUnknown) {
  const auto is = [&](ExprPtr left, ExprPtr right) { return value(compare(CompareOp::Eq, std::move(left), std::move(right))); };
  const auto half = [] { return number(500'000); };
  EXPECT_EQ(is(arith(ArithOp::Mul, money(5), half()), money(2)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Mul, money(7), half()), money(4)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Mul, money(-5), half()), money(-2)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Mul, money(-7), half()), money(-4)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Mul, percent(100'000), whole(3)), percent(300'000)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Mul, money(1'005), percent(100'000)), money(100)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Mul, whole(3), percent(100'000)), number(300'000)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Div, whole(2), whole(3)), number(666'667)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Div, money(5), whole(-2)), money(-2)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Div, money(5), money(2)), number(2'500'000)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Div, whole(2), whole(0)), number(0)), Tri::Unknown);
  EXPECT_EQ(is(arith(ArithOp::Add, whole(2), half()), number(2'500'000)), Tri::Yes);
  EXPECT_EQ(is(arith(ArithOp::Sub, date(20'000), date(19'998)), duration(2 * kDay)), Tri::Yes);
  const Value most = std::numeric_limits<Value>::max();
  EXPECT_EQ(is(arith(ArithOp::Sub, arith(ArithOp::Add, whole(most), whole(1)), whole(1)), whole(most)), Tri::Unknown);
  EXPECT_EQ(is(arith(ArithOp::Sub, whole(-most), whole(1)), whole(0)), Tri::Unknown);  // the number that stands for unknown
  EXPECT_EQ(is(arith(ArithOp::Mul, whole(most), whole(most)), whole(0)), Tri::Unknown);
}

TEST_F(Reference, ADateIsItsFirstInstantInTheZoneOfThePack) {
  c.zone = "Europe/Helsinki";  // day 1001 of the epoch is in September 1972, without summer time: two hours ahead
  const auto judged_at = [&](ExprPtr e) { return value(compare(CompareOp::Eq, std::move(e), date(1'001))); };
  EXPECT_EQ(judged_at(arith(ArithOp::Sub, now(), duration(2 * kHour))), Tri::Yes);
  EXPECT_EQ(judged_at(now()), Tri::No);
}

// ---- gates ----

TEST_F(Reference, ClausesRefuseBeforeTheyAreOpen) {
  only_if(journey(), compare(CompareOp::Eq, path("age"), whole(1)), "journey");
  syntax::Rule& r = rule("r", event("cart"));
  not_if(r, happened(event("order")), "rule");
  at(0, cart);
  at(1 * kMinute, order);
  at(2 * kMinute, cart);
  set(3 * kMinute, age, 1);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r unknown 0, r no_match 2");
  ASSERT_EQ(decisions[1].because.size(), 3u);
  EXPECT_EQ(decisions[1].because[1].clause, "journey");
  EXPECT_EQ(decisions[1].because[1].is, Tri::Unknown);
  EXPECT_EQ(decisions[1].because[2].is, Tri::Yes);
}

TEST_F(Reference, ParametersStandInTheTemplatesOrder) {
  syntax::Rule& r = rule("r", event("cart"), "mail", "p");
  with(r, "second", path("cart.name"));
  with(r, "first", path("cart.items"));
  at(0, cart, {3, kUnknown, texts.intern("Cabin")});
  at(1 * kMinute, cart, {4});
  at(2 * kMinute, cart, {kUnknown, kUnknown, texts.intern("Cabin")});
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "r acted 0, r acted 1, r unknown 2");
  ASSERT_EQ(decisions[0].action.params.size(), 2u);
  EXPECT_EQ(decisions[0].action.params[0].name, "first");
  EXPECT_EQ(decisions[0].action.params[0].value.kind, TypeKind::Number);
  EXPECT_EQ(decisions[0].action.params[0].value.value, 3 * kMillion);
  EXPECT_EQ(decisions[0].action.params[1].value.texts, std::vector<std::string>{"Cabin"});
  EXPECT_EQ(decisions[1].action.params.size(), 1u);
  EXPECT_TRUE(decisions[2].action.params.empty());
  ASSERT_EQ(decisions[2].because.size(), 2u);
  EXPECT_EQ(decisions[2].because[1].clause, "with first = cart.items");
  EXPECT_EQ(decisions[2].because[1].is, Tri::Unknown);
  EXPECT_EQ(decisions[2].because[1].saw[0].name, "cart.items");
}

TEST_F(Reference, WithoutARequiredParameterNoneIsTold) {
  std::swap(c.templates[1].params[0], c.templates[1].params[1]);
  syntax::Rule& r = rule("r", event("cart"), "mail", "p");
  with(r, "second", quoted("x"));
  with(r, "first", path("cart.items"));
  at(0, cart);
  at(1, cart, {1});
  const auto decisions = run();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0].outcome, Outcome::unknown);
  EXPECT_TRUE(decisions[0].action.params.empty());
  ASSERT_EQ(decisions[1].action.params.size(), 2u);
  EXPECT_EQ(decisions[1].action.params[0].name, "second");
}

TEST_F(Reference, OneMessageByAChannelAndOneShowInASlot) {
  rule("low", event("cart"));
  rule("high", event("cart")).priority = syntax::Priority{5, {}};
  rule("hero", event("cart"), "web.hero");
  rule("side", event("cart"), "web.side");
  rule("hero2", event("cart"), "web.hero");
  rule("chained", act("high"));
  at(0, cart);
  at(0, order);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "low outranked 0, high acted 0, hero acted 0, side acted 0, hero2 outranked 0, chained outranked 0");
  EXPECT_EQ(decisions[0].because.back().clause, "one message by mail at a time");
  EXPECT_EQ(decisions[0].because.back().saw[0].value.texts, std::vector<std::string>{"J / high"});
  EXPECT_EQ(decisions[4].because.back().clause, "one show in web.hero at a time");
}

TEST_F(Reference, ARefusedFiringLeavesItsPlaceToTheNext) {
  syntax::Rule& r = rule("first", event("cart"));
  limit(r, 0, kDay);
  rule("second", event("cart"));
  at(0, cart);
  EXPECT_EQ(story(), "first over_limit 0, second acted 0");
}

TEST_F(Reference, ConsentAndReach) {
  rule("by_email", event("cart"), "email");
  rule("by_push", event("cart"), "push");
  at(0, cart);
  set(1 * kMinute, marketing, kNo);
  set(1 * kMinute, token, texts.intern("x"));
  at(2 * kMinute, cart);
  set(3 * kMinute, marketing, kYes);
  at(4 * kMinute, cart);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "by_email no_consent 0, by_push no_reach 0, by_email no_consent 2, by_push acted 2, by_email acted 4, by_push acted 4");
  EXPECT_EQ(decisions[0].because.back().clause, "email needs consent.marketing");
  EXPECT_EQ(decisions[0].because.back().is, Tri::Unknown);
  EXPECT_EQ(decisions[2].because.back().is, Tri::No);
  EXPECT_EQ(decisions[1].because.back().clause, "push needs push.token");
  EXPECT_FALSE(decisions[1].because.back().saw[0].value.known());
}

TEST_F(Reference, LimitsRoll) {
  limit(journey(), 2, kHour);
  rule("a", event("cart"));
  rule("b", event("order"), "sms");
  rule("c", event("order"), "web.hero");  // no message
  at(0, cart);
  at(10 * kMinute, order);
  at(59 * kMinute, cart);
  at(60 * kMinute, cart);
  at(61 * kMinute, order);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 0, b acted 10, c acted 10, a over_limit 59, a acted 60, b over_limit 61, c acted 61");
  EXPECT_EQ(decisions[3].because.back().saw[0].name, "messages");
  EXPECT_EQ(decisions[3].because.back().saw[0].value.value, 2);
}

TEST_F(Reference, ChannelLimitsCountWhatTheChannelCarried) {
  rule("a", event("cart"), "sms");
  limit(rule("s", event("order"), "web.hero"), 1, kHour, syntax::LimitUnit::Shows);
  at(0, cart);
  at(1 * kMinute, cart);
  at(2 * kMinute, cart);
  at(3 * kMinute, order);
  at(4 * kMinute, order);
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "a acted 0, a acted 1, a over_limit 2, s acted 3, s over_limit 4");
  EXPECT_EQ(decisions[2].because.back().clause, "at most 2 messages by sms in 90 minutes");
  EXPECT_EQ(decisions[4].because.back().saw[0].name, "shows");
}

TEST_F(Reference, EachLimitHasItsOwnScope) {
  c.channels[4].limit = catalog::Quota{0, kHour};  // of messages: no show is concerned
  limit(rule("a", event("cart")), 1, kHour);
  limit(journey().rules.back(), 0, kHour, syntax::LimitUnit::Shows);
  limit(journey(), 2, kHour);
  limit(journey(), 0, kHour, syntax::LimitUnit::Shows);
  rule("b", event("order"), "sms");
  rule("hero", event("cart"), "web.hero");
  file.journeys.emplace_back();
  journey().name.text = "K";
  rule("k", event("page"), "sms");
  rule("side", event("page"), "web.side");
  at(0, page);
  at(1 * kMinute, order);
  at(2 * kMinute, cart);  // neither b nor k count for a, nor what K sent for J
  at(3 * kMinute, page);  // two by sms already
  const auto decisions = run();
  EXPECT_EQ(told(decisions), "k acted 0, side acted 0, b acted 1, a acted 2, hero over_limit 2, k over_limit 3, side acted 3");
}

TEST_F(Reference, ChannelLimitsLeaveOtherChannelsAlone) {
  rule("mailed", event("cart"));
  rule("texted", event("order"), "sms");
  for (int i = 0; i < 3; ++i) at(i * kMinute, cart);
  at(3 * kMinute, order);
  EXPECT_EQ(story(), "mailed acted 0, mailed acted 1, mailed acted 2, texted acted 3");
}

TEST_F(Reference, SegmentsAreReadAgainWheneverClockOrHistoryMoves) {
  file.segments.push_back({{"busy", {}}, happened(event("cart"), in_last(20 * kMinute)), {}});
  file.segments.push_back({{"met", {}}, happened(act("a", Verb::Sent, "J")), {}});
  not_if(rule("a", event("cart")), in_segment("met"));
  not_if(rule("b", event("cart"), "sms"), in_segment("met"));
  not_if(rule("c", event("cart"), "web.hero"), in_segment("busy"));
  then_wait(rule("d", event("cart"), "web.side"), 20 * kMinute);
  only_if(journey().rules.back(), in_segment("busy"));
  at(0, cart);
  EXPECT_EQ(story(), "a acted 0, b no_match 0, c no_match 0, d no_match 20");
}

TEST_F(Reference, ConditionsSeeWhatWasAcceptedAtThisInstant) {
  rule("a", event("cart")).priority = syntax::Priority{1, {}};
  not_if(rule("b", event("cart"), "sms"), happened(act("a"), in_last(kDay)));
  at(0, cart);
  at(2 * kDay, order);
  EXPECT_EQ(story(), "a acted 0, b no_match 0");
}

}  // namespace
}  // namespace polku::reference
