// Random packs and logs through the service, which sleeps, moves visitors between shards, is stopped, crashes and starts again on the way: it must decide
// what one engine decides that reads the whole log.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "runtime/history/portable.h"
#include "runtime/ingest/ingest.h"
#include "runtime/shards/replay.h"
#include "runtime/shards/service.h"
#include "tests/differential/engines.h"
#include "tests/differential/generate.h"
#include "tests/differential/hardships.h"
#include "tests/differential/random.h"

namespace polku::differential {
namespace {

using Lines = std::vector<std::string>;
using shards::Message;
using shards::Service;
using shards::ServiceOptions;

struct Totals { std::size_t replays = 0, cases = 0, differences = 0, decisions = 0, stops = 0, crashes = 0, changes = 0, broken = 0; shards::ShardCounts counts; };

// Waits for whoever holds the ticket.
class Wait {
 public:
  std::shared_ptr<shards::Ticket> ticket(std::size_t messages) {
    auto t = std::make_shared<shards::Ticket>();
    t->open = messages;
    t->settled = [this] {
      const std::lock_guard lock(mutex_);
      done_ = true;
      there_.notify_one();
    };
    return t;
  }
  bool done() {
    std::unique_lock lock(mutex_);
    return there_.wait_for(lock, std::chrono::seconds(30), [&] { return done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable there_;
  bool done_ = false;
};

// Null: it does not compile.
shards::PackPtr pack_of(const std::string& text) {
  const auto folder = driver::unarchive(text);
  if (!folder) return nullptr;
  std::shared_ptr<driver::Pack> compiled = driver::compile(folder->catalog, folder->rules, true);  // as the other engines' packs are
  std::string error;
  auto evaluator = compiled->plan ? driver::evaluator(*compiled->plan, {.tier = driver::Tier::Interp}, error) : nullptr;
  if (!evaluator) return nullptr;
  auto pack = std::make_shared<shards::Pack>();
  pack->text = text;
  pack->name = std::to_string(std::hash<std::string>()(text));
  pack->plan = {compiled, &*compiled->plan};
  pack->evaluator = std::move(evaluator);
  return pack;
}

shards::PackPtr pack_of(const std::string& catalog, const std::vector<RuleFile>& files) {
  driver::Folder folder{{"catalog.yaml", catalog}, {}};
  for (const RuleFile& f : files) folder.rules.push_back({f.name, f.text});
  return pack_of(driver::archive(folder));
}

class Case {
 public:
  // later: what the pack is replaced by at `from`; null: nothing.
  Case(shards::PackPtr pack, shards::PackPtr later, Millis from, std::uint64_t seed, std::string folder, Totals& totals)
      : pack_(std::move(pack)), later_(std::move(later)), from_(from), random_(seed * 2 + 1), folder_(std::move(folder)), totals_(totals) {}
  ~Case() {
    service_.reset();
    std::error_code ec;
    std::filesystem::remove_all(folder_, ec);
  }

  // All decisions; or `error`.
  Lines run(const std::string& log, std::string& error) {
    options_.data = folder_ + "/0";
    options_.shards = static_cast<std::size_t>(random_.between(1, 4));
    options_.clock = ServiceOptions::Clock::Log;
    options_.most_awake = options_.shards * static_cast<std::size_t>(random_.of({1, 2, 1000}));
    options_.save_after = random_.of({0, 0, 10'000});
    options_.durable = false;
    options_.most_replayed = random_.percent(30) ? 0 : 256;
    options_.store.buffer_bytes = 1u << 20;
    options_.store.cache_bytes = 1u << 20;
    if (!start(error)) return {};
    if (later_) {
      if (!part(log, std::numeric_limits<Millis>::min(), from_, error)) return {};
      if (!advance(from_ - 1, error)) return {};
      ++totals_.changes;
      if (random_.percent(50)) {
        if (error = service_->reload(later_); !error.empty()) return {};
        pack_ = later_;
      } else {  // while it was stopped
        note();
        service_.reset();
        pack_ = later_;
        if (!start(error)) return {};
      }
      if (!part(log, from_, std::numeric_limits<Millis>::max(), error)) return {};
    } else if (!part(log, std::numeric_limits<Millis>::min(), std::numeric_limits<Millis>::max(), error)) {
      return {};
    }
    if (latest_ != std::numeric_limits<Millis>::min() && !advance(latest_, error)) return {};
    error = service_->counts().fault;
    note();
    if (error.empty() && !later_) check_replay(error);
    return decisions_;
  }

 private:
  bool start(std::string& error) {
    const auto make = [this](const std::string& text, std::string& why) {
      made_.push_back(pack_of(text));
      if (!made_.back()) why = "it does not compile";
      return made_.back();
    };
    service_ = Service::start(pack_, make, options_, error);
    return service_ != nullptr;
  }
  // Time passes for everybody, and all that follows from it is durable.
  bool advance(Millis until, std::string& error) {
    const auto done = [&] {
      const shards::ServiceCounts c = service_->counts();
      return !c.fault.empty() || (c.waiting == 0 && c.all.swept && c.all.clock >= until && c.uncommitted == 0);
    };
    for (service_->advance(until); !done() || !done();) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the second look: a sweep may have ended in between
    return read(error);
  }
  // The records that were received from `begin` on and before `end`.
  bool part(const std::string& log, Millis begin, Millis end, std::string& error) {
    base::Texts texts;
    const catalog::Catalog& catalog = pack_->plan->catalog;
    const catalog::Source* source = catalog.sources.empty() ? nullptr : &catalog.sources.front();
    ingest::Opened opened = ingest::open_text(log, catalog, source, texts);
    if (!opened.reader) return true;
    const history::Portable portable(catalog, texts);
    ingest::Record record;
    std::vector<Message> batch;
    under_.clear();
    for (bool more = true; more;) {
      more = opened.reader->next(record);
      const Millis received = !more ? 0 : record.event.received == kUnknown ? record.event.at : std::max(record.event.at, record.event.received);
      if (more && (received < begin || received >= end)) continue;
      const bool again = more && record.has_id && !known_.insert(record.event.identity).second;
      // Records that are on their way at once have no order between names. Whoever tells of a merge, or of one person by two names, or sends again, waits for the answer.
      const bool merge = more && record.event.type == history::kMerge;
      const std::string name(more ? record.visitor : "");
      const bool other_name = more && under_.try_emplace(person(name), name).first->second != name;
      if (merge || other_name || again) {
        if (!send(std::exchange(batch, {}), error)) return false;
        if (merge) persons_[person(record.event.merges)] = person(name);
        under_.clear();
        under_[person(name)] = name;
      }
      if (more) {
        Message m;
        m.visitor = record.visitor;
        m.received = received;
        if (!again) latest_ = std::max(latest_, m.received);
        m.has_id = record.has_id;
        m.merges = record.event.type == history::kMerge;
        m.also = record.event.merges;
        portable.write(record.event, m.bytes);
        batch.push_back(std::move(m));
      }
      if (more && !merge && static_cast<std::int64_t>(batch.size()) < size_) continue;
      if (!send(std::exchange(batch, {}), error)) return false;
      under_.clear();
      size_ = random_.between(1, 40);
      if (!befall(error)) return false;
    }
    return true;
  }
  // What the log makes from its beginning is what the folder holds; and where somebody is missing, that is seen.
  void check_replay(std::string& error) {
    service_.reset();
    const auto differences = [&]() -> std::uint64_t {
      const auto replay = shards::Replay::begin(options_.data, [this](const std::string&, std::string&) { return pack_; }, error);
      if (!replay) return 0;
      while (replay->step()) {
      }
      if (replay->different() > 0) error = "read again: " + replay->differences().front();
      ++totals_.replays;
      return replay->different();
    };
    if (differences() > 0 || !error.empty()) return;
    {
      const auto store = store::Store::open(options_.data, options_.store, error);
      if (!store) return;
      store::Store::Scan scan = store->scan(store::Table::Visitors);
      scan.seek({});
      if (!scan.valid()) return;
      store::Writes writes;
      writes.erase(store::Table::Visitors, scan.key());
      if (error = store->write(writes, false); !error.empty()) return;
    }
    error = differences() == 1 ? "" : "somebody is missing, and it is not seen";
  }
  std::string person(const std::string& name) const {
    const auto p = persons_.find(name);
    return p == persons_.end() || p->second == name ? name : person(p->second);
  }
  bool send(std::vector<Message>&& batch, std::string& error) {
    if (batch.empty()) return true;
    Wait wait;
    const auto ticket = wait.ticket(batch.size());
    for (Message& m : batch) m.ticket = ticket;
    if (!service_->submit(std::move(batch))) error = "too many are waiting";
    else if (!wait.done()) error = "nobody answers: " + service_->counts().fault;
    return error.empty() && read(error);
  }
  // What was decided since.
  bool read(std::string& error) {
    for (std::vector<shards::Delivery> out;;) {
      error = service_->read(position_, 1000, std::chrono::milliseconds(0), out);
      if (!error.empty()) return false;
      for (const shards::Delivery& d : out) decisions_.push_back(d.json.substr(0, d.json.rfind(",\"pack\":")) + '}');
      if (out.empty() && position_ >= service_->position()) return true;
    }
  }
  bool befall(std::string& error) {
    if (random_.percent(15)) {
      ++totals_.stops;
      note();
      service_.reset();
      return start(error);
    }
    if (!random_.percent(15)) return true;
    ++totals_.crashes;
    note();
    options_.data = folder_ + "/" + std::to_string(++copies_);
    if (error = service_->backup(options_.data); !error.empty()) return false;
    if (!read(error)) return false;  // what was decided until then, and perhaps what only the one that goes on without us decided
    service_.reset();
    const std::uint64_t seen = position_;
    if (!start(error)) return false;
    if (service_->position() < seen) position_ = service_->position();
    return true;
  }
  void note() {
    const shards::ShardCounts c = service_->counts().all;
    totals_.counts.woken += c.woken;
    totals_.counts.slept += c.slept;
    totals_.counts.merges += c.merges;
    totals_.counts.moves += c.moves;
    totals_.counts.saved += c.saved;
  }

  shards::PackPtr pack_;
  const shards::PackPtr later_;
  const Millis from_;
  Random random_;
  const std::string folder_;
  Totals& totals_;
  ServiceOptions options_;
  std::unique_ptr<Service> service_;
  std::uint64_t position_ = 0;
  std::int64_t size_ = 20;
  int copies_ = 0;
  Lines decisions_;
  std::vector<shards::PackPtr> made_;
  std::set<std::uint64_t> known_;
  Millis latest_ = std::numeric_limits<Millis>::min();
  std::map<std::string, std::string> persons_, under_;  // of a name, who they have become; of those in the batch, by which name
};

void run_pack(std::uint64_t pack_seed, const std::vector<std::uint64_t>& logs, const std::string& folder, bool print, Totals& t) {
  const Pack pack = make_pack(pack_seed);
  const Compiled compiled = compile(pack.catalog, pack.files, false);
  const shards::PackPtr made = pack_of(pack.catalog, pack.files);
  std::string error;
  if (!compiled.engines || !made) {
    ++t.broken;
    return;
  }
  const Change change = make_change(pack, pack_seed);
  const shards::PackPtr later = pack_of(change.catalog, change.files);
  Tally tally;
  for (const std::uint64_t log : logs) {
    Input input = make_input(pack, log, change, tally);
    input.outages.clear();
    input.tables.clear();
    if (!later) input.change.reset();
    const Millis from = input.change ? input.change->from : 0;
    input.engine_afresh = input.reference_afresh = input.jit_naps = false;
    Lines expected = compiled.engines->run(Engine::Shipped, input, error);
    if (!error.empty()) {
      std::printf("--pack %llu --log %llu cannot be run: %s\n", static_cast<unsigned long long>(pack_seed), static_cast<unsigned long long>(log), error.c_str());
      ++t.broken;
      error.clear();
      continue;
    }
    if (expected.size() > 5000) continue;
    while (!expected.empty() && !expected.back().starts_with('{')) expected.pop_back();  // the counts
    Lines found;
    {
      Case one(made, input.change ? later : nullptr, from, log, folder, t);
      found = one.run(input.log, error);
    }
    ++t.cases;
    t.decisions += expected.size();
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    if (error.empty() && expected == found) continue;
    ++t.differences;
    std::printf("Difference: --pack %llu --log %llu: %s\n", static_cast<unsigned long long>(pack_seed), static_cast<unsigned long long>(log), error.c_str());
    Lines missing, excess;
    std::set_difference(expected.begin(), expected.end(), found.begin(), found.end(), std::back_inserter(missing));
    std::set_difference(found.begin(), found.end(), expected.begin(), expected.end(), std::back_inserter(excess));
    std::printf("  expected %zu, missing %zu%s%s\n", expected.size(), missing.size(), missing.empty() ? "" : ", the first ", missing.empty() ? "" : missing[0].c_str());
    std::printf("  found %zu, excess %zu%s%s\n", found.size(), excess.size(), excess.empty() ? "" : ", the first ", excess.empty() ? "" : excess[0].c_str());
    if (print) {
      for (const std::string& line : missing) std::printf("missing: %s\n", line.c_str());
      for (const std::string& line : excess) std::printf("excess: %s\n", line.c_str());
      for (const std::string& line : found) std::printf("found: %s\n", line.c_str());
      std::printf("%s\n", pack.catalog.c_str());
      for (const RuleFile& f : pack.files) std::printf("--- %s\n%s\n", f.name.c_str(), f.text.c_str());
      std::printf("%s\n", input.log.c_str());
    }
    error.clear();
  }
}

}  // namespace
}  // namespace polku::differential

int main(int argc, char** argv) {
  using namespace polku::differential;
  std::size_t cases = 100;
  std::uint64_t seed = 1, pack = 0, log = 0;
  bool print = false;
  CLI::App app("Random logs through the service, which sleeps, crashes and starts again; one engine over the whole log must decide the same.");
  app.add_option("--cases", cases, "how many (pack, log) pairs")->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "of everything");
  app.add_option("--pack", pack, "only this pack, by the number that was printed");
  app.add_option("--log", log, "only this log");
  app.add_flag("--print", print, "print packs and logs that differ");
  CLI11_PARSE(app, argc, argv);
  const std::string folder = (std::filesystem::temp_directory_path() / ("polku-live-" + std::to_string(getpid()))).string();
  Totals t;
  if (pack != 0) {
    run_pack(pack, {log}, folder, print, t);
  } else {
    Random seeds(seed);
    while (t.cases < cases && t.broken < 20) {
      const std::uint64_t p = seeds.next() >> 24;
      std::vector<std::uint64_t> logs(5);
      for (std::uint64_t& l : logs) l = seeds.next() >> 24;
      run_pack(p, logs, folder, print, t);
    }
  }
  std::printf("%zu decisions; %zu stops, %zu crashes, %zu packs replaced, %zu logs read again; visitors were merged %llu times, moved to other shards %llu times, woke %llu times, written down %llu times\n", t.decisions, t.stops,
              t.crashes, t.changes, t.replays, static_cast<unsigned long long>(t.counts.merges), static_cast<unsigned long long>(t.counts.moves), static_cast<unsigned long long>(t.counts.woken),
              static_cast<unsigned long long>(t.counts.saved));
  std::printf("%zu passed, %zu failed\n", t.cases - t.differences, t.differences);
  return t.differences == 0 && t.broken == 0 ? 0 : 1;
}
