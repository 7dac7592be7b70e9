// Rule text to tree: journeys, their clauses and tables, and the whole language at once.
#include "tests/unit/syntax_world.h"

namespace polku::syntax {
namespace {

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
  expect_fault(rule("when a\n from December 2026"), Code::NotUnderstood, "December 2026", "1 December 2026");
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
