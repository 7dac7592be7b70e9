// Private to compiler/jit: which codes are compiled together, and in which order. No LLVM here.
#pragma once
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/file_cache.h"

namespace polku::jit {

// Codes of one module. Small: LLVM is superlinear in what is big, and a group is made whole or not at all.
struct Group {
  std::size_t number = 0;            // in Groups::groups
  std::vector<std::int32_t> codes;   // different ones: positions in Groups::first
  base::CacheKey key;                // of their instructions, in order, and the target
};

// The codes of a plan without repetitions, those that decide before those that only explain. Where one group ends and the next begins depends on
// the codes around the border alone: a code that changes, comes or goes leaves nearly all other groups, and so their keys, as they are.
struct Groups {
  std::vector<plan::CodeId> first;   // of each different code: one that has its instructions
  std::vector<plan::CodeId> same;    // of each code: the next with the same instructions, or -1
  std::vector<std::int32_t> of;      // of each code: its group
  std::deque<Group> groups;          // they stay where they are when others come
};
Groups make_groups(const plan::Plan& plan, std::string_view target);

// Groups of the codes that the plan has got since, each of them different from all others.
void add_groups(Groups& groups, const plan::Plan& plan, std::string_view target);

}  // namespace polku::jit
