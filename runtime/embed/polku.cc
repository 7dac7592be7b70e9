#include <polku/polku.h>

#include <algorithm>

#include "compiler/driver/driver.h"
#include "runtime/base/time.h"
#include "runtime/engine/engine.h"
#include "runtime/history/arrivals.h"
#include "runtime/ingest/values.h"

namespace polku {
inline namespace v0 {

struct Pack::Impl {
  std::unique_ptr<driver::Pack> pack;
  std::unique_ptr<plan::Evaluator> evaluator;
  std::string messages, tier;

  static std::shared_ptr<const Impl> make(std::unique_ptr<driver::Pack> pack, std::string error) {
    auto impl = std::make_shared<Impl>();
    impl->messages = std::move(error);
    impl->pack = std::move(pack);
    if (!impl->pack) return impl;
    for (const diag::Diagnostic& d : impl->pack->diagnostics.all()) impl->messages += diag::render_text(d, impl->pack->sources, false) + "\n";
    if (!impl->pack->plan) return impl;
    impl->evaluator = driver::evaluator(*impl->pack->plan, driver::Tier::Auto, impl->messages);
    if (impl->evaluator) impl->tier = impl->evaluator->tier();
    return impl;
  }
};

Pack Pack::load(const std::string& folder) {
  std::string error;
  auto loaded = driver::load(folder, false, error);
  Pack p;
  p.impl_ = Impl::make(std::move(loaded), std::move(error));
  return p;
}

Pack Pack::compile(std::string catalog, std::vector<std::pair<std::string, std::string>> rules) {
  std::vector<driver::File> files;
  for (auto& [name, text] : rules) files.push_back({std::move(name), std::move(text)});
  Pack p;
  p.impl_ = Impl::make(driver::compile({"catalog.yaml", std::move(catalog)}, std::move(files), false), {});
  return p;
}

bool Pack::ok() const { return impl_->evaluator != nullptr; }
const std::string& Pack::messages() const { return impl_->messages; }
const std::string& Pack::tier() const { return impl_->tier; }

namespace {

// A value in the form that the readers of logs know.
void fill(const FieldValue& value, ingest::Row& row, std::string& scratch) {
  row.clear();
  row.cells.resize(1);
  row.present = {0};
  ingest::Cell& cell = row.cells[0];
  if (const auto* flag = std::get_if<bool>(&value)) {
    cell.kind = *flag ? ingest::Cell::Kind::True : ingest::Cell::Kind::False;
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    scratch = std::to_string(*number);
    cell = {ingest::Cell::Kind::Number, scratch, 0, 0};
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    cell = {ingest::Cell::Kind::Text, *text, 0, 0};
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& t : *list) row.items.push_back({ingest::Cell::Kind::Text, t, 0, 0});
    cell = {ingest::Cell::Kind::List, {}, 0, static_cast<std::uint32_t>(list->size())};
  } else {
    cell.kind = ingest::Cell::Kind::Null;
  }
}

}  // namespace

struct Engine::Impl {
  std::shared_ptr<const Pack::Impl> pack;
  base::Texts texts;
  engine::Engine engine;
  history::Identity identity;
  history::KnownIds known;
  base::Zone zone;
  std::string fault, scratch;
  ingest::Row row;
  ingest::Setting setting{&catalog(), &texts, zone, false};
  std::vector<ingest::ValueReader> attribute_readers;             // of each attribute
  std::vector<std::vector<ingest::ValueReader>> field_readers;    // of each field of each event

  Impl(std::shared_ptr<const Pack::Impl> p, const Options& options)
      : pack(std::move(p)),
        engine(*pack->pack->plan, *pack->evaluator, preloaded(),
               {.keep = engine::Keep::Acted, .remember = options.histories ? engine::Remember::Histories : engine::Remember::RecordsOnly}),
        identity(catalog()),
        zone(base::Zone::find(catalog().zone).value_or(base::Zone::utc())) {
    for (const catalog::Attribute& a : catalog().attributes) attribute_readers.emplace_back(a.type, nullptr);
    for (const catalog::Event& e : catalog().events) {
      std::vector<ingest::ValueReader>& readers = field_readers.emplace_back();
      for (const catalog::Field& field : e.fields) readers.emplace_back(field.type, nullptr);
    }
  }

