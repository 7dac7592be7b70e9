// The order of clauses, rules, blocks and files does not matter, but where the language says so: the order in which reasons are given, which
// of several limits or guarantees is named, and who comes first of two rules of one priority.
#include <algorithm>

#include "tests/property/blocks.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"

namespace polku::property {

namespace {

using differential::RuleFile;

std::vector<RuleFile> files_of(const std::vector<Block>& blocks, std::size_t files, const std::vector<std::string>& names) {
  std::vector<RuleFile> out;
  for (std::size_t i = 0; i < files; ++i) out.push_back({names[i], {}});
  for (std::size_t i = 0; i < blocks.size(); ++i) out[i * files / blocks.size()].text += blocks[i].text() + "\n";
  return out;
}

// Every rule gets a priority of its own, and so a place that does not depend on where it is written.
void give_priorities(std::vector<Block>& blocks, Random& random) {
  std::vector<int> ranks;
  for (const Block& b : blocks)
    for (std::size_t i = 0; i < b.rules.size(); ++i) ranks.push_back(static_cast<int>(ranks.size()) - 3);
  random.shuffle(ranks);
  for (Block& b : blocks) {
    const auto is_priority = [](const std::string& c) { return is_clause(c, "priority"); };
    std::erase_if(b.clauses, is_priority);
    for (RuleText& r : b.rules) {
      std::erase_if(r.clauses, is_priority);
      r.clauses.push_back("    priority " + std::to_string(ranks.back()) + "\n");
      ranks.pop_back();
    }
  }
}

void shuffle_clauses(std::vector<Block>& blocks, Random& random) {
  for (Block& b : blocks) {
    random.shuffle(b.clauses);
    for (RuleText& r : b.rules) random.shuffle(r.clauses);
  }
}

// What became of each firing, and why, without the order in which reasons stand.
std::vector<std::string> results(Program& program, const std::string& text, const std::vector<history::AnswerTable>& tables, bool sorted, Tally& tally) {
  const Log log = read(program, text);
  std::vector<std::string> out;
  for (const history::Decision& d : decide(program, log, tables, end_of(log))) {
    ++tally["outcome " + std::string(history::outcome_name(d.outcome))];
    std::string one = line(d, false);
    // Of several that refuse, the first as written is named.
    const bool named = d.outcome == history::Outcome::over_limit || d.outcome == history::Outcome::guarantee || d.outcome == history::Outcome::suppressed;
    std::vector<std::string> reasons;
    for (const history::Reason& r : d.because) {
      history::Decision only;
      only.because.push_back(r);
      reasons.push_back(line(only));
    }
    std::sort(reasons.begin(), reasons.end());
    if (!named)
      for (const std::string& r : reasons) one += "\n    " + r.substr(r.find("\"because\""));
    out.push_back(std::move(one));
  }
  // Conversions of one place stand in the written order of their journeys.
  if (sorted) std::sort(out.begin(), out.end());
  return out;
}

class OrderFree : public Property {
 public:
  const char* name() const override { return "order"; }
  const char* says() const override { return "the order of clauses, rules, blocks and files does not matter"; }

  std::string check(std::uint64_t number) override {
    const differential::Pack pack = differential::make_pack(number);
    Random random(number ^ 0x6f72646572u);
    std::vector<Block> blocks;
    for (const RuleFile& f : pack.files)
      for (Block& b : cut(f.text)) blocks.push_back(std::move(b));
    const bool all = random.percent(70);  // else only the clauses: rules of one priority stay where they are
    if (all) give_priorities(blocks, random);
    const std::vector<RuleFile> written = files_of(blocks, pack.files.size(), {"a.polku", "b.polku", "c.polku"});

    shuffle_clauses(blocks, random);
    std::size_t files = pack.files.size();
    std::vector<std::string> names = {"a.polku", "b.polku", "c.polku"};
    if (all) {
      for (Block& b : blocks) random.shuffle(b.rules);
      random.shuffle(blocks);
      files = 1 + random.below(3);
      names = {"Z.polku", "m.polku", "10.polku"};
      random.shuffle(names);
    }
    const std::vector<RuleFile> shuffled = files_of(blocks, files, names);
    ++tally[all ? "all shuffled" : "clauses shuffled"];

    std::string error;
    Program a = compile(pack.catalog, written, error);
    if (!a.pack) return error;
    Program b = compile(pack.catalog, shuffled, error);
    if (!b.pack) return "Only when shuffled: " + error;
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t log_seed = random.next();
      const std::string log = differential::make_log(pack, log_seed, log_tally_);
      const auto tables = differential::make_tables(pack, log_seed, log_tally_);
      if (print) print_case(pack.catalog, written, log);
      if (print) print_case("", shuffled, "");
      const std::vector<std::string> first = results(a, log, tables, all, tally), second = results(b, log, tables, all, tally);
      if (std::string d = difference(first, second, "as written", "shuffled"); !d.empty()) return d;
    }
    return {};
  }

  std::string too_little(std::size_t cases) const override {
    return met("outcome acted") < cases ? "hardly anything acted" : met("outcome outranked") < cases / 20 ? "priorities hardly ever mattered" : "";
  }

 private:
  Tally log_tally_;
};

}  // namespace

std::unique_ptr<Property> order_free() { return std::make_unique<OrderFree>(); }

}  // namespace polku::property
