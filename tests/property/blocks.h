// The text of generated packs, cut into blocks, rules and clauses by its layout: what generate.cc writes, and nothing else.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/value.h"
#include "tests/differential/generate.h"

namespace polku::property {

struct RuleText {
  std::string head;                  // "  rule r1\n"
  std::vector<std::string> clauses;  // whole lines, those that continue them included
  std::string name() const;
};
struct Block {
  std::string head;                  // of a journey: its first line; of other blocks: all of it
  std::vector<std::string> clauses;
  std::vector<RuleText> rules;
  bool is_journey() const { return head.starts_with("journey "); }
  std::string journey() const;       // its name
  std::string text() const;
};
std::vector<Block> cut(const std::string& file);

// The clause's first word is this: `limit`, `goal`.
bool is_clause(const std::string& clause, std::string_view word);
std::string unquoted(const std::string& text, std::size_t from);  // the text in quotes that begins there
std::optional<Millis> length_at(const std::string& text, std::size_t from);  // "90 minutes"

}  // namespace polku::property
