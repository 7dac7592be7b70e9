// What packs and engines of the embedding API consist of. Private to it.
#pragma once
#include <polku/polku.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "compiler/driver/live.h"
#include "runtime/base/time.h"
#include "runtime/engine/engine.h"
#include "runtime/history/arrivals.h"
#include "runtime/ingest/values.h"

namespace polku {
inline namespace v0 {

// A plan and what runs it.
struct Program {
  std::shared_ptr<const plan::Plan> plan;
  std::unique_ptr<plan::Evaluator> evaluator;   // null if the tier is not to be had; then error says why
  std::string error;

  static std::shared_ptr<Program> make(std::shared_ptr<const plan::Plan> plan, const PackOptions& options);
  Tiers tiers() const;
};

std::string rendered(const driver::Pack& pack);  // what there is to say of it, for people

// An engine over one plan.
class Running {
 public:
  Running(std::shared_ptr<const Program> program, const Options& options);

  Accepted ingest(const v0::Event& e);
  Accepted ask(const Request& r);
  bool advance(const std::string& at);
  std::vector<Decision> decisions(Json json);

  // Goes on from `at` with the visitors of another, which is of no use afterwards.
  void succeed(Running& old, Millis at);
  void reach(Millis until);
  Millis reached() const { return latest_; }    // the latest time of what came so far

  const catalog::Catalog& catalog() const { return program_->plan->catalog; }
  engine::Engine& engine() { return engine_; }
  const base::Zone& zone() const { return zone_; }
  std::string fault;

 private:
  base::Texts& preloaded();
  std::int64_t read(const Field& f, const catalog::Type& type, const ingest::ValueReader& reader);
  void note(const std::string& what) { fault += (fault.empty() ? "" : "; ") + what; }
  template <class Record>
  bool read_head(const Record& r, std::optional<std::string>& visitor, history::Event& event);
  Accepted take(const char* what, const std::string& visitor, const std::string& id, history::Event& event);
  Accepted refuse(std::string why);

  const std::shared_ptr<const Program> program_;
  base::Texts texts_;
  engine::Engine engine_;
  history::Identity identity_;
  history::KnownIds known_;
  base::Zone zone_;
  std::string scratch_;
  ingest::Row row_;
  ingest::Setting setting_{&catalog(), &texts_, zone_, false};
  std::vector<ingest::ValueReader> attribute_readers_;            // of each attribute
  std::vector<std::vector<ingest::ValueReader>> field_readers_;   // of each field of each event
  Millis latest_ = std::numeric_limits<Millis>::min();
};

inline constexpr const char* kCatalogName = "catalog.yaml";  // of a catalog from memory, in messages

struct Pack::Impl {
  static std::shared_ptr<const Impl> make(std::unique_ptr<driver::Pack> pack, std::string error, const PackOptions& options);
  std::shared_ptr<const Program> program;       // null: it cannot be used
  std::string messages, tier;
};

struct Engine::Impl {
  Impl(std::shared_ptr<const Program> program, const Options& o) : options(o), running(std::make_unique<Running>(std::move(program), o)) {}
  ~Impl();

  const Options options;
  std::unique_ptr<Running> running;
  std::vector<Decision> made;                   // by the pack as it was before an update, with JSON, and not asked for yet
  std::shared_ptr<Live::Impl> live;             // of which it runs the pack; or null
};

struct Live::Impl {
  driver::Live live;
  PackOptions options;
  std::string folder, messages;
  std::shared_ptr<Program> program;
  std::vector<Engine::Impl*> engines;

  void begin(driver::File catalog, std::vector<driver::File> rules);
  Update take(const std::function<driver::Live::Change()>& compile, const std::string& at);
};

}  // namespace v0
}  // namespace polku
