// Which raw name goes where: a source, or the native form, worked out for one input. Inside the ingest stage only.
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/history/event.h"
#include "runtime/ingest/values.h"

namespace polku::ingest {

inline constexpr std::size_t kNoSlot = static_cast<std::size_t>(-1);

// One field or attribute, and the slot that its value stands in.
struct Bind {
  std::size_t slot;
  int index;                // of the field or attribute
  bool derived;             // an attribute, which cannot be set
  ValueReader reader;
};

inline constexpr std::string_view kFields = "fields.";

// A slot is a raw name: a column, or a path. In the native form a field or attribute NAME is `fields.NAME`.
struct Layout {
  bool native = false;
  std::string source;                       // its name; empty for the native form
  std::size_t visitor = kNoSlot, time = kNoSlot, received = kNoSlot, event = kNoSlot, asked = kNoSlot, merges = kNoSlot;
  std::vector<std::size_t> id;              // its parts; none: records have no ids
  Names events;                             // raw name → event, or kVisitorUpdated
  std::vector<std::vector<Bind>> fields;    // by event
  std::vector<Bind> attributes;             // of every record; native: of `visitor updated` only
  std::vector<std::vector<bool>> expected;  // native: [type - kMerge][slot]: belongs to such a record
  Names place_names;                        // `web.hero` → which of `places`
  std::vector<history::Place> places;       // what can be asked for, in catalog order
  std::vector<std::string> slots;           // raw names
  std::vector<bool> texts;                  // by slot: some field or attribute of type text stands there
  std::vector<bool> named;                  // by slot: worth a word if a header lacks it
  std::unordered_map<std::string, std::size_t> slot_of;
  // Segment: what else its clients say of a record.
  std::size_t type = kNoSlot, anonymous = kNoSlot, previous = kNoSlot, original = kNoSlot, sent = kNoSlot, received_at = kNoSlot;
  std::size_t trace = kNoSlot;              // CloudEvents
};

// source: null for the native form.
Layout layout_of(const catalog::Catalog& catalog, const catalog::Source* source);

struct Header {
  std::string error;                 // not empty: the input cannot be read
  std::vector<std::size_t> columns;  // the slot of each, or kNoSlot
  std::vector<std::string> missing;  // named, but not there
};
Header fit_to_header(const Layout& layout, const std::vector<std::string_view>& cells);

}  // namespace polku::ingest
