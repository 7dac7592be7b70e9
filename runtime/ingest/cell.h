// One value of a raw record, before its type is known. Inside the ingest stage only.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace polku::ingest {

struct Cell {
  enum class Kind : std::uint8_t { Absent, Null, Text, Number, True, False, List, Object };
  Kind kind = Kind::Absent;
  std::string_view text;                 // Text: decoded; Number, True, False, Null: as it was written
  std::uint32_t first = 0, count = 0;    // List: its stretch of Row::items
};

// A record taken apart: one cell for each column of the header, or for each path that is asked for.
struct Row {
  std::vector<Cell> cells;
  std::vector<Cell> items;                                    // of all lists
  std::vector<std::size_t> present;                           // cells that were in the record
  std::vector<std::pair<std::string_view, Cell>> strays;      // native NDJSON: what nothing asked for

  void clear() {
    for (std::size_t slot : present) cells[slot] = {};
    items.clear();
    present.clear();
    strays.clear();
  }
};

}  // namespace polku::ingest
