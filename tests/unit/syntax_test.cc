// Rule text to tree: what each construct becomes, what each fault is told as, and that nothing can make the parser fall over.
#include "compiler/syntax/syntax.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace polku::syntax {
namespace {

using diag::Code;

struct Parsed {
  diag::Sources sources;
  diag::Diagnostics d{1000};
  File file;
  explicit Parsed(const std::string& text, const Limits& limits = {}) {
    file = parse(sources, sources.add("rules.polku", text), d, limits);
    d.sort(sources);
  }
  std::vector<Code> codes() const {
    std::vector<Code> all;
    for (const auto& each : d.all()) all.push_back(each.code);
    return all;
  }
  std::string all() const {
    std::string text;
    for (const auto& each : d.all()) text += render_text(each, sources, false) + "\n";
    return text;
  }
  // What is underlined, as it stands in the text.
  std::string underlined(std::size_t index) const {
    const diag::Span span = d.all().at(index).span;
    return sources.text(0).substr(span.begin, span.end - span.begin);
  }
};

std::string rule(const std::string& clauses) { return "journey \"J\"\n  rule r\n    " + clauses + "\nend\n"; }
std::string test(const std::string& lines) { return "test \"t\"\n  " + lines + "\nend\n"; }

// The condition of `only if …`, which must have no fault.
struct Conditioned {
  Parsed parsed;
  const Expr* expr = nullptr;
  explicit Conditioned(const std::string& text) : parsed(rule("only if " + text)) {
    EXPECT_TRUE(parsed.d.ok()) << parsed.all();
    if (parsed.d.ok()) expr = parsed.file.journeys.at(0).rules.at(0).conditions.at(0).test.get();
  }
  template <class Node>
  const Node& as() const { return std::get<Node>(expr->node); }
};

template <class Node>
const Node& as(const ExprPtr& expr) { return std::get<Node>(expr->node); }

// The trigger of `when …`, which must have no fault.
struct Triggered {
  Parsed parsed;
  explicit Triggered(const std::string& text) : parsed(rule("when " + text)) { EXPECT_TRUE(parsed.d.ok()) << parsed.all(); }
  template <class Trigger>
  const Trigger& as() const { return std::get<Trigger>(parsed.file.journeys.at(0).rules.at(0).when.value().trigger); }
};

std::vector<std::string> texts(const std::vector<Name>& names) {
  std::vector<std::string> all;
  for (const Name& each : names) all.push_back(each.text);
  return all;
}

// One fault: its code and what is underlined.
void expect_fault(const std::string& text, Code code, const std::string& underlined, const std::string& help_part = {}) {
  const Parsed p(text);
  ASSERT_EQ(p.codes(), std::vector<Code>{code}) << text << "\n" << p.all();
  EXPECT_EQ(p.underlined(0), underlined) << p.all();
  EXPECT_NE(p.d.all()[0].help.find(help_part), std::string::npos) << p.all();
}

// ---- the whole language ----

const char* const kExample = R"polku(
segment frequent_traveller
  is number of order_placed in the last 365 days at least 3
end

journey "Unfinished booking" version 3
  owner   "lifecycle@ferry.example"
  goal    order_placed within 2 days worth order_placed.total
  stop when order_placed
  only if consent.marketing is given
  quiet   21:00 to 08:00 visitor time, then wait
  limit   2 messages in 7 days across "nudges"
  hold out 10% as "unfinished-booking"

  rule nudge
    when    cart_updated where items more than 0
    then    no order_placed, cart_emptied for 30 minutes
    only if cart.value at least 40 EUR
    not if  visitor in frequent_traveller
    do send "cart_reminder" by best of push, email, sms
       with product = cart.top_item otherwise "your trip"

  rule sweeten
    when    nudge sent
    then    no order_placed, cart_emptied for 2 days
    do choose
       | cart.value  | customer.tier | do                                                  |
       | >= 200 EUR  | gold          | raise task "call_back_offer"                        |
       | >= 80 EUR   | -             | send "cart_discount" by email with percent = 10%    |
       | -           | -             | nothing                                             |
end

journey "Topic guide"
  rule offer
    when    3 article_viewed with the same topic within 10 minutes
    not if  offer shown in the last 30 days
    do show "guide_teaser" in web.sidebar with topic = article_viewed.topic
end

journey "Leaving"
  rule save
    when in order within 14 days:
         page_viewed where group is contract,
         faq_viewed  where tag is "cancellation",
         call_ended  where queue is "customer care"
    only if customer.status is active and contract.months_left less than 3
    once in 30 days
    priority 90
    do raise task "retention_call"
       suppress "Unfinished booking" for 14 days
end

journey "Help people in"
  rule login_prompt
    when asked for web.hero
    only if visitor is anonymous
    do show "login_teaser" in web.hero
end

guarantee "No marketing message without consent"
  never send by email, sms, push unless consent.marketing is given
end
guarantee "Nobody is flooded"
  at most 3 messages in 7 days
end

test "a full cart is nudged after half an hour"
  visitor  consent.marketing = given
  at 10:00 cart_updated items = 2, value = 55 EUR, top_item = "Cabin"
  at 10:30 expect send "cart_reminder" by push
end
test "nobody is nudged after buying"
  visitor  consent.marketing = given
  at 10:00 cart_updated items = 2, value = 55 EUR, top_item = "Cabin"
  at 10:20 order_placed total = 55 EUR
  until 12:00 expect nothing
end
)polku";

TEST(Syntax, TheExampleIsReadWhole) {
  const Parsed p(kExample);
  ASSERT_TRUE(p.d.all().empty()) << p.all();
  ASSERT_EQ(p.file.segments.size(), 1u);
  ASSERT_EQ(p.file.journeys.size(), 4u);
  ASSERT_EQ(p.file.guarantees.size(), 2u);
  ASSERT_EQ(p.file.tests.size(), 2u);
  EXPECT_EQ(p.file.tests[1].lines.size(), 4u);

  const Journey& booking = p.file.journeys[0];
  EXPECT_EQ(booking.version, 3);
  EXPECT_EQ(booking.goal->text, "goal order_placed within 2 days worth order_placed.total");
  EXPECT_EQ(booking.goal->within.length, 2 * kDay);
  EXPECT_EQ(booking.goal->worth->text, "order_placed.total");
  ASSERT_EQ(booking.stops.size(), 1u);
  EXPECT_EQ(booking.stops[0].what.name.text, "order_placed");
  EXPECT_EQ(booking.quiet->from, 21 * kHour);
  EXPECT_EQ(booking.quiet->to, 8 * kHour);
  EXPECT_EQ(booking.quiet->then, InQuiet::Wait);
  EXPECT_EQ(booking.limits.at(0).across->text, "nudges");
  EXPECT_EQ(booking.limits.at(0).text, "limit 2 messages in 7 days across \"nudges\"");
  EXPECT_EQ(booking.hold_out->share, 100'000);
  EXPECT_EQ(booking.hold_out->name->text, "unfinished-booking");

  const auto& nudge = std::get<Send>(booking.rules.at(0).action->acts.at(0).what);
  EXPECT_TRUE(nudge.best_of);
  EXPECT_EQ(texts(nudge.channels), (std::vector<std::string>{"push", "email", "sms"}));
  EXPECT_EQ(nudge.params.at(0).value->text, "cart.top_item otherwise \"your trip\"");

  const Choose& table = *booking.rules.at(1).action->choose;
  EXPECT_TRUE(booking.rules[1].action->acts.empty());
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[1]->text, "customer.tier");
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].cells.at(0).op, CompareOp::Ge);
  EXPECT_EQ(table.rows[0].cells.at(1).op, CompareOp::Eq);
  EXPECT_EQ(table.rows[0].cells.at(1).values.at(0)->text, "gold");
  EXPECT_EQ(std::get<RaiseTask>(table.rows[0].acts.at(0).what).task.text, "call_back_offer");
  EXPECT_EQ(table.rows[1].cells.at(1).kind, Cell::Kind::Any);
  EXPECT_EQ(table.rows[1].acts.at(0).text, "send \"cart_discount\" by email with percent = 10%");
  EXPECT_TRUE(table.rows[2].acts.empty());

  const auto& offer = std::get<Repeated>(p.file.journeys[1].rules.at(0).when->trigger);
  EXPECT_EQ(offer.count, 3);
  EXPECT_EQ(offer.same->text, "topic");
  EXPECT_EQ(offer.within.length, 10 * kMinute);
  const Rule& save = p.file.journeys[2].rules.at(0);
  const auto& order = std::get<InOrder>(save.when->trigger);
  ASSERT_EQ(order.steps.size(), 3u);
  EXPECT_EQ(order.steps[1].text, "faq_viewed where tag is \"cancellation\"");
  EXPECT_FALSE(order.without);
  EXPECT_EQ(save.once->within->length, 30 * kDay);
  ASSERT_EQ(save.action->acts.size(), 2u);
  EXPECT_EQ(std::get<Suppress>(save.action->acts[1].what).what.text, "Unfinished booking");
  EXPECT_EQ(std::get<Suppress>(save.action->acts[1].what).length.length, 14 * kDay);
  EXPECT_EQ(std::get<Asked>(p.file.journeys[3].rules.at(0).when->trigger).slot.text(), "web.hero");

  const auto& never = std::get<Never>(p.file.guarantees[0].promise);
  EXPECT_EQ(never.kind, ActionKind::Send);
  EXPECT_EQ(texts(never.channels), (std::vector<std::string>{"email", "sms", "push"}));
  EXPECT_EQ(never.unless->text, "consent.marketing is given");
  EXPECT_EQ(p.file.guarantees[1].text, "at most 3 messages in 7 days");
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[1].promise).within.length, 7 * kDay);
}

