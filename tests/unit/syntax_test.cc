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

TEST(Syntax, TheExampleParsesAndNamesWhatIsNotBuilt) {
  const Parsed p(kExample);
  const std::vector<std::pair<Code, std::string>> expected{
      {Code::GoalNotBuilt, "goal    order_placed within 2 days worth order_placed.total"},
      {Code::StopNotBuilt, "stop when order_placed"},
      {Code::QuietNotBuilt, "quiet   21:00 to 08:00 visitor time, then wait"},
      {Code::AcrossNotBuilt, "across \"nudges\""},
      {Code::HoldOutNotBuilt, "hold out 10% as \"unfinished-booking\""},
      {Code::BestOfNotBuilt, "best of push, email, sms"},
      {Code::ChooseNotBuilt, "choose"},
      {Code::RepeatedNotBuilt, "3 article_viewed with the same topic within 10 minutes"},
      {Code::InOrderNotBuilt, ""},
      {Code::OnceNotBuilt, "once in 30 days"},
      {Code::RaiseNotBuilt, "raise task \"retention_call\""},
      {Code::SuppressNotBuilt, "suppress \"Unfinished booking\" for 14 days"},
      {Code::AskedForNotBuilt, "asked for web.hero"},
      {Code::VisitorIsNotBuilt, "visitor is anonymous"},
      {Code::GuaranteeNotBuilt, "guarantee \"No marketing message without consent\""},
      {Code::GuaranteeNotBuilt, "guarantee \"Nobody is flooded\""},
  };
  ASSERT_EQ(p.d.all().size(), expected.size()) << p.all();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(p.d.all()[i].code, expected[i].first) << p.all();
    if (expected[i].first == Code::InOrderNotBuilt) {
      EXPECT_EQ(p.underlined(i).substr(0, 24), "in order within 14 days:");
    } else {
      EXPECT_EQ(p.underlined(i), expected[i].second);
    }
  }
  EXPECT_EQ(p.file.segments.size(), 1u);
  EXPECT_EQ(p.file.journeys.size(), 4u);
  ASSERT_EQ(p.file.tests.size(), 2u);
  EXPECT_EQ(p.file.tests[1].lines.size(), 4u);
}

