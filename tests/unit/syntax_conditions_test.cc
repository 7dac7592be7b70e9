// Conditions and values: how they group, and each construct as a tree.
#include "tests/unit/syntax_world.h"

namespace polku::syntax {
namespace {

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

// ---- slips ----

TEST(SyntaxSlips, Conditions) {
  static constexpr Slip kSlips[] = {
      {"a.b atleast 3", "atleast", "`at least`", "a.b at least 3"},
      {"a.b at lest 3", "lest", "`least`", "a.b at least 3"},
      {"a.b is more then 3", "more then", "`more than`", "a.b is more than 3"},
      {"a.b less then 3", "less then", "`less than`", "a.b less than 3"},
      {"a.b more 3", "more", "`more than`", "a.b more than 3"},
      {"a.b mroe than 3", "mroe", "`more`", "a.b more than 3"},
      {"a.b greater than 3", "greater than", "`more than`", "a.b more than 3"},
      {"a.b lower than 3", "lower than", "`less than`", "a.b less than 3"},
      {"a.b greater than or equal 3", "greater than or equal", "`at least`", "a.b at least 3"},
      {"a.b above 3", "above", "`more than`", "a.b more than 3"},
      {"a.b under 3", "under", "`less than`", "a.b less than 3"},
      {"a.b equals 3", "equals", "`is`", "a.b is 3"},
      {"now after 1 June 2026", "after 1", "`at least`", "now at least 1 June 2026"},
      {"now before 1 June 2026", "before", "`less than`", "now less than 1 June 2026"},
      {"a.b between 3 and 5", "between 3 and 5", "`a.b at least 3 and a.b at most 5`", "a.b at least 3 and a.b at most 5"},
      {"a between 3 EUR and 5 EUR", "between 3 EUR and 5 EUR", "`a at least 3 EUR and a at most 5 EUR`", "a at least 3 EUR and a at most 5 EUR"},
      {"a.b not at least 3", "not at least", "`is not at least`", "a.b is not at least 3"},
      {"a.b not more than 3", "not more than", "`is not more than`", "a.b is not more than 3"},
      {"a.b not contains \"x\"", "not contains", "`not a.b contains", "not a.b contains \"x\""},
      {"a does not contain \"x\"", "does not contain", "`not a contains", "not a contains \"x\""},
      {"a begins with \"x\"", "begins with", "`starts with`", "a starts with \"x\""},
      {"a in [\"x\"]", "in", "is one of [", "a is one of [\"x\"]"},
      {"a not in [\"x\"]", "not in", "is not one of [", "a is not one of [\"x\"]"},
      {"a.b = given", "= given", "`a.b is given`", "a.b is given"},
      {"a.b != missing", "!= missing", "`a.b is not missing`", "a.b is not missing"},
      {"a.b given", "given", "`a.b is given`", "a.b is given"},
      {"a.b is unknown", "is unknown", "`a.b is missing`", "a.b is missing"},
      {"in gold", "in", "`visitor in gold`", "visitor in gold"},
      {"the visitor is in gold", "the", "Leave it out", "visitor is in gold"},
      {"a not happened ever", "not happened", "`not a happened", "not a happened ever"},
      {"a has not happened ever", "has not happened", "`not a happened", "not a happened ever"},
      {"a has happened ever", "has", "`a happened", "a happened ever"},
      {"no a in the last 2 days", "no", "`not a happened in the last 7 days`", "not a happened in the last 7 days"},
      {"a in the last 2 days", "in the last 2 days", "`a happened in the last 2 days`", "a happened in the last 2 days"},
      {"number of a in the past 30 days is 3", "in the past 30 days", "`in the last 30 days`", "number of a in the last 30 days is 3"},
      {"number of a over the last 30 days is 3", "over the last 30 days", "`in the last 30 days`", "number of a in the last 30 days is 3"},
      {"number of a within 30 days is 3", "within 30 days", "`in the last 30 days`", "number of a in the last 30 days is 3"},
      {"number of a in the last 2 months is 3", "months", "days", "number of a in the last 60 days is 3"},
      {"sum of a.b in the last 1 year is 3", "year", "365", "sum of a.b in the last 365 days is 3"},
      {"number of a in the last 30 is 3", "30", "`30 minutes`", "number of a in the last 30 minutes is 3"},
      {"number of a in the last 30 dayz is 3", "dayz", "`days`", "number of a in the last 30 days is 3"},
      {"number of a in the last week is 3", "week", "`1 week`", "number of a in the last 1 week is 3"},
      {"number of a in last year is 3", "year", "`in the last 365 days`", "number of a in the last 365 days is 3"},
      {"this week", "this week", "`order_placed happened this week`", "order_placed happened this week"},
      {"a is 1 hour 30 minutes", "1 hour 30 minutes", "`90 minutes`", "a is 90 minutes"},
      {"a is 2 days 12 hours", "2 days 12 hours", "`60 hours`", "a is 60 hours"},
      {"a at least forty EUR", "forty", "`40`", "a at least 40 EUR"},
      {"a at least 40 eur", "eur", "`40 EUR`", "a at least 40 EUR"},
      {"a at least 40 euros", "euros", "`40 EUR`", "a at least 40 EUR"},
      {"a at least EUR 40", "EUR 40", "`40 EUR`", "a at least 40 EUR"},
      {"a at least 1 000", "1 000", "`1000`", "a at least 1000"},
      {"now at least 1 Dec 2026", "1 Dec 2026", "`1 December 2026`", "now at least 1 December 2026"},
      {"now at least 1 december 2026", "1 december 2026", "`1 December 2026`", "now at least 1 December 2026"},
      {"now at least 1 December", "1 December", "`1 December 2026`", "now at least 1 December 2026"},
      {"a at least 3 // x", "//", "`#`", "a at least 3 # x"},
      {"\"nudge\" sent ever", "\"nudge\"", "`nudge sent`", "nudge sent ever"},
  };
  for (const Slip& slip : kSlips) expect_slip(slip, "journey \"J\"\n rule r\n only if ", "\n do send \"x\" by email\nend\n");
}

}  // namespace
}  // namespace polku::syntax
