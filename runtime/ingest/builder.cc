#include "runtime/ingest/builder.h"

#include <algorithm>
#include <utility>

namespace polku::ingest {
namespace {

using Kind = Cell::Kind;

bool is_scalar(const Cell& cell) { return cell.kind == Kind::Text || cell.kind == Kind::Number; }

bool is_empty(const Cell& cell) { return cell.kind == Kind::Absent || cell.kind == Kind::Null || (cell.kind == Kind::Text && cell.text.empty()); }

// An id of nothing but white space names nobody that anything should be merged with.
bool is_blank(const Cell& cell) { return is_empty(cell) || (cell.kind == Kind::Text && cell.text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos); }

std::string_view shown(const Cell& cell) {
  switch (cell.kind) {
    case Kind::Absent: return "(nothing)";
    case Kind::Null:
    case Kind::Text:
    case Kind::Number:
    case Kind::True:
    case Kind::False: return cell.text;
    case Kind::List: return "[…]";
    case Kind::Object: return "{…}";
  }
  return {};
}

}  // namespace

Builder::Builder(Layout layout, const Setting& setting) : layout_(std::move(layout)), setting_(setting), identity_(*setting.catalog) {}

void Builder::note(Reject reject, std::uint64_t line, std::string_view text) {
  const auto kind = static_cast<std::size_t>(reject);
  if (counts_.by_reject[kind]++ == 0) counts_.first[kind] = {line, excerpt(text)};
}

void Builder::note_value(Reject reject, std::uint64_t line, std::string_view name, const Cell& cell) {
  const auto kind = static_cast<std::size_t>(reject);
  if (counts_.by_reject[kind]++ == 0) counts_.first[kind] = {line, excerpt(std::string(name) + ": " + std::string(shown(cell).substr(0, 1000)))};
}

bool Builder::refuse(Reject reject, std::uint64_t line, const Cell& cell) {
  // What is not UTF-8 is told as that, whatever else it should have been.
  if (cell.kind == Kind::Text && !base::valid_utf8(cell.text)) reject = Reject::bad_text;
  note(reject, line, shown(cell));
  return false;
}

bool Builder::read_visitor(const Row& row, std::uint64_t line, Record& record) {
  const Cell& cell = row.cells[layout_.visitor];
  if (!is_scalar(cell) || cell.text.empty()) return refuse(Reject::no_visitor, line, cell);
  record.visitor = cell.text;
  if (base::is_ascii(cell.text)) return true;
  auto normal = base::nfc(cell.text);
  if (!normal) return refuse(Reject::bad_text, line, cell);
  visitor_ = std::move(*normal);
  record.visitor = visitor_;
  return true;
}

bool Builder::read_times(const Row& row, std::uint64_t line, history::Event& event) {
  const Cell& time = row.cells[layout_.time];
  event.at = read_time(time, setting_.zone);
  if (event.at == kUnknown) return refuse(Reject::bad_time, line, time);
  event.received = kUnknown;
  if (layout_.received == kNoSlot || is_empty(row.cells[layout_.received])) return true;
  const Cell& received = row.cells[layout_.received];
  event.received = read_time(received, setting_.zone);
  return event.received != kUnknown || refuse(Reject::bad_received, line, received);
}

bool Builder::read_merge(const Row& row, std::uint64_t line, history::Event& event) {
  const Cell& other = row.cells[layout_.merges];
  for (std::size_t slot : {layout_.event, layout_.asked})
    if (slot != kNoSlot && !is_empty(row.cells[slot])) return refuse(Reject::merge_and_more, line, row.cells[slot]);
  if (!is_scalar(other)) return refuse(Reject::bad_merge, line, other);
  auto normal = base::nfc(other.text);
  if (!normal) return refuse(Reject::bad_text, line, other);
  event.type = history::kMerge;
  event.merges = std::move(*normal);
  return true;
}

bool Builder::read_type(const Row& row, std::uint64_t line, history::Event& event) {
  event.type = history::kVisitorUpdated;
  event.asked.clear();
  event.merges.clear();
  if (layout_.merges != kNoSlot && !is_blank(row.cells[layout_.merges])) return read_merge(row, line, event);
  const bool request = layout_.asked != kNoSlot && !is_empty(row.cells[layout_.asked]);
  if (request) {
    event.type = history::kAsked;
    if (layout_.event != kNoSlot && !is_empty(row.cells[layout_.event])) return refuse(Reject::event_and_request, line, row.cells[layout_.event]);
    return read_slots(row.cells[layout_.asked], row, line, event);
  }
  if (layout_.event == kNoSlot) return true;
  const Cell& cell = row.cells[layout_.event];
  if (is_empty(cell)) return !layout_.native || refuse(Reject::no_event, line, cell);
  const int* const type = is_scalar(cell) ? layout_.events.find(cell.text) : nullptr;
  if (!type) return refuse(Reject::unknown_event, line, cell);
  event.type = *type;
  return true;
}

bool Builder::read_slots(const Cell& cell, const Row& row, std::uint64_t line, history::Event& event) {
  const auto add = [&](const Cell& name) {
    const int* const place = name.kind == Kind::Text ? layout_.place_names.find(name.text) : nullptr;
    if (!place) return refuse(Reject::unknown_slot, line, name);
    places_.push_back(*place);
    return true;
  };
  places_.clear();
  if (cell.kind == Kind::List) {
    if (cell.count == 0) return refuse(Reject::no_slot, line, cell);
    for (std::uint32_t i = 0; i < cell.count; ++i)
      if (!add(row.items[cell.first + i])) return false;
  } else if (cell.kind == Kind::Text && setting_.csv) {
    for (std::string_view rest = cell.text;;) {
      const std::size_t end = rest.find(';');
      if (!add({Kind::Text, trimmed(rest.substr(0, end))})) return false;
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  } else if (!add(cell)) {
    return false;
  }
  std::sort(places_.begin(), places_.end());
  places_.erase(std::unique(places_.begin(), places_.end()), places_.end());
  for (int place : places_) event.asked.push_back(layout_.places[static_cast<std::size_t>(place)]);
  return true;
}

void Builder::read_attributes(const Row& row, std::uint64_t line, history::Event& event) {
  event.changes.clear();
  if (layout_.native && event.type != history::kVisitorUpdated) return;
  for (const Bind& bind : layout_.attributes) {
    const Cell& cell = row.cells[bind.slot];
    if (cell.kind == Kind::Absent) continue;
    // A source has no way to say "nothing" but an empty text.
    if (!layout_.native && cell.kind == Kind::Text && cell.text.empty()) continue;
    const Value value = bind.derived || cell.kind == Kind::Null ? kUnknown : bind.reader.read(cell, row, setting_);
    if (value == kUnknown && (bind.derived || cell.kind != Kind::Null))  // what it is now is not known
      note_value(Reject::bad_value, line, setting_.catalog->attributes[static_cast<std::size_t>(bind.index)].name, cell);
    if (!bind.derived) event.changes.push_back({bind.index, value});
  }
}

// A record that lacks a part of its id has none.
void Builder::read_id(const Row& row, std::uint64_t line, Record& record) {
  id_.clear();
  for (const std::size_t slot : layout_.id) {
    const Cell& cell = row.cells[slot];
    if (!is_scalar(cell) && cell.kind != Kind::Absent && cell.kind != Kind::Null) note_value(Reject::bad_value, line, layout_.slots[slot], cell);
    if (is_scalar(cell) && !cell.text.empty()) id_.push_back(cell.text);
  }
  record.has_id = !id_.empty() && id_.size() == layout_.id.size();
  record.event.identity = record.has_id ? history::identity_of_id(layout_.source, id_) : identity_.of_content(record.visitor, record.event, *setting_.texts);
}

void Builder::count_strays(const Row& row, std::uint64_t line, int type) {
  const auto& expected = layout_.expected[static_cast<std::size_t>(type - history::kMerge)];
  for (std::size_t slot : row.present)
    if (!expected[slot]) note_value(Reject::unknown_field, line, layout_.slots[slot], row.cells[slot]);
  for (const auto& [name, cell] : row.strays) note_value(Reject::unknown_field, line, name, cell);
}

bool Builder::build(const Row& row, std::uint64_t line, Record& record) {
  history::Event& event = record.event;
  record.line = line;
  if (!read_visitor(row, line, record)) return false;
  if (!read_times(row, line, event)) return false;
  if (!read_type(row, line, event)) return false;
  finish(row, line, record);
  if (event.type == history::kVisitorUpdated && event.changes.empty()) return refuse(Reject::no_event, line, layout_.event == kNoSlot ? Cell{} : row.cells[layout_.event]);
  ++counts_.accepted;
  return true;
}

void Builder::finish(const Row& row, std::uint64_t line, Record& record) {
  history::Event& event = record.event;
  read_attributes(row, line, event);
  event.fields.clear();
  if (event.type >= 0) {
    const auto& declared = setting_.catalog->events[static_cast<std::size_t>(event.type)].fields;
    event.fields.resize(declared.size(), kUnknown);
    for (const Bind& bind : layout_.fields[static_cast<std::size_t>(event.type)]) {
      const Cell& cell = row.cells[bind.slot];
      if (cell.kind == Kind::Absent || cell.kind == Kind::Null) continue;
      const auto field = static_cast<std::size_t>(bind.index);
      event.fields[field] = bind.reader.read(cell, row, setting_);
      if (event.fields[field] == kUnknown) note_value(Reject::bad_value, line, declared[field].name, cell);
    }
  }
  if (layout_.native) count_strays(row, line, event.type);
  read_id(row, line, record);
}

}  // namespace polku::ingest