// ---- triggers ----

TEST(Syntax, Triggers) {
  const Triggered any("any of cart where items more than 2, \"J\".r sent, today");
  const auto& one = any.as<OneEvent>();
  ASSERT_EQ(one.of.size(), 3u);
  EXPECT_EQ(one.of[0].where->text, "items more than 2");
  EXPECT_EQ(one.of[1].verb, Verb::Sent);
  EXPECT_EQ(one.of[2].name.text, "today");
  EXPECT_EQ(any.parsed.file.journeys[0].rules[0].when->text, "when any of cart where items more than 2, \"J\".r sent, today");

  const Triggered three("3 viewed where topic is offers with the same `the page` within 10 minutes");
  EXPECT_EQ(three.as<Repeated>().what.text, "viewed where topic is offers");
  EXPECT_EQ(three.as<Repeated>().same->text, "the page");
  EXPECT_EQ(three.parsed.sources.text(0).substr(three.as<Repeated>().count_span.begin, 2), "3 ");
  EXPECT_FALSE(Triggered("1001 a within 2 weeks").as<Repeated>().same);
  EXPECT_EQ(Triggered("2 a with the same same within 1 hour").as<Repeated>().same->text, "same");

  const Triggered order("in order within 14 days:\n viewed where topic is offers,\n cart,\n order without \"J\".r shown");
  ASSERT_EQ(order.as<InOrder>().steps.size(), 3u);
  EXPECT_EQ(order.as<InOrder>().steps[2].name.text, "order");
  EXPECT_EQ(order.as<InOrder>().without->verb, Verb::Shown);
  EXPECT_EQ(order.as<InOrder>().without->journey->text, "J");
  EXPECT_EQ(Triggered("in order within 1 day: a").as<InOrder>().steps.size(), 1u);

  EXPECT_TRUE(Triggered("visitor enters gold").as<Membership>().enters);
  EXPECT_FALSE(Triggered("visitor leaves enters").as<Membership>().enters);
  EXPECT_EQ(Triggered("visitor leaves enters").as<Membership>().segment.text, "enters");
  EXPECT_EQ(Triggered("asked for `the app`.hero").as<Asked>().slot.parts, (std::vector<std::string>{"the app", "hero"}));
  EXPECT_EQ(Triggered("every day at 09:00:30 visitor time").as<EveryDay>().of_day, 9 * kHour + 30 * kSecond);
  const Triggered birthday("on visitor.birthday at 10:00");
  EXPECT_EQ(birthday.as<OnDate>().of_day, 10 * kHour);
  EXPECT_EQ(as<Path>(birthday.as<OnDate>().date).text(), "visitor.birthday");
}

TEST(Syntax, WordsOfTriggersAreFreeNames) {
  for (const char* word : {"any", "in", "visitor", "asked", "every", "on", "task", "tasks", "today", "first", "from", "order", "within", "without", "same"}) {
    const Triggered plain(word);
    EXPECT_EQ(plain.as<OneEvent>().of.at(0).name.text, word);
    const Triggered listed(std::string("any of a, ") + word);
    EXPECT_EQ(listed.as<OneEvent>().of.at(1).name.text, word);
    const Triggered counted(std::string("2 ") + word + " with the same " + word + " within 1 day");
    EXPECT_EQ(counted.as<Repeated>().what.name.text, word);
    EXPECT_EQ(counted.as<Repeated>().same->text, word);
    const Triggered filtered(std::string(word) + " where " + word + " at least 3");
    EXPECT_EQ(filtered.as<OneEvent>().of.at(0).where->text, std::string(word) + " at least 3");
  }
}

TEST(Syntax, FaultyTriggers) {
  expect_fault(rule("when"), Code::EndsEarly, "when", "`every day at 09:00 visitor time`");
  expect_fault(rule("when every week at 09:00 visitor time"), Code::NotUnderstood, "every week", "every day");
  expect_fault(rule("when every monday at 09:00 visitor time"), Code::NotUnderstood, "every monday", "every day");
  expect_fault(rule("when every day at 24:00 visitor time"), Code::InvalidTime, "24:00");
  expect_fault(rule("when every day at 09:00"), Code::EndsEarly, "09:00");
  expect_fault(rule("when on birthday at 9:00"), Code::InvalidTime, "9:00");
  expect_fault(rule("when any a, b"), Code::MissingWord, "any", "any of");
  expect_fault(rule("when any of a b"), Code::MissingWord, "b");
  expect_fault(rule("when in order within 3 days a, b"), Code::MissingWord, "a");
  expect_fault(rule("when in order within 3 days: a, b c"), Code::MissingWord, "c");
  expect_fault(rule("then no a b for 3 days"), Code::MissingWord, "b");
  expect_fault(rule("when in order: a, b"), Code::MissingWord, ":");
  expect_fault(rule("when 3 a with same b within 1 day"), Code::MissingWord, "same");
  expect_fault(rule("when 3 a within 10"), Code::MissingUnit, "10");
  expect_fault(rule("when 3 a within 0 days"), Code::ZeroLength, "0 days");
  expect_fault(rule("when visitor enter gold"), Code::NotUnderstood, "enter", "`enters`");
  expect_fault(rule("when visitor in gold"), Code::NotUnderstood, "in", "`only if`");
  expect_fault(rule("when asked web.hero"), Code::MissingWord, "asked", "asked for");
  EXPECT_EQ(Parsed(rule("when any of r sent where a, \"J\".q")).codes(), (std::vector<Code>{Code::WhereOnRule, Code::RuleNeedsVerb}));
}

// ---- journeys ----

TEST(Syntax, JourneyAndItsClauses) {
  const Parsed p(R"(journey "Möte" version 12
  owner "me" priority 5
  only if consent.marketing is given   # a comment
  limit 1 message in 2 weeks
  rule nudge
    when cart_updated  where  items   more than 0
    then no order_placed where total = 3, "Other".nudge sent for 90 minutes
    not if visitor in frequent
    limit 3 shows in 1 day limit 1 show in 2 hours
    priority -7
    owner "\"q\" \\"
    do send "cart" by push
       with product = cart.top_item  otherwise "your trip", `time zone` = missing, ok = given
  rule late
    when nudge sent
    then wait 3 days
    do show "x" in web.`the slot`
end)");
  ASSERT_TRUE(p.d.ok()) << p.all();
  const Journey& j = p.file.journeys.at(0);
  EXPECT_EQ(j.name.text, "Möte");
  EXPECT_EQ(j.version, 12);
  EXPECT_EQ(j.owner->text, "me");
  EXPECT_EQ(j.priority->value, 5);
  ASSERT_EQ(j.conditions.size(), 1u);
  EXPECT_EQ(j.conditions[0].text, "only if consent.marketing is given");
  EXPECT_EQ(j.limits.at(0).within.length, 14 * kDay);
  ASSERT_EQ(j.rules.size(), 2u);
  const Rule& r = j.rules[0];
  EXPECT_EQ(r.name.text, "nudge");
  EXPECT_EQ(r.when->text, "when cart_updated where items more than 0");
  const Occurrence& start = std::get<OneEvent>(r.when->trigger).of.at(0);
  EXPECT_EQ(start.text, "cart_updated where items more than 0");
  EXPECT_EQ(start.where->text, "items more than 0");
  ASSERT_EQ(r.then->stops.size(), 2u);
  EXPECT_EQ(r.then->length.length, 90 * kMinute);
  EXPECT_FALSE(r.then->wait());
  EXPECT_EQ(r.then->stops[1].journey->text, "Other");
  EXPECT_EQ(r.then->stops[1].verb, Verb::Sent);
  EXPECT_EQ(r.conditions.at(0).polarity, Polarity::NotIf);
  ASSERT_EQ(r.limits.size(), 2u);
  EXPECT_EQ(r.limits[0].text, "limit 3 shows in 1 day");
  EXPECT_EQ(r.limits[1].unit, LimitUnit::Shows);
  EXPECT_EQ(r.priority->value, -7);
  EXPECT_EQ(r.owner->text, "\"q\" \\");
  ASSERT_EQ(r.action->acts.size(), 1u);
  EXPECT_EQ(r.action->acts[0].text,
            "send \"cart\" by push with product = cart.top_item otherwise \"your trip\", `time zone` = missing, ok = given");
  const auto& send = std::get<Send>(r.action->acts[0].what);
  EXPECT_EQ(send.template_.text, "cart");
  EXPECT_EQ(texts(send.channels), std::vector<std::string>{"push"});
  EXPECT_FALSE(send.best_of);
  ASSERT_EQ(send.params.size(), 3u);
  EXPECT_EQ(send.params[0].value->text, "cart.top_item otherwise \"your trip\"");
  EXPECT_EQ(send.params[1].name.text(), "time zone");
  EXPECT_EQ(send.params[1].word, Binding::Word::Missing);
  EXPECT_EQ(send.params[2].word, Binding::Word::Given);
  const Rule& late = j.rules[1];
  EXPECT_TRUE(late.then->wait());
  EXPECT_EQ(std::get<OneEvent>(late.when->trigger).of.at(0).verb, Verb::Sent);
  EXPECT_EQ(std::get<Show>(late.action->acts.at(0).what).slot.parts, (std::vector<std::string>{"web", "the slot"}));
}

