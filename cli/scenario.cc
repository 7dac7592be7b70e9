#include "cli/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "cli/common.h"
#include "cli/replay.h"
#include "runtime/base/time.h"
#include "runtime/engine/engine.h"

namespace polku::cli {

namespace {

using history::Decision;
using history::Outcome;

constexpr std::int64_t kFirstDay = 20'458;  // 2026-01-05

class Scenario {
 public:
  Scenario(const driver::Pack& pack, const sema::Test& test, const plan::Evaluator& evaluator)
      : pack_(pack), test_(test), evaluator_(evaluator), zone_(base::Zone::find(pack.catalog.zone).value_or(base::Zone::utc())) {}

  Verdict run() {
    decisions_ = perform(0, 0);
    used_.assign(decisions_.size(), false);
    for (std::size_t i = 0; i < test_.steps.size(); ++i)
      if (const auto* e = expect(i); e && !e->nothing) something(i, *e);
    for (std::size_t i = 0; i < test_.steps.size(); ++i)
      if (const auto* e = expect(i); e && e->nothing) nothing(i, *e);
    return std::move(verdict_);
  }

 private:
  const sema::TestExpect* expect(std::size_t step) const { return std::get_if<sema::TestExpect>(&test_.steps[step].what); }

  Millis instant(const sema::TestStep& s) const { return zone_.to_instant((kFirstDay + s.day - 1) * kDay + s.of_day); }

  std::string clock(Millis at) const {
    const Millis local = zone_.to_local(at) - kFirstDay * kDay;
    const std::string time = fmt::format("{:02}:{:02}:{:02}", local % kDay / kHour, local % kHour / kMinute, local % kMinute / kSecond);
    return fmt::format("day {} at {}", local / kDay + 1, time.ends_with(":00") ? time.substr(0, 5) : time);
  }

  Value value(const sema::TestValue& v) const { return v.code < 0 ? kUnknown : evaluator_.evaluate(v.code, {}); }

  // All decisions of the test, without its lines [from, to).
  std::vector<Decision> perform(std::size_t from, std::size_t to) const {
    base::Texts texts;
    plan::preload(texts, *pack_.plan);
    engine::Engine engine(*pack_.plan, evaluator_, texts, {engine::Keep::All, test_.held_out ? engine::HoldOut::Everybody : engine::HoldOut::Nobody, engine::Remember::RecordsOnly});
    Millis end = instant(test_.steps.empty() ? sema::TestStep{} : test_.steps.back());
    std::uint64_t identity = 0;
    for (std::size_t i = 0; i < test_.steps.size(); ++i) {
      history::Event event;
      event.at = instant(test_.steps[i]);
      event.identity = ++identity;
      if (i >= from && i < to) continue;
      if (const auto* change = std::get_if<sema::TestChange>(&test_.steps[i].what)) {
        for (const sema::TestValue& v : change->values) event.changes.push_back({v.target, value(v)});
      } else if (const auto* e = std::get_if<sema::TestEvent>(&test_.steps[i].what)) {
        event.type = e->event;
        event.fields.assign(pack_.catalog.events[static_cast<std::size_t>(e->event)].fields.size(), kUnknown);
        for (const sema::TestValue& v : e->fields) event.fields[static_cast<std::size_t>(v.target)] = value(v);
      } else if (const auto* asked = std::get_if<sema::TestAsked>(&test_.steps[i].what)) {
        event.type = history::kAsked;
        event.asked.push_back({asked->channel, asked->slot});
      } else {
        continue;
      }
      engine.take("test", event);
    }
    engine.advance(end);
    return engine.drain();
  }

  bool fits(const Decision& d, const sema::TestExpect& e) const {
    return std::any_of(d.actions.begin(), d.actions.end(), [&](const history::Action& a) { return fits(a, e); });
  }

