#include "cli/replay.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "cli/judge.h"
#include "runtime/base/external_sort.h"
#include "runtime/history/arrivals.h"
#include "runtime/history/packed.h"

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

void pack_record(const ingest::Record& r, std::string& out) {
  out.clear();
  put(out, r.event.at);
  put(out, r.has_id ? 1 : 0);
  put(out, static_cast<std::int64_t>(r.line));
  history::pack(r.event, out);
  out += r.visitor;
}

void unpack_record(std::string_view in, ingest::Record& r) {
  const Millis at = get(in);
  r.has_id = get(in) != 0;
  r.line = static_cast<std::uint64_t>(get(in));
  history::unpack(in, at, r.event);
  r.visitor = in;
}

class Run {
 public:
  Run(const driver::Pack& pack, ingest::Reader& reader, base::Texts& texts, const ReplayOptions& options, const Sink& sink, const Progress& progress)
      : pack_(pack), reader_(reader), texts_(texts), options_(options), judging_(options), sink_(sink), progress_(progress), ordered_(options.sort_memory) {
    if (options.unknowns) judging_.keep = engine::Keep::All;
  }

  ReplayResult run() {
    const auto start = Clock::now();
    if (!make_judge()) return std::move(result_);
    result_.compile_seconds = since(start);
    ingest::Record record;
    if (options_.histories) {
      read_all();
    } else if (options_.any_order) {
      if (!sorted(record)) return std::move(result_);
    } else {
      while (!result_.needs_histories) {
        const auto batch = reader_.next_batch();
        if (batch.empty()) break;
        coming_.clear();
        for (const ingest::Record& each : batch) {
          known_.prefetch(each.event.identity);
          coming_.push_back({each.visitor, each.event.type});
        }
        judge_->expect(coming_);
        for (const ingest::Record& each : batch) {
          if (result_.needs_histories) break;
          tick();
          take(each);
        }
        if (options_.flush && result_.decisions > flushed_) {
          options_.flush();
          flushed_ = result_.decisions;
        }
      }
    }
    if (result_.needs_histories) return std::move(result_);
    if (!reader_.counts().stopped.empty()) {  // half a log is not a log
      result_.error = reader_.counts().stopped;
      return std::move(result_);
    }
    if (options_.histories && result_.out_of_order == 0) play();
    const Millis end = options_.until.value_or(latest_);
    if (result_.events > 0 || options_.until) {
      reach(end);
      judge_->finish(end);
    }
    hand_out();
    if (!options_.stream && result_.out_of_order == 0) write_ordered();
    judge_->report(result_);
    if (packs_.back().evaluator) result_.tiers = packs_.back().evaluator->tiers();
    result_.seconds = since(start);
    return std::move(result_);
  }

 private:
  bool make_judge() {
    packs_.push_back({0, &pack_, &texts_, options_.evaluator});
    for (const Change& c : options_.changes) packs_.push_back({c.from, c.pack, c.texts, c.evaluator});
    if (options_.engine == EngineKind::Reference) {
      judge_ = reference_judge(packs_, judging_);
      result_.tier = "reference";
      return true;
    }
    for (Holding& h : packs_) {
      if (h.evaluator) continue;
      const driver::Tier tier = options_.engine == EngineKind::Jit      ? driver::Tier::Jit
                                : options_.engine == EngineKind::Interp ? driver::Tier::Interp
                                                                        : driver::Tier::Auto;
      made_.push_back(driver::evaluator(*h.pack->plan, {.tier = tier, .cache = options_.cache, .count = options_.count_evaluations}, result_.error));
      if (!made_.back()) return false;
      h.evaluator = made_.back().get();
    }
    result_.tier = packs_.front().evaluator->tier();
    judge_ = plan_judge(packs_, judging_);
    return true;
  }

  void tick() {
    if (progress_ && (++ticks_ & 0x3fff) == 0) progress_(reader_.counts());
  }