TEST(Syntax, ClausesOfJourneysAndRules) {
  const Parsed p(R"(journey "J"
  goal order where total more than 3 EUR within 2 weeks
  stop when order
  stop when "K".r sent
  hold out 2.5%
  quiet 22:00 to 08:00 visitor time
  once per visitor
  from 1 December 2026
  limit 1 task in 1 day across "calls"
  rule r
    when a
    quiet 12:00 to 13:30:15 visitor time, then skip
    once in 3 days
    from 2 December 2026 until 24 December 2026
    limit 2 tasks in 2 days limit 1 show in 1 hour across "all"
    do raise task "x" with a = 1, b = missing
       show "y" in web.hero for 1 hour with c = [1, "2"]
       send "z" by best of push
       suppress "K" for 3 days
       split "subject": 50% a, 49.5% b, 0.5 % `the rest`
end)");
  ASSERT_TRUE(p.d.ok()) << p.all();
  const Journey& j = p.file.journeys.at(0);
  EXPECT_EQ(j.goal->what.text, "order where total more than 3 EUR");
  EXPECT_FALSE(j.goal->worth);
  ASSERT_EQ(j.stops.size(), 2u);
  EXPECT_EQ(j.stops[1].text, "stop when \"K\".r sent");
  EXPECT_EQ(j.stops[1].what.journey->text, "K");
  EXPECT_EQ(j.hold_out->share, 25'000);
  EXPECT_FALSE(j.hold_out->name);
  EXPECT_EQ(j.quiet->then, InQuiet::Wait);
  EXPECT_FALSE(j.once->within);
  EXPECT_EQ(j.once->text, "once per visitor");
  EXPECT_EQ(j.dates->from, 20788);
  EXPECT_FALSE(j.dates->until);
  EXPECT_EQ(j.limits.at(0).unit, LimitUnit::Tasks);
  EXPECT_EQ(j.limits.at(0).across->text, "calls");
  const Rule& r = j.rules.at(0);
  EXPECT_EQ(r.quiet->to, 13 * kHour + 30 * kMinute + 15 * kSecond);
  EXPECT_EQ(r.quiet->then, InQuiet::Skip);
  EXPECT_EQ(r.once->within->length, 3 * kDay);
  EXPECT_EQ(r.dates->until, 20811);
  ASSERT_EQ(r.limits.size(), 2u);
  EXPECT_EQ(r.limits[0].unit, LimitUnit::Tasks);
  EXPECT_EQ(r.limits[1].unit, LimitUnit::Shows);
  const auto& acts = r.action->acts;
  ASSERT_EQ(acts.size(), 5u);
  EXPECT_EQ(std::get<RaiseTask>(acts[0].what).params.size(), 2u);
  EXPECT_EQ(std::get<Show>(acts[1].what).held->length, kHour);
  EXPECT_EQ(as<List>(std::get<Show>(acts[1].what).params.at(0).value).values.size(), 2u);
  EXPECT_TRUE(std::get<Send>(acts[2].what).best_of);
  EXPECT_EQ(acts[3].text, "suppress \"K\" for 3 days");
  const auto& split = std::get<Split>(acts[4].what);
  EXPECT_EQ(split.name.text, "subject");
  ASSERT_EQ(split.shares.size(), 3u);
  EXPECT_EQ(split.shares[1].share, 495'000);
  EXPECT_EQ(split.shares[2].variant.text, "the rest");
}

TEST(Syntax, FromIsAClauseAndAFreeName) {
  const Parsed p(R"(journey "J"
  from 1 December 2026 until 2 December 2026
  rule r when any of
    from, b where x is
    from
    only if from and
    from is 3
    do send "x" by
    from with
    from = 3, a =
    from
    from 1 December 2026
end)");
  ASSERT_TRUE(p.d.ok()) << p.all();
  EXPECT_TRUE(p.file.journeys.at(0).dates && p.file.journeys[0].rules.at(0).dates);
  EXPECT_EQ(std::get<OneEvent>(p.file.journeys[0].rules[0].when->trigger).of.at(0).name.text, "from");
  expect_fault(rule("when a\n from tomorrow"), Code::NotUnderstood, "tomorrow", "");
  expect_fault(rule("when a\n from December 2026"), Code::NotUnderstood, "December");
  expect_fault(rule("from 31 June 2026"), Code::InvalidDate, "31 June 2026");
  expect_fault(rule("from 1 June 2026 to 2 June 2026"), Code::NotUnderstood, "to", "until");
  expect_fault(rule("until 1 June 2026"), Code::UnknownClause, "until", "from 1 December 2026 until");
}

TEST(Syntax, Tables) {
  const Parsed p(rule(R"(do choose
       | number of a where x is 3 in the last 2 days | customer.tier | b + 1 | do |
       | - | missing | -5 | send "x" by email with a = 1, b = 2 raise task "y" | # said
       | is not 3 | given | one of [1, 2 + 3] | split "s": 10% a, 90% b show "y" in web.hero |
       | at least 2 | is missing | is one of ["x"] | nothing |
       | < 4 | is gold | one | nothing |)"));
  ASSERT_TRUE(p.d.ok()) << p.all();
  const Choose& t = p.file.journeys.at(0).rules.at(0).action->choose.value();
  ASSERT_EQ(t.columns.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<Aggregate>(t.columns[0]->node));
  ASSERT_EQ(t.rows.size(), 4u);
  const auto kinds = [&](std::size_t row) {
    std::vector<Cell::Kind> all;
    for (const Cell& cell : t.rows[row].cells) all.push_back(cell.kind);
    return all;
  };
  using Kind = Cell::Kind;
  EXPECT_EQ(kinds(0), (std::vector<Kind>{Kind::Any, Kind::Missing, Kind::Compare}));
  EXPECT_EQ(kinds(1), (std::vector<Kind>{Kind::Compare, Kind::Given, Kind::OneOf}));
  EXPECT_EQ(kinds(2), (std::vector<Kind>{Kind::Compare, Kind::Missing, Kind::OneOf}));
  EXPECT_EQ(kinds(3), (std::vector<Kind>{Kind::Compare, Kind::Compare, Kind::Compare}));
  EXPECT_EQ(as<Literal>(t.rows[0].cells[2].values.at(0)).value, -5);
  EXPECT_EQ(t.rows[1].cells[0].op, CompareOp::Ne);
  EXPECT_EQ(t.rows[1].cells[2].values.size(), 2u);
  EXPECT_EQ(t.rows[2].cells[0].op, CompareOp::Ge);
  EXPECT_EQ(t.rows[3].cells[0].op, CompareOp::Lt);
  EXPECT_EQ(as<Path>(t.rows[3].cells[2].values.at(0)).text(), "one");
  EXPECT_EQ(t.rows[0].acts.size(), 2u);
  EXPECT_EQ(t.rows[1].acts.size(), 2u);
  EXPECT_TRUE(t.rows[2].acts.empty());
  const diag::Span row = t.rows[2].span;
  EXPECT_EQ(p.sources.text(0).substr(row.begin, row.end - row.begin), "| at least 2 | is missing | is one of [\"x\"] | nothing |");
}

TEST(Syntax, SpansAreExact) {
  const std::string text = "# ä\njourney \"Ä\"\n rule r\n  only if ä.value at least 40 EUR # ö\n   and b\nend";
  const Parsed p(text);
  ASSERT_TRUE(p.d.ok()) << p.all();
  const Condition& c = p.file.journeys.at(0).rules.at(0).conditions.at(0);
  const auto slice = [&](Span s) { return text.substr(s.begin, s.end - s.begin); };
  EXPECT_EQ(slice(c.span), "only if ä.value at least 40 EUR # ö\n   and b");
  EXPECT_EQ(c.text, "only if ä.value at least 40 EUR and b");
  const auto& compare = as<Compare>(as<Logic>(c.test).left);
  EXPECT_EQ(slice(compare.left->span), "ä.value");
  EXPECT_EQ(slice(compare.right->span), "40 EUR");
  EXPECT_EQ(slice(p.file.journeys[0].rules[0].span), "rule r");
}

TEST(Syntax, ABlockNeedsNoLines) {
  const Parsed p("segment a is x end journey \"J\" rule r when e do show \"s\" in w.h end test \"t\" at 10:00 e until 11:00 expect nothing end");
  ASSERT_TRUE(p.d.ok()) << p.all();
  EXPECT_TRUE(p.file.journeys.at(0).rules.at(0).action);
  EXPECT_EQ(p.file.tests.at(0).lines.size(), 2u);
}

TEST(Syntax, ByteOrderMarkAndCarriageReturnsAndHardBlanks) {
  const Parsed p("\xEF\xBB\xBFsegment a\r\n  is\xC2\xA0x\r\nend\r\n");
  ASSERT_TRUE(p.d.ok()) << p.all();
  EXPECT_EQ(p.file.segments.at(0).test->text, "x");
  EXPECT_TRUE(Parsed("").d.ok());
}

// ---- conditions ----

TEST(Syntax, LogicBindsFromLooseToTight) {
  const Conditioned c("a or not b and c is 1 + 2 * -x otherwise 3");
  const auto& either = c.as<Logic>();
  EXPECT_EQ(either.op, LogicOp::Or);
  const auto& both = as<Logic>(either.right);
  EXPECT_EQ(both.op, LogicOp::And);
  EXPECT_EQ(as<Path>(as<Not>(both.left).operand).text(), "b");
  const auto& compare = as<Compare>(both.right);
  EXPECT_EQ(compare.op, CompareOp::Eq);
  const auto& plus = as<Arith>(compare.right);
  EXPECT_EQ(plus.op, ArithOp::Add);
  const auto& times = as<Arith>(plus.right);
  EXPECT_EQ(times.op, ArithOp::Mul);
  EXPECT_EQ(as<Negate>(times.right).operand->text, "x otherwise 3");
}

TEST(Syntax, ArithmeticGroupsFromTheLeft) {
  const Conditioned c("10 - 4 - 3 / 2 / 1 is 0 and (a + b) * c is 1");
  const auto& first = as<Compare>(c.as<Logic>().left);
  const auto& minus = as<Arith>(first.left);
  EXPECT_EQ(minus.op, ArithOp::Sub);
  EXPECT_EQ(minus.left->text, "10 - 4");
  EXPECT_EQ(as<Arith>(minus.right).left->text, "3 / 2");
  const auto& product = as<Arith>(as<Compare>(c.as<Logic>().right).left);
  EXPECT_EQ(product.op, ArithOp::Mul);
  EXPECT_EQ(product.left->text, "a + b");
}

TEST(Syntax, Comparisons) {
  const std::vector<std::pair<std::string, CompareOp>> all{
      {"a at least 1", CompareOp::Ge}, {"a at most 1", CompareOp::Le},     {"a less than 1", CompareOp::Lt},       {"a more than 1", CompareOp::Gt},
      {"a is 1", CompareOp::Eq},       {"a is not 1", CompareOp::Ne},      {"a = 1", CompareOp::Eq},               {"a != 1", CompareOp::Ne},
      {"a <= 1", CompareOp::Le},       {"a >= 1", CompareOp::Ge},          {"a < 1", CompareOp::Lt},               {"a > 1", CompareOp::Gt},
      {"a is at least 1", CompareOp::Ge}, {"a is not more than 1", CompareOp::Le}, {"3 is at most number of e ever", CompareOp::Le}};
  for (const auto& [text, op] : all) EXPECT_EQ(Conditioned(text).as<Compare>().op, op) << text;
}

TEST(Syntax, PresenceListsTextAndSegments) {
  EXPECT_TRUE(Conditioned("a is given").as<Presence>().given);
  EXPECT_FALSE(Conditioned("a is missing").as<Presence>().given);
  const Conditioned not_given("a is not given"), not_missing("a is not missing");  // of a consent neither is the other (reading 16)
  EXPECT_TRUE(as<Presence>(not_given.as<Not>().operand).given);
  EXPECT_FALSE(as<Presence>(not_missing.as<Not>().operand).given);
  const Conditioned list("a is not one of [x, \"y\", -3 EUR]");
  EXPECT_TRUE(list.as<OneOf>().negated);
  ASSERT_EQ(list.as<OneOf>().values.size(), 3u);
  EXPECT_EQ(as<Literal>(list.as<OneOf>().values[2]).value, -300);
  EXPECT_EQ(Conditioned("a contains \"x\"").as<TextTest>().op, TextOp::Contains);
  EXPECT_EQ(Conditioned("a starts with \"x\"").as<TextTest>().op, TextOp::StartsWith);
  EXPECT_EQ(Conditioned("a ends with b").as<TextTest>().op, TextOp::EndsWith);
  EXPECT_FALSE(Conditioned("visitor in seg").as<InSegment>().negated);
  EXPECT_FALSE(Conditioned("visitor is in seg").as<InSegment>().negated);
  EXPECT_TRUE(Conditioned("visitor not in seg").as<InSegment>().negated);
  EXPECT_TRUE(Conditioned("visitor is not in seg").as<InSegment>().negated);
}

TEST(Syntax, AggregatesAndWindows) {
  const Conditioned count("number of page_viewed where group is x and n more than 2 in the last 2 weeks at least 3");
  const auto& number = as<Aggregate>(count.as<Compare>().left);
  EXPECT_EQ(number.kind, AggregateKind::Number);
  EXPECT_EQ(number.what.name.text, "page_viewed");
  EXPECT_EQ(number.what.where->text, "group is x and n more than 2");
  EXPECT_EQ(number.window.kind, WindowKind::Last);
  EXPECT_EQ(number.window.length, 14 * kDay);
  const Conditioned acted("number of \"J\".r sent since e is 0");
  const auto& sent = as<Aggregate>(acted.as<Compare>().left);
  EXPECT_EQ(sent.what.verb, Verb::Sent);
  EXPECT_EQ(sent.what.journey->text, "J");
  EXPECT_EQ(sent.window.kind, WindowKind::Since);
  EXPECT_EQ(sent.window.event.text, "e");
  const Conditioned summed("sum of order.limit where a is b ever more than 3 EUR");
  const auto& sum = as<Aggregate>(summed.as<Compare>().left);
  EXPECT_EQ(sum.kind, AggregateKind::Sum);
  EXPECT_EQ(sum.what.name.text, "order");
  EXPECT_EQ(sum.field.text, "limit");
  EXPECT_EQ(sum.what.where->text, "a is b");
  const Conditioned last("last order.`the total` is missing");
  EXPECT_EQ(as<Last>(last.as<Presence>().subject).field.text, "the total");
  const Conditioned now("now at least 1 December 2026");
  EXPECT_TRUE(std::holds_alternative<Now>(now.as<Compare>().left->node));
}

TEST(Syntax, WindowsOfTheCalendarAndBeforeThis) {
  const auto window = [](const std::string& text) {
    const Conditioned c("a happened " + text);
    return std::make_pair(c.as<Happened>().window.kind, c.as<Happened>().window.before_this);
  };
  EXPECT_EQ(window("today"), std::make_pair(WindowKind::Today, false));
  EXPECT_EQ(window("this week"), std::make_pair(WindowKind::Week, false));
  EXPECT_EQ(window("this month before this"), std::make_pair(WindowKind::Month, true));
  EXPECT_EQ(window("today before this"), std::make_pair(WindowKind::Today, true));
  EXPECT_EQ(window("before this"), std::make_pair(WindowKind::Ever, true));
  EXPECT_EQ(window("ever before this"), std::make_pair(WindowKind::Ever, true));
  EXPECT_EQ(window("since b before this"), std::make_pair(WindowKind::Since, true));
  EXPECT_EQ(window("since before before this"), std::make_pair(WindowKind::Since, true));
  EXPECT_EQ(window("in the last 2 days before this"), std::make_pair(WindowKind::Last, true));
  EXPECT_EQ(Conditioned("number of today today is 2").as<Compare>().left->text, "number of today today");
  expect_fault(rule("only if a happened this year"), Code::NotUnderstood, "this year", "`this week`");
  expect_fault(rule("only if a happened today before is 3"), Code::MissingWord, "before", "before this");
}

TEST(Syntax, AveragesFirstsAndLists) {
  const Conditioned average("average of order.total where x is 1 this month before this more than 3 EUR");
  const auto& mean = as<Aggregate>(average.as<Compare>().left);
  EXPECT_EQ(mean.kind, AggregateKind::Average);
  EXPECT_EQ(mean.field.text, "total");
  EXPECT_EQ(mean.window.kind, WindowKind::Month);
  EXPECT_TRUE(mean.window.before_this);
  const Conditioned first("first order.first is first.order");
  EXPECT_EQ(as<First>(first.as<Compare>().left).event.text, "order");
  EXPECT_EQ(as<First>(first.as<Compare>().left).field.text, "first");
  EXPECT_EQ(as<Path>(first.as<Compare>().right).text(), "first.order");
  const Conditioned list("tags otherwise [\"a\", \"b\"] contains \"b\"");
  const auto& fallback = as<Otherwise>(list.as<TextTest>().subject);
  ASSERT_EQ(as<List>(fallback.fallback).values.size(), 2u);
  EXPECT_EQ(fallback.fallback->text, "[\"a\", \"b\"]");
  EXPECT_TRUE(as<List>(Conditioned("tags is []").as<Compare>().right).values.empty());
}

TEST(Syntax, VisitorIs) {
  const Conditioned is("visitor   is anonymous");
  EXPECT_EQ(is.as<Path>().parts, (std::vector<std::string>{"visitor", "anonymous"}));
  EXPECT_EQ(is.expr->text, "visitor is anonymous");
  const Conditioned is_not("visitor is\n not `in the club`");
  const Expr& inner = *is_not.as<Not>().operand;
  EXPECT_EQ(std::get<Path>(inner.node).parts, (std::vector<std::string>{"visitor", "in the club"}));
  EXPECT_EQ(inner.text, "visitor is `in the club`");
  EXPECT_EQ(is_not.expr->text, "visitor is not `in the club`");
  EXPECT_EQ(Conditioned("visitor is customer.vip").as<Path>().parts.size(), 3u);
  EXPECT_EQ(Conditioned("visitor is in_love").as<Path>().parts[1], "in_love");
  EXPECT_TRUE(std::holds_alternative<InSegment>(Conditioned("visitor is in love").expr->node));
  EXPECT_EQ(Conditioned("visitor is a and visitor is not b or visitor.c").as<Logic>().op, LogicOp::Or);
  expect_fault(rule("only if visitor is \"x\""), Code::VisitorIs, "visitor is \"x\"", "visitor in");
  expect_fault(rule("only if visitor is not at least x"), Code::VisitorIs, "visitor is not at least x");
  expect_fault(rule("only if visitor is (x)"), Code::VisitorIs, "visitor is (x)");
}

TEST(Syntax, Happened) {
  const Conditioned plain("order_placed happened ever");
  EXPECT_EQ(plain.as<Happened>().what.name.text, "order_placed");
  const Conditioned acted("\"J\".nudge shown in the last 3 days");
  EXPECT_EQ(acted.as<Happened>().what.verb, Verb::Shown);
  EXPECT_EQ(acted.as<Happened>().what.journey->text, "J");
  // The where ends at its `happened`, also when a bare name stands last in it.
  const Conditioned chain("a where b is c and flag happened ever and d happened since e");
  const auto& both = chain.as<Logic>();
  EXPECT_EQ(as<Happened>(both.left).what.where->text, "b is c and flag");
  EXPECT_EQ(as<Happened>(both.left).what.text, "a where b is c and flag");
  EXPECT_EQ(as<Happened>(both.right).window.kind, WindowKind::Since);
}

TEST(Syntax, Literals) {
  const auto literal = [](const std::string& text) {
    const Conditioned c("x is " + text);
    return as<Literal>(c.as<Compare>().right);
  };
  const auto check = [&](const std::string& text, LiteralKind kind, Value value) {
    const Literal l = literal(text);
    EXPECT_EQ(l.kind, kind) << text;
    EXPECT_EQ(l.value, value) << text;
  };
  check("7", LiteralKind::Whole, 7);
  check("-7", LiteralKind::Whole, -7);
  check("9223372036854775807", LiteralKind::Whole, 9223372036854775807);
  check("3.5", LiteralKind::Number, 3'500'000);
  check("0.000001", LiteralKind::Number, 1);
  check("40 EUR", LiteralKind::Money, 4000);
  check("55.5 SEK", LiteralKind::Money, 5550);
  EXPECT_EQ(literal("55.50 SEK").unit, "SEK");
  check("10%", LiteralKind::Percent, 100'000);
  check("2.5 %", LiteralKind::Percent, 25'000);
  check("30 minutes", LiteralKind::Duration, 30 * kMinute);
  check("1 day", LiteralKind::Duration, kDay);
  check("0 seconds", LiteralKind::Duration, 0);
  check("2 weeks", LiteralKind::Duration, 14 * kDay);
  check("1 January 1970", LiteralKind::Date, 0);
  check("29 February 2024", LiteralKind::Date, 19782);
  check("yes", LiteralKind::YesNo, kYes);
  check("no", LiteralKind::YesNo, kNo);
  EXPECT_EQ(literal("\"a \\\"b\\\" \\\\\"").text, "a \"b\" \\");
  EXPECT_EQ(literal("\"A\xCC\x88\"").text, "\xC3\x84");  // NFC
}

TEST(Syntax, SoftWordsAreFreeNames) {
  // Each word of the language that is not a hard one may be a name wherever a name may stand.
  for (const char* word : {"version", "the", "last", "number", "sum", "of", "at", "least", "one", "in", "is", "where", "happened", "sent", "order", "time", "no_",
                           "wait", "if", "messages", "from", "until", "by", "best", "task", "expect", "because", "days", "week", "May", "EUR", "visitor", "every"}) {
    const Conditioned c(std::string(word) + ".x is given");
    EXPECT_EQ(as<Path>(c.as<Presence>().subject).parts[0], word);
    const Parsed p(rule(std::string("when ") + word + "\n do send \"x\" by " + word + " with " + word + " = 1"));
    EXPECT_TRUE(p.d.ok()) << word << "\n" << p.all();
  }
  for (const char* word : {"journey", "end", "limit", "when", "not", "given", "nothing", "unknown", "do", "send"}) {
    const Conditioned dotted("order." + std::string(word) + " is `" + word + "`");
    EXPECT_EQ(as<Path>(dotted.as<Compare>().left).parts[1], word);
    EXPECT_EQ(as<Path>(dotted.as<Compare>().right).parts[0], word);
  }
  EXPECT_EQ(as<Path>(Conditioned("`time zone` is given").as<Presence>().subject).text(), "time zone");
  EXPECT_EQ(as<Path>(Conditioned("o\xCC\x88re.bra is given").as<Presence>().subject).parts[0], "\xC3\xB6re");
}

// ---- tests ----

TEST(Syntax, TestLines) {
  const Parsed p(test(R"(visitor a = 1, consent.marketing = given,
          `time zone` = missing
  at 10:00:30 cart_updated items = 2, value = 55 EUR
  day 2 at 09:00 order_placed
  at 11:00 visitor a = 2
  at 11:30 expect send "x" by push
     with p = "v" because held_out
  day 3 at 12:00 expect show "y" in web.hero
  at 12:00 expect send "x"
  until 12:00 expect nothing because unknown
  day 3 until 12:00 expect nothing)"));
  ASSERT_TRUE(p.d.ok()) << p.all();
  const auto& lines = p.file.tests.at(0).lines;
  ASSERT_EQ(lines.size(), 9u);
  const auto& start = std::get<TestSet>(lines[0]);
  EXPECT_EQ(start.at.day, 1);
  EXPECT_EQ(start.at.of_day, 0);
  ASSERT_EQ(start.values.size(), 3u);
  EXPECT_EQ(start.values[1].word, Binding::Word::Given);
  const auto& event = std::get<TestEvent>(lines[1]);
  EXPECT_EQ(event.at.of_day, 10 * kHour + 30 * kSecond);
  EXPECT_EQ(event.event.text, "cart_updated");
  EXPECT_EQ(event.fields.size(), 2u);
  EXPECT_EQ(std::get<TestEvent>(lines[2]).at.day, 2);
  EXPECT_EQ(std::get<TestSet>(lines[3]).at.of_day, 11 * kHour);
  const auto& send = std::get<Expect>(lines[4]);
  EXPECT_FALSE(send.nothing || send.until);
  EXPECT_EQ(send.template_.text, "x");
  EXPECT_EQ(send.target->text(), "push");
  EXPECT_EQ(send.params.size(), 1u);
  EXPECT_EQ(send.because->text, "held_out");
  EXPECT_EQ(std::get<Expect>(lines[5]).kind, ActionKind::Show);
  EXPECT_EQ(std::get<Expect>(lines[5]).target->text(), "web.hero");
  EXPECT_FALSE(std::get<Expect>(lines[6]).target);
  const auto& nothing = std::get<Expect>(lines[7]);
  EXPECT_TRUE(nothing.nothing && nothing.until);
  EXPECT_EQ(nothing.because->text, "unknown");
  EXPECT_EQ(std::get<Expect>(lines[8]).at.day, 3);
}

TEST(Syntax, TestsOfRequestsAndTasks) {
  const Parsed p(test("at 10:00 asked for web.hero day 2 at 11:00 asked at 12:00 asked for = 3\n at 13:00 expect raise task \"x\" with a = 1 because held_out at 14:00 task task = 2"));
  ASSERT_TRUE(p.d.ok()) << p.all();
  const auto& lines = p.file.tests.at(0).lines;
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(std::get<TestAsked>(lines[0]).slot.text(), "web.hero");
  EXPECT_EQ(std::get<TestAsked>(lines[0]).at.of_day, 10 * kHour);
  EXPECT_EQ(std::get<TestEvent>(lines[1]).event.text, "asked");
  EXPECT_EQ(std::get<TestEvent>(lines[2]).fields.at(0).name.text(), "for");
  const auto& task = std::get<Expect>(lines[3]);
  EXPECT_EQ(task.kind, ActionKind::Task);
  EXPECT_EQ(task.template_.text, "x");
  EXPECT_FALSE(task.target);
  EXPECT_EQ(task.params.size(), 1u);
  EXPECT_EQ(std::get<TestEvent>(lines[4]).event.text, "task");
  expect_fault(test("until 10:00 asked for web.hero"), Code::UntilMisused, "until 10:00");
  expect_fault(test("at 10:00 asked web.hero"), Code::MissingWord, "asked", "asked for");
  expect_fault(test("at 10:00 expect task \"x\""), Code::MissingWord, "task", "expect raise task");
}

// ---- guarantees ----

TEST(Syntax, Guarantees) {
  const Parsed p("guarantee \"a\" never show unless visitor is known end guarantee \"b\" at most 1 show in 2 days end\n"
                 "guarantee \"c\" never send by email unless a or b end guarantee \"d\" at most 2 tasks in 1 week end");
  ASSERT_TRUE(p.d.ok()) << p.all();
  ASSERT_EQ(p.file.guarantees.size(), 4u);
  const auto& shows = std::get<Never>(p.file.guarantees[0].promise);
  EXPECT_EQ(shows.kind, ActionKind::Show);
  EXPECT_TRUE(shows.channels.empty());
  EXPECT_EQ(p.file.guarantees[0].text, "never show unless visitor is known");
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[1].promise).unit, LimitUnit::Shows);
  EXPECT_EQ(std::get<Never>(p.file.guarantees[2].promise).unless->text, "a or b");
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[3].promise).unit, LimitUnit::Tasks);
  EXPECT_EQ(std::get<AtMost>(p.file.guarantees[3].promise).count, 2);
  expect_fault("guarantee \"a\"\n at most 3 messages in 7 days\n at most 2 messages in 1 day\nend", Code::NotUnderstood, "at", "another `guarantee`");
  expect_fault("guarantee \"a\"\n never send unless b\n at most 2 messages in 1 day\nend", Code::NotUnderstood, "at", "another `guarantee`");
  expect_fault("guarantee \"a\"\n at most 3 mesages in 7 days\nend", Code::NotUnderstood, "mesages", "`messages`");
  expect_fault("guarantee \"a\" never raise task unless b end", Code::NotUnderstood, "raise");
  expect_fault("guarantee \"a\" at most 3 messages in 0 days end", Code::ZeroLength, "0 days");
  expect_fault("guarantee \"a\"\n at most 3 messages in 7 days\n limit 2 messages in 1 day\nend", Code::MisplacedClause, "limit");
}

TEST(Syntax, OutcomesCalledLikeWordsOfTheLanguage) {
  for (const char* outcome : {"quiet", "guarantee", "nothing", "unknown", "held_out", "waiting", "because"}) {
    const Parsed p(test("at 10:00 expect send \"x\" by because because " + std::string(outcome) + "\n until 11:00 expect nothing because " + outcome) +
                   "guarantee \"g\" at most 1 message in 1 day end");
    ASSERT_TRUE(p.d.ok()) << outcome << p.all();
    for (const auto& line : p.file.tests.at(0).lines) EXPECT_EQ(std::get<Expect>(line).because->text, outcome);
  }
}

TEST(Syntax, FaultyTestLines) {
  expect_fault(test("at 24:00 a"), Code::InvalidTime, "24:00");
  expect_fault(test("at 10:75 a"), Code::InvalidTime, "10:75");
  expect_fault(test("at 9:00 a"), Code::InvalidTime, "9:00");
  expect_fault(test("day 0 at 09:00 a"), Code::InvalidTime, "0");
  expect_fault(test("until 12:00 a"), Code::UntilMisused, "until 12:00");
  expect_fault(test("until 12:00 expect send \"x\""), Code::UntilMisused, "until 12:00");
  expect_fault(test("att 10:00 a"), Code::UnknownClause, "att", "`at`");
  expect_fault(test("at 10:00 a\n visitr x = 3"), Code::UnknownClause, "visitr", "`visitor`");
  expect_fault(test("at 10:00 a limit = 3"), Code::HardWordAsName, "limit", "backticks");
  expect_fault(test("at 10:00 a b = 3 c = 4"), Code::MissingWord, "c", "a = 1, b = 2");
  expect_fault(test("at 10:00 a\n when b\n at 11:00 c"), Code::MisplacedClause, "when");
  EXPECT_EQ(Parsed(test("at 25:00 a\n at 10:61 b")).d.errors(), 2u);
}

// ---- faults ----

TEST(Syntax, FaultsOfSpelling) {
  expect_fault(rule("when a where b is \"abc # x\n do show \"x\" in w.h"), Code::UnclosedText, "\"abc # x");
  expect_fault(rule("when `abc where b"), Code::UnclosedName, "`abc where b");
  expect_fault(rule("only if a == 3"), Code::DoubleEqual, "==");
  expect_fault(rule("only if a & b"), Code::StrayCharacter, "&", "`and`");
  expect_fault(rule("only if a is “b”"), Code::StrayCharacter, "“", "straight quotes");
  expect_fault(rule("only if a\xE2\x80\x8B is b"), Code::StrayCharacter, "\xE2\x80\x8B", "Delete");
  expect_fault(rule("only if a is \"b\\n\""), Code::BadEscape, "\\");
  expect_fault(rule("only if `` is b"), Code::EmptyName, "``");
}

TEST(Syntax, FaultsOfStructure) {
  expect_fault("journey \"A\"\n rule r\n  when a\njourney \"B\"\nend", Code::MissingEnd, "journey", "before this line");
  EXPECT_NE(Parsed("\njourney \"A\"\n rule r\n").d.all().at(0).message.find("`A` that begins in line 2"), std::string::npos);
  expect_fault("segment a is b\ntest \"t\"\nend", Code::MissingEnd, "test");
  expect_fault("test \"t\"\n at 10:00 a\n", Code::MissingEnd, "a");
  expect_fault("segment a is b end\nend\n", Code::StrayEnd, "end");
  expect_fault("journey \"A\"\n rule r\n when a\n end\n rule q\n when b\n end\nend\n", Code::EndOfRule, "end");
  expect_fault("journey \"A\"\n rule r\n when a\n end\n rule q\n when b\nend\n", Code::EndOfRule, "end");
  expect_fault("rule r\n when a\nend\nsegment a is b end", Code::RuleOutside, "rule");
  expect_fault("jorney \"A\"\n rule r\n when a\nend\nsegment a is b end", Code::UnknownBlock, "jorney", "`journey`");
  expect_fault("when a", Code::MisplacedClause, "when");
  expect_fault("journey \"A\"\n when a\nend", Code::MisplacedClause, "when", "rule name");
  expect_fault("segment a is b\n when c\nend", Code::MisplacedClause, "when");
  expect_fault(rule("send \"x\" by email"), Code::ActionWithoutDo, "send", "do send");
  expect_fault(rule("wen a\n do show \"x\" in w.h"), Code::UnknownClause, "wen", "`when`");
  expect_fault(rule("when a\n priorty 90"), Code::UnknownClause, "priorty", "`priority`");
  expect_fault(rule("when a\n zzz 90"), Code::UnknownClause, "zzz", "Clauses begin with");
}

TEST(Syntax, ClausesGivenTwice) {
  for (const char* clause : {"when a", "then wait 2 days", "do show \"x\" in w.h", "priority 3", "owner \"me\"", "once per visitor", "quiet 21:00 to 08:00 visitor time",
                             "from 1 June 2026"}) {
    const Parsed p(rule(std::string(clause) + "\n " + clause));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::ClauseTwice}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].message.find("The rule `r`"), std::string::npos);
  }
  expect_fault("journey \"A\"\n owner \"x\"\n owner \"y\"\nend", Code::ClauseTwice, "owner");
  expect_fault("journey \"A\"\n priority 1\n priority 2\nend", Code::ClauseTwice, "priority");
  for (const char* clause : {"goal a within 1 day", "hold out 5%", "once in 3 days", "from 1 June 2026", "quiet 21:00 to 08:00 visitor time, then wait"}) {
    const Parsed p("journey \"A\"\n " + std::string(clause) + "\n " + clause + "\nend");
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::ClauseTwice}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].message.find("The journey `A`"), std::string::npos);
  }
  for (const char* clause : {"only if a", "not if a", "limit 1 message in 1 day"})
    EXPECT_TRUE(Parsed("journey \"A\"\n " + std::string(clause) + "\n " + clause + "\n rule r\n " + clause + "\n " + clause + "\nend").d.ok()) << clause;
  for (const char* clause : {"goal a within 1 day", "stop when a", "hold out 5%"}) {
    const Parsed p(rule(clause));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::MisplacedClause}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].help.find("above the first rule"), std::string::npos);
  }
  EXPECT_TRUE(Parsed("journey \"A\"\n priority 1\n rule r\n priority 2\n rule q\n priority 3\nend").d.ok());
}

