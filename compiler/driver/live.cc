#include "compiler/driver/live.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "compiler/driver/compile.h"

namespace polku::driver {

namespace {

bool means_nothing(const syntax::File& f) { return f.segments.empty() && f.journeys.empty() && f.guarantees.empty(); }
bool one_journey(const syntax::File& f) { return f.segments.empty() && f.journeys.size() == 1 && f.guarantees.empty(); }

std::vector<const syntax::File*> meaning(const std::vector<std::shared_ptr<const syntax::File>>& files) {
  std::vector<const syntax::File*> out;
  for (const auto& f : files)
    if (!means_nothing(*f)) out.push_back(f.get());
  return out;
}

// Does a file that came bring a test of a name that another test has?
bool test_twice(const std::vector<std::shared_ptr<const syntax::File>>& before, const std::vector<std::shared_ptr<const syntax::File>>& now) {
  const std::set<std::shared_ptr<const syntax::File>> known(before.begin(), before.end());
  if (std::none_of(now.begin(), now.end(), [&](const auto& f) { return !f->tests.empty() && !known.contains(f); })) return false;
  std::set<std::string_view> names;
  for (const auto& f : now)
    for (const syntax::Test& t : f->tests)
      if (!names.insert(t.name.text).second) return true;
  return false;
}

}  // namespace

Live::Change Live::compile(File catalog, std::vector<File> rules) {
  auto next = std::make_shared<Pack>();
  add(next->sources, std::move(catalog), std::move(rules));
  return propose(std::move(next));
}

Live::Change Live::edit(std::vector<Edit> files) {
  auto next = std::make_shared<Pack>();
  const diag::Sources& now = pack_->sources;
  std::map<std::string, diag::Sources::Text> rules;
  diag::Sources::Text catalog = now.shared_text(0);
  for (std::uint32_t f = 1; f < now.size(); ++f) rules[now.name(f)] = now.shared_text(f);
  for (Edit& e : files) {
    diag::Sources::Text text = std::make_shared<const std::string>(e.text ? std::move(*e.text) : std::string());
    if (e.name == now.name(0)) catalog = std::move(text);
    else if (e.text) rules[std::move(e.name)] = std::move(text);
    else rules.erase(e.name);
  }
  next->sources.add(now.name(0), std::move(catalog));
  for (auto& [name, text] : rules) next->sources.add(name, std::move(text));
  return propose(std::move(next));
}

Live::Change Live::propose(std::shared_ptr<Pack> next) {
  astray_ = astray_ || (proposed_ && proposed_->patch);
  proposed_.reset();
  const bool same_catalog = base_ && next->sources.name(0) == base_->sources.name(0) &&
                            (next->sources.shared_text(0) == base_->sources.shared_text(0) || next->sources.text(0) == base_->sources.text(0));
  read(*next, cache_, same_catalog ? &base_->catalog : nullptr);
  std::optional<plan::Patch> made;
  if (same_catalog && !astray_ && next->diagnostics.ok()) made = patch(*next);
  if (!made) return whole(std::move(next));
  Change change{Kind::Patch, next, nullptr, {}};
  for (const auto& [number, rule] : made->rules) change.rules.push_back(number);
  std::vector<diag::Diagnostic> said = next->diagnostics.all();
  next->diagnostics.sort(next->sources);
  proposed_ = Proposal{std::move(next), std::move(said), std::move(made), nullptr, nullptr};
  return change;
}

// Of the blocks that were changed; nothing if a patch cannot say it.
std::optional<plan::Patch> Live::patch(Pack& next) {
  const std::vector<const syntax::File*> before = meaning(pack_->files), now = meaning(next.files);
  if (before.size() != now.size() || test_twice(pack_->files, next.files)) return std::nullopt;
  std::vector<sema::Analysis::Edit> edits;
  std::set<std::uint32_t> gone;  // sections of which nothing holds any more
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (before[i] == now[i]) continue;
    if (!one_journey(*before[i]) || !one_journey(*now[i])) return std::nullopt;
    edits.push_back({before[i]->journeys.data(), now[i]->journeys.data()});
    gone.insert(before[i]->file);
  }
  diag::Diagnostics fresh;
  std::optional<plan::Patch> patch = analysis_->edit(*plan_, edits, fresh);
  if (!patch) return std::nullopt;
  for (const diag::Diagnostic& d : said_)
    if (!gone.contains(d.span.file)) next.diagnostics.add(d.code, d.span, d.message, d.help);
  for (const diag::Diagnostic& d : fresh.all()) next.diagnostics.add(d.code, d.span, d.message, d.help);
  return patch;
}

Live::Change Live::whole(std::shared_ptr<Pack> next) {
  std::unique_ptr<sema::Analysis> analysis;
  analyse(*next, false, &analysis);
  if (!next->plan) return {Kind::Faulty, std::move(next), nullptr, {}};
  auto plan = std::make_shared<plan::Plan>(std::move(*next->plan));
  next->plan.reset();
  plan->codes.reserve(plan->codes.size() + plan->codes.size() / 4 + 64);  // patches come with more
  Change change{Kind::Whole, next, plan, {}};
  std::vector<diag::Diagnostic> said = next->diagnostics.all();
  proposed_ = Proposal{std::move(next), std::move(said), std::nullopt, std::move(plan), std::move(analysis)};
  return change;
}

std::vector<plan::Amended> Live::apply(plan::Evaluator* evaluator) {
  std::vector<plan::Amended> amended;
  if (!proposed_) return amended;
  Proposal made = std::move(*proposed_);
  proposed_.reset();
  pack_ = std::move(made.pack);
  said_ = std::move(made.said);
  if (made.patch) {
    const auto change = [&] { amended = plan::apply(*plan_, std::move(*made.patch)); };
    if (evaluator) evaluator->extend(change);
    else change();
  } else {
    base_ = pack_;
    plan_ = std::move(made.plan);
    analysis_ = std::move(made.analysis);
    astray_ = false;
  }
  return amended;
}

}  // namespace polku::driver
