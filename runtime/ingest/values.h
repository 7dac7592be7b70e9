// Raw values to typed ones. Inside the ingest stage only.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"
#include "runtime/ingest/cell.h"

namespace polku::ingest {

// Names to numbers. A name that is not NFC is found by its NFC too.
class Names {
 public:
  void add(const std::string& name, int number);  // the first of a name stays
  std::optional<int> find(std::string_view name) const;

 private:
  static constexpr std::size_t kFew = 8;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::optional<int> exactly(std::string_view name) const;
  std::unordered_map<std::string, int, Hash, std::equal_to<>> numbers_;
  std::vector<std::pair<std::string, int>> few_;  // the same while they are few: looking at each is quicker than hashing
};

// A decimal number times 10^places as a whole number: "-12.5", "+3", ".5", "1e3". Rounded half to even, or with `exact` nullopt if that
// would change it. nullopt too if it is no such number or does not fit. Never through floating point.
std::optional<std::int64_t> decimal(std::string_view text, int places, bool exact);

// What all values of one input share.
struct Setting {
  const catalog::Catalog* catalog;
  base::Texts* texts;
  base::Zone zone;    // of times without an offset
  bool csv = false;   // lists are texts separated by `|`
};

class ValueReader {
 public:
  enum class Got { Given, Missing, Bad };
  // `values`: raw names of a one-of's values, beside the declared ones; may be null.
  ValueReader(const catalog::Type& type, const std::map<std::string, int>* values);
  Got read(const Cell& cell, const Row& row, const Setting& setting, Value& out) const;

 private:
  std::optional<Value> value(const Cell& cell, const Row& row, const Setting& setting) const;
  catalog::TypeKind kind_;
  Names names_;  // of a one-of
};

std::optional<Millis> read_time(const Cell& cell, const base::Zone& zone);
std::string_view trimmed(std::string_view text);  // without blanks and tabs around it
std::string excerpt(std::string_view text);       // for messages: at most 60 characters of valid UTF-8 on one line

}  // namespace polku::ingest
