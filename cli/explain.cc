#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cli/common.h"
#include "cli/replay.h"
#include "cli/verbs.h"
#include "runtime/base/time.h"
#include "runtime/engine/engine.h"
#include "runtime/history/arrivals.h"
#include "runtime/ingest/tables.h"

namespace polku::cli {

namespace {

using history::Decision;
using history::Outcome;
using history::Tri;

struct Options {
  std::string pack, events, source, visitor, rule, at, tables;
};

// Tells one visitor's story in sentences.
class Story {
 public:
  Story(const driver::Pack& pack, const Options& o) : pack_(pack), o_(o), zone_(base::Zone::find(pack.catalog.zone).value_or(base::Zone::utc())) {}

  int tell(const std::vector<history::Event>& events, const std::vector<history::AnswerTable>& tables, Millis end, base::Texts& texts) {
    const plan::Plan& plan = *pack_.plan;
    std::string error;
    const auto evaluator = driver::evaluator(plan, {.tier = driver::Tier::Interp}, error);
    engine::Engine engine(plan, *evaluator, texts, {.keep = engine::Keep::All});
    for (const history::AnswerTable& t : tables) engine.publish(t);
    std::vector<engine::Step> steps;
    engine.trace(&steps);
    // In order of time, ties as they came (std::stable_sort's buffer is deprecated in the library, an error for clang).
    std::vector<std::size_t> order(events.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::pair(events[a].at, a) < std::pair(events[b].at, b); });
    fmt::print("Visitor {}: {} record{}, told until {} ({}).\n", o_.visitor, events.size(), events.size() == 1 ? "" : "s", when(end), zone_.name());
    started_.assign(plan.rules.size(), false);
    for (const std::size_t i : order) {
      engine.take(o_.visitor, events[i]);
      flush(steps, engine.drain());
    }
    engine.advance(end);
    flush(steps, engine.drain());
    pending(end);
    never(events);
    return kFine;
  }

 private:
  std::string when(Millis at) const {
    const Millis local = zone_.to_local(at);
    std::string s = base::format_instant(local);  // 2026-01-05T10:00:00.000Z, said as local time
    s[10] = ' ';
    s.resize(23);
    if (s.ends_with(".000")) s.resize(19);
    return s;
  }

  bool told(std::size_t rule) const { return o_.rule.empty() || pack_.plan->rules[rule].name == o_.rule; }

  std::string name(std::size_t rule) const { return pack_.plan->rules[rule].journey + " / " + pack_.plan->rules[rule].name; }

  std::string cause(plan::OccurrenceId what) const {
    const auto& events = pack_.catalog.events;
    if (what == engine::kByTime) return "what time, a request or the visitor's data brought";
    if (static_cast<std::size_t>(what) < events.size()) return fmt::format("`{}`", events[static_cast<std::size_t>(what)].name);
    return fmt::format("what `{}` did", name(static_cast<std::size_t>(what) - events.size()));
  }

  // Steps and decisions in order of time; at one time decisions of timers come first, those of events after what they start.
  void flush(std::vector<engine::Step>& steps, const std::vector<Decision>& decisions) {
    std::size_t s = 0;
    for (const Decision& d : decisions) {
      while (s < steps.size() && steps[s].at < d.at) step(steps[s++]);
      decision(d);
    }
    while (s < steps.size()) step(steps[s++]);
    steps.clear();
  }

  void step(const engine::Step& s) {
    const plan::Rule& r = pack_.plan->rules[s.rule];
    if (s.kind != engine::Step::Kind::Stopped) waiting_.push_back({s.rule, s.due});
    if (s.kind != engine::Step::Kind::Started)
      std::erase_if(waiting_, [&](const auto& w) { return w.first == s.rule && (s.kind == engine::Step::Kind::Stopped || w.second != s.due); });
    started_[s.rule] = true;
    if (!told(s.rule)) return;
    switch (s.kind) {
      case engine::Step::Kind::Started:
        fmt::print("{}  {} starts to wait after {}: `{}`, so until {}.\n", when(s.at), name(s.rule), cause(s.by), r.then, when(s.due));
        break;
      case engine::Step::Kind::Restarted:
        fmt::print("{}  {} waits anew after {}, now until {}.\n", when(s.at), name(s.rule), cause(s.by), when(s.due));
        break;
      case engine::Step::Kind::Stopped:
        fmt::print("{}  {} waits no longer: {} came.\n", when(s.at), name(s.rule), cause(s.by));
        break;
    }
  }

  void decision(const Decision& d) {
    std::size_t rule = 0;
    while (pack_.plan->rules[rule].journey != d.journey || pack_.plan->rules[rule].name != d.rule) ++rule;
    std::erase_if(waiting_, [&](const auto& w) { return w.first == rule && w.second == d.at; });
    started_[rule] = true;
    if (!told(rule)) return;
    const std::string what = words(d.actions, pack_.catalog.currency);
    if (d.outcome == Outcome::acted)
      fmt::print("{}  {}: {}.\n", when(d.at), name(rule), what);
    else if (d.outcome == Outcome::converted)
      fmt::print("{}  {}: {}.\n", when(d.at), name(rule), history::outcome_words(d.outcome));
    else
      fmt::print("{}  {} did not {}: {} ({}).\n", when(d.at), name(rule), what, history::outcome_words(d.outcome), history::outcome_name(d.outcome));
    for (const history::Reason& r : d.because) reason(d, r);
  }