TEST(Syntax, EveryBrokenClauseIsOneFault) {
  const Parsed p(rule("when a where\n then no b for 30\n only if x at leest 3\n limit 2 mesages in 7 days\n only if y is 3 4\n do send \"x\""));
  EXPECT_EQ(p.codes(), (std::vector<Code>{Code::EndsEarly, Code::MissingUnit, Code::NotUnderstood, Code::NotUnderstood, Code::NotUnderstood, Code::EndsEarly})) << p.all();
}

TEST(Syntax, FaultsInsideClauses) {
  expect_fault(rule("when limit where b"), Code::HardWordAsName, "limit", "backticks");
  expect_fault(rule("only if limit at least 3"), Code::HardWordAsName, "limit", "backticks");
  expect_fault(rule("then no b for 30"), Code::MissingUnit, "30", "30 minutes");
  expect_fault(rule("then wait 1.5 hours"), Code::MissingUnit, "1.5");
  expect_fault(rule("then no b for 30 mintues"), Code::UnknownUnit, "mintues", "`minutes`");
  expect_fault(rule("then wait 2 months"), Code::UnknownUnit, "months", "days");
  expect_fault(rule("only if a at least 40 euros"), Code::UnknownUnit, "euros", "40 EUR");
  expect_fault(rule("only if number of a in last 7 days is 3"), Code::MissingWord, "in last", "in the last");
  expect_fault(rule("only if number order_placed ever is 3"), Code::MissingWord, "number", "number of");
  expect_fault(rule("only if a is one [b]"), Code::MissingWord, "one", "one of");
  expect_fault(rule("only x is 3"), Code::MissingWord, "x");
  expect_fault(rule("then no x 30 minutes"), Code::MissingWord, "30");
  expect_fault(rule("do send \"x\" by email with a is 3"), Code::MissingWord, "is");
  expect_fault(rule("only if a at least 1,000 EUR"), Code::NumberForm, "1,000");
  expect_fault(rule("only if a <> 3"), Code::NotUnderstood, "<>", "is not");
  expect_fault(rule("only if a || b"), Code::NotUnderstood, "|", "`or`");
  expect_fault(rule("only if (a and b"), Code::EndsEarly, "b");
  expect_fault(rule("only if a and b)"), Code::NotUnderstood, ")");
  expect_fault(rule("owner me"), Code::NotUnderstood, "me", "\"me\"");
  expect_fault("journey \"A\"\n rule \"r\"\n when a\nend", Code::NotUnderstood, "\"r\"", "without quotes");
  expect_fault("journey A\n rule r\n when a\nend", Code::NotUnderstood, "A", "\"A\"");
  expect_fault(rule("when a where b happened ever"), Code::NotUnderstood, "happened", "only if");
  expect_fault(rule("do send \"x\" by email\n wiht a = 3"), Code::UnknownClause, "wiht", "`with`");
}

