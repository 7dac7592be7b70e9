// A pack that is edited while engines run it (docs/decisions/0008).
#include <chrono>
#include <set>
#include <string_view>

#include "runtime/embed/running.h"

namespace polku {
inline namespace v0 {

namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

Update refused(std::string why) { return {.kind = Update::Kind::Refused, .messages = std::move(why)}; }

}  // namespace

Update Live::Impl::take(const std::function<driver::Live::Change()>& compile, const std::string& at) {
  const base::Zone zone = base::Zone::find(live.plan()->catalog.zone).value_or(base::Zone::utc());
  const std::optional<Millis> from = base::parse_instant(at, zone);
  if (!from) return refused("`" + at + "` is not a time\n");
  for (const Engine::Impl* e : engines)
    if (*from <= e->running->reached()) return refused("an engine has taken in records or reached a time that is not before `" + at + "`\n");
  driver::Live::Change change = compile();  // last of all: a patch that is not taken costs the next update
  if (change.kind == driver::Live::Kind::Faulty) return refused(rendered(*change.pack));
  Update done{.messages = rendered(*change.pack)};
  std::shared_ptr<Program> next;
  if (change.kind == driver::Live::Kind::Whole) {
    for (const Engine::Impl* e : engines)
      if (!e->options.histories && e->running->engine().visitors() > 0)
        return refused("this changes what is kept of each visitor, and an engine without histories (polku::Options) cannot make up for that: start another one\n" + done.messages);
    next = Program::make(std::move(change.plan), options);
    if (!next->evaluator) return refused(next->error + "\n");
  }
  for (Engine::Impl* e : engines) {
    e->running->reach(*from - 1);
    for (Decision& d : e->running->decisions(Json::With)) e->made.push_back(std::move(d));
  }
  const std::vector<plan::Amended> amended = live.apply(program->evaluator.get());
  if (!next) {
    done.kind = Update::Kind::Rules;
    done.rules = amended.size();
    for (Engine::Impl* e : engines) done.visitors += e->running->engine().amend(amended, *from);
  } else {
    done.kind = Update::Kind::Whole;
    for (Engine::Impl* e : engines) {
      auto running = std::make_unique<Running>(next, e->options);
      if (e->options.histories) {
        running->succeed(*e->running, *from);
        done.visitors += running->engine().visitors();
      } else {
        running->reach(*from - 1);
      }
      e->running = std::move(running);
    }
    program = std::move(next);
  }
  messages = done.messages;
  return done;
}

void Live::Impl::begin(driver::File catalog, std::vector<driver::File> rules) {
  std::set<std::string_view> names{catalog.name};
  for (const driver::File& f : rules)
    if (!names.insert(f.name).second) {
      messages = "two files have the name " + f.name + ": an edit could not say which is meant\n";
      return;
    }
  const driver::Live::Change change = live.compile(std::move(catalog), std::move(rules));
  messages = rendered(*change.pack);
  if (change.kind == driver::Live::Kind::Faulty) return;
  live.apply();
  auto made = Program::make(live.plan(), options);
  if (made->evaluator) program = std::move(made);
  else messages += made->error + "\n";
}

Live Live::compile(std::string catalog, std::vector<std::pair<std::string, std::string>> rules, const PackOptions& options) {
  Live out;
  out.impl_ = std::make_shared<Impl>();
  std::vector<driver::File> files;
  for (auto& [name, text] : rules) files.push_back({std::move(name), std::move(text)});
  out.impl_->options = options;
  out.impl_->begin({kCatalogName, std::move(catalog)}, std::move(files));
  return out;
}

Live Live::load(const std::string& folder, const PackOptions& options) {
  Live out;
  out.impl_ = std::make_shared<Impl>();
  out.impl_->folder = folder;
  out.impl_->options = options;
  if (auto read = driver::read_folder(folder, out.impl_->messages)) out.impl_->begin(std::move(read->catalog), std::move(read->rules));
  return out;
}

bool Live::ok() const { return impl_->program != nullptr; }
const std::string& Live::messages() const { return impl_->messages; }
Tiers Live::tiers() const { return impl_->program->tiers(); }

Update Live::update(std::vector<File> files, const std::string& at) {
  const Clock::time_point begin = Clock::now();
  std::vector<driver::Live::Edit> edits;
  for (File& f : files) {
    std::string* text = std::get_if<std::string>(&f.text);
    edits.push_back({std::move(f.name), text ? std::optional(std::move(*text)) : std::nullopt});
  }
  Update done = impl_->take([&] { return impl_->live.edit(std::move(edits)); }, at);
  done.milliseconds = since(begin);
  return done;
}

Update Live::reload(const std::string& at) {
  std::string error;
  auto read = impl_->folder.empty() ? std::nullopt : driver::read_folder(impl_->folder, error);
  if (!read) return refused(impl_->folder.empty() ? "this pack was not loaded from a folder\n" : error + "\n");
  const Clock::time_point begin = Clock::now();  // the disk's time is not the pack's
  Update done = impl_->take([&] { return impl_->live.compile(std::move(read->catalog), std::move(read->rules)); }, at);
  done.milliseconds = since(begin);
  return done;
}

}  // namespace v0
}  // namespace polku
