#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "cli/common.h"
#include "cli/verbs.h"
#include "runtime/history/arrivals.h"
#include "runtime/ingest/tables.h"
#include "runtime/story/story.h"

namespace polku::cli {

namespace {

struct Options {
  std::string pack, events, source, visitor, rule, at, tables;
};

// The records of whoever has one of the names, from the whole log. False, with everything said and `exit` set, after an error.
struct Log {
  std::vector<story::Arrival> arrivals;
  std::vector<std::pair<std::string, std::string>> merges;  // of all visitors: who became whose
  Millis latest = std::numeric_limits<Millis>::min();
};
bool read_log(const Options& o, const catalog::Catalog& catalog, const std::set<std::string>& names, std::optional<Millis> until, base::Texts& texts, bool rejects, Log& log, int& exit) {
  std::uint64_t size = 0;
  const auto reader = open_events(o.events, o.source, catalog, texts, size, exit);
  if (!reader) return false;
  log = {};
  history::KnownIds known;
  ingest::Record record;
  while (reader->next(record)) {
    const Millis received = record.event.received == kUnknown ? record.event.at : std::max(record.event.at, record.event.received);
    if (until && received > *until) continue;
    if (record.has_id && !known.first(record.event.identity)) continue;
    log.latest = std::max(log.latest, received);
    if (record.event.type == history::kMerge) log.merges.emplace_back(record.event.merges, record.visitor);
    if (names.contains(std::string(record.visitor))) log.arrivals.push_back({std::string(record.visitor), record.event});
  }
  if (rejects) print_rejects(reader->counts());
  if (!reader->counts().stopped.empty()) {
    complain(reader->counts().stopped);
    exit = kMisuse;
    return false;
  }
  return true;
}

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
  std::set<std::string> names{o.visitor};
  Log log;
  if (!read_log(o, pack->catalog, names, until, texts, true, log, exit)) return exit;
  for (std::size_t before = 0; before < names.size();) {  // who is one with whom
    before = names.size();
    for (const auto& [a, b] : log.merges)
      if (names.contains(a) || names.contains(b)) names.insert({a, b});
  }
  if (names.size() > 1) {
    if (o.events == "-") {
      complain("the visitor has several names, and the log must be read again for the others: give it as a file");
      return kFindings;
    }
    if (!read_log(o, pack->catalog, names, until, texts, false, log, exit)) return exit;
  }
  if (log.arrivals.empty()) {
    complain(fmt::format("the log has no record of visitor {}{}", o.visitor, until ? " until then" : ""));
    return kFindings;
  }
  // As they were received, ties as they stand (std::stable_sort's buffer is deprecated in the library, an error for clang).
  std::vector<std::size_t> order(log.arrivals.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto received = [&](std::size_t i) { return std::max(log.arrivals[i].event.at, log.arrivals[i].event.received); };  // kUnknown is the smallest
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return std::pair(received(a), a) < std::pair(received(b), b); });
  std::vector<story::Arrival> arrivals;
  for (const std::size_t i : order) arrivals.push_back(std::move(log.arrivals[i]));
  std::string error;
  const auto evaluator = driver::evaluator(*pack->plan, {.tier = driver::Tier::Interp}, error);
  const std::string told = story::tell(*pack->plan, *evaluator, texts, arrivals, tables, {.visitor = o.visitor, .rule = o.rule, .until = until.value_or(log.latest)});
  std::fwrite(told.data(), 1, told.size(), stdout);
  return kFine;
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
               "Exit codes: 0 told, 1 no such visitor or errors in the rules; 2 misuse.");
  verb->callback([o, &exit] { exit = explain(*o); });
}

}  // namespace polku::cli
