#include "cli/judge.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "compiler/reference/reference.h"
#include "runtime/history/arrivals.h"

namespace polku::cli {

namespace {

class PlanJudge : public Judge {
 public:
  PlanJudge(const std::vector<Holding>& packs, const ReplayOptions& options) : packs_(packs), options_(options) {
    engine_ = make(packs_.front());
    for (const history::AnswerTable& t : options.tables) engine_->publish(t);
  }
  void expect(std::span<const engine::Engine::Coming> batch) override { engine_->prefetch(batch); }
  engine::Taken take(std::string_view visitor, const history::Event& event) override {
    const engine::Taken taken = engine_->take(visitor, event);
    if (options_.naps && taken == engine::Taken::Yes) nap(visitor);
    return taken;
  }
  bool reach(Millis until) override { return engine_->advance(until, kTogether); }
  void resume(Millis at, const Waiting& waiting) override { engine_->resume(at, waiting); }
  void change(std::size_t era) override {
    auto next = make(packs_[era]);
    next->succeed(*engine_, packs_[era].from);
    engine_ = std::move(next);
    era_ = era;
  }
  void finish(Millis) override {}
  std::vector<Made> drain() override {
    if (!engine_->empty()) keep(engine_->drain());
    return std::exchange(made_, {});
  }
  void report(ReplayResult& r) const override {
    r.visitors = engine_->visitors();
    r.record_bytes = engine_->bytes();
    r.counts = engine_->counts();
  }

 private:
  static constexpr std::size_t kTogether = 4096;  // decisions that wait to be handed out

  std::unique_ptr<engine::Engine> make(const Holding& h) const {
    const engine::Options options{.keep = options_.keep,
                                  .remember = options_.histories ? engine::Remember::Histories : engine::Remember::RecordsOnly,
                                  .afresh = options_.afresh};
    return std::make_unique<engine::Engine>(*h.pack->plan, *h.evaluator, *h.texts, options);
  }
  void nap(std::string_view visitor) {
    saved_.clear();
    engine_->save(visitor, saved_);
    engine_->sleep(visitor);
    if (!engine_->wake(saved_)) throw std::logic_error("a visitor did not wake");
    again_.clear();
    engine_->save(visitor, again_);
    if (again_ != saved_) throw std::logic_error("a visitor woke as another");
  }
  void keep(std::vector<history::Decision> decisions) {
    for (history::Decision& d : decisions) made_.push_back({std::move(d), era_});
  }

  const std::vector<Holding>& packs_;
  const ReplayOptions& options_;
  std::unique_ptr<engine::Engine> engine_;
  std::size_t era_ = 0;
  std::vector<Made> made_;
  std::string saved_, again_;
};

class ReferenceJudge : public Judge {
 public:
  ReferenceJudge(const std::vector<Holding>& packs, const ReplayOptions& options) : packs_(packs), options_(options) {
    for (const Holding& h : packs) eras_.push_back({{&h.pack->catalog, h.pack->file_list(), h.pack->derived_list()}, h.texts, h.from});
    for (const Outage& o : options.outages) outages_.push_back({o.from, o.to});
    counts_.resize(packs.back().pack->plan->rules.size());
  }

  engine::Taken take(std::string_view visitor, const history::Event& event) override {
    const std::size_t one = number(visitor);
    const Millis received = event.received == kUnknown ? event.at : std::max(event.at, event.received);
    const bool needs = received > event.at || event.type == history::kMerge;
    if (needs && !options_.histories) return engine::Taken::NeedsHistories;
    if (received < latest_[one]) return engine::Taken::OutOfOrder;
    latest_[one] = received;
    if (event.type == history::kMerge) join(one, number(event.merges));
    arrivals_[one].push_back({count_++, {std::string(visitor), event, era_}});
    return engine::Taken::Yes;
  }
  bool reach(Millis) override { return true; }
  void resume(Millis, const Waiting& waiting) override {
    for (const auto& [visitor, event] : waiting) take(visitor, event);
  }
  void change(std::size_t era) override { era_ = era; }