TEST(Syntax, FaultsOfMeaningThatSyntaxKnows) {
  for (const char* text : {"number of a is 3", "sum of a.b is 3", "a happened", "a where b happened", "r sent"}) {
    const Parsed p(rule(std::string("only if ") + text));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::MissingWindow}) << p.all();
    for (const char* window : {"`in the last 7 days`", "`since`", "`ever`"}) EXPECT_NE(p.d.all()[0].help.find(window), std::string::npos);
  }
  expect_fault(rule("only if a in seg"), Code::NotVisitorIn, "a in");
  expect_fault(rule("only if \"J\".r"), Code::RuleNeedsVerb, "\"J\".r");
  expect_fault(rule("when \"J\".r"), Code::RuleNeedsVerb, "\"J\".r");
  expect_fault(rule("when r sent where a"), Code::WhereOnRule, "where a");
  expect_fault(rule("only if a is one of []"), Code::EmptyList, "[]");
  expect_fault(rule("then wait 0 days"), Code::ZeroLength, "0 days");
  expect_fault(rule("limit 2 messages in 0 hours"), Code::ZeroLength, "0 hours");
  expect_fault(rule("only if number of a in the last 0 days is 3"), Code::ZeroLength, "0 days");
  expect_fault(rule("then wait 99999999999 weeks"), Code::NumberTooLarge, "99999999999 weeks");
  expect_fault(rule("only if a is 9223372036854775808"), Code::NumberTooLarge, "9223372036854775808");
  expect_fault(rule("only if a is 92233720368547758.08 EUR"), Code::NumberTooLarge, "92233720368547758.08");
  expect_fault(rule("only if a is 1.2345678"), Code::NumberForm, "1.2345678");
  expect_fault(rule("only if a is 1.234 EUR"), Code::NumberForm, "1.234");
  expect_fault(rule("only if a is 1.5 hours"), Code::NumberForm, "1.5 hours");
  expect_fault(rule("only if a is 29 February 2025"), Code::InvalidDate, "29 February 2025");
}

