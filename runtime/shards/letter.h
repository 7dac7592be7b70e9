// Dead letters: decisions that a receiver would not take, and why.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/value.h"

namespace polku::shards {

struct Letter {
  std::string sink;                              // whose they are: a name without secrets
  std::uint64_t position = 0;                    // of the decision, in the log
  std::string id, visitor, json;                 // of the decision
  int status = 0;                                // of the last answer; 0: there was none
  std::string error;                             // the same in words
  std::uint64_t attempts = 0;                    // in all
  Millis when = 0;                               // it was given up on
};

// Later decisions stand behind earlier ones; the same decision for the same sink has the same key however often it is given up on.
std::string letter_key(const Letter& letter);
std::string letter_bytes(const Letter& letter);
bool read_letter(std::string_view bytes, Letter& letter);   // false: damaged, or of another format

}  // namespace polku::shards
