// The order of merges does not change what a visitor is: three names become one, whichever way, and from then on the same is decided.
//
// What is claimed of readings 65 to 75 of docs/decisions/0004: the state is the fold over the one history of all records and decisions, which is
// the same whatever the order; so is the person, who is the name of the earliest record. The name differs only where another one was kept, and
// with it the identities of instants, and so the ids of what they start. Goals are left out: a conversion is made when a fold first shows it (71),
// and a fold over two of the three may show one that the fold over all three does not.
#include <algorithm>
#include <cstdio>
#include <map>

#include "runtime/base/time.h"
#include "tests/property/blocks.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"

namespace polku::property {

namespace {

using Lines = std::vector<std::string>;
using differential::RuleFile;

struct Merge { const char* into; const char* gone; };
struct Way { const char* words; std::vector<Merge> merges; bool same_name; };

const std::vector<Way>& ways() {
  static const std::vector<Way> all = {
      {"C takes A, C takes B", {{"C", "A"}, {"C", "B"}}, true},
      {"C takes B, C takes A", {{"C", "B"}, {"C", "A"}}, true},
      {"B takes A, C takes B", {{"B", "A"}, {"C", "B"}}, true},
      {"A takes B, C takes A", {{"A", "B"}, {"C", "A"}}, true},
      {"C takes A, C takes B, and again", {{"C", "A"}, {"C", "A"}, {"C", "B"}, {"C", "C"}, {"C", "A"}, {"A", "C"}}, true},
      {"A takes B, A takes C", {{"A", "B"}, {"A", "C"}}, false},
      {"C takes A, B takes C", {{"C", "A"}, {"B", "C"}}, false}};
  return all;
}

struct Made { Lines before, after; };  // the merges

class MergeOrder : public Property {
 public:
  const char* name() const override { return "merges"; }
  const char* says() const override { return "the order of merges does not change what is decided"; }

  std::string check(std::uint64_t number) override {
    differential::Pack pack = differential::make_pack(number);
    for (RuleFile& f : pack.files) {
      std::vector<Block> blocks = cut(f.text);
      f.text.clear();
      for (Block& b : blocks) {
        std::erase_if(b.clauses, [](const std::string& c) { return is_clause(c, "goal"); });
        f.text += b.text() + "\n";
      }
    }
    return in_each_log(pack, 3, Random(number ^ 0x6d65726765u), [&](const Scene& s) {
      if (print) print_case(pack.catalog, pack.files, s.log);
      Log log = read(s.program, s.log);
      return log.size() < 4 ? "" : compare(s.program, rename(std::move(log), s.random), s.tables, s.random);
    });
  }

  std::string too_little(std::size_t cases) const override {
    if (cases < 100) return {};
    if (met("decisions behind the merges") < cases * 20) return "hardly anything was decided behind the merges";
    return met("the merges made a difference") < cases / 2 ? "the merges hardly ever made a difference" : "";
  }

 private:
  // Everybody becomes A, B or C, or (so that each of them knows a part) every record is of one of them. Records are told apart by their number.
  Log rename(Log log, Random& random) {
    sort_by_time(log);
    const bool by_record = random.percent(50);
    std::map<std::string, std::string> names;
    std::uint64_t identity = random.next();
    for (Arrival& a : log) {
      const std::string drawn = random.of({"A", "B", "C"});
      const std::string kept = names.emplace(a.visitor, drawn).first->second;
      if (print) std::printf("%s of %s is %s's\n", base::format_instant(a.event.at).c_str(), a.visitor.c_str(), (by_record ? drawn : kept).c_str());
      a.visitor = by_record ? drawn : kept;
      a.event.identity = ++identity;
    }
    return log;
  }

  std::string compare(Program& program, const Log& log, const std::vector<history::AnswerTable>& tables, Random& random) {
    const std::size_t from = 2 + random.below(log.size() - 3);  // the first record behind the merges
    const Millis last = log[from - 1].event.at, next = log[from].event.at;
    const Millis at = random.of({last, next, last + (next - last) / 2});
    const Millis end = end_of(log) + random.of({Millis{0}, kDay});
    std::string fault;
    const Made first = run(program, log, from, at, end, tables, ways()[0].merges, true, fault);
    const Made bare = run(program, log, from, at, end, tables, ways()[0].merges, false, fault);
    tally["decisions behind the merges"] += first.after.size();
    for (const std::string& l : first.after) tally["acted behind the merges"] += l.find("\"outcome\":\"acted\"") != std::string::npos;
    if (run(program, log, from, at, end, tables, {}, false, fault).after.size() != bare.after.size()) ++tally["the merges made a difference"];
    for (const Way& way : ways()) {
      const Made other = run(program, log, from, at, end, tables, way.merges, way.same_name, fault);
      const Made& same = way.same_name ? first : bare;
      const std::string where = "  merged at " + base::format_instant(at) + ", before record " + std::to_string(from + 1) + "\n";
      if (std::string d = difference(same.before, other.before, ways()[0].words, way.words); !d.empty()) return where + "  before the merges\n" + d;
      if (std::string d = difference(same.after, other.after, ways()[0].words, way.words); !d.empty()) return where + d;
    }
    return fault;
  }

  // names: with the visitor's name and the ids; else only what became of it.
  static Made run(Program& program, const Log& log, std::size_t from, Millis at, Millis end, const std::vector<history::AnswerTable>& tables,
                  const std::vector<Merge>& merges, bool names, std::string& fault) {
    engine::Engine engine(program.plan(), *program.evaluator, *program.texts, {.keep = engine::Keep::All, .remember = engine::Remember::Histories});
    for (const history::AnswerTable& t : tables) engine.publish(t);
    const auto take = [&](const std::string& visitor, const history::Event& event) {
      if (engine.take(visitor, event) != engine::Taken::Yes) fault = "  a record was not taken";
    };
    for (std::size_t i = 0; i < from; ++i) take(log[i].visitor, log[i].event);
    // What is due until then is judged before, in one order: of two decisions of one instant, made for two who become one, the one that was made first stands
    // first (65), and a merge judges what is due for the one that it takes (72).
    engine.advance(at);
    std::uint64_t identity = 1000;
    for (const Merge& m : merges) {
      history::Event e;
      e.at = at;
      e.type = history::kMerge;
      e.merges = m.gone;
      e.identity = ++identity;
      take(m.into, e);
    }
    Made made;
    made.before = lines(engine.drain(), names);
    for (std::size_t i = from; i < log.size(); ++i) take(log[i].visitor, log[i].event);
    engine.advance(end);
    made.after = lines(engine.drain(), names);
    return made;
  }

  static Lines lines(Decisions decisions, bool names) {
    sort_as_file(decisions);
    Lines out;
    for (history::Decision& d : decisions) {
      if (!names) d.visitor.clear(), d.id.clear();
      out.push_back(line(d));
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<Property> merge_order() { return std::make_unique<MergeOrder>(); }

}  // namespace polku::property
