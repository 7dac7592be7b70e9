// Edits of rules while engines run: an engine whose plan is patched decides as one with the whole new pack does that succeeded it (reading 74).
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>

#include <CLI/CLI.hpp>

#include "compiler/driver/live.h"
#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "runtime/engine/engine.h"
#include "runtime/history/arrivals.h"
#include "runtime/ingest/ingest.h"
#include "tests/differential/engines.h"
#include "tests/differential/random.h"

namespace {

using namespace polku;
using namespace polku::differential;
using Lines = std::vector<std::string>;
using Kind = driver::Live::Kind;

struct Totals {
  std::size_t packs = 0, edits = 0, patches = 0, rules = 0, whole = 0, faulty = 0, folded = 0, decisions = 0, later = 0, differences = 0;
};

constexpr Millis kReceived = std::numeric_limits<Millis>::max();
Millis received(const history::Event& e) { return e.received == kUnknown ? e.at : std::max(e.at, e.received); }

struct Reached { std::string visitor; history::Event event; };

// The log as a pack with these texts has it, in the order in which it was received. False if it cannot be read.
bool read(const Input& input, const catalog::Catalog& catalog, base::Texts& texts, std::vector<Reached>& out) {
  const ingest::Opened opened = ingest::open_text(input.log, catalog, catalog.sources.empty() ? nullptr : &catalog.sources.front(), texts);
  if (!opened.reader) return false;
  history::KnownIds known;
  for (ingest::Record r; opened.reader->next(r);)
    if (!r.has_id || known.first(r.event.identity)) out.push_back({std::string(r.visitor), r.event});
  const auto order = [](const Reached& r) { return std::tuple(received(r.event), r.event.at, std::string_view(r.visitor), r.event.type, r.event.identity); };
  std::sort(out.begin(), out.end(), [&](const Reached& a, const Reached& b) { return order(a) < order(b); });
  return true;
}

// An engine that decides what comes, one edit after the other.
class Judge {
 public:
  Judge(const driver::Live& live, const engine::Options& options, bool tiers, const Input& input) : options_(options), plan_(live.plan()) {
    plan::preload(*texts_, *plan_);
    evaluator_ = interp::make(*plan_);
    jit::Options background;
    background.turn_after = 2;
    if (tiers) evaluator_ = jit::in_background(*plan_, std::move(evaluator_), background);
    engine_ = std::make_unique<engine::Engine>(*plan_, *evaluator_, *texts_, options_);
    good_ = read(input, plan_->catalog, *texts_, log_);
  }

  // All that is received before then.
  void run(Millis until) {
    for (; next_ < log_.size() && received(log_[next_].event) < until; ++next_) engine_->take(log_[next_].visitor, log_[next_].event);
    if (until != kReceived) engine_->advance(until - 1);
    for (const history::Decision& d : engine_->drain()) history::append_json(lines.emplace_back(), d, plan_->catalog.currency);
  }
  // The whole of another plan from then on.
  void succeed(const std::shared_ptr<const plan::Plan>& plan, Millis at, const Input& input) {
    auto texts = std::make_unique<base::Texts>();
    plan::preload(*texts, *plan);
    auto evaluator = interp::make(*plan);
    auto engine = std::make_unique<engine::Engine>(*plan, *evaluator, *texts, options_);
    engine->succeed(*engine_, at);
    engine_ = std::move(engine);
    evaluator_ = std::move(evaluator);
    texts_ = std::move(texts);
    plan_ = plan;
    log_.clear();
    good_ = good_ && read(input, plan_->catalog, *texts_, log_);
  }
  plan::Evaluator& evaluator() { return *evaluator_; }
  engine::Engine& engine() { return *engine_; }
  const std::vector<Reached>& log() const { return log_; }
  bool good() const { return good_; }
  Millis last() const { return log_.empty() ? 0 : received(log_.back().event); }
  Lines lines;

