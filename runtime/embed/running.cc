#include "runtime/embed/running.h"

namespace polku {
inline namespace v0 {

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

Running::Running(std::shared_ptr<const Program> program, const Options& options)
    : program_(std::move(program)),
      engine_(*program_->plan, *program_->evaluator, preloaded(),
              {.keep = engine::Keep::Acted, .remember = options.histories ? engine::Remember::Histories : engine::Remember::RecordsOnly}),
      identity_(catalog()),
      zone_(base::Zone::find(catalog().zone).value_or(base::Zone::utc())) {
  for (const catalog::Attribute& a : catalog().attributes) attribute_readers_.emplace_back(a.type, nullptr);
  for (const catalog::Event& e : catalog().events) {
    std::vector<ingest::ValueReader>& readers = field_readers_.emplace_back();
    for (const catalog::Field& field : e.fields) readers.emplace_back(field.type, nullptr);
  }
}

base::Texts& Running::preloaded() {
  plan::preload(texts_, *program_->plan);
  return texts_;
}

void Running::succeed(Running& old, Millis at) {
  engine_.succeed(old.engine_, at);
  known_ = std::move(old.known_);
  latest_ = old.latest_;
}

// The typed value; notes a fault and gives unknown if it does not fit.
std::int64_t Running::read(const Field& f, const catalog::Type& type, const ingest::ValueReader& reader) {
  fill(f.value, row_, scratch_);
  if (row_.cells[0].kind == ingest::Cell::Kind::Null) return kUnknown;
  if (const Value v = reader.read(row_.cells[0], row_, setting_); v != kUnknown) return v;
  note("`" + f.name + "` is a " + catalog::type_name(type) + ", and its value is not: it counts as missing");
  return kUnknown;
}

// Who and when, of an event or a request. False: refused.
template <class Record>
bool Running::read_head(const Record& r, std::optional<std::string>& visitor, history::Event& event) {
  fault.clear();
  visitor = base::nfc(r.visitor);
  if (!visitor || visitor->empty()) return note("the visitor is empty or not UTF-8"), false;
  const std::optional<Millis> at = base::parse_instant(r.at, zone_);
  if (!at) return note("`" + r.at + "` is not a time"), false;
  event.at = *at;
  event.received = kUnknown;
  if (r.received.empty()) return true;
  const std::optional<Millis> received = base::parse_instant(r.received, zone_);
  if (!received) return note("`" + r.received + "` is not a time"), false;
  event.received = *received;
  return true;
}

Accepted Running::take(const char* what, const std::string& visitor, const std::string& id, history::Event& event) {
  event.identity = id.empty() ? identity_.of_content(visitor, event, texts_) : history::identity_of_id("", id);
  if (!id.empty() && known_.contains(event.identity)) return Accepted::Duplicate;
  switch (engine_.take(visitor, event)) {
    case engine::Taken::Yes: break;
    case engine::Taken::OutOfOrder: return refuse(std::string("the ") + what + " lies before the clock of `" + visitor + "`");
    case engine::Taken::NeedsHistories:
      return refuse(event.type == history::kMerge ? "visitors become one only in an engine with histories (polku::Options)"
                                                  : std::string("the ") + what + " comes late, which takes an engine with histories (polku::Options)");
  }
  if (!id.empty()) known_.first(event.identity);
  latest_ = std::max({latest_, event.at, event.received == kUnknown ? event.at : event.received});
  return fault.empty() ? Accepted::Yes : Accepted::Partly;
}

Accepted Running::ingest(const v0::Event& e) {
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
            read(f, declared.fields[static_cast<std::size_t>(i)].type, field_readers_[static_cast<std::size_t>(event.type)][static_cast<std::size_t>(i)]);
    }
  } else {
    for (const Field& f : e.fields) {
      const int i = catalog().attribute(f.name);
      if (i < 0 || catalog().attributes[static_cast<std::size_t>(i)].presence == catalog::Presence::Derived)
        note("`" + f.name + "` is no attribute that can be set: left out");
      else
        event.changes.push_back({i, read(f, catalog().attributes[static_cast<std::size_t>(i)].type, attribute_readers_[static_cast<std::size_t>(i)])});
    }
  }
  return take("record", *visitor, e.id, event);
}

Accepted Running::ask(const Request& r) {
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

Accepted Running::refuse(std::string why) {
  fault = std::move(why);
  return Accepted::Refused;
}

bool Running::advance(const std::string& at) {
  fault.clear();
  const auto until = base::parse_instant(at, zone_);
  if (!until) return note("`" + at + "` is not a time"), false;
  reach(*until);
  return true;
}

void Running::reach(Millis until) {
  latest_ = std::max(latest_, until);
  engine_.advance(until);
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

std::vector<Decision> Running::decisions(Json json) {
  std::vector<Decision> out;
  if (engine_.empty()) return out;
  const std::string& currency = catalog().currency;
  std::vector<history::Decision> made = engine_.drain(json == Json::With ? engine::Engine::Reasons::With : engine::Engine::Reasons::Without);
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
