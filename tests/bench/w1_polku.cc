#include "tests/bench/w1_polku.h"

#include <stdexcept>
#include <vector>

#include "compiler/driver/driver.h"
#include "runtime/engine/dispatch.h"
#include "runtime/engine/engine.h"

namespace polku::bench {

struct Polku::Impl {
  const Workload& workload;
  std::unique_ptr<driver::Pack> pack;
  std::unique_ptr<plan::Evaluator> evaluator;
  base::Texts texts;
  engine::Dispatch dispatch;
  std::vector<Value> attributes;                // row by row, in the order of the catalog
  std::size_t width = 0;
  std::vector<std::uint8_t> types;              // of each row's event
  std::unique_ptr<record::Empty> empty;
  base::Pieces units;
  std::unique_ptr<base::Slots> records;         // of each row a visitor's, as the engine keeps it
  record::Record& record(std::size_t i) const { return *reinterpret_cast<record::Record*>(records->at(static_cast<std::uint32_t>(i))); }
  std::vector<Value> unpacked;
  match::Scratch scratch;
  std::vector<match::Tally> unknown;            // by type
  std::vector<std::uint32_t> line;              // of each rule of the plan: its line in rules.jsonl
  std::vector<const engine::Dispatch::Group*> groups;  // by type
  std::vector<std::string> visitors;
  std::unique_ptr<engine::Engine> engine;
  Millis now = 0;
  base::Zone zone = base::Zone::utc();

  explicit Impl(const Workload& w) : workload(w) {}

  const plan::Plan& plan() const { return *pack->plan; }

  // What conditions see besides attributes: nothing happened before.
  class Looks final : public match::Asker {
   public:
    Looks(Impl& of, const record::Record& record) : of_(of), record_(record) {}
    const plan::Context& context(bool attributes) override {
      if (!context_.state) {
        view_ = {&of_.plan(), &record_, &of_.texts, &of_.zone};
        context_ = {of_.now, nullptr, nullptr, &record::host(), &view_};
      }
      if (attributes && !context_.attributes) {
        record::unpack(of_.plan(), record_, of_.unpacked.data());
        context_.attributes = of_.unpacked.data();
      }
      return context_;
    }
    Value evaluate(plan::CodeId code) override { return of_.evaluator->evaluate(code, context(true)); }

   private:
    Impl& of_;
    const record::Record& record_;
    record::View view_;
    plan::Context context_;
  };