  const catalog::Catalog& catalog() const { return pack->pack->plan->catalog; }

  base::Texts& preloaded() {
    plan::preload(texts, *pack->pack->plan);
    return texts;
  }

  // The typed value; notes a fault and gives unknown if it does not fit.
  std::int64_t read(const Field& f, const catalog::Type& type, const ingest::ValueReader& reader) {
    fill(f.value, row, scratch);
    std::int64_t out = kUnknown;
    if (reader.read(row.cells[0], row, setting, out) != ingest::ValueReader::Got::Bad) return out;
    note("`" + f.name + "` is a " + catalog::type_name(type) + ", and its value is not: it counts as missing");
    return kUnknown;
  }

  void note(const std::string& what) { fault += (fault.empty() ? "" : "; ") + what; }

  // Who and when, of an event or a request. False: refused.
  template <class Record>
  bool read_head(const Record& r, std::optional<std::string>& visitor, history::Event& event) {
    fault.clear();
    visitor = base::nfc(r.visitor);
    if (!visitor || visitor->empty()) return note("the visitor is empty or not UTF-8"), false;
    const std::optional<Millis> at = base::parse_instant(r.at, zone);
    if (!at) return note("`" + r.at + "` is not a time"), false;
    event.at = *at;
    event.received = kUnknown;
    if (r.received.empty()) return true;
    const std::optional<Millis> received = base::parse_instant(r.received, zone);
    if (!received) return note("`" + r.received + "` is not a time"), false;
    event.received = *received;
    return true;
  }

  Accepted take(const char* what, const std::string& visitor, const std::string& id, history::Event& event) {
    event.identity = id.empty() ? identity.of_content(visitor, event, texts) : history::identity_of_id("", id);
    if (!id.empty() && known.contains(event.identity)) return Accepted::Duplicate;
    switch (engine.take(visitor, event)) {
      case engine::Taken::Yes: break;
      case engine::Taken::OutOfOrder: return refuse(std::string("the ") + what + " lies before the clock of `" + visitor + "`");
      case engine::Taken::NeedsHistories:
        return refuse(event.type == history::kMerge ? "visitors become one only in an engine with histories (polku::Options)"
                                                    : std::string("the ") + what + " comes late, which takes an engine with histories (polku::Options)");
    }
    if (!id.empty()) known.first(event.identity);
    return fault.empty() ? Accepted::Yes : Accepted::Partly;
  }

  Accepted ingest(const v0::Event& e) {
    std::optional<std::string> visitor;
    history::Event event;
    if (!read_head(e, visitor, event)) return Accepted::Refused;
    if (!e.merges.empty()) {
      const std::optional<std::string> other = base::nfc(e.merges);
      if (!e.event.empty()) return refuse("a record that merges visitors is no event: leave `event` empty");
      if (!other || other->find_first_not_of(" \t") == std::string::npos) return refuse("the visitor to merge with is blank or not UTF-8");
      event.type = history::kMerge;
      event.merges = *other;
    }
    if (!e.event.empty()) {
      event.type = catalog().event(e.event);
      if (event.type < 0) return refuse("the catalog has no event `" + e.event + "`");
      const catalog::Event& declared = catalog().events[static_cast<std::size_t>(event.type)];
      event.fields.assign(declared.fields.size(), kUnknown);
      for (const Field& f : e.fields) {
        const int i = declared.field(f.name);
        if (i < 0)
          note("`" + e.event + "` has no field `" + f.name + "`: left out");
        else
          event.fields[static_cast<std::size_t>(i)] =
              read(f, declared.fields[static_cast<std::size_t>(i)].type, field_readers[static_cast<std::size_t>(event.type)][static_cast<std::size_t>(i)]);
      }
    } else {
      for (const Field& f : e.fields) {
        const int i = catalog().attribute(f.name);
        if (i < 0 || catalog().attributes[static_cast<std::size_t>(i)].presence == catalog::Presence::Derived)
          note("`" + f.name + "` is no attribute that can be set: left out");
        else
          event.changes.push_back({i, read(f, catalog().attributes[static_cast<std::size_t>(i)].type, attribute_readers[static_cast<std::size_t>(i)])});
      }
    }
    return take("record", *visitor, e.id, event);
  }

