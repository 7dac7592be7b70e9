#include "compiler/jit/jit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>

#include <llvm/Config/llvm-config.h>

#include "compiler/jit/emit.h"
#include "compiler/jit/groups.h"
#include "compiler/jit/link.h"
#include "compiler/jit/object.h"

namespace polku::jit {
namespace {

using plan::CodeId;
using plan::Context;
using plan::Evaluator;
using Clock = std::chrono::steady_clock;
using Machine = std::shared_ptr<const Linked>;

std::size_t at(std::int32_t n) { return static_cast<std::size_t>(n); }

// ---- machine code of this process, by content; whoever uses it keeps it ----

class Shared {
 public:
  Machine find(const base::CacheKey& key) {
    const std::scoped_lock lock(mutex_);
    const auto it = known_.find(key);
    return it == known_.end() ? nullptr : it->second.lock();
  }
  void add(const base::CacheKey& key, const Machine& machine) {
    const std::scoped_lock lock(mutex_);
    if (known_.size() >= next_sweep_) {
      std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
      next_sweep_ = 2 * known_.size() + 64;
    }
    known_[key] = machine;
  }

 private:
  std::mutex mutex_;
  std::map<base::CacheKey, std::weak_ptr<const Linked>> known_;
  std::size_t next_sweep_ = 64;
};

Shared& shared() {
  static Shared& all = *new Shared;  // never destroyed: programs may be, later than any static
  return all;
}

// ---- counting, without threads in each other's way ----

class Counter {
 public:
  void add() { cells_[own_cell()].n.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const Cell& c : cells_) sum += c.n.load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static std::size_t own_cell() {
    static std::atomic<std::size_t> next = 0;
    thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed) % 16;
    return own;
  }
  struct alignas(64) Cell { std::atomic<std::uint64_t> n = 0; };
  std::array<Cell, 16> cells_;
};

// ---- a program ----

// Whoever evaluates goes before the thread that compiles, and those it starts. Linux alone gives a thread a priority of its own.
void step_back() {
#ifdef __linux__
  ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + 10);
#endif
}