TEST(Syntax, OtherConstructsThatAreNotBuilt) {
  expect_fault(rule("when any of a, b"), Code::AnyOfNotBuilt, "any of a, b");
  expect_fault(rule("when visitor enters seg"), Code::EntersNotBuilt, "visitor enters seg");
  expect_fault(rule("when visitor leaves seg"), Code::EntersNotBuilt, "visitor leaves seg");
  expect_fault(rule("when every day at 09:00 visitor time"), Code::ScheduleNotBuilt, "every day at 09:00 visitor time");
  expect_fault(rule("when on visitor.birthday at 10:00"), Code::OnDateNotBuilt, "on visitor.birthday at 10:00");
  expect_fault(rule("from 1 December 2026 until 24 December 2026"), Code::FromNotBuilt, "from 1 December 2026 until 24 December 2026");
  expect_fault(rule("do split \"subject\": 50% a, 50% b"), Code::SplitNotBuilt, "split \"subject\"");
  expect_fault(rule("do show \"x\" in web.hero for 30 minutes"), Code::ShowForNotBuilt, "for 30 minutes");
  expect_fault(rule("do send \"x\" by email show \"y\" in web.hero"), Code::SeveralActionsNotBuilt, "show \"y\" in web.hero");
  expect_fault(rule("once per visitor"), Code::OnceNotBuilt, "once per visitor");
  expect_fault(rule("only if number of a today is 2"), Code::CalendarWindowNotBuilt, "today");
  expect_fault(rule("only if number of a this week is 2"), Code::CalendarWindowNotBuilt, "this week");
  expect_fault(rule("only if number of a ever before this is 2"), Code::BeforeThisNotBuilt, "before this");
  expect_fault(rule("only if average of a.b ever is 2"), Code::StatisticNotBuilt, "average of a.b ever");
  expect_fault(rule("only if first a.b is 2"), Code::FirstNotBuilt, "first a.b");
  expect_fault(test("at 10:00 a tags = [\"x\"]"), Code::ListNotBuilt, "[\"x\"]");
  expect_fault(test("at 10:00 asked for web.hero"), Code::AskedForNotBuilt, "asked for web.hero");
  expect_fault(test("at 10:00 expect raise task \"x\""), Code::RaiseNotBuilt, "raise task \"x\"");
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
  EXPECT_EQ(r.when->what.text, "cart_updated where items more than 0");
  EXPECT_EQ(r.when->what.where->text, "items more than 0");
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
  EXPECT_EQ(r.action->kind, ActionKind::Send);
  EXPECT_EQ(r.action->template_.text, "cart");
  EXPECT_EQ(r.action->target.text(), "push");
  EXPECT_EQ(r.action->text, "send \"cart\" by push with product = cart.top_item otherwise \"your trip\", `time zone` = missing, ok = given");
  ASSERT_EQ(r.action->params.size(), 3u);
  EXPECT_EQ(r.action->params[0].value->text, "cart.top_item otherwise \"your trip\"");
  EXPECT_EQ(r.action->params[1].name.text(), "time zone");
  EXPECT_EQ(r.action->params[1].word, Binding::Word::Missing);
  EXPECT_EQ(r.action->params[2].word, Binding::Word::Given);
  const Rule& late = j.rules[1];
  EXPECT_TRUE(late.then->wait());
  EXPECT_EQ(late.when->what.verb, Verb::Sent);
  EXPECT_EQ(late.action->kind, ActionKind::Show);
  EXPECT_EQ(late.action->target.parts, (std::vector<std::string>{"web", "the slot"}));
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
  EXPECT_FALSE(Conditioned("a is not given").as<Presence>().given);
  EXPECT_TRUE(Conditioned("a is not missing").as<Presence>().given);
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
  for (const char* clause : {"when a", "then wait 2 days", "do show \"x\" in w.h", "priority 3", "owner \"me\""}) {
    const Parsed p(rule(std::string(clause) + "\n " + clause));
    ASSERT_EQ(p.codes(), std::vector<Code>{Code::ClauseTwice}) << clause << p.all();
    EXPECT_NE(p.d.all()[0].message.find("The rule `r`"), std::string::npos);
  }
  expect_fault("journey \"A\"\n owner \"x\"\n owner \"y\"\nend", Code::ClauseTwice, "owner");
  expect_fault("journey \"A\"\n priority 1\n priority 2\nend", Code::ClauseTwice, "priority");
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
  expect_fault(rule("do choose\n | a | do | # comment\n | > 3 | nothing |"), Code::ChooseNotBuilt, "choose");
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
                                  repeated("[", n), repeated("not (", n) + "x", repeated("number of a where ", n), repeated("- (", n) + "1"}) {
    const Parsed p(rule("only if " + text));
    EXPECT_EQ(p.codes(), std::vector<Code>{Code::NestedTooDeep}) << text.substr(0, 20);
  }
  EXPECT_TRUE(Parsed(rule("only if " + repeated("(", 200) + "x" + repeated(")", 200))).d.ok());
  EXPECT_TRUE(Parsed(rule("only if " + repeated("not ", 200) + "x")).d.ok());
  EXPECT_FALSE(Parsed(rule("only if " + repeated("(", 201) + "x" + repeated(")", 201))).d.ok());
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
  const std::vector<std::string> parts{"end", "rule", "when", "(", ")", "\"", "`", "|", "not", "where", "happened", ",", "=", "in the last 7 days", "\n", "journey \"X\"", "#", "30", "[", "ä"};
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
  EXPECT_FALSE(parse_expression("first a.b", Span{2, 10, 11}, d));
  EXPECT_FALSE(parse_expression("\xFF", Span{2, 10, 11}, d));
  EXPECT_EQ(d.errors(), 5u);
  for (const auto& each : d.all()) EXPECT_EQ(each.span.file, 2u);
}

}  // namespace
}  // namespace polku::syntax
