#include "cli/replay.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

#include "compiler/reference/reference.h"
#include "runtime/base/external_sort.h"
#include "runtime/history/arrivals.h"

namespace polku::cli {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// ---- records as bytes, for sorting ----

void put(std::string& out, std::int64_t v) { out.append(reinterpret_cast<const char*>(&v), sizeof v); }

std::int64_t get(std::string_view& in) {
  std::int64_t v = 0;
  in.copy(reinterpret_cast<char*>(&v), sizeof v);
  in.remove_prefix(sizeof v);
  return v;
}

std::string pack_record(const ingest::Record& r) {
  std::string out;
  put(out, r.event.at);
  put(out, r.event.type);
  put(out, static_cast<std::int64_t>(r.event.identity));
  put(out, r.has_id ? 1 : 0);
  put(out, static_cast<std::int64_t>(r.line));
  put(out, static_cast<std::int64_t>(r.event.fields.size()));
  for (const Value v : r.event.fields) put(out, v);
  put(out, static_cast<std::int64_t>(r.event.changes.size()));
  for (const auto& c : r.event.changes) {
    put(out, c.attribute);
    put(out, c.value);
  }
  put(out, static_cast<std::int64_t>(r.event.asked.size()));
  for (const auto& p : r.event.asked) {
    put(out, p.channel);
    put(out, p.slot);
  }
  out += r.visitor;
  return out;
}

void unpack_record(std::string_view in, ingest::Record& r) {
  r.event.at = get(in);
  r.event.type = static_cast<int>(get(in));
  r.event.identity = static_cast<std::uint64_t>(get(in));
  r.has_id = get(in) != 0;
  r.line = static_cast<std::uint64_t>(get(in));
  r.event.fields.resize(static_cast<std::size_t>(get(in)));
  for (Value& v : r.event.fields) v = get(in);
  r.event.changes.resize(static_cast<std::size_t>(get(in)));
  for (auto& c : r.event.changes) {
    c.attribute = static_cast<int>(get(in));
    c.value = get(in);
  }
  r.event.asked.resize(static_cast<std::size_t>(get(in)));
  for (auto& p : r.event.asked) {
    p.channel = static_cast<int>(get(in));
    p.slot = static_cast<int>(get(in));
  }
  r.visitor = in;
}

// ---- the two ways to judge ----

class Judge {
 public:
  virtual ~Judge() = default;
  virtual engine::Taken take(std::string_view visitor, const history::Event& event) = 0;
  virtual void finish(Millis end) = 0;
  virtual std::vector<history::Decision> drain() = 0;
  virtual void report(ReplayResult& result) const = 0;
};

class PlanJudge : public Judge {
 public:
  PlanJudge(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, const ReplayOptions& options)
      : engine_(plan, evaluator, texts, {.keep = options.keep}) {
    for (const history::AnswerTable& t : options.tables) engine_.publish(t);
  }
  engine::Taken take(std::string_view visitor, const history::Event& event) override { return engine_.take(visitor, event); }
  void finish(Millis end) override { engine_.advance(end); }
  std::vector<history::Decision> drain() override { return engine_.empty() ? std::vector<history::Decision>{} : engine_.drain(); }
  void report(ReplayResult& r) const override {
    r.visitors = engine_.visitors();
    r.record_bytes = engine_.bytes();
    r.counts = engine_.counts();
  }

 private:
  engine::Engine engine_;
};

class ReferenceJudge : public Judge {
 public:
  ReferenceJudge(const driver::Pack& pack, const base::Texts& texts, const ReplayOptions& options)
      : pack_(pack), texts_(texts), keep_(options.keep), tables_(options.tables), counts_(pack.plan->rules.size()) {}

  engine::Taken take(std::string_view visitor, const history::Event& event) override {
    History& h = histories_[std::string(visitor)];
    if (!h.events.empty() && event.at < h.events.back().at) return engine::Taken::OutOfOrder;
    h.events.push_back(event);
    h.events.back().identity = h.arrivals.distinct(event.at, event.identity);
    return engine::Taken::Yes;
  }

  void finish(Millis end) override {
    const reference::Pack p{&pack_.catalog, pack_.file_list(), pack_.derived_list()};
    std::map<std::pair<std::string, std::string>, std::size_t> rules;
    for (std::size_t i = 0; i < pack_.plan->rules.size(); ++i) rules[{pack_.plan->rules[i].journey, pack_.plan->rules[i].name}] = i;
    for (const auto& [visitor, h] : histories_)
      for (history::Decision& d : reference::judge(p, visitor, h.events, end, texts_, {tables_, reference::HoldOuts::ByHash})) {
        ++counts_[rules[{d.journey, d.rule}]][static_cast<std::size_t>(d.outcome)];
        const bool wanted = d.outcome == history::Outcome::acted || keep_ == engine::Keep::All ||
                            (keep_ == engine::Keep::Recorded && history::outcome_recorded(d.outcome));
        if (wanted) out_.push_back(std::move(d));
      }
  }

  std::vector<history::Decision> drain() override { return std::exchange(out_, {}); }
  void report(ReplayResult& r) const override {
    r.visitors = histories_.size();
    r.counts = counts_;
  }

