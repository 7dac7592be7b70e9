// Limits, and whose acts count in them (reading 55). Private to sema.
#pragma once
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/sema/scope.h"

namespace polku::sema {

class Limits {
 public:
  explicit Limits(const Work& work) : work_(work) {}

  // Adds those of all journeys, channels and rules to the plan.
  void add_all();
  // One of a guarantee, over all rules; its number, or -1 (reported).
  std::int32_t add_promise(const syntax::AtMost& promise, const std::string& text);
  // When everything else stands: limits, counted_in and suppressed_by of every rule.
  void assign();

 private:
  struct Owned {
    std::vector<std::int32_t> all, alone;   // in the plan's limits, as written; alone: those not across a group
    std::vector<std::string> groups;        // as written
  };
  Owned own(const std::vector<syntax::Limit>& limits);
  std::int32_t add(std::int64_t count, syntax::LimitUnit unit, const syntax::Duration& within, const std::string& text, diag::Span span);
  void check_units(const std::vector<syntax::Limit>& limits, const std::vector<const RuleEntry*>& rules, const std::string& who);
  bool concerns(std::int32_t limit, const Does& does) const;

  const Work& work_;
  std::vector<Owned> journeys_, rules_;
  std::vector<std::int32_t> promises_;
  std::map<std::string, std::set<std::int32_t>> across_;  // of each group
  std::map<std::tuple<std::string, std::string, Millis>, std::int32_t> same_;  // group, text, within: limits that count alike are one
};

}  // namespace polku::sema
