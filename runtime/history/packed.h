// A record as bytes: some 15 to 50 of them, where the struct takes 200 and three pieces of memory. For histories and for sorting; read by the process that
// wrote them, as values and numbers are of its catalog and texts.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/history/event.h"

namespace polku::history {

// All of it but its time, behind what is there.
void pack(const Event& event, std::string& out);

// What pack() wrote stands in front of `bytes`, and is taken away. The time is the caller's. `into` keeps its memory.
void unpack(std::string_view& bytes, Millis at, Event& into);

std::uint64_t packed_identity(std::string_view bytes);  // of what pack() wrote, without reading the rest

}  // namespace polku::history