 private:
  const engine::Options options_;
  std::unique_ptr<base::Texts> texts_ = std::make_unique<base::Texts>();
  std::shared_ptr<const plan::Plan> plan_;
  std::unique_ptr<plan::Evaluator> evaluator_;
  std::unique_ptr<engine::Engine> engine_;
  std::vector<Reached> log_;
  std::size_t next_ = 0;
  bool good_ = false;
};

// One word or number of a file becomes another.
void edit(std::vector<RuleFile>& files, Random& random) {
  static const std::vector<std::pair<std::string, std::string>> kWords{
      {" at least ", " more than "}, {" more than ", " less than "}, {" less than ", " at most "}, {" at most ", " at least "}, {" and ", " or "},  {" or ", " and "},
      {"only if ", "not if  "},      {"not if  ", "only if "},       {" is not ", " is "},         {" days", " hours"},         {" hours", " days"}, {" missing", " given"}};
  std::string& text = files[random.below(files.size())].text;
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> places;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9', before = i > 0 && text[i - 1] >= '0' && text[i - 1] <= '9';
    if (!digit || before) continue;
    std::size_t end = i;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    if (end - i < 5) places.emplace_back(i, end - i, std::to_string(std::max(0, std::stoi(text.substr(i, end - i)) + random.between(-3, 3))));
  }
  for (const auto& [from, to] : kWords)
    for (std::size_t i = text.find(from); i != std::string::npos; i = text.find(from, i + 1)) places.emplace_back(i, from.size(), to);
  if (places.empty()) return;
  const auto& [at, size, word] = random.of(places);
  text.replace(at, size, word);
}

Lines acted(const Lines& lines) {
  Lines out;
  for (const std::string& l : lines)
    if (l.find(R"("outcome":"acted")") != std::string::npos) out.push_back(l);
  return out;
}

struct Way { const char* name; engine::Options options; bool tiers; };

void different(std::uint64_t seed, const char* who, const Lines& expected, const Lines& is) {
  std::size_t i = 0;
  while (i < expected.size() && i < is.size() && expected[i] == is[i]) ++i;
  std::printf("Difference: --pack %llu, %s, decision %zu\n  succeeded: %s\n  patched:   %s\n", static_cast<unsigned long long>(seed), who, i + 1,
              i < expected.size() ? expected[i].c_str() : "(none)", i < is.size() ? is[i].c_str() : "(none)");
}

driver::Live::Change compile(driver::Live& live, const Pack& pack, const std::vector<RuleFile>& files) {
  std::vector<driver::File> rules;
  for (const RuleFile& f : files) rules.push_back({f.name, f.text});
  return live.compile({"catalog.yaml", pack.catalog}, std::move(rules));
}

