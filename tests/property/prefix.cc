// What was decided until some instant does not depend on what comes after it: a replay of a prefix, a run with `--until` and a live engine that has
// advanced so far all have the decisions of the whole run until then. And handing them out as they are made changes none of them.
#include <algorithm>
#include <limits>
#include <numeric>

#include "cli/replay.h"
#include "runtime/base/time.h"
#include "runtime/ingest/ingest.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"

namespace polku::property {

namespace {

using Lines = std::vector<std::string>;
using Tables = std::vector<history::AnswerTable>;

// Of a line of a log or of decisions: the time behind the first of these keys.
Millis time_of(const std::string& line) {
  for (const std::string key : {"\"at\":\"", "\"when\":\""}) {
    const std::size_t from = line.find(key);
    if (from == std::string::npos) continue;
    const std::size_t begin = from + key.size();
    if (const auto at = base::parse_instant(line.substr(begin, line.find('"', begin) - begin), base::Zone::utc())) return *at;
  }
  return std::numeric_limits<Millis>::max();  // no time: the record is refused
}

template <typename Less>
Lines sorted(const Lines& lines, Less less) {
  std::vector<std::size_t> order(lines.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return less(lines[a], lines[b]) || (!less(lines[b], lines[a]) && a < b); });
  Lines out;
  for (const std::size_t i : order) out.push_back(lines[i]);
  return out;
}

std::string visitor_of(const std::string& line) {
  static const std::string key = "\"visitor\":\"";
  const std::size_t from = line.find(key) + key.size();
  return line.substr(from, line.find('"', from) - from);  // none has a quote in it
}

Lines until(const Lines& decisions, Millis t) {
  Lines out;
  for (const std::string& l : decisions)
    if (time_of(l) <= t) out.push_back(l);
  return out;
}

std::string joined(const Lines& lines) {
  std::string out;
  for (const std::string& l : lines) out += l + "\n";
  return out;
}

class Prefixes : public Property {
 public:
  const char* name() const override { return "prefix"; }
  const char* says() const override { return "what was decided until an instant does not depend on what comes after it"; }

  std::string check(std::uint64_t number) override {
    const differential::Pack pack = differential::make_pack(number);
    return in_each_log(pack, 3, Random(number ^ 0x707265666978u), [&](const Scene& s) {
      // In the order of time, as a live engine gets it; each visitor's order stays.
      Lines log;
      for (std::size_t at = 0; at < s.log.size(); at = s.log.find('\n', at) + 1) log.push_back(s.log.substr(at, s.log.find('\n', at) - at));
      log = sorted(log, [](const std::string& a, const std::string& b) { return time_of(a) < time_of(b); });
      if (print && !log.empty()) print_case(pack.catalog, pack.files, joined(log));
      return log.empty() ? "" : compare(s.program, log, s.tables, s.random);
    });
  }

  std::string too_little(std::size_t cases) const override {
    const std::uint64_t least = std::min(met("decisions before a cut"), met("decisions behind a cut"));
    return least < cases * 20 ? "hardly anything was decided on one side of the cuts" : "";
  }

 private:
  std::string compare(Program& program, const Lines& log, const Tables& tables, Random& random) {
    std::string error;
    const Lines whole = replay(program, joined(log), tables, {}, error);
    if (!error.empty()) return "  " + error;
    cli::ReplayOptions streaming;
    streaming.stream = true;
    const Lines streamed = sorted(replay(program, joined(log), tables, streaming, error), [](const std::string& a, const std::string& b) {
      const Millis x = time_of(a), y = time_of(b);
      return x != y ? x < y : visitor_of(a) < visitor_of(b);
    });
    if (std::string d = difference(whole, streamed, "whole", "streamed"); !d.empty()) return d;
    const Millis end = end_of(read(program, joined(log)));  // refused records and repeated ids do not move the clock
    for (int c = 0; c < 3 && end > std::numeric_limits<Millis>::min(); ++c) {
      // At a record, next to one, at a decision, or anywhere between, but not behind the end.
      const Millis first = time_of(log.front()), last = std::max(first, std::min(end, time_of(random.of(log))));
      Millis t = last;
      if (random.percent(30)) t = first + static_cast<Millis>(random.below(static_cast<std::size_t>(last - first) + 1));
      else if (!whole.empty() && random.percent(40)) t = time_of(random.of(whole));
      t += random.of({-1, 0, 0, 0, 1});
      t = std::min(t, end);
      Lines before;
      for (const std::string& l : log)
        if (time_of(l) <= t) before.push_back(l);
      const Lines expected = until(whole, t);
      tally["decisions before a cut"] += expected.size();
      tally["decisions behind a cut"] += whole.size() - expected.size();
      const std::string at = "  cut at " + base::format_instant(t) + "\n";
      cli::ReplayOptions cut;
      cut.until = t;
      if (std::string d = difference(expected, replay(program, joined(log), tables, cut, error), "whole", "until"); !d.empty()) return at + d;
      if (std::string d = difference(expected, replay(program, joined(before), tables, cut, error), "whole", "prefix"); !d.empty()) return at + d;
      if (std::string d = live(program, joined(log), tables, t, end, whole); !d.empty()) return at + d;
    }
    return error.empty() ? "" : "  " + error;
  }

  // Advanced to the cut, and asked; then on to the end.
  static std::string live(Program& program, const std::string& text, const Tables& tables, Millis t, Millis end, const Lines& whole) {
    engine::Engine engine(program.plan(), *program.evaluator, *program.texts, {.keep = engine::Keep::All});
    for (const history::AnswerTable& table : tables) engine.publish(table);
    Log log = read(program, text);
    std::size_t i = 0;
    for (; i < log.size() && log[i].event.at <= t; ++i) engine.take(log[i].visitor, log[i].event);
    engine.advance(t);
    Decisions made = engine.drain();
    sort_as_file(made);
    Lines lines;
    for (const history::Decision& d : made) lines.push_back(line(d));
    if (std::string d = difference(until(whole, t), lines, "whole", "live until the cut"); !d.empty()) return d;
    for (; i < log.size(); ++i)
      if (engine.take(log[i].visitor, log[i].event) != engine::Taken::Yes) return "  live: a record was not taken";
    engine.advance(end);
    made = engine.drain();
    sort_as_file(made);
    for (const history::Decision& d : made) lines.push_back(line(d));
    return difference(whole, lines, "whole", "live");
  }

  static Lines replay(const Program& program, const std::string& log, const Tables& tables, cli::ReplayOptions options, std::string& error) {
    base::Texts texts;
    plan::preload(texts, program.plan());
    const catalog::Catalog& catalog = program.pack->catalog;
    ingest::Opened input = ingest::open_text(log, catalog, catalog.sources.empty() ? nullptr : &catalog.sources.front(), texts);
    if (!input.reader) return {};  // an empty log has no format to tell
    options.engine = cli::EngineKind::Interp;
    options.evaluator = program.evaluator.get();
    options.keep = engine::Keep::All;
    options.tables = tables;
    Lines out;
    const cli::ReplayResult result = cli::replay(*program.pack, *input.reader, texts, options, [&](std::string_view l) { out.emplace_back(l); });
    if (!result.error.empty()) error = result.error;
    return out;
  }
};

}  // namespace

std::unique_ptr<Property> prefixes() { return std::make_unique<Prefixes>(); }

}  // namespace polku::property
