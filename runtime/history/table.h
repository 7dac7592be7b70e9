// A published table of answers: how often all visitors answered each channel. An input with a name, renewed from time to time.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "runtime/base/value.h"

namespace polku::history {

struct Answered { std::int64_t answers = 0, sends = 0; };  // 0 <= answers <= sends

struct AnswerTable {
  Millis at = 0;                                // holds from here on, before everything else of that instant
  std::string name;                             // stands in the reasons of decisions that used it
  std::map<std::string, Answered> channels;     // by channel name
};

}  // namespace polku::history
