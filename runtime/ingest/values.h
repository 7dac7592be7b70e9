// Raw values to typed ones. Inside the ingest stage only.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"
#include "runtime/ingest/cell.h"
#include "runtime/ingest/names.h"

namespace polku::ingest {

// A decimal number times 10^places as a whole number: "-12.5", "+3", ".5", "1e3". Rounded half to even, or with `exact` kUnknown if that
// would change it. kUnknown too if it is no such number or does not fit. Never through floating point.
Value decimal(std::string_view text, int places, bool exact);

// What all values of one input share.
struct Setting {
  const catalog::Catalog* catalog;
  base::Texts* texts;
  base::Zone zone;    // of times without an offset
  bool csv = false;   // lists are texts separated by `|`
};

class ValueReader {
 public:
  // `values`: raw names of a one-of's values, beside the declared ones; may be null.
  ValueReader(const catalog::Type& type, const std::map<std::string, int>* values);
  // Of a cell that is there and not null; kUnknown if it is no such value.
  Value read(const Cell& cell, const Row& row, const Setting& setting) const;
  bool is_text() const { return kind_ == catalog::TypeKind::Text; }

 private:
  catalog::TypeKind kind_;
  Names names_;  // of a one-of
};

Millis read_time(const Cell& cell, const base::Zone& zone);  // kUnknown if it is none
// Without blanks and tabs around it.
inline std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}
std::string excerpt(std::string_view text);       // for messages: at most 60 characters of valid UTF-8 on one line

}  // namespace polku::ingest
