#include "runtime/story/story.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "runtime/base/time.h"
#include "runtime/engine/engine.h"

namespace polku::story {

namespace {

using engine::Step;
using history::Decision;
using history::Outcome;
using history::Tri;

Millis received(const Arrival& a) { return a.event.received == kUnknown ? a.event.at : std::max(a.event.at, a.event.received); }

class Teller {
 public:
  Teller(const plan::Plan& plan, const Question& question) : plan_(plan), question_(question), zone_(base::Zone::find(plan.catalog.zone).value_or(base::Zone::utc())), started_(plan.rules.size()) {}

  std::string tell(const plan::Evaluator& evaluator, base::Texts& texts, const std::vector<Arrival>& arrivals, const std::vector<history::AnswerTable>& tables, std::vector<std::string>* decided) {
    // Without histories where none is needed: then nothing is ever told anew.
    const bool plain = std::all_of(arrivals.begin(), arrivals.end(), [](const Arrival& a) { return received(a) == a.event.at && a.event.type != history::kMerge; });
    engine::Engine engine(plan_, evaluator, texts,
                          {.keep = engine::Keep::All, .remember = plain ? engine::Remember::RecordsOnly : engine::Remember::Histories});
    for (const history::AnswerTable& t : tables) engine.publish(t);
    std::vector<Step> steps;
    engine.trace(&steps);
    decided_ = decided;
    say("Visitor {}: {} record{}, told until {} ({}).\n", question_.visitor, arrivals.size(), arrivals.size() == 1 ? "" : "s", when(question_.until), zone_.name());
    for (const Arrival& a : arrivals) {
      const Millis now = received(a);
      engine.advance(now - 1);  // each story is of one visitor, so that nothing is passed by
      flush(steps, engine.drain(), now);
      if (a.event.type == history::kMerge && question_.rule.empty()) say("{}  {} is found to be {}.\n", when(now), a.event.merges, a.name);
      else if (now > a.event.at && question_.rule.empty()) say("{}  {} of {} comes.\n", when(now), what(a.event), when(a.event.at));
      engine.take(a.name, a.event);
      flush(steps, engine.drain(), now);
    }
    engine.advance(question_.until);
    flush(steps, engine.drain(), question_.until);
    pending();
    never(arrivals);
    return std::move(out_);
  }

 private:
  using Waiting = std::pair<std::size_t, Millis>;  // rule, due

  template <class... A>
  void say(fmt::format_string<A...> format, A&&... a) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<A>(a)...);
  }

  std::string when(Millis at) const {
    std::string s = base::format_instant(zone_.to_local(at));  // 2026-01-05T10:00:00.000Z, said as local time
    s[10] = ' ';
    s.resize(23);
    if (s.ends_with(".000")) s.resize(19);
    return s;
  }

  bool told(std::size_t rule) const { return question_.rule.empty() || plan_.rules[rule].name == question_.rule; }

  std::string name(std::size_t rule) const { return plan_.rules[rule].journey + " / " + plan_.rules[rule].name; }

  std::string what(const history::Event& event) const {
    if (event.type >= 0) return "`" + plan_.catalog.events[static_cast<std::size_t>(event.type)].name + "`";
    return event.type == history::kAsked ? "a request" : "a change of attributes";
  }

  std::string cause(plan::OccurrenceId what) const {
    const auto& events = plan_.catalog.events;
    if (what == engine::kByTime) return "what time, a request or the visitor's data brought";
    if (static_cast<std::size_t>(what) < events.size()) return fmt::format("`{}`", events[static_cast<std::size_t>(what)].name);
    return fmt::format("what `{}` did", name(static_cast<std::size_t>(what) - events.size()));
  }

  // Steps and decisions in order of time; at one time decisions of timers come first, those of events after what they start.
  void flush(std::vector<Step>& steps, const std::vector<Decision>& decisions, Millis now) {
    auto rest = steps.begin();
    if (const auto anew = std::find_if(steps.rbegin(), steps.rend(), [](const Step& s) { return s.kind == Step::Kind::Anew; }); anew != steps.rend()) {
      rest = steps.end();
      retell({anew.base(), steps.end()}, now);
    }
    for (const Decision& d : decisions) {
      for (; rest != steps.end() && rest->at < d.at; ++rest) step(*rest);
      decision(d);
    }
    for (; rest != steps.end(); ++rest) step(*rest);
    steps.clear();
  }

  // All steps there have been: those that are new are told, and who waits now is told by them alone.
  void retell(const std::vector<Step>& steps, Millis now) {
    const std::vector<Waiting> waited = std::exchange(waiting_, {});
    std::set<std::size_t> stopped;
    for (const Step& s : steps) {
      follow(s);
      if (told_.insert(key(s)).second) {
        words(s);
        if (s.kind != Step::Kind::Started) stopped.insert(s.rule);
      }
    }
    std::erase_if(waiting_, [&](const Waiting& w) { return w.second <= now; });
    for (const Waiting& w : waited)
      if (w.second > now && told(w.first) && !stopped.contains(w.first) && std::find(waiting_.begin(), waiting_.end(), w) == waiting_.end())
        say("{}  {} waits no longer: what came changes what it waited for.\n", when(now), name(w.first));
  }

  static std::tuple<int, Millis, std::size_t, Millis> key(const Step& s) { return {static_cast<int>(s.kind), s.at, s.rule, s.due}; }

  void step(const Step& s) {
    told_.insert(key(s));
    follow(s);
    words(s);
  }

  void follow(const Step& s) {
    if (s.kind != Step::Kind::Stopped) waiting_.emplace_back(s.rule, s.due);
    if (s.kind != Step::Kind::Started) std::erase_if(waiting_, [&](const Waiting& w) { return w.first == s.rule && (s.kind == Step::Kind::Stopped || w.second != s.due); });
    started_[s.rule] = true;
  }