  static history::ActionKind kind_of(plan::ActionKind wanted) {
    switch (wanted) {
      case plan::ActionKind::Send: return history::ActionKind::Send;
      case plan::ActionKind::Show: return history::ActionKind::Show;
      case plan::ActionKind::Task: return history::ActionKind::Task;
      case plan::ActionKind::Suppress: return history::ActionKind::Suppress;
      case plan::ActionKind::Split: return history::ActionKind::Split;
    }
    return history::ActionKind::Send;
  }

  bool fits(const history::Action& a, const sema::TestExpect& e) const {
    if (a.kind != kind_of(e.kind) || a.name != e.template_) return false;
    if (e.channel >= 0) {
      const catalog::Channel& c = pack_.catalog.channels[static_cast<std::size_t>(e.channel)];
      if (a.channel != c.name || (e.slot >= 0 && a.slot != c.slots[static_cast<std::size_t>(e.slot)])) return false;
    }
    base::Texts texts;
    plan::preload(texts, *pack_.plan);
    for (const sema::TestValue& p : e.params) {
      const auto seen = std::find_if(a.params.begin(), a.params.end(), [&](const history::Seen& s) { return s.name == p.name; });
      if (p.code < 0) {
        if (seen != a.params.end()) return false;
        continue;
      }
      const history::Datum wanted = history::datum(pack_.plan->codes[static_cast<std::size_t>(p.code)].type, value(p), texts);
      if (seen == a.params.end() || history::words(seen->value, "") != history::words(wanted, "")) return false;
    }
    return true;
  }

  std::string describe(const Decision& d) const {
    std::string s = history::words(d.actions, pack_.catalog.currency) + fmt::format(" (rule {}, {}", d.rule, clock(d.at));
    if (d.outcome != Outcome::acted) {
      s += fmt::format("): {}", history::outcome_name(d.outcome));
      for (const history::Reason& r : d.because) {
        const bool blocks = r.clause.starts_with("not if") ? r.is != history::Tri::No : r.is != history::Tri::Yes;
        if (!blocks) continue;
        s += fmt::format(", `{}`", r.clause);
        for (const history::Seen& v : r.saw) s += fmt::format(", {} is {}", v.name, history::words(v.value, pack_.catalog.currency));
      }
      return s;
    }
    return s + ")";
  }

  void fail(std::size_t step, std::string message) { verdict_.failures.push_back({test_.steps[step].span, std::move(message)}); }

  void something(std::size_t step, const sema::TestExpect& e) {
    const Millis at = instant(test_.steps[step]);
    const Outcome wanted = e.because.empty() ? Outcome::acted : *history::outcome_of(e.because);
    std::string instead;
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      const Decision& d = decisions_[i];
      if (d.at == at && d.outcome == wanted && fits(d, e) && !used_[i]) {
        used_[i] = true;
        return;
      }
      const bool named = std::any_of(d.actions.begin(), d.actions.end(), [&](const history::Action& a) { return a.name == e.template_; });
      if (d.outcome != Outcome::converted && (d.at == at || named)) instead += "\n    but: " + describe(d);
    }
    if (instead.empty()) instead = "\n    but no rule fired then";
    fail(step, fmt::format("{}: {} was expected{}{}", clock(at), expected(e), e.because.empty() ? "" : " because " + e.because, instead));
  }

  // `send "news" by email`
  std::string expected(const sema::TestExpect& e) const {
    history::Action a;
    a.kind = kind_of(e.kind);
    a.name = e.template_;
    if (e.channel >= 0) {
      const catalog::Channel& c = pack_.catalog.channels[static_cast<std::size_t>(e.channel)];
      a.channel = c.name;
      if (e.slot >= 0) a.slot = c.slots[static_cast<std::size_t>(e.slot)];
    }
    return history::words({a}, pack_.catalog.currency);
  }