TEST(Syntax, BrokenRowsOfTables) {
  expect_fault(rule("do choose\n | a | do |\n | > 3 | nothing\n | - | nothing |"), Code::TableRow, "nothing");
  expect_fault(rule("do choose\n | a | do |\n | > 3 |\n nothing |"), Code::TableRow, "nothing");
  expect_fault(rule("do choose\n | a | do |\n | | nothing |"), Code::TableRow, "|", "`-`");
  EXPECT_TRUE(Parsed(rule("do choose\n | a | do | # comment\n | > 3 | nothing |")).d.ok());
  expect_fault(rule("do choose\n | a | b |\n | > 3 | nothing |"), Code::TableRow, "|", "headed `do`");
  expect_fault(rule("do choose\n | do |\n | nothing |"), Code::TableRow, "do");
  expect_fault(rule("do choose\n | a | do |\n | - | 3 |"), Code::TableRow, "|", "`nothing`");
  expect_fault(rule("do choose\n | a | b | do |\n | 1 | 2 | nothing |\n | 3 | nothing |"), Code::TableRow, "| 3 | nothing |", "`-`");
  expect_fault(rule("do choose\n | a | do |\n | 1 | 2 | nothing |"), Code::TableRow, "| 1 | 2 | nothing |", "too many");
  expect_fault(rule("do choose\n | a | b | do |\n | 1 | nothing |\n | 3 | nothing |"), Code::TableRow, "| a | b | do |");
  expect_fault(rule("do choose\n | a | do |\n | one of [] | nothing |"), Code::EmptyList, "[]");
  expect_fault(rule("do choose\n | a | do |\n | not 3 | nothing |"), Code::NotUnderstood, "not", "is not");
  EXPECT_EQ(Parsed(rule("do choose\n | a | do |\n | 1 | nothing |\n | 1 | 2 | nothing |\n | 1.2345678 | nothing |")).codes(),
            (std::vector<Code>{Code::TableRow, Code::NumberForm}));
}

