#include "tests/differential/engines.h"

#include <memory>

#include "cli/replay.h"
#include "compiler/driver/driver.h"
#include "compiler/interp/interp.h"
#include "compiler/jit/jit.h"
#include "runtime/ingest/ingest.h"

namespace polku::differential {

namespace {

bool has_jit() {
#ifdef POLKU_HAS_JIT
  return true;
#else
  return false;
#endif
}

bool uses_jit(Engine engine) { return has_jit() && (engine == Engine::Jit || engine == Engine::Shipped); }

class PackEngines : public Engines {
 public:
  PackEngines(std::unique_ptr<driver::Pack> pack, jit::Compiled jit, jit::Level level) : pack_(std::move(pack)), jit_(std::move(jit)), level_(level) {}

  std::vector<std::string> run(Engine engine, const Input& input, std::string& error) override {
    base::Texts texts;
    plan::preload(texts, *pack_->plan);
    const catalog::Source* source = pack_->catalog.sources.empty() ? nullptr : &pack_->catalog.sources.front();
    ingest::Opened opened = ingest::open_text(input.log, pack_->catalog, source, texts);
    if (!opened.reader) {
      // An empty log has no format to tell; nothing happens in it.
      if (!input.log.empty()) error = opened.error;
      return {};
    }
    cli::ReplayOptions options;
    options.tables = input.tables;
    options.histories = input.histories;
    options.afresh = engine == Engine::Reference ? input.reference_afresh : engine == Engine::Interpreter && input.engine_afresh;
    options.naps = engine == Engine::Jit && input.jit_naps;
    for (const Outage& o : input.outages) options.outages.push_back({o.from, o.to});
    std::unique_ptr<plan::Evaluator> mixed, later_mixed;
    base::Texts later_texts;
    ingest::Opened later;
    if (input.change) {
      PackEngines& next = change(*input.change, error);
      if (!error.empty()) return {};
      plan::preload(later_texts, *next.pack_->plan);
      later = ingest::open_text(input.log, next.pack_->catalog, next.pack_->catalog.sources.empty() ? nullptr : &next.pack_->catalog.sources.front(), later_texts);
      options.changes.push_back({input.change->from, next.pack_.get(), later.reader.get(), &later_texts, next.evaluator(engine, input, later_mixed)});
    }
    options.keep = engine == Engine::Shipped ? engine::Keep::Acted : engine::Keep::All;
    options.sort_memory = 1u << 20;
    switch (engine) {
      case Engine::Reference: options.engine = cli::EngineKind::Reference; break;
      case Engine::Interpreter: options.engine = cli::EngineKind::Interp; break;
      case Engine::Jit:
      case Engine::Shipped:
        options.engine = uses_jit(engine) ? cli::EngineKind::Jit : cli::EngineKind::Interp;
        options.evaluator = evaluator(engine, input, mixed);
        break;
    }
    std::vector<std::string> lines;
    const cli::ReplayResult result = cli::replay(*pack_, *opened.reader, texts, options, [&](std::string_view line) { lines.emplace_back(line); });
    for (std::size_t r = 0; r < result.counts.size() && !input.change; ++r) {
      std::string line = "rule " + std::to_string(r) + ":";
      for (const std::uint64_t n : result.counts[r]) line.append(" ").append(std::to_string(n));
      lines.push_back(std::move(line));
    }
    error = result.error;
    if (result.out_of_order > 0) error = "records out of order";
    return lines;
  }

 private:
  // Machine code, which is compiled once for all logs of the pack; or, as a pack that was just started has it, both tiers in one run. Which of the two
  // evaluates is then a matter of how often a code was evaluated, not of time.
  const plan::Evaluator* evaluator(Engine engine, const Input& input, std::unique_ptr<plan::Evaluator>& mixed) const {
    if (engine != Engine::Shipped || !uses_jit(engine)) return uses_jit(engine) ? jit_.evaluator.get() : nullptr;
    jit::Options options;
    options.level = level_;
    options.turn_after = 1 + static_cast<std::uint32_t>(input.log.size() % 7);
    mixed = jit::in_background(*pack_->plan, interp::make(*pack_->plan), options);
    return mixed.get();
  }
  PackEngines& change(const Change& to, std::string& error);

  std::unique_ptr<driver::Pack> pack_;
  jit::Compiled jit_;
  jit::Level level_;
  std::string changed_to_;
  std::unique_ptr<PackEngines> next_;  // what is changed to, compiled once
};

}  // namespace

const char* engine_name(Engine engine) {
  switch (engine) {
    case Engine::Reference: return "reference";
    case Engine::Interpreter: return "interpreter";
    case Engine::Jit: return "jit";
    case Engine::Shipped: return "as shipped";
  }
  return "";
}

std::vector<Engine> engines() {
  std::vector<Engine> all{Engine::Reference, Engine::Interpreter};
  if (has_jit()) all.push_back(Engine::Jit);
  all.push_back(Engine::Shipped);
  return all;
}

std::vector<std::string> shipped(const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  for (const std::string& l : lines)
    if (!l.starts_with('{') || l.find(R"("outcome":"acted")") != std::string::npos) out.push_back(l);
  return out;
}

Compiled compile(const std::string& catalog, const std::vector<RuleFile>& files, bool optimise) {
  std::vector<driver::File> rules;
  for (const RuleFile& f : files) rules.push_back({f.name, f.text});
  auto pack = driver::compile({"catalog.yaml", catalog}, std::move(rules), true);
  Compiled out;
  if (!pack->diagnostics.ok() || !pack->plan) {
    for (const diag::Diagnostic& d : pack->diagnostics.all())
      if (diag::code_severity(d.code) == diag::Severity::Error) out.error += diag::render_text(d, pack->sources, false) + "\n";
    if (out.error.empty()) out.error = "no plan, and nothing said about it";
    return out;
  }
  const jit::Level level = optimise ? jit::Level::O2 : jit::Level::O0;
  jit::Compiled jit;
  if (has_jit()) {
    jit = jit::compile(*pack->plan, level);
    if (!jit.evaluator) {
      out.error = jit.error;
      return out;
    }
  }
  out.engines = std::make_unique<PackEngines>(std::move(pack), std::move(jit), level);
  return out;
}

namespace {

PackEngines& PackEngines::change(const Change& to, std::string& error) {
  std::string key = to.catalog;
  for (const RuleFile& f : to.files) key += '\0' + f.name + '\0' + f.text;
  if (key != changed_to_) {
    Compiled compiled = compile(to.catalog, to.files, false);
    changed_to_ = std::move(key);
    next_.reset(static_cast<PackEngines*>(compiled.engines.release()));
  }
  if (!next_) error = "the pack to change to does not compile";
  return next_ ? *next_ : *this;
}

}  // namespace

}  // namespace polku::differential