  // `until T`: from the line above on. `at T`: then.
  std::pair<Millis, Millis> span_of(std::size_t step, const sema::TestExpect& e) const {
    const Millis at = instant(test_.steps[step]);
    return {e.until && step > 0 ? instant(test_.steps[step - 1]) : at, at};
  }

  void nothing(std::size_t step, const sema::TestExpect& e) {
    const auto [from, to] = span_of(step, e);
    bool refused = e.because.empty(), acted = false;
    std::string instead;
    for (std::size_t i = 0; i < decisions_.size(); ++i) {
      const Decision& d = decisions_[i];
      if (d.at < from || d.at > to || used_[i]) continue;
      if (d.outcome == Outcome::converted) {  // a goal is met beside what is done
        refused = refused || history::outcome_name(d.outcome) == e.because;
        continue;
      }
      if (d.outcome == Outcome::acted) {
        fail(step, fmt::format("nothing was expected until {}, but: {}", clock(to), describe(d)));
        acted = true;
      } else {
        refused = refused || history::outcome_name(d.outcome) == e.because;
        instead += "\n    but: " + describe(d);
      }
    }
    if (acted) return;
    if (!refused) fail(step, fmt::format("nothing was done until {}, but not because of {}{}", clock(to), e.because, instead.empty() ? "\n    but no rule fired" : instead));
    if (e.because.empty()) idle(step, from, to);
  }

  // An `expect nothing` tests something if something would be done then without one of the lines before it, or with only the first of them. Each
  // replay serves all expectations of the test, so there are at most two for a line.
  void idle(std::size_t step, Millis from, Millis to) {
    bool any = false;
    for (std::size_t line = step; line-- > 0;) {
      if (expect(line)) continue;
      any = true;
      if (more_done({line, line + 1}, from, to) || more_done({line + 1, test_.steps.size()}, from, to)) return;
    }
    if (!any) {
      verdict_.warnings.push_back({test_.steps[step].span, "nothing happens before this line, so it tests nothing"});
      return;
    }
    const auto refused = std::find_if(decisions_.begin(), decisions_.end(), [&](const Decision& d) {
      return d.at >= from && d.at <= to && d.outcome != Outcome::acted && d.outcome != Outcome::converted;
    });
    verdict_.warnings.push_back(
        {test_.steps[step].span,
         refused == decisions_.end()
             ? "nothing would happen without any one of the lines before it either, so this line tests nothing"
             : fmt::format("nothing would be done without any one of the lines before it either, so this line tests nothing; rule {} was refused: `because {}` would test that",
                           refused->rule, history::outcome_name(refused->outcome))});
  }

  // Without the lines [first, second), is anything done in that time that is not done with them?
  bool more_done(std::pair<std::size_t, std::size_t> without, Millis from, Millis to) {
    const auto [it, fresh] = replays_.try_emplace(without);
    if (fresh)
      for (const Decision& d : perform(without.first, without.second))
        if (d.outcome == Outcome::acted) it->second.emplace_back(d.at, d.journey, d.rule);
    return std::any_of(it->second.begin(), it->second.end(), [&](const Done& done) {
      const auto same = [&](const Decision& d) { return d.outcome == Outcome::acted && Done{d.at, d.journey, d.rule} == done; };
      return std::get<0>(done) >= from && std::get<0>(done) <= to && std::none_of(decisions_.begin(), decisions_.end(), same);
    });
  }

  using Done = std::tuple<Millis, std::string, std::string>;  // a rule acts once at an instant

  const driver::Pack& pack_;
  const sema::Test& test_;
  const plan::Evaluator& evaluator_;
  const base::Zone zone_;
  std::vector<Decision> decisions_;
  std::vector<bool> used_;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Done>> replays_;  // what is done without the lines [first, second)
  Verdict verdict_;
};

}  // namespace

Verdict play(const driver::Pack& pack, const sema::Test& test, const plan::Evaluator& evaluator) { return Scenario(pack, test, evaluator).run(); }

}  // namespace polku::cli