void run_pack(std::uint64_t seed, std::size_t edits, bool verbose, Totals& t) {
  Random random(seed);
  const Pack pack = make_pack(seed);
  Tally tally;
  const Input input = make_input(pack, seed, {}, tally);
  std::vector<RuleFile> files = pack.files;
  // One that is succeeded, and those that are patched. Each patches a plan of its own.
  using engine::Keep;
  using engine::Remember;
  std::vector<Way> ways{{"with histories", {.keep = Keep::All, .remember = Remember::Histories}, true}};
  if (!input.histories) {
    ways.push_back({"acted alone", {.keep = Keep::Acted}, true});
    ways.push_back({"recorded", {.keep = Keep::Recorded}, false});
    ways.push_back({"all", {.keep = Keep::All}, false});
  }
  std::vector<driver::Live> lives(1 + ways.size());
  for (driver::Live& live : lives) {
    if (compile(live, pack, files).kind == Kind::Faulty) return;
    live.apply();
  }
  Judge succeeded(lives[0], {.keep = Keep::All, .remember = Remember::Histories}, false, input);
  if (!succeeded.good() || succeeded.log().empty()) return;
  std::vector<Judge> judges;
  for (std::size_t i = 0; i < ways.size(); ++i) judges.emplace_back(lives[i + 1], ways[i].options, ways[i].tiers, input);
  ++t.packs;
  std::vector<Millis> when;
  for (std::size_t e = 0; e < edits; ++e) when.push_back(received(random.of(succeeded.log()).event) + random.between(0, 1));
  std::sort(when.begin(), when.end());
  const std::vector<engine::OutcomeCounts> none;
  std::size_t before = 0;
  for (const Millis at : when) {
    std::vector<RuleFile> next = files;
    for (int n = random.percent(25) ? 2 : 1; n > 0; --n) edit(next, random);
    const auto tried = driver::compile({"catalog.yaml", pack.catalog}, [&] {
      std::vector<driver::File> rules;
      for (const RuleFile& f : next) rules.push_back({f.name, f.text});
      return rules;
    }(), false);
    ++t.edits;
    if (!tried->plan) {
      ++t.faulty;
      if (compile(lives[1], pack, next).kind != Kind::Faulty) ++t.differences, std::printf("Difference: --pack %llu: a fault was not seen\n", static_cast<unsigned long long>(seed));
      continue;
    }
    // A whole change would make the record anew, which only histories can: the others are left as they are.
    driver::Live::Change change = compile(lives[1], pack, next);
    if (change.kind != Kind::Patch) {
      ++t.whole;
      continue;
    }
    succeeded.run(at);
    before = succeeded.lines.size();
    succeeded.succeed(std::make_shared<const plan::Plan>(std::move(*tried->plan)), at, input);
    ++t.patches;
    t.rules += change.rules.size();
    for (std::size_t i = 0; i < judges.size(); ++i) {
      if (i > 0) change = compile(lives[i + 1], pack, next);
      judges[i].run(at);
      const std::vector<plan::Amended> amended = lives[i + 1].apply(&judges[i].evaluator());
      t.folded += judges[i].engine().amend(amended, at) > 0;
    }
    files = next;
    if (verbose) std::printf("--- from %lld on\n%s", static_cast<long long>(at), files[0].text.c_str());
  }
  succeeded.run(kReceived);
  t.decisions += succeeded.lines.size();
  t.later += succeeded.lines.size() - before;
  for (std::size_t i = 0; i < judges.size(); ++i) {
    judges[i].run(kReceived);
    const bool all = ways[i].options.keep == Keep::All;
    Lines expected = all ? succeeded.lines : acted(succeeded.lines), is = all ? judges[i].lines : acted(judges[i].lines);
    std::sort(expected.begin(), expected.end());  // visitors may come in another order
    std::sort(is.begin(), is.end());
    if (expected == is) continue;
    ++t.differences;
    different(seed, ways[i].name, expected, is);
  }
  // Who hands out less counts the same.
  for (std::size_t i = 1; i + 1 < judges.size(); ++i)
    if (judges[i].engine().counts() != judges.back().engine().counts()) {
      ++t.differences;
      std::printf("Difference: --pack %llu: %s counts otherwise than all\n", static_cast<unsigned long long>(seed), ways[i].name);
    }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t packs = 200, edits = 6;
  std::uint64_t seed = 1, one = 0;
  bool verbose = false;
  CLI::App app("Random edits of random packs in the middle of a log: a patched plan decides as the whole new one does.");
  app.add_option("--packs", packs, "how many")->check(CLI::PositiveNumber);
  app.add_option("--edits", edits, "of each")->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "of everything");
  CLI::Option* pack = app.add_option("--pack", one, "only this pack, by the number that was printed");
  app.add_flag("--verbose", verbose, "print the first file after each edit");
  CLI11_PARSE(app, argc, argv);
  Totals t;
  if (*pack) run_pack(one, edits, verbose, t);
  Random seeds(seed);
  for (std::size_t p = 0; p < packs && !*pack; ++p) run_pack(seeds.next() >> 24, edits, verbose, t);
  std::printf("%zu packs, %zu edits: %zu patches of %zu rules (visitors folded for %zu), %zu of the whole, %zu faulty\n%zu decisions, %zu of them behind the last edit, %zu differences\n", t.packs,
              t.edits, t.patches, t.rules, t.folded, t.whole, t.faulty, t.decisions, t.later, t.differences);
  if (!*pack && packs >= 100 && (t.patches * 5 < t.edits || t.later * 10 < t.decisions)) return std::printf("That tests too little.\n"), 1;
  return t.differences == 0 ? 0 : 1;
}