  void reason(const Decision& d, const history::Reason& r) {
    const bool negative = r.clause.starts_with("not if");
    const bool met = r.is == (negative ? Tri::No : Tri::Yes);
    if (met && r.saw.empty()) return;
    if (met && d.outcome != Outcome::acted && d.outcome != Outcome::no_match && d.outcome != Outcome::unknown && d.outcome != Outcome::converted) return;  // not what held it back
    std::string saw;
    for (const history::Seen& s : r.saw) saw += fmt::format("{}{} {}", saw.empty() ? "" : ", ", s.name + (s.value.known() ? " was" : " is"), history::words(s.value, pack_.catalog.currency));
    fmt::print("                         {} `{}`{}{}.\n", met ? "It held:" : r.is == Tri::Unknown ? "Not known:" : "It did not hold:", r.clause, saw.empty() ? "" : "; ", saw);
  }

  void pending(Millis end) {
    for (const auto& [rule, due] : waiting_)
      if (due > end && told(rule)) fmt::print("{}  {} is still waiting, until {}.\n", when(end), name(rule), when(due));
  }

  // Why a rule has nothing to say: it never started.
  void never(const std::vector<history::Event>& events) {
    for (std::size_t i = 0; i < pack_.plan->rules.size(); ++i) {
      if (started_[i] || !told(i)) continue;
      const plan::Rule& r = pack_.plan->rules[i];
      if (r.trigger.start != plan::StartKind::Event || r.trigger.on.size() > 1) {
        fmt::print("{} never started (`{}`).\n", name(i), r.when[0].text);
        continue;
      }
      const plan::OccurrenceId what = r.trigger.on[0].what;
      if (static_cast<std::size_t>(what) >= pack_.catalog.events.size()) {
        fmt::print("{} never started: {} was not done for this visitor.\n", name(i), "`" + name(static_cast<std::size_t>(what) - pack_.catalog.events.size()) + "`");
        continue;
      }
      const auto n = std::count_if(events.begin(), events.end(), [&](const history::Event& e) { return e.type == what; });
      fmt::print("{} never started (`{}`): the visitor had {}.\n", name(i), r.when[0].text,
                 n == 0 ? "no " + cause(what) : fmt::format("{} {}, and none of them met the `where`", n, cause(what)));
    }
  }

  const driver::Pack& pack_;
  const Options& o_;
  const base::Zone zone_;
  std::vector<std::pair<std::size_t, Millis>> waiting_;  // rule, due
  std::vector<bool> started_;
};

int explain(const Options& o) {
  int exit = kFine;
  const auto pack = open_pack(o.pack, false, exit);
  if (!pack) return exit;
  if (!o.rule.empty()) {
    std::vector<std::string> names;
    for (const plan::Rule& r : pack->plan->rules) names.push_back(r.name);
    if (std::find(names.begin(), names.end(), o.rule) == names.end()) {
      complain(fmt::format("no rule is called {}. {}", o.rule, diag::did_you_mean(o.rule, names)));
      return kMisuse;
    }
  }
  std::optional<Millis> until;
  if (!o.at.empty()) {
    Millis at = 0;
    if (!read_time(o.at, pack->catalog, "--at", at)) return kMisuse;
    until = at;
  }
  std::vector<history::AnswerTable> tables;
  if (!o.tables.empty()) {
    std::string error;
    tables = ingest::read_tables(o.tables, pack->catalog, error);
    if (!error.empty()) {
      complain(error);
      return kMisuse;
    }
  }
  base::Texts texts;
  plan::preload(texts, *pack->plan);
  std::uint64_t size = 0;
  const auto reader = open_events(o.events, o.source, pack->catalog, texts, size, exit);
  if (!reader) return exit;
  std::vector<history::Event> events;
  history::KnownIds known;
  Millis latest = std::numeric_limits<Millis>::min();
  ingest::Record record;
  while (reader->next(record)) {
    if (until && record.event.at > *until) continue;
    if (record.has_id && !known.first(record.event.identity)) continue;
    latest = std::max(latest, record.event.at);
    // Events are told as they happened; late ones and merges change afterwards what was told before.
    const bool late = record.visitor == o.visitor && record.event.received != kUnknown && record.event.received > record.event.at;
    if (record.event.merges == o.visitor || (record.visitor == o.visitor && (late || record.event.type == history::kMerge))) {
      complain(fmt::format("the record in line {} {}: `polku explain` cannot tell such a story yet. `polku run --all` writes every decision with its reasons.", record.line,
                           late ? "came late" : "makes two visitors one"));
      return kFindings;
    }
    if (record.visitor == o.visitor) events.push_back(record.event);
  }
  print_rejects(reader->counts());
  if (!reader->counts().stopped.empty()) {
    complain(reader->counts().stopped);
    return kMisuse;
  }
  if (events.empty()) {
    complain(fmt::format("the log has no record of visitor {}{}", o.visitor, until ? " until then" : ""));
    return kFindings;
  }
  return Story(*pack, o).tell(events, tables, until.value_or(latest), texts);
}

}  // namespace

void add_explain(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("explain", "Tell in sentences what happened to one visitor, and why, or why not");
  verb->add_option("pack", o->pack, "Folder with catalog.yaml and .polku files")->required();
  verb->add_option("--events", o->events, "The log: a CSV or NDJSON file, or - for standard input")->required();
  verb->add_option("--visitor", o->visitor, "The visitor's id")->required();
  verb->add_option("--source", o->source, "Which of the catalog's sources the log comes from, as in run");
  verb->add_option("--rule", o->rule, "Only this rule");
  verb->add_option("--at", o->at, "Only what happened until then");
  verb->add_option("--tables", o->tables, "Published tables of answers, for `best of`, as in run");
  verb->footer("Example:\n  polku explain rules/ferry --events rules/ferry/events.ndjson --visitor v0007 --rule nudge\n"
               "Exit codes: 0 told, 1 no such visitor, one whose records came late or who was merged, or errors in the rules; 2 misuse.");
  verb->callback([o, &exit] { exit = explain(*o); });
}

}  // namespace polku::cli
