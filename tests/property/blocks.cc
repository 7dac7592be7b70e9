#include "tests/property/blocks.h"

#include <cstdlib>
#include <utility>

namespace polku::property {

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    out.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

std::string RuleText::name() const {
  const std::size_t from = head.find("rule ") + 5;
  return head.substr(from, head.find_last_not_of(" \n") + 1 - from);
}

std::string Block::journey() const { return unquoted(head, head.find('"')); }

std::string Block::text() const {
  std::string out = head;
  for (const std::string& c : clauses) out += c;
  for (const RuleText& r : rules) {
    out += "\n" + r.head;
    for (const std::string& c : r.clauses) out += c;
  }
  return out + (is_journey() ? "end\n" : "");
}

std::vector<Block> cut(const std::string& file) {
  std::vector<Block> out;
  bool open = false;
  for (const std::string& line : lines_of(file)) {
    const std::size_t indent = line.find_first_not_of(" \n");
    if (indent == std::string::npos) continue;
    if (!open) {
      out.emplace_back();
      out.back().head = line;
      open = true;
      continue;
    }
    Block& b = out.back();
    const bool last = line == "end\n";
    if (last) open = false;
    if (!b.is_journey()) {
      b.head += line;
    } else if (last) {
      continue;
    } else if (indent == 2 && line.starts_with("  rule ")) {
      b.rules.push_back({line, {}});
    } else if (indent == 2) {
      b.clauses.push_back(line);
    } else if (indent == 4 && !b.rules.empty()) {
      b.rules.back().clauses.push_back(line);
    } else {
      (b.rules.empty() ? b.clauses : b.rules.back().clauses).back() += line;
    }
  }
  return out;
}

bool is_clause(const std::string& clause, std::string_view word) {
  const std::size_t from = clause.find_first_not_of(' ');
  return from != std::string::npos && clause.compare(from, word.size(), word) == 0 && clause.find_first_of(" \n", from) == from + word.size();
}

std::string unquoted(const std::string& text, std::size_t from) {
  std::string out;
  for (std::size_t i = from + 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\') ++i;
    out += text[i];
  }
  return out;
}

std::optional<Millis> length_at(const std::string& text, std::size_t from) {
  static constexpr std::pair<std::string_view, Millis> kUnits[] = {
      {" second", kSecond}, {" minute", kMinute}, {" hour", kHour}, {" day", kDay}, {" week", 7 * kDay}};
  char* end = nullptr;
  const Millis n = std::strtoll(text.c_str() + from, &end, 10);
  const auto at = static_cast<std::size_t>(end - text.c_str());
  for (const auto& [word, length] : kUnits)
    if (text.compare(at, word.size(), word) == 0) return n * length;
  return std::nullopt;
}

}  // namespace polku::property