  void words(const Step& s) {
    if (!told(s.rule)) return;
    switch (s.kind) {
      case Step::Kind::Started: return say("{}  {} starts to wait after {}: `{}`, so until {}.\n", when(s.at), name(s.rule), cause(s.by), plan_.rules[s.rule].then, when(s.due));
      case Step::Kind::Restarted: return say("{}  {} waits anew after {}, now until {}.\n", when(s.at), name(s.rule), cause(s.by), when(s.due));
      case Step::Kind::Stopped: return say("{}  {} waits no longer: {} came.\n", when(s.at), name(s.rule), cause(s.by));
      case Step::Kind::Anew: return;
    }
  }

  void decision(const Decision& d) {
    std::size_t rule = 0;
    while (plan_.rules[rule].journey != d.journey || plan_.rules[rule].name != d.rule) ++rule;
    std::erase_if(waiting_, [&](const Waiting& w) { return w.first == rule && w.second == d.at; });
    started_[rule] = true;
    if (decided_ && d.outcome == Outcome::acted) decided_->push_back(d.id);
    if (!told(rule)) return;
    const std::string what = history::words(d.actions, plan_.catalog.currency);
    if (d.outcome == Outcome::acted)
      say("{}  {}: {}.\n", when(d.at), name(rule), what);
    else if (d.outcome == Outcome::converted)
      say("{}  {}: {}.\n", when(d.at), name(rule), history::outcome_words(d.outcome));
    else
      say("{}  {} did not {}: {} ({}).\n", when(d.at), name(rule), what, history::outcome_words(d.outcome), history::outcome_name(d.outcome));
    for (const history::Reason& r : d.because) reason(d, r);
  }

  void reason(const Decision& d, const history::Reason& r) {
    const bool negative = r.clause.starts_with("not if");
    const bool met = r.is == (negative ? Tri::No : Tri::Yes);
    if (met && r.saw.empty()) return;
    if (met && d.outcome != Outcome::acted && d.outcome != Outcome::no_match && d.outcome != Outcome::unknown && d.outcome != Outcome::converted) return;  // not what held it back
    std::string saw;
    for (const history::Seen& s : r.saw) saw += fmt::format("{}{} {}", saw.empty() ? "" : ", ", s.name + (s.value.known() ? " was" : " is"), history::words(s.value, plan_.catalog.currency));
    say("                         {} `{}`{}{}.\n", met ? "It held:" : r.is == Tri::Unknown ? "Not known:" : "It did not hold:", r.clause, saw.empty() ? "" : "; ", saw);
  }

  void pending() {
    for (const auto& [rule, due] : waiting_)
      if (due > question_.until && told(rule)) say("{}  {} is still waiting, until {}.\n", when(question_.until), name(rule), when(due));
  }

  // Why a rule has nothing to say: it never started.
  void never(const std::vector<Arrival>& arrivals) {
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) {
      if (started_[i] || !told(i)) continue;
      const plan::Rule& r = plan_.rules[i];
      if (r.trigger.start != plan::StartKind::Event || r.trigger.on.size() > 1) {
        say("{} never started (`{}`).\n", name(i), r.when[0].text);
        continue;
      }
      const plan::OccurrenceId what = r.trigger.on[0].what;
      if (static_cast<std::size_t>(what) >= plan_.catalog.events.size()) {
        say("{} never started: {} was not done for this visitor.\n", name(i), "`" + name(static_cast<std::size_t>(what) - plan_.catalog.events.size()) + "`");
        continue;
      }
      const auto n = std::count_if(arrivals.begin(), arrivals.end(), [&](const Arrival& a) { return a.event.type == what; });
      say("{} never started (`{}`): the visitor had {}.\n", name(i), r.when[0].text,
          n == 0 ? "no " + cause(what) : fmt::format("{} {}, and none of them {}", n, cause(what), r.when[0].text.find("where") == std::string::npos ? "counted" : "met the `where`"));
    }
  }

  const plan::Plan& plan_;
  const Question& question_;
  const base::Zone zone_;
  std::string out_;
  std::vector<Waiting> waiting_;
  std::set<std::tuple<int, Millis, std::size_t, Millis>> told_;
  std::vector<bool> started_;
  std::vector<std::string>* decided_ = nullptr;
};

}  // namespace

std::vector<Arrival> arrivals(const history::Past& past) {
  std::vector<const history::Entry*> records;
  for (const history::Entry& e : past.entries)
    if (e.deed == 0) records.push_back(&e);
  std::sort(records.begin(), records.end(), [](const history::Entry* a, const history::Entry* b) { return std::pair(a->arrival, a) < std::pair(b->arrival, b); });
  std::vector<Arrival> as_they_came, out;
  for (const history::Entry* e : records) {
    Arrival& a = as_they_came.emplace_back();
    a.name = past.names[e->name];
    past.read(*e, a.event);
  }
  // One that went a longer way was received later than some that came behind it.
  std::vector<std::pair<Millis, std::size_t>> order;
  for (std::size_t i = 0; i < as_they_came.size(); ++i) order.emplace_back(received(as_they_came[i]), i);
  std::sort(order.begin(), order.end());
  for (const auto& [when, i] : order) out.push_back(std::move(as_they_came[i]));
  return out;
}

std::string tell(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, const std::vector<Arrival>& arrivals, const std::vector<history::AnswerTable>& tables,
                 const Question& question, std::vector<std::string>* decided) {
  return Teller(plan, question).tell(evaluator, texts, arrivals, tables, decided);
}

}  // namespace polku::story
