#include "runtime/ingest/names.h"

#include "runtime/base/text.h"

namespace polku::ingest {

void Names::add(const std::string& name, int number) {
  for (const std::string& spelling : {name, base::nfc(name).value_or(name)})
    if (names_.add(spelling) == numbers_.size()) numbers_.push_back(number);
}

const int* Names::find(std::string_view name) const {
  const int* const number = exactly(name);
  if (number || base::is_ascii(name)) return number;
  const auto normal = base::nfc(name);
  return normal ? exactly(*normal) : nullptr;
}

}  // namespace polku::ingest
