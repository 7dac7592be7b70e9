#include "tests/property/runs.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <unordered_set>

#include "compiler/interp/interp.h"
#include "runtime/ingest/ingest.h"

namespace polku::property {

Program compile(const std::string& catalog, const std::vector<differential::RuleFile>& files, std::string& error) {
  std::vector<driver::File> rules;
  for (const differential::RuleFile& f : files) rules.push_back({f.name, f.text});
  Program program;
  auto pack = driver::compile({"catalog.yaml", catalog}, std::move(rules), false);
  if (!pack->diagnostics.ok() || !pack->plan) {
    error = "The pack does not compile:\n";
    for (const diag::Diagnostic& d : pack->diagnostics.all())
      if (diag::code_severity(d.code) == diag::Severity::Error) error += diag::render_text(d, pack->sources, false) + "\n";
    return program;
  }
  program.evaluator = interp::make(*pack->plan);
  program.texts = std::make_unique<base::Texts>();
  plan::preload(*program.texts, *pack->plan);
  program.pack = std::move(pack);
  return program;
}

Log read(Program& program, const std::string& log) {
  const catalog::Catalog& catalog = program.pack->catalog;
  ingest::Opened input = ingest::open_text(log, catalog, catalog.sources.empty() ? nullptr : &catalog.sources.front(), *program.texts);
  Log out;
  if (!input.reader) return out;  // an empty log has no format to tell
  ingest::Record record;
  std::unordered_set<std::uint64_t> ids;
  while (input.reader->next(record)) {
    if (record.event.type == history::kMerge || (record.has_id && !ids.insert(record.event.identity).second)) continue;
    record.event.received = kUnknown;
    out.push_back({std::string(record.visitor), record.event});
  }
  return out;
}

std::string in_each_log(const differential::Pack& pack, std::size_t logs, differential::Random random, const std::function<std::string(const Scene&)>& check) {
  std::string fault;
  Program program = compile(pack.catalog, pack.files, fault);
  if (!program.pack) return fault;
  differential::Tally tally;
  for (std::size_t i = 0; i < logs && fault.empty(); ++i) {
    const std::uint64_t seed = random.next();
    const std::string log = differential::make_log(pack, seed, tally);
    const auto tables = differential::make_tables(pack, seed, tally);
    fault = check({program, log, tables, random});
  }
  return fault;
}

void sort_by_time(Log& log) {
  std::vector<std::size_t> order(log.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Millis x = log[a].event.at, y = log[b].event.at;
    return x != y ? x < y : a < b;
  });
  Log sorted;
  for (const std::size_t i : order) sorted.push_back(std::move(log[i]));
  log = std::move(sorted);
}

Millis end_of(const Log& log) {
  Millis end = std::numeric_limits<Millis>::min();
  for (const Arrival& a : log) end = std::max(end, a.event.at);
  return end;
}

Decisions decide(Program& program, const Log& log, const std::vector<history::AnswerTable>& tables, Millis end, engine::Remember remember) {
  engine::Engine engine(program.plan(), *program.evaluator, *program.texts, {.keep = engine::Keep::All, .remember = remember});
  for (const history::AnswerTable& t : tables) engine.publish(t);
  for (const Arrival& a : log) engine.take(a.visitor, a.event);
  if (!log.empty()) engine.advance(end);
  Decisions out = engine.drain();
  sort_as_file(out);
  return out;
}

void sort_as_file(Decisions& decisions) {
  std::vector<std::size_t> order(decisions.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const history::Decision &x = decisions[a], &y = decisions[b];
    return x.at != y.at ? x.at < y.at : x.visitor != y.visitor ? x.visitor < y.visitor : a < b;
  });
  Decisions sorted;
  for (const std::size_t i : order) sorted.push_back(std::move(decisions[i]));
  decisions = std::move(sorted);
}

std::string line(const history::Decision& decision, bool reasons) {
  std::string out;
  if (reasons) {
    history::append_json(out, decision, "EUR");
    return out;
  }
  history::Decision bare = decision;
  bare.because.clear();
  history::append_json(out, bare, "EUR");
  return out;
}

std::string difference(const std::vector<std::string>& a, const std::vector<std::string>& b, const char* name_a, const char* name_b) {
  std::size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  if (i == a.size() && i == b.size()) return {};
  const auto at = [&](const std::vector<std::string>& v) { return i < v.size() ? v[i] : std::string("(nothing more)"); };
  return "  " + std::string(name_a) + ": " + at(a) + "\n  " + name_b + ": " + at(b);
}

void print_case(const std::string& catalog, const std::vector<differential::RuleFile>& files, const std::string& log) {
  std::printf("--- catalog.yaml\n%s", catalog.c_str());
  for (const differential::RuleFile& f : files) std::printf("--- %s\n%s", f.name.c_str(), f.text.c_str());
  if (!log.empty()) std::printf("--- events.ndjson\n%s", log.c_str());
}

}  // namespace polku::property
