#include "runtime/embed/running.h"

namespace polku {
inline namespace v0 {

namespace {

driver::Tiering tiering(const PackOptions& options) {
  driver::Tiering out{.tier = driver::Tier::Auto, .cache = options.cache, .cache_bytes = options.cache_bytes, .count = options.count};
  switch (options.tier) {
    case Tier::Auto: break;
    case Tier::Compiled: out.tier = driver::Tier::Jit; break;
    case Tier::Interpreted: out.tier = driver::Tier::Interp; break;
  }
  return out;
}

}  // namespace

std::shared_ptr<Program> Program::make(std::shared_ptr<const plan::Plan> plan, const PackOptions& options) {
  auto program = std::make_shared<Program>();
  program->plan = std::move(plan);
  program->evaluator = driver::evaluator(*program->plan, tiering(options), program->error);
  return program;
}

Tiers Program::tiers() const {
  const plan::Tiers t = evaluator->tiers();
  return {t.interpreted, t.native, t.codes, t.compiled, t.cached, t.waiting, t.seconds, t.fault};
}

std::string rendered(const driver::Pack& pack) {
  std::string out;
  for (const diag::Diagnostic& d : pack.diagnostics.all()) out += diag::render_text(d, pack.sources, false) + "\n";
  return out;
}

std::shared_ptr<const Pack::Impl> Pack::Impl::make(std::unique_ptr<driver::Pack> pack, std::string error, const PackOptions& options) {
  auto impl = std::make_shared<Impl>();
  impl->messages = std::move(error);
  if (!pack) return impl;
  impl->messages += rendered(*pack);
  if (!pack->plan) return impl;
  auto program = Program::make(std::make_shared<const plan::Plan>(std::move(*pack->plan)), options);
  if (!program->evaluator) return impl->messages += program->error + "\n", impl;
  impl->tier = program->evaluator->tier();
  impl->program = std::move(program);
  return impl;
}

Pack Pack::load(const std::string& folder, const PackOptions& options) {
  std::string error;
  auto loaded = driver::load(folder, false, error);
  Pack p;
  p.impl_ = Impl::make(std::move(loaded), std::move(error), options);
  return p;
}

Pack Pack::compile(std::string catalog, std::vector<std::pair<std::string, std::string>> rules, const PackOptions& options) {
  std::vector<driver::File> files;
  for (auto& [name, text] : rules) files.push_back({std::move(name), std::move(text)});
  Pack p;
  p.impl_ = Impl::make(driver::compile({kCatalogName, std::move(catalog)}, std::move(files), false), {}, options);
  return p;
}

bool Pack::ok() const { return impl_->program != nullptr; }
const std::string& Pack::messages() const { return impl_->messages; }
const std::string& Pack::tier() const { return impl_->tier; }
Tiers Pack::tiers() const { return impl_->program->tiers(); }

Engine::Impl::~Impl() {
  if (live) std::erase(live->engines, this);
}

Engine::Engine(const Pack& pack, const Options& options) : impl_(std::make_unique<Impl>(pack.impl_->program, options)) {}
Engine::Engine(const Live& live, const Options& options) : impl_(std::make_unique<Impl>(live.impl_->program, options)) {
  impl_->live = live.impl_;
  impl_->live->engines.push_back(impl_.get());
}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Accepted Engine::ingest(const Event& event) { return impl_->running->ingest(event); }
Accepted Engine::ask(const Request& request) { return impl_->running->ask(request); }
const std::string& Engine::fault() const { return impl_->running->fault; }
std::size_t Engine::visitors() const { return impl_->running->engine().visitors(); }
bool Engine::advance(const std::string& at) { return impl_->running->advance(at); }

std::vector<Decision> Engine::decisions(Json json) {
  if (impl_->made.empty()) return impl_->running->decisions(json);
  std::vector<Decision> out = std::move(impl_->made);
  impl_->made.clear();
  if (json == Json::Without)
    for (Decision& d : out) d.json.clear();
  for (Decision& d : impl_->running->decisions(json)) out.push_back(std::move(d));
  return out;
}

}  // namespace v0
}  // namespace polku