  bool sorted(ingest::Record& record) {
    base::ExternalSort records(options_.sort_memory);
    while (reader_.next(record)) {
      tick();
      key_.clear();
      base::append_key(key_, record.event.at);
      key_ += record.visitor;
      key_ += '\0';
      base::append_key(key_, record.event.type);
      base::append_key(key_, static_cast<std::int64_t>(record.event.identity));
      pack_record(record, line_);
      records.add(key_, line_);
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
    if (options_.until && received(record.event) > *options_.until) {
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
        result_.needs_histories = record.line;
        return;
    }
    ++result_.events;
    latest_ = std::max(latest_, record.event.at);
    hand_out();
  }

  // ---- with histories: everything is read first ----

  struct Reached {
    std::string visitor;
    history::Event event;
    std::uint64_t line = 0;
    std::size_t era = 0;
    bool has_id = false;
  };

  static Millis received(const history::Event& event) { return event.received == kUnknown ? event.at : std::max(event.at, event.received); }

  // Each pack reads the whole log, and keeps what was received while it held.
  void read_all() {
    ingest::Record record;
    for (std::size_t era = 0; era < packs_.size(); ++era) {
      ingest::Reader& reader = era == 0 ? reader_ : *options_.changes[era - 1].reader;
      while (reader.next(record)) {
        tick();
        const Millis when = received(record.event);
        if (era > 0 && when < packs_[era].from) continue;
        if (era + 1 < packs_.size() && when >= packs_[era + 1].from) continue;
        reached_.push_back({std::string(record.visitor), record.event, record.line, era, record.has_id});
      }
    }
    if (packs_.size() > 1) std::sort(reached_.begin(), reached_.end(), [](const Reached& a, const Reached& b) { return a.line < b.line; });
    if (options_.any_order) {
      std::sort(reached_.begin(), reached_.end(), [](const Reached& a, const Reached& b) {
        return std::tuple(received(a.event), a.event.at, std::string_view(a.visitor), a.event.type, a.event.identity) <
               std::tuple(received(b.event), b.event.at, std::string_view(b.visitor), b.event.type, b.event.identity);
      });
    }
    std::unordered_map<std::string, Millis> latest;
    std::vector<std::pair<Millis, std::size_t>> order;
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      const Reached& r = reached_[i];
      const Millis when = received(r.event);
      if (options_.until && when > *options_.until) {
        ++result_.after_until;
        continue;
      }
      if (r.has_id && !known_.first(r.event.identity)) {
        ++result_.duplicates;
        continue;
      }
      Millis& last = latest.try_emplace(r.visitor, when).first->second;
      if (when < last) {
        if (result_.out_of_order++ == 0) result_.first_out_of_order = r.line;
        continue;
      }
      last = when;
      order.emplace_back(when, i);
    }
    std::sort(order.begin(), order.end());
    std::vector<Reached> sorted;
    sorted.reserve(order.size());
    for (const auto& [when, i] : order) sorted.push_back(std::move(reached_[i]));
    reached_ = std::move(sorted);
  }

  // As everything came: records, times the engine was down, packs that begin to hold.
  void play() {
    std::size_t era = 1, outage = 0, i = 0;
    const auto before = [&](Millis until) {  // what happens besides records, until one that is received then
      for (;;) {
        const bool changes = era < packs_.size() && packs_[era].from <= until;
        const bool down = outage < options_.outages.size() && options_.outages[outage].from < until;
        if (changes && (!down || packs_[era].from <= options_.outages[outage].from)) {
          reach(packs_[era].from - 1);
          judge_->change(era++);
        } else if (down) {
          const Outage o = options_.outages[outage++];
          reach(o.from);
          Judge::Waiting waiting;
          for (; i < reached_.size() && received(reached_[i].event) <= o.to; ++i) {
            waiting.emplace_back(std::move(reached_[i].visitor), std::move(reached_[i].event));
            ++result_.events;
          }
          judge_->resume(o.to, waiting);
          latest_ = std::max(latest_, o.to);
        } else {
          return;
        }
        hand_out();
      }
    };
    while (i < reached_.size()) {
      const Millis when = received(reached_[i].event);
      const std::size_t next = i;
      before(when);
      if (i != next) continue;
      judge_->take(reached_[i].visitor, reached_[i].event);
      ++i;
      ++result_.events;
      latest_ = std::max(latest_, when);
      hand_out();
    }
    before(options_.until.value_or(latest_));
  }

  // Everything that is due until then. Of millions of visitors that have been silent only so much at a time is kept.
  void reach(Millis until) {
    for (bool all = false; !all;) {
      all = judge_->reach(until);
      hand_out();
    }
  }

  void hand_out() {
    for (const auto& [d, era] : judge_->drain()) {
      if (options_.unknowns) {
        for (const history::Reason& r : d.because)
          if (r.is == history::Tri::Unknown) ++result_.unknowns[{d.journey, d.rule, r.clause}];
        if (!handed_out(d.outcome, options_.keep)) continue;
      }
      line_.clear();
      history::append_json(line_, d, packs_[era].pack->catalog.currency);
      if (options_.stream) {
        sink_(line_);
        ++result_.decisions;
        continue;
      }
      key_.clear();
      base::append_key(key_, d.at);
      key_ += d.visitor;
      key_ += '\0';
      ordered_.add(key_, line_);  // of one visitor: in the order they were made
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
  ReplayOptions judging_;  // as the judge has them
  const Sink& sink_;
  const Progress& progress_;
  base::ExternalSort ordered_;
  std::vector<std::unique_ptr<plan::Evaluator>> made_;
  std::vector<Holding> packs_;
  std::unique_ptr<Judge> judge_;  // after what it refers to
  std::vector<Reached> reached_;  // with histories: in the order in which they were received
  std::vector<engine::Engine::Coming> coming_;
  history::KnownIds known_;
  ReplayResult result_;
  Millis latest_ = std::numeric_limits<Millis>::min();
  std::uint64_t ticks_ = 0, flushed_ = 0;  // flushed_: how many decisions
  std::string line_, key_;
};

}  // namespace

ReplayResult replay(const driver::Pack& pack, ingest::Reader& reader, base::Texts& texts, const ReplayOptions& options, const Sink& sink,
                    const Progress& progress) {
  return Run(pack, reader, texts, options, sink, progress).run();
}

}  // namespace polku::cli
