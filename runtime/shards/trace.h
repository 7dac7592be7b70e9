// W3C Trace Context (https://www.w3.org/TR/trace-context/): whose request something was done for, and how a decision says so.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace polku::shards {

struct Trace {
  std::uint64_t high = 0, low = 0;               // of the trace; both 0: there is none
  std::uint64_t parent = 0;                      // whatever of the trace it was that caused this
  std::uint8_t flags = 0;                        // 1: sampled; 2: its number is random
  explicit operator bool() const { return (high | low) != 0; }
};

Trace read_trace(std::string_view traceparent);  // none, if it is not as the standard wants it
std::string trace_id(const Trace& trace);        // 32 digits
std::string traceparent(const Trace& trace);

// The same trace, for what the decision of this id causes: equal decisions are equal parents.
Trace caused_by(const Trace& trace, std::string_view decision_id);

// A decision's JSON has it as its last member.
void add_trace(std::string& json, const Trace& trace);
Trace trace_of(std::string_view json);           // none, if it has none

}  // namespace polku::shards