  history::Event event(std::size_t i) const {
    history::Event e;
    e.at = now;
    e.identity = static_cast<std::uint64_t>(now);
    e.type = workload.row(i)[0];
    return e;
  }
};

Polku::Polku(const std::string& folder, const Workload& w, bool interpreted, const match::Kernel& kernel) : impl_(std::make_unique<Impl>(w)) {
  Impl& p = *impl_;
  std::string error;
  p.pack = driver::load(folder, false, error);
  if (!p.pack) throw std::runtime_error(error);
  if (!p.pack->plan) throw std::runtime_error(folder + ": does not compile");
  p.evaluator = driver::evaluator(p.plan(), {.tier = interpreted ? driver::Tier::Interp : driver::Tier::Jit}, error);
  if (!p.evaluator) throw std::runtime_error(error);
  plan::preload(p.texts, p.plan());

  for (const plan::Rule& r : p.plan().rules) p.line.push_back(static_cast<std::uint32_t>(std::stoul(r.name.substr(1))));
  const auto& attributes = p.plan().catalog.attributes;
  p.width = attributes.size();
  p.attributes.assign(w.rows * p.width, kUnknown);
  std::vector<std::size_t> column;
  for (const auto& a : attributes) column.push_back(std::stoul(a.name.substr(1)));
  for (std::size_t i = 0; i < w.rows; ++i)
    for (std::size_t a = 0; a < p.width; ++a) {
      const std::int32_t x = w.row(i)[column[a]];
      if (x == kMissing) continue;
      p.attributes[i * p.width + a] = attributes[a].type.kind == catalog::TypeKind::Text ? p.texts.intern("t" + std::to_string(x)) : x;
    }
  p.unpacked.resize(p.width);
  p.empty = std::make_unique<record::Empty>(p.plan());
  p.records = std::make_unique<base::Slots>(sizeof(record::Record) + p.empty->bytes());
  for (std::size_t i = 0; i < w.rows; ++i) {
    p.types.push_back(static_cast<std::uint8_t>(w.row(i)[0]));
    record::Record* r = new (p.records->at(p.records->take())) record::Record;
    p.empty->put(*r, p.units);
    for (std::size_t a = 0; a < p.width; ++a) record::set_attribute(p.plan(), *r, static_cast<int>(a), p.attributes[i * p.width + a]);
  }
  p.unknown.resize(p.plan().catalog.events.size());
  p.dispatch = engine::make_dispatch(p.plan(), nullptr, kernel);
  for (std::size_t t = 0; t < p.plan().catalog.events.size(); ++t) {
    const auto& groups = p.dispatch.by_occurrence[t].groups;
    if (!p.dispatch.by_occurrence[t].filters.empty()) throw std::runtime_error(folder + ": an event starts rules under a filter");
    p.groups.push_back(groups.empty() ? nullptr : &p.dispatch.groups[static_cast<std::size_t>(groups.of(-1).front().what)]);
  }
}

Polku::~Polku() {
  for (std::size_t i = 0; impl_->records && i < impl_->records->end(); ++i) impl_->record(i).~Record();
}

std::string Polku::tier() const { return impl_->evaluator->tier(); }

// What Engine::take does with a visitor's record, up to the list of rules: Engine::start_group, Engine::passed_over.
std::size_t Polku::match(std::size_t i, std::uint32_t* ids) {
  Impl& p = *impl_;
  const std::size_t type = p.types[i];
  const engine::Dispatch::Group* group = p.groups[type];
  if (!group) return 0;
  const record::Record& record = p.record(i);
  std::size_t n = 0;
  Impl::Looks looks(p, record);
  group->screen.run({&record, nullptr, p.now, &looks}, p.scratch, &p.unknown[type], [&](std::size_t rule, bool holds) {
    if (!holds) {
      if (const plan::CodeId gate = p.plan().rules[rule].gate; gate >= 0 && looks.evaluate(gate) != kYes) return;
    }
    ids[n++] = p.line[rule];
  });
  return n;
}

void Polku::open() {
  Impl& p = *impl_;
  p.now = 1'772'323'200'000;  // 2026-03-01
  p.engine = std::make_unique<engine::Engine>(p.plan(), *p.evaluator, p.texts, engine::Options{});
  for (std::size_t i = 0; i < p.workload.rows; ++i) {
    p.visitors.push_back("visitor-" + std::to_string(i));
    history::Event e;
    e.at = p.now;
    e.identity = i;
    for (std::size_t a = 0; a < p.width; ++a)
      if (const Value v = p.attributes[i * p.width + a]; v != kUnknown) e.changes.push_back({static_cast<int>(a), v});
    if (p.engine->take(p.visitors[i], e) != engine::Taken::Yes) throw std::runtime_error("the engine refuses a record");
  }
  ++p.now;
}

void Polku::step(std::size_t i) {
  Impl& p = *impl_;
  const history::Event e = p.event(i);
  if (p.engine->take(p.visitors[i], e) != engine::Taken::Yes) throw std::runtime_error("the engine refuses a record");
  if (++p.now % 64 == 0) (void)p.engine->drain(engine::Engine::Reasons::Without);
}

std::uint64_t Polku::passed() const {
  std::uint64_t n = 0;
  for (const engine::OutcomeCounts& counts : impl_->engine->counts())
    for (std::size_t o = 0; o < counts.size(); ++o)
      if (o != static_cast<std::size_t>(history::Outcome::no_match) && o != static_cast<std::size_t>(history::Outcome::unknown)) n += counts[o];
  return n;
}

}  // namespace polku::bench