class Program final : public Evaluator {
 public:
  // first: null if nothing is evaluated before all is compiled.
  Program(const plan::Plan& plan, std::unique_ptr<Evaluator> first, const Options& options)
      : Evaluator(plan.codes.size(), way(options)), plan_(plan), first_(std::move(first)), options_(options) {
    tiers_.codes = tiers_.waiting = plan.codes.size();  // until it is known how many are different
    if (options.turn_after > 0 || options.count) native_ = std::make_unique<std::atomic<Function>[]>(plan.codes.size());
    if (options.turn_after > 0) turns_ = std::make_unique<std::atomic<std::uint32_t>[]>(plan.codes.size());
  }
  ~Program() override {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    more_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void start() {
    guarded([this] {
      thread_ = std::thread([this] {
        step_back();
        run();
        for (;;) {  // and what comes later
          {
            std::unique_lock lock(mutex_);
            more_.wait(lock, [this] { return stop_ || (!given_up_ && first_free() < taken_.size()); });
            if (stop_) return;
          }
          run();
        }
      });
    });
  }

  // Compiles all that there is; what it throws is a fault.
  void run() noexcept {
    guarded([this] {
      base::FileCache cache(options_.cache, "polku code 1\n", options_.cache_bytes);
      std::size_t threads = options_.threads;
      {
        const std::scoped_lock lock(mutex_);
        add_codes();
        threads = std::min(threads, taken_.size() - first_free());
      }
      std::vector<std::thread> more;
      struct Join {
        std::vector<std::thread>& threads;
        ~Join() { for (std::thread& t : threads) t.join(); }
      } join{more};
      guarded([&] {
        while (more.size() + 1 < threads) more.emplace_back([this, &cache] { guarded([&] { work(cache); }); });
      });
      work(cache);
    });
  }

  std::string fault() const {
    const std::scoped_lock lock(mutex_);
    return fault_;
  }

  void extend(const std::function<void()>& change) override {
    {
      const std::scoped_lock lock(mutex_);  // whoever compiles looks at the plan under it alone
      const std::size_t before = plan_.codes.size();
      if (first_) first_->extend(change);
      else change();
      const std::size_t codes = plan_.codes.size();
      if (codes == before) return;
      grow(codes, way(options_));
      if (native_) native_ = longer(native_, before, codes);
      if (turns_) turns_ = longer(turns_, before, codes);
      if (grouped_) add_codes();  // else run() has yet to begin, and meets them
    }
    if (thread_.joinable()) return more_.notify_all();
    if (first_ && options_.turn_after == 0) return start();
    run();
    if (!first_ && !fault().empty()) throw std::runtime_error(fault());
  }

  const char* tier() const override { return "jit"; }

  plan::Tiers tiers() const override {
    plan::Tiers t;
    {
      const std::scoped_lock lock(mutex_);
      t = tiers_;
      t.fault = fault_.empty() ? cache_fault_ : fault_;
    }
    t.interpreted = interpreted_.total();
    t.native = native_count_.total();
    return t;
  }

 private:
  // ---- how a code is run ----

  static Function way(const Options& options) { return options.turn_after > 0 ? &turning : options.count ? &counted_interpreted : &interpreted; }
  static const Program& of(const Evaluator* self) { return *static_cast<const Program*>(self); }

  static Value interpreted(const Context* context, const Evaluator* self, CodeId code) {
    const Program& p = of(self);
    if (p.wanted_.load(std::memory_order_relaxed) < 0) p.wanted_.store(code, std::memory_order_relaxed);
    return p.first_->evaluate(code, *context);
  }
  static Value counted_interpreted(const Context* context, const Evaluator* self, CodeId code) {
    of(self).interpreted_.add();
    return interpreted(context, self, code);
  }
  static Value counted_native(const Context* context, const Evaluator* self, CodeId code) {
    of(self).native_count_.add();
    return of(self).native(context, code);
  }
  // By the number of evaluations, not by the time.
  static Value turning(const Context* context, const Evaluator* self, CodeId code) {
    const Program& p = of(self);
    const bool early = p.turns_[at(code)].fetch_add(1, std::memory_order_relaxed) < p.options_.turn_after;
    return early || !p.native_[at(code)].load(std::memory_order_acquire) ? counted_interpreted(context, self, code) : counted_native(context, self, code);
  }
#if defined(__clang__)
  __attribute__((no_sanitize("function")))
#endif
  Value native(const Context* context, CodeId code) const { return native_[at(code)].load(std::memory_order_acquire)(context, this, code); }

  // ---- making machine code ----

  static double seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

  template <class Work>
  void guarded(Work work) noexcept {
    try {
      work();
    } catch (const std::exception& e) {
      const std::scoped_lock lock(mutex_);
      give_up(e.what());
    }
  }

  // With mutex_ held, these four.
  void fail(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
  }
  void give_up(std::string why) {
    fail(std::move(why));
    given_up_ = true;
  }
  std::size_t first_free() {
    while (next_ < taken_.size() && taken_[next_]) ++next_;
    return next_;
  }
  // Those of the plan that are not in groups yet.
  void add_codes() {
    const std::size_t known = groups_.first.size();
    if (given_up_) return;
    if (std::string broken = check(plan_, groups_.of.size()); !broken.empty()) return give_up(std::move(broken));
    const auto begin = Clock::now();
    if (grouped_) add_groups(groups_, plan_, target(options_));
    else groups_ = make_groups(plan_, target(options_));
    taken_.resize(groups_.groups.size());
    machines_.resize(groups_.groups.size());
    tiers_.codes = groups_.first.size();
    tiers_.waiting = (grouped_ ? tiers_.waiting : 0) + groups_.first.size() - known;
    tiers_.seconds += seconds(begin);
    grouped_ = true;
  }

  template <class T>
  static std::unique_ptr<std::atomic<T>[]> longer(const std::unique_ptr<std::atomic<T>[]>& all, std::size_t before, std::size_t now) {
    auto more = std::make_unique<std::atomic<T>[]>(now);
    for (std::size_t i = 0; i < before; ++i) more[i].store(all[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    return more;
  }

  // The next group nobody has taken: that of a code evaluated just now, else the first. Null: none is left.
  const Group* next() {
    const CodeId wanted = wanted_.exchange(-1, std::memory_order_relaxed);
    const std::scoped_lock lock(mutex_);
    if (given_up_) return nullptr;
    std::size_t i = at(wanted) < groups_.of.size() ? at(groups_.of[at(wanted)]) : taken_.size();  // -1 is beyond all
    if (i >= taken_.size() || taken_[i]) i = first_free();
    if (i >= taken_.size()) return nullptr;
    taken_[i] = true;
    return &groups_.groups[i];
  }

  void work(base::FileCache& cache) {
    std::unique_ptr<Generator> generator;  // made when something must be compiled
    while (!stop_) {
      const Group* group = next();
      if (!group) break;
      const auto begin = Clock::now();
      Machine machine = shared().find(group->key);
      const bool cached = machine || (machine = from_file(*group, cache));
      if (!machine) {
        auto made = compile(*group, generator, cache);
        if (!made) {
          std::string why = llvm::toString(made.takeError());
          const std::scoped_lock lock(mutex_);
          generator ? fail(std::move(why)) : give_up(std::move(why));  // without one no other will fare better
          continue;
        }
        machine = std::move(*made);
      }
      publish(*group, machine, cached, begin);
    }
    const std::scoped_lock lock(mutex_);
    cache_fault_ = cache.fault();
  }

  Machine from_file(const Group& group, const base::FileCache& cache) const {
    const std::optional<std::string> bytes = cache.get(group.key);
    if (!bytes) return nullptr;
    auto linked = link({*bytes, "cached"}, group.codes.size());
    if (linked) return std::move(*linked);
    llvm::consumeError(linked.takeError());  // not what its key says: it is made and written anew
    return nullptr;
  }

  llvm::Expected<Machine> compile(const Group& group, std::unique_ptr<Generator>& generator, base::FileCache& cache) {
    if (!generator) {
      auto made = Generator::make(options_);
      if (!made) return made.takeError();
      generator = std::move(*made);
    }
    std::vector<plan::Code> copies;
    {
      const std::scoped_lock lock(mutex_);
      for (const std::int32_t c : group.codes) copies.push_back(plan_.codes[at(groups_.first[at(c)])]);
    }
    std::vector<const plan::Code*> codes;
    for (const plan::Code& code : copies) codes.push_back(&code);
    auto object = generator->object(codes);
    if (!object) return object.takeError();
    auto linked = link(**object, codes.size());
    if (linked) cache.put(group.key, (*object)->getBuffer());
    return linked;
  }

  void publish(const Group& group, Machine machine, bool cached, Clock::time_point begin) {
    shared().add(group.key, machine);
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < group.codes.size(); ++i) {
      const Function function = machine->functions()[i];
      for (CodeId id = groups_.first[at(group.codes[i])]; id >= 0; id = groups_.same[at(id)]) {
        if (native_) native_[at(id)].store(function, std::memory_order_release);
        if (options_.turn_after == 0) become(id, options_.count ? &counted_native : function);
      }
    }
    machines_[group.number] = std::move(machine);
    (cached ? tiers_.cached : tiers_.compiled) += group.codes.size();
    tiers_.waiting -= group.codes.size();
    tiers_.seconds += seconds(begin);
  }

  const plan::Plan& plan_;
  const std::unique_ptr<Evaluator> first_;
  const Options options_;
  std::unique_ptr<std::atomic<Function>[]> native_;         // of each code, where it is not what evaluate() calls itself
  std::unique_ptr<std::atomic<std::uint32_t>[]> turns_;     // evaluations so far of each code
  mutable std::atomic<CodeId> wanted_ = -1;                 // one that was interpreted since the compiler last looked
  mutable Counter interpreted_, native_count_;

  mutable std::mutex mutex_;   // for what follows, for the plan, and for what grows: whoever compiles reads these under it
  std::condition_variable more_;
  Groups groups_;              // what a group holds stays as it is
  bool grouped_ = false, given_up_ = false;
  std::vector<bool> taken_;    // of each group
  std::size_t next_ = 0;
  std::vector<Machine> machines_;
  plan::Tiers tiers_;
  std::string fault_, cache_fault_;

  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

std::vector<const plan::Code*> all_codes(const plan::Plan& plan) {
  std::vector<const plan::Code*> codes;
  for (const plan::Code& code : plan.codes) codes.push_back(&code);
  return codes;
}

}  // namespace

Compiled compile(const plan::Plan& plan, const Options& options, std::unique_ptr<plan::Evaluator> first) try {
  auto program = std::make_unique<Program>(plan, std::move(first), options);
  program->run();
  if (std::string fault = program->fault(); !fault.empty()) return {nullptr, std::move(fault)};
  return {std::move(program), {}};
} catch (const std::exception& e) {
  return {nullptr, e.what()};
}

Compiled compile(const plan::Plan& plan, Level level) {
  Options options;
  options.level = level;
  return compile(plan, options);
}

std::unique_ptr<plan::Evaluator> in_background(const plan::Plan& plan, std::unique_ptr<plan::Evaluator> first, const Options& options) {
  auto program = std::make_unique<Program>(plan, std::move(first), options);
  if (options.turn_after > 0) program->run();
  else program->start();
  return program;
}

std::string print_ir(const plan::Plan& plan, Level level, bool optimized) try {
  if (std::string broken = check(plan); !broken.empty()) return "; " + broken + "\n";
  Options options;
  options.level = level;
  auto generator = Generator::make(options);
  auto text = generator ? (*generator)->print(all_codes(plan), optimized) : llvm::Expected<std::string>(generator.takeError());
  if (!text) return "; " + llvm::toString(text.takeError()) + "\n";
  return std::move(*text);
} catch (const std::exception& e) {
  return std::string("; ") + e.what() + "\n";
}

std::string llvm_version() { return LLVM_VERSION_STRING; }

}  // namespace polku::jit
