#include "runtime/ingest/tables.h"

#include <simdjson.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "runtime/base/text.h"
#include "runtime/base/time.h"

namespace polku::ingest {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kMost = 1'000'000'000'000;  // messages of one channel
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// These say what is wrong, or nothing.

std::string read_counts(std::string_view channel, const dom::element& value, history::Answered& counts) {
  const std::string name = "`" + std::string(channel) + "`";
  dom::object object;
  if (value.get(object) || object.size() != 2 || object["answers"].get(counts.answers) || object["sends"].get(counts.sends))
    return name + " needs two whole numbers, `answers` and `sends`, and nothing else";
  if (counts.sends < 0 || counts.sends > kMost) return "the sends of " + name + " must be from 0 to " + std::to_string(kMost);
  if (counts.answers < 0 || counts.answers > counts.sends) return "the answers of " + name + " must be from 0 to its sends";
  return {};
}

std::string read_channels(const dom::element& value, const catalog::Catalog& catalog, history::AnswerTable& table) {
  dom::object channels;
  if (value.get(channels)) return "`channels` is no JSON object";
  for (const auto& [key, counts] : channels) {
    const std::string name = base::nfc(key).value_or(std::string(key));
    if (catalog.channel(name) < 0) {
      std::vector<std::string> known;
      for (const auto& channel : catalog.channels) known.push_back(channel.name);
      const std::string help = diag::did_you_mean(name, known);
      return "the catalog has no channel `" + name + "`" + (help.empty() ? "" : ". " + help);
    }
    const auto [at, added] = table.channels.try_emplace(name);
    if (!added) return "the channel `" + name + "` stands twice";
    if (std::string fault = read_counts(name, counts, at->second); !fault.empty()) return fault;
  }
  return {};
}

std::string read_line(const dom::element& line, const catalog::Catalog& catalog, const base::Zone& zone, history::AnswerTable& table) {
  dom::object object;
  if (line.get(object)) return "the line is no JSON object";
  std::set<std::string_view> keys;
  for (const auto& [key, value] : object) {
    if (!keys.insert(key).second) return "the key `" + std::string(key) + "` stands twice";
    std::string_view text;
    if (key == "at") {
      const auto instant = value.get(text) ? std::nullopt : base::parse_instant(text, zone);
      if (!instant) return "`at` is no time, as in `2026-11-21T00:00:00Z`";
      table.at = *instant;
    } else if (key == "name") {
      const auto name = value.get(text) ? std::nullopt : base::nfc(text);
      if (!name || name->empty()) return "`name` is no text, or an empty one";
      table.name = *name;
    } else if (key == "channels") {
      if (std::string fault = read_channels(value, catalog, table); !fault.empty()) return fault;
    } else {
      return "there is no key `" + std::string(key) + "` in a table; it has `at`, `name` and `channels`";
    }
  }
  for (std::string_view key : {"at", "name", "channels"})
    if (!keys.contains(key)) return "the table has no `" + std::string(key) + "`";
  return {};
}

}  // namespace

std::vector<history::AnswerTable> read_tables(const std::string& path, const catalog::Catalog& catalog, std::string& error) {
  std::vector<history::AnswerTable> tables;
  std::ifstream in(path, std::ios::binary);
  const base::Zone zone = base::Zone::find(catalog.zone).value_or(base::Zone::utc());
  dom::parser parser;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    dom::element element;
    history::AnswerTable table;
    const std::string fault = parser.parse(line).get(element) ? "the line is no JSON" : read_line(element, catalog, zone, table);
    if (!fault.empty()) {
      error = "`" + path + "`, line " + std::to_string(number) + ": " + fault + (fault.ends_with('?') ? "" : ".");
      return {};
    }
    tables.push_back(std::move(table));
  }
  if (!in.eof()) {  // not there, a folder, or broken off
    error = "The tables in `" + path + "` cannot be read.";
    return {};
  }
  std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  const auto same = std::adjacent_find(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return a.at == b.at; });
  if (same != tables.end()) {
    error = "`" + path + "`: two tables hold from " + base::format_instant(same->at) + " on. Take one of them out.";
    return {};
  }
  return tables;
}

}  // namespace polku::ingest
