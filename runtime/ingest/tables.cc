#include "runtime/ingest/tables.h"

#include <simdjson.h>

#include <algorithm>
#include <fstream>

#include "runtime/base/text.h"
#include "runtime/base/time.h"

namespace polku::ingest {

namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kMost = 1'000'000'000'000;  // messages of one channel

// Reads one line into `table`; what is wrong with it, or nothing.
std::string read(const dom::element& line, const catalog::Catalog& catalog, const base::Zone& zone, history::AnswerTable& table) {
  dom::object object;
  if (line.get(object)) return "is no JSON object";
  bool at = false;
  for (const auto& [key, value] : object) {
    if (key == "at") {
      std::string_view text;
      std::optional<Millis> instant;
      if (!value.get(text)) instant = base::parse_instant(text, zone);
      if (!instant) return "`at` is not a time";
      table.at = *instant;
      at = true;
    } else if (key == "name") {
      std::string_view text;
      if (value.get(text) || text.empty()) return "`name` is not a text";
      table.name = base::nfc(text).value_or("");
    } else if (key == "channels") {
      dom::object channels;
      if (value.get(channels)) return "`channels` is not an object";
      for (const auto& [name, counts] : channels) {
        if (catalog.channel(name) < 0) return "the catalog has no channel `" + std::string(name) + "`";
        history::Answered& answered = table.channels[std::string(name)];
        if (counts["answers"].get(answered.answers) || counts["sends"].get(answered.sends) || answered.answers < 0 || answered.answers > answered.sends ||
            answered.sends > kMost)
          return "`" + std::string(name) + "` needs whole numbers `answers` and `sends`, answers at most sends";
      }
    } else {
      return "has a key `" + std::string(key) + "`; a table has `at`, `name` and `channels`";
    }
  }
  if (!at) return "has no `at`";
  if (table.name.empty()) return "has no `name`";
  return {};
}

}  // namespace

std::vector<history::AnswerTable> read_tables(const std::string& path, const catalog::Catalog& catalog, std::string& error) {
  std::vector<history::AnswerTable> tables;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    error = "cannot read " + path;
    return {};
  }
  const base::Zone zone = base::Zone::find(catalog.zone).value_or(base::Zone::utc());
  dom::parser parser;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    dom::element element;
    history::AnswerTable table;
    const std::string fault = parser.parse(line).get(element) ? "is no JSON" : read(element, catalog, zone, table);
    if (!fault.empty()) {
      error = path + ", line " + std::to_string(number) + ": " + (fault.starts_with("is ") || fault.starts_with("has ") ? "the line " : "") + fault;
      return {};
    }
    tables.push_back(std::move(table));
  }
  std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  for (std::size_t i = 1; i < tables.size(); ++i) {
    if (tables[i].at != tables[i - 1].at) continue;
    error = path + ": two tables are of " + base::format_instant(tables[i].at);
    return {};
  }
  return tables;
}

}  // namespace polku::ingest
