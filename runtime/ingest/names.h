// Names to numbers. Inside the ingest stage only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/interned.h"

namespace polku::ingest {

class Names {
 public:
  void add(const std::string& name, int number);  // the first of a name stays
  // Null if there is none. A name that is not NFC is found by its NFC too.
  const int* find(std::string_view name) const;
  const int* exactly(std::string_view name) const {
    const std::uint32_t place = names_.find(name);
    return place == base::Interned::kNone ? nullptr : &numbers_[place];
  }

 private:
  base::Interned names_;
  std::vector<int> numbers_;
};

}  // namespace polku::ingest