 private:
  struct History {
    history::SameInstant arrivals;
    std::vector<history::Event> events;
  };
  const driver::Pack& pack_;
  const base::Texts& texts_;
  engine::Keep keep_;
  const std::vector<history::AnswerTable>& tables_;
  std::map<std::string, History> histories_;
  std::vector<history::Decision> out_;
  std::vector<engine::OutcomeCounts> counts_;
};

class Run {
 public:
  Run(const driver::Pack& pack, ingest::Reader& reader, base::Texts& texts, const ReplayOptions& options, const Sink& sink, const Progress& progress)
      : pack_(pack), reader_(reader), texts_(texts), options_(options), sink_(sink), progress_(progress), ordered_(options.sort_memory) {}

  ReplayResult run() {
    const auto start = Clock::now();
    if (!make_judge()) return std::move(result_);
    result_.compile_seconds = since(start);
    ingest::Record record;
    if (options_.any_order) {
      if (!sorted(record)) return std::move(result_);
    } else {
      while (reader_.next(record)) {
        tick();
        take(record);
      }
    }
    if (!reader_.counts().stopped.empty()) {  // half a log is not a log
      result_.error = reader_.counts().stopped;
      return std::move(result_);
    }
    const Millis end = options_.until.value_or(latest_);
    if (result_.events > 0 || options_.until) judge_->finish(end);
    hand_out();
    if (!options_.stream && result_.out_of_order == 0) write_ordered();
    judge_->report(result_);
    result_.seconds = since(start);
    return std::move(result_);
  }

 private:
  bool make_judge() {
    if (options_.engine == EngineKind::Reference) {
      judge_ = std::make_unique<ReferenceJudge>(pack_, texts_, options_);
      result_.tier = "reference";
      return true;
    }
    const plan::Evaluator* evaluator = options_.evaluator;
    if (!evaluator) {
      const driver::Tier tier = options_.engine == EngineKind::Jit      ? driver::Tier::Jit
                                : options_.engine == EngineKind::Interp ? driver::Tier::Interp
                                                                        : driver::Tier::Auto;
      made_ = driver::evaluator(*pack_.plan, tier, result_.error);
      if (!made_) return false;
      evaluator = made_.get();
    }
    result_.tier = evaluator->tier();
    judge_ = std::make_unique<PlanJudge>(*pack_.plan, *evaluator, texts_, options_);
    return true;
  }

  void tick() {
    if (progress_ && (++ticks_ & 0x3fff) == 0) progress_(reader_.counts());
  }

  bool sorted(ingest::Record& record) {
    base::ExternalSort records(options_.sort_memory);
    std::string key;
    while (reader_.next(record)) {
      tick();
      key.clear();
      base::append_key(key, record.event.at);
      key += record.visitor;
      key += '\0';
      base::append_key(key, record.event.type);
      base::append_key(key, static_cast<std::int64_t>(record.event.identity));
      records.add(key, pack_record(record));
    }
    records.finish();
    std::string_view k, payload;
    while (records.next(k, payload)) {
      unpack_record(payload, record);
      take(record);
    }
    result_.error = records.error();
    return result_.error.empty();
  }

  void take(const ingest::Record& record) {
    if (options_.until && record.event.at > *options_.until) {
      ++result_.after_until;
      return;
    }
    if (record.has_id && !known_.first(record.event.identity)) {
      ++result_.duplicates;
      return;
    }
    switch (judge_->take(record.visitor, record.event)) {
      case engine::Taken::Yes: break;
      case engine::Taken::OutOfOrder:
        if (result_.out_of_order++ == 0) result_.first_out_of_order = record.line;
        return;
      case engine::Taken::NeedsHistories:
        if (result_.error.empty())
          result_.error = "the record in line " + std::to_string(record.line) + " came late, or merges visitors: `polku run` cannot take such records yet";
        return;
    }
    ++result_.events;
    latest_ = std::max(latest_, record.event.at);
    hand_out();
  }

  void hand_out() {
    for (const history::Decision& d : judge_->drain()) {
      line_.clear();
      history::append_json(line_, d, pack_.catalog.currency);
      if (options_.stream) {
        sink_(line_);
        ++result_.decisions;
        continue;
      }
      std::string key;
      base::append_key(key, d.at);
      key += d.visitor;
      key += '\0';
      ordered_.add(key, line_);  // of one visitor: in the order they were made
    }
  }

  void write_ordered() {
    ordered_.finish();
    std::string_view key, line;
    while (ordered_.next(key, line)) {
      sink_(line);
      ++result_.decisions;
    }
    if (result_.error.empty()) result_.error = ordered_.error();
  }

  const driver::Pack& pack_;
  ingest::Reader& reader_;
  base::Texts& texts_;
  const ReplayOptions& options_;
  const Sink& sink_;
  const Progress& progress_;
  base::ExternalSort ordered_;
  std::unique_ptr<plan::Evaluator> made_;
  std::unique_ptr<Judge> judge_;  // after what it refers to
  history::KnownIds known_;
  ReplayResult result_;
  Millis latest_ = std::numeric_limits<Millis>::min();
  std::uint64_t ticks_ = 0;
  std::string line_;
};

}  // namespace

ReplayResult replay(const driver::Pack& pack, ingest::Reader& reader, base::Texts& texts, const ReplayOptions& options, const Sink& sink,
                    const Progress& progress) {
  return Run(pack, reader, texts, options, sink, progress).run();
}

}  // namespace polku::cli
