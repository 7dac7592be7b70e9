// Rule text parsed, and the parts and faults of it that the tests of the parser look at.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "compiler/syntax/syntax.h"

namespace polku::syntax {

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

inline std::string rule(const std::string& clauses) { return "journey \"J\"\n  rule r\n    " + clauses + "\nend\n"; }
inline std::string test(const std::string& lines) { return "test \"t\"\n  " + lines + "\nend\n"; }

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

inline std::vector<std::string> texts(const std::vector<Name>& names) {
  std::vector<std::string> all;
  for (const Name& each : names) all.push_back(each.text);
  return all;
}

// One fault: its code and what is underlined.
inline void expect_fault(const std::string& text, Code code, const std::string& underlined, const std::string& help_part = {}) {
  const Parsed p(text);
  ASSERT_EQ(p.codes(), std::vector<Code>{code}) << text << "\n" << p.all();
  EXPECT_EQ(p.underlined(0), underlined) << p.all();
  EXPECT_NE(p.d.all()[0].help.find(help_part), std::string::npos) << p.all();
}

// What authors write out of habit: one fault, the wrong words underlined, and what the advice says is right.
struct Slip {
  const char* wrong;
  const char* underlined;
  const char* help;    // a part of it
  const char* right;   // written as the help says
};

inline void expect_slip(const Slip& slip, const std::string& before, const std::string& after = {}) {
  const Parsed p(before + slip.wrong + after);
  ASSERT_EQ(p.codes().size(), 1u) << slip.wrong << "\n" << p.all();
  EXPECT_EQ(p.underlined(0), slip.underlined) << p.all();
  EXPECT_NE(p.d.all()[0].help.find(slip.help), std::string::npos) << p.all();
  const Parsed mended(before + slip.right + after);
  EXPECT_TRUE(mended.d.ok()) << slip.right << "\n" << mended.all();
}

// The whole language.
inline constexpr const char* kExample = R"polku(
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

}  // namespace polku::syntax