TEST(Syntax, TablesStandAlone) {
  const std::string table = "choose\n | a | do |\n | 1 | nothing |";
  expect_fault(rule("do send \"x\" by email\n " + table), Code::TableAlone, "choose");
  expect_fault(rule("do send \"x\" by email " + table), Code::TableAlone, "choose");
  expect_fault(rule("do " + table + "\n send \"x\" by email"), Code::TableAlone, "send");
  expect_fault(rule("do " + table + "\n " + table), Code::TableAlone, "choose");
  expect_fault(rule("do choose\n | a | do |\n | 1 | choose | b | do |\n | 2 | nothing |"), Code::TableAlone, "choose", "another rule");
}

TEST(Syntax, FaultyClauses) {
  expect_fault("journey \"A\"\n hold out 10\nend", Code::ShareNotPercent, "10", "`10%`");
  expect_fault("journey \"A\"\n hold out 10 EUR\nend", Code::ShareNotPercent, "10 EUR");
  expect_fault("journey \"A\"\n hold out 10.12345%\nend", Code::NumberForm, "10.12345");
  EXPECT_EQ(Parsed(rule("do split \"s\": 0.5 a, 50 minutes b")).codes(), (std::vector<Code>{Code::ShareNotPercent, Code::ShareNotPercent}));
  expect_fault(rule("do split \"s\": 50% a 50% b"), Code::MissingWord, "50", "50% a, 50% b");
  expect_fault(rule("quiet 21:00 to 24:00 visitor time"), Code::InvalidTime, "24:00");
  expect_fault(rule("quiet 21:00 to 08:00 visitor time then skip"), Code::MissingWord, "then", ", then");
  expect_fault(rule("quiet 21:00 to 08:00 visitor time, then send"), Code::NotUnderstood, "send");
  EXPECT_EQ(Parsed(rule("quiet 21:00 to 08:00 visitor time\n then wait 3 days")).codes(), std::vector<Code>{});
  expect_fault(rule("once in 30"), Code::MissingUnit, "30");
  expect_fault(rule("limit 2 taks in 7 days"), Code::NotUnderstood, "taks", "`tasks`");
  expect_fault(rule("limit 2 tasks in 7 days across nudges"), Code::NotUnderstood, "nudges", "\"nudges\"");
  expect_fault(rule("do send \"x\" by best push"), Code::MissingWord, "best", "best of");
  expect_fault(rule("do send \"x\" by email, show \"y\" in w.h"), Code::NotUnderstood, ",", "one below the other");
  expect_fault(rule("do show \"x\" in w.h with a = 1 for 1 hour"), Code::NotUnderstood, "for", "before `with`");
  expect_fault(rule("do suppress \"x\""), Code::EndsEarly, "\"x\"");
  expect_fault(rule("do raise \"x\""), Code::MissingWord, "\"x\"");
}