  Accepted ask(const Request& r) {
    std::optional<std::string> visitor;
    history::Event event;
    if (!read_head(r, visitor, event)) return Accepted::Refused;
    event.type = history::kAsked;
    for (const std::string& name : r.slots) {
      const auto dot = name.find('.');
      const int channel = dot == std::string::npos ? -1 : catalog().channel(std::string_view(name).substr(0, dot));
      const int slot = channel < 0 ? -1 : catalog().channels[static_cast<std::size_t>(channel)].slot(std::string_view(name).substr(dot + 1));
      if (slot < 0) return refuse("the catalog has no slot `" + name + "`");
      const auto same = [&](const history::Place& p) { return p.channel == channel && p.slot == slot; };
      if (std::none_of(event.asked.begin(), event.asked.end(), same)) event.asked.push_back({channel, slot});
    }
    if (event.asked.empty()) return refuse("the request names no slot");
    return take("request", *visitor, r.id, event);
  }

  Accepted refuse(std::string why) {
    fault = std::move(why);
    return Accepted::Refused;
  }
};

Engine::Engine(const Pack& pack, const Options& options) : impl_(std::make_unique<Impl>(pack.impl_, options)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Accepted Engine::ingest(const Event& event) { return impl_->ingest(event); }
Accepted Engine::ask(const Request& request) { return impl_->ask(request); }
const std::string& Engine::fault() const { return impl_->fault; }
std::size_t Engine::visitors() const { return impl_->engine.visitors(); }

bool Engine::advance(const std::string& at) {
  impl_->fault.clear();
  const auto until = base::parse_instant(at, impl_->zone);
  if (!until) {
    impl_->fault = "`" + at + "` is not a time";
    return false;
  }
  impl_->engine.advance(*until);
  return true;
}

namespace {

Action action(history::Action&& a, const std::string& currency) {
  Action out;
  switch (a.kind) {
    case history::ActionKind::Send: out.kind = "send"; break;
    case history::ActionKind::Show: out.kind = "show"; break;
    case history::ActionKind::Task: out.kind = "task"; break;
    case history::ActionKind::Suppress: out.kind = "suppress"; break;
    case history::ActionKind::Split: out.kind = "split"; break;
  }
  out.name = std::move(a.name);
  out.channel = std::move(a.channel);
  out.slot = std::move(a.slot);
  out.variant = std::move(a.variant);
  out.length_ms = a.length;
  for (history::Seen& s : a.params) out.params.emplace_back(std::move(s.name), history::words(s.value, currency));
  return out;
}

}  // namespace

std::vector<Decision> Engine::decisions(Json json) {
  std::vector<Decision> out;
  if (impl_->engine.empty()) return out;
  const std::string& currency = impl_->catalog().currency;
  std::vector<history::Decision> made = impl_->engine.drain(json == Json::With ? engine::Engine::Reasons::With : engine::Engine::Reasons::Without);
  out.reserve(made.size());
  for (history::Decision& d : made) {
    Decision& one = out.emplace_back();
    if (json == Json::With) history::append_json(one.json, d, currency);
    one.id = std::move(d.id);
    one.at_ms = d.at;
    one.visitor = std::move(d.visitor);
    one.journey = std::move(d.journey);
    one.rule = std::move(d.rule);
    one.actions.reserve(d.actions.size());
    for (history::Action& a : d.actions) one.actions.push_back(action(std::move(a), currency));
  }
  return out;
}

}  // namespace v0
}  // namespace polku
