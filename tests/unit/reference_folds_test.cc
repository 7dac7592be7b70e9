// The reference interpreter: histories at random, step by step and folded anew at every step. Reference::run() judges both ways.
#include <random>

#include "tests/unit/reference_world.h"

namespace polku::reference {
namespace {

constexpr const char* kRules = R"(
segment busy is number of page in the last 20 minutes at least 2 end
segment keen is number of "J".cart_mail sent in the last 30 minutes at least 1 and age is known end
segment today_here is cart happened today end
journey "J"
  hold out 30% as "arm"
  goal order within 40 minutes worth order.total
  stop when opened
  quiet 10:00 to 10:12 visitor time
  rule cart_mail when cart not if number of order in the last 10 minutes at least 1 limit 3 messages in 1 hour do send "t" by mail
  rule absence when cart then no order where total more than 1 EUR for 7 minutes do send "u" by best of mail, sms suppress "K" for 6 minutes
  rule wait when cart_mail sent then wait 9 minutes do send "receipt" by email raise task "call"
  rule follow when wait sent do send "t" by sms
  rule twice when 2 cart with the same items within 15 minutes do send "t" by push
  rule order_steps when in order within 30 minutes: cart, page, order without opened do raise task "visit" with first = order.total / 1 EUR
end
journey "K"
  hold out 30.0% as "arm"
  goal page where rank more than 1 within 1 hour
  rule in when visitor enters busy priority 5 do send "t" by mail
  rule out when visitor leaves busy then wait 3 minutes do raise task "call"
  rule keen when visitor enters keen limit 5 messages in 1 hour across "G" do send "u" by night
  rule first once per visitor when cart do raise task "visit" with first = cart.items
  rule offer when any of page, order do show "t" in web.hero for 12 minutes
  rule side when asked for web.side do show "u" in web.side
  rule daily when every day at 09:50 visitor time do send "t" by email
  rule here when visitor leaves today_here do raise task "call"
end
)";

constexpr const char* kNewRules = R"(
segment busy is number of page in the last 25 minutes at least 2 end
journey "J"
  hold out 40% as "arm"
  goal order within 1 hour
  rule cart_mail when cart do send "u" by mail limit 2 messages in 1 hour
  rule absence when cart then no order for 11 minutes do send "u" by best of mail, sms
  rule pause when cart_mail sent then wait 9 minutes do raise task "call"
  rule twice when 2 cart within 15 minutes do raise task "call"
end
journey "K"
  rule in when visitor enters busy do send "t" by mail
  rule offer when order do show "t" in web.side for 30 minutes
  rule daily when every day at 09:55 visitor time do send "t" by sms
end
)";

// Many ties, and about a third late in one way or another.
class Folds : public Reference {
 protected:
  int upto(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
  static std::string minute(int m) {
    std::string text = m / 60 < 10 ? "0" : "";
    text.append(std::to_string(m / 60)).append(m % 60 < 10 ? ":0" : ":").append(std::to_string(m % 60));
    return text;
  }

  void one(int clock, bool merges) {
    static const char* const kNames[] = {"anna", "bert", "cleo"};
    under = merges ? kNames[upto(3)] : "";
    const int late = upto(3) == 0 ? upto(2) == 0 ? upto(4) : upto(25) : 0;
    const std::string time = minute(clock - late);
    switch (upto(merges ? 11 : 10)) {
      case 0: case 1: case 2: at(time, "cart items=" + std::to_string(upto(2))); break;
      case 3: case 4: at(time, "page rank=" + std::to_string(upto(3) * kMillion)); break;
      case 5: at(time, upto(4) == 0 ? "order" : "order total=" + std::to_string(upto(3) * 100)); break;
      case 6: at(time, "opened"); break;
      case 7: asked(time, upto(2) == 0 ? std::vector<std::pair<std::string, std::string>>{{"web", "hero"}} : std::vector<std::pair<std::string, std::string>>{{"web", "side"}, {"web", "hero"}}); break;
      case 8: set(time, "age=" + std::string(upto(2) == 0 ? "4" : "")); break;
      case 9: set(time, upto(2) == 0 ? "time zone=Europe/Helsinki" : "time zone=UTC, push.token=x, consent.marketing=1"); break;
      case 10: merge(time, kNames[upto(3)]); break;
    }
    received(minute(clock));
  }

  // Every outcome that came of it.
  void history(unsigned seed, int records, bool merges, bool outage, bool changes) {
    random.seed(seed);
    c.lateness = 5 * kMinute;
    c.patience = 6 * kMinute;
    if (outage) {
      const int from = 570 + upto(90);
      down(minute(from), minute(from + 1 + upto(30)));
    }
    if (changes) {
      Millis from = 0;
      do from = instant(minute(570 + upto(100)));
      while (!outages.empty() && from >= outages[0].from && from <= outages[0].to);
      change("09:00", kNewRules);
      packs.back().from = from;
    }
    int clock = 560;
    for (int i = 0; i < records; ++i) {
      clock += upto(2) * upto(9);
      one(std::min(clock, 719), merges);
    }
    under.clear();
    for (const Decision& d : run("12:00")) ++outcomes[d.outcome];
  }

  std::mt19937 random;
  std::map<Outcome, int> outcomes;
};

TEST_F(Folds, StepByStepIsAsFoldedAnew) {
  rules(kRules);
  for (unsigned seed = 0; seed < 240; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    events.clear();
    outages.clear();
    packs.clear();
    history(seed, 30, seed % 2 == 1, seed % 4 >= 2, seed % 8 >= 4);
    if (HasFailure()) break;
  }
  for (std::size_t o = 0; o < history::kOutcomes; ++o) {  // all that can become of a firing was met
    const auto outcome = static_cast<Outcome>(o);
    if (outcome == Outcome::nothing || outcome == Outcome::guarantee || outcome == Outcome::quiet) continue;
    EXPECT_GT(outcomes[outcome], 0) << history::outcome_name(outcome);
  }
}

}  // namespace
}  // namespace polku::reference