// ---- limits ----

TEST(Syntax, UnreadableFilesAreOneFault) {
  Limits small;
  small.bytes = 100;
  EXPECT_EQ(Parsed(std::string(101, 'x'), small).codes(), std::vector<Code>{Code::FileTooLarge});
  EXPECT_EQ(Parsed(std::string(50u << 20, 'x')).codes(), std::vector<Code>{Code::FileTooLarge});
  const Parsed bad("segment a is \xC3( end \xFF");
  ASSERT_EQ(bad.codes(), std::vector<Code>{Code::InvalidUtf8});
  EXPECT_EQ(bad.d.all()[0].span.begin, 13u);
  EXPECT_TRUE(bad.file.segments.empty());
  EXPECT_EQ(Parsed(std::string("segment a\0 is b end", 19)).codes(), std::vector<Code>{Code::ControlCharacter});
}

std::string repeated(const std::string& part, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += part;
  return all;
}

TEST(Syntax, DeepNestingIsOneFault) {
  const std::size_t n = 100'000;
  for (const std::string& text : {repeated("(", n) + "x" + repeated(")", n), repeated("(", n), repeated("not ", n) + "x", repeated("-", n) + "1 is 1",
                                  repeated("[", n), repeated("not (", n) + "x", repeated("number of a where ", n), repeated("- (", n) + "1",
                                  "a is " + repeated("[", n) + "1" + repeated("]", n), repeated("average of a.b where ", n), repeated("visitor is not [", n)}) {
    const Parsed p(rule("only if " + text));
    EXPECT_EQ(p.codes(), std::vector<Code>{Code::NestedTooDeep}) << text.substr(0, 20);
  }
  EXPECT_TRUE(Parsed(rule("only if " + repeated("(", 200) + "x" + repeated(")", 200))).d.ok());
  EXPECT_TRUE(Parsed(rule("only if " + repeated("not ", 200) + "x")).d.ok());
  EXPECT_FALSE(Parsed(rule("only if " + repeated("(", 201) + "x" + repeated(")", 201))).d.ok());
}

// Windows and names that look like windows hide where a `where` ends; however they are mixed, the parser is not led too deep.
TEST(Syntax, ManyWheresAreOneFault) {
  for (const char* part : {"number of a where number of b where c ever before this is 1 and ", "number of a where ever is 1 and ", "number of a where today is since and "}) {
    const Parsed p(rule("only if " + repeated(part, 1'500) + "x"));
    ASSERT_EQ(p.d.errors(), 1u) << p.all();
    EXPECT_TRUE(p.codes()[0] == Code::ConditionTooLarge || p.codes()[0] == Code::NestedTooDeep) << p.all();
  }
  EXPECT_TRUE(Parsed(rule("when any of a where b is 1" + repeated(", a where b is 1", 400))).d.ok());
  EXPECT_TRUE(Parsed(rule("only if x" + repeated(" and a where b is 1 happened today before this", 400))).d.ok());
}

TEST(Syntax, LongTables) {
  const auto table = [](const std::string& cell, std::size_t rows) { return "do choose\n | a | do |\n" + repeated(" | " + cell + " | nothing |\n", rows); };
  const Parsed p(rule(table("-1 + 2 - 3", 1'000)));
  ASSERT_TRUE(p.d.ok()) << p.all();
  EXPECT_EQ(p.file.journeys[0].rules[0].action->choose->rows.size(), 1'000u);
  EXPECT_EQ(Parsed(rule(table("1" + repeated(" + 1", 501), 3))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule(table(repeated("- ", 100'000) + "1", 3))).codes(), std::vector<Code>{Code::NestedTooDeep});
  EXPECT_EQ(Parsed(rule(table("-", 10'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("when any of a" + repeated(", a", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("do" + repeated(" raise task \"x\"", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
}

TEST(Syntax, LongChains) {
  EXPECT_EQ(Parsed(rule("only if x" + repeated(" and x", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("only if x" + repeated(" + x", 50'000) + " is 1")).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("only if x" + repeated(" otherwise x", 50'000))).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_EQ(Parsed(rule("only if x is one of [1" + repeated(", 1", 50'000) + "]")).codes(), std::vector<Code>{Code::ConditionTooLarge});
  EXPECT_TRUE(Parsed(rule("only if x is one of [1" + repeated(", 1", 5'000) + "]")).d.ok());
  const Parsed p(rule("only if x0" + repeated(" and x", 2'000)));
  ASSERT_TRUE(p.d.ok()) << p.all();
  // Balanced: 2,001 operands are 11 deep, and in written order.
  std::size_t depth = 0;
  const Expr* at = p.file.journeys[0].rules[0].conditions[0].test.get();
  for (; std::holds_alternative<Logic>(at->node); at = std::get<Logic>(at->node).left.get()) ++depth;
  EXPECT_EQ(depth, 11u);
  EXPECT_EQ(at->text, "x0");
}

TEST(Syntax, ErrorsAreLimited) {
  const Parsed p("journey \"A\"\n rule r\n" + repeated("  only if (\n", 1000) + "end");
  ASSERT_EQ(p.d.errors(), 21u);
  EXPECT_EQ(p.d.all().back().code, Code::TooManyErrors);
  EXPECT_EQ(Parsed(repeated("\\\n", 100'000)).d.errors(), 21u);
}

TEST(Syntax, TextsOfHostileDepthAreBounded) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "segment s is " + repeated("not ", 199) + "\"" + std::string(4000, 'y') + "\" end\n";
  EXPECT_EQ(Parsed(text).codes(), std::vector<Code>{Code::ConditionTooLarge});
}

// The example with tokens deleted, doubled, swapped or replaced: always an answer, and always the same one.
TEST(Syntax, MutationsOfTheExampleNeverCrash) {
  const std::string example = kExample;
  const std::vector<std::string> parts{"end", "rule", "when", "(", ")", "\"", "`", "|", "not", "where", "happened", ",", "=", "in the last 7 days", "\n", "journey \"X\"", "#", "30", "[", "ä", "choose", "any of", "from 1 June 2026", "%", "before this", "visitor is", "every", "| a | do |", "best of"};
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::string text = example;
    for (int edits = 0; edits < 4; ++edits) {
      const std::size_t at = random() % text.size(), length = random() % 12;
      switch (random() % 3) {
        case 0: text.erase(at, length); break;
        case 1: text.insert(at, " " + parts[random() % parts.size()] + " "); break;
        case 2: text.insert(at, text.substr(random() % text.size(), length)); break;
      }
    }
    const Parsed first(text), second(text);
    ASSERT_EQ(first.all(), second.all());
    for (const auto& each : first.d.all()) {
      ASSERT_LE(each.span.begin, each.span.end);
      ASSERT_LE(each.span.end, text.size());
      ASSERT_FALSE(each.message.empty());
      ASSERT_EQ(each.code == Code::ReadingFailed, false) << each.message;
    }
  }
}

// ---- expressions of the catalog ----

TEST(Syntax, ParseExpression) {
  diag::Diagnostics d;
  const std::string text = "last cart_updated.value";
  const ExprPtr exact = parse_expression(text, Span{3, 100, static_cast<std::uint32_t>(100 + text.size())}, d);
  ASSERT_TRUE(exact);
  EXPECT_EQ(std::get<Last>(exact->node).event.span.begin, 105u);
  EXPECT_EQ(exact->span.file, 3u);
  EXPECT_TRUE(parse_expression("a + 1", Span{0, 5, 6}, d));
  ASSERT_TRUE(d.ok());
  EXPECT_FALSE(parse_expression("a + ", Span{2, 10, 14}, d));
  EXPECT_FALSE(parse_expression("", Span{2, 10, 10}, d));
  EXPECT_FALSE(parse_expression("a when b", Span{2, 10, 11}, d));
  EXPECT_FALSE(parse_expression("first a", Span{2, 10, 11}, d));
  EXPECT_FALSE(parse_expression("\xFF", Span{2, 10, 11}, d));
  EXPECT_EQ(d.errors(), 5u);
  for (const auto& each : d.all()) EXPECT_EQ(each.span.file, 2u);
}

}  // namespace
}  // namespace polku::syntax