  void finish(Millis end) override {
    std::map<std::pair<std::string, std::string>, std::size_t> rules;
    const auto& plan = *packs_.back().pack->plan;
    for (std::size_t i = 0; i < plan.rules.size(); ++i) rules[{plan.rules[i].journey, plan.rules[i].name}] = i;
    std::map<std::size_t, std::vector<std::size_t>> groups;  // whom merges make one
    for (const auto& [name, one] : names_) groups[root(one)].push_back(one);
    visitors_ = 0;
    for (const auto& [key, members] : groups) {
      std::vector<Counted> reached;
      for (const std::size_t m : members) reached.insert(reached.end(), arrivals_[m].begin(), arrivals_[m].end());
      if (reached.empty()) continue;
      ++visitors_;
      std::sort(reached.begin(), reached.end(), [](const Counted& a, const Counted& b) { return a.first < b.first; });
      std::vector<reference::Arrival> arrivals;
      for (Counted& c : reached) arrivals.push_back(std::move(c.second));
      const reference::Log log{eras_, arrivals, outages_, end};
      reference::Options options;
      options.tables = options_.tables;
      options.afresh = options_.afresh;
      for (history::Decision& d : reference::judge(log, options)) {
        std::size_t era = packs_.size() - 1;
        while (era > 0 && d.at < packs_[era].from) --era;
        if (era + 1 == packs_.size()) ++counts_[rules[{d.journey, d.rule}]][static_cast<std::size_t>(d.outcome)];
        if (handed_out(d.outcome, options_.keep)) made_.push_back({std::move(d), era});
      }
    }
  }

  std::vector<Made> drain() override { return std::exchange(made_, {}); }
  void report(ReplayResult& r) const override {
    r.visitors = visitors_;
    r.counts = counts_;
  }

 private:
  using Counted = std::pair<std::uint64_t, reference::Arrival>;  // in the order in which all came

  std::size_t number(std::string_view name) {
    const auto [it, fresh] = names_.emplace(std::string(name), names_.size());
    if (fresh) {
      parent_.push_back(it->second);
      latest_.push_back(std::numeric_limits<Millis>::min());
      arrivals_.emplace_back();
    }
    return it->second;
  }
  std::size_t root(std::size_t one) const {
    while (parent_[one] != one) one = parent_[one];
    return one;
  }
  void join(std::size_t a, std::size_t b) { parent_[root(b)] = root(a); }

  const std::vector<Holding>& packs_;
  const ReplayOptions& options_;
  std::vector<reference::Era> eras_;
  std::vector<reference::Outage> outages_;
  std::map<std::string, std::size_t> names_;
  std::vector<std::size_t> parent_;            // of names that merges join: up to the one that stands for all
  std::vector<Millis> latest_;                 // when the latest record of a name was received
  std::vector<std::vector<Counted>> arrivals_; // of each name
  std::uint64_t count_ = 0;
  std::size_t era_ = 0, visitors_ = 0;
  std::vector<Made> made_;
  std::vector<engine::OutcomeCounts> counts_;
};

}  // namespace

bool handed_out(history::Outcome outcome, engine::Keep keep) {
  switch (keep) {
    case engine::Keep::Acted: return outcome == history::Outcome::acted;
    case engine::Keep::Recorded: return outcome == history::Outcome::acted || history::outcome_recorded(outcome);
    case engine::Keep::All: return true;
  }
  return true;
}

std::unique_ptr<Judge> plan_judge(const std::vector<Holding>& packs, const ReplayOptions& options) {
  return std::make_unique<PlanJudge>(packs, options);
}

std::unique_ptr<Judge> reference_judge(const std::vector<Holding>& packs, const ReplayOptions& options) {
  return std::make_unique<ReferenceJudge>(packs, options);
}

}  // namespace polku::cli
