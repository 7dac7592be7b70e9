// Collects the parts of a plan while rules are analysed, each distinct part once. Private to sema.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "compiler/plan/patch.h"

namespace polku::sema {

// Straight-line code in the making; equal instructions are one.
class CodeBuilder {
 public:
  int emit(const plan::Instr& instr);
  int constant(Value v) { return emit({.op = plan::Op::Const, .imm = v}); }
  int unary(plan::Op op, int a, std::int64_t imm = 0) { return emit({.op = op, .a = a, .imm = imm}); }
  int binary(plan::Op op, int a, int b, std::int64_t imm = 0) { return emit({.op = op, .a = a, .b = b, .imm = imm}); }
  plan::Code slice(int result, const catalog::Type& type) const;  // only what `result` depends on
  const plan::Instr& at(int reg) const { return instrs_[static_cast<std::size_t>(reg)]; }

 private:
  void index(int reg);

  std::vector<plan::Instr> instrs_;
  std::vector<int> known_;                    // a hash table of the instructions, -1: free; empty as long as there are few of them
  mutable std::vector<std::uint32_t> met_;    // by which slice an instruction was met last
  mutable std::uint32_t slices_ = 0;
};

class PlanBuilder {
 public:
  explicit PlanBuilder(plan::Plan& plan) : plan_(&plan) {  // may go on with a plan that has texts already
    for (const std::string& t : plan.texts) texts_.emplace(t, static_cast<Value>(texts_.size()));
    for (const auto& l : plan.text_lists) lists_.emplace(l, static_cast<Value>(lists_.size()));
  }

  plan::CodeId code(plan::Code code);
  Value text(const std::string& nfc);
  Value list(const std::vector<std::string>& nfc);
  // Of these two kinds -1 if refused.
  int window(const plan::Window& window);
  int count(const plan::Match& match, int keep, Millis horizon);  // keep 0: all
  int values(const plan::Match& match, int column, Millis horizon);
  int last(plan::OccurrenceId event, const std::vector<plan::OccurrenceId>& resets, Millis horizon);
  int last_column(int feature, int field);                        // position of the field in the feature's columns

  std::int32_t suppression(const std::string& name);              // in the plan's

  plan::Plan& plan() { return *plan_; }
  const plan::Window& window(int number) const {
    const auto i = static_cast<std::size_t>(number);
    return i < plan_->windows.size() ? plan_->windows[i] : patch_->windows[i - plan_->windows.size()];
  }

  // From begin() to end() the plan stands as it is: new code and windows go into the patch, and whatever else would be new is refused. What then comes of
  // it is good for nothing but messages. keep: the patch will be applied; else its code is forgotten.
  void begin(plan::Plan& live, plan::Patch& patch);
  void end(bool keep);
  bool refuse();        // between the two: true, and noted
  bool refused() const { return refused_; }

 private:
  using FeatureKey = std::tuple<int, plan::OccurrenceId, plan::CodeId, int, std::vector<plan::OccurrenceId>>;
  using WindowKey = std::tuple<plan::WindowKind, Millis, plan::OccurrenceId, bool>;
  static WindowKey key_of(const plan::Window& w) { return {w.kind, w.length, w.since, w.before_this}; }
  int feature(const FeatureKey& key, plan::Feature fresh);

  plan::CodeId codes() const { return static_cast<plan::CodeId>(plan_->codes.size() + (patch_ ? patch_->codes.size() : 0)); }
  const plan::Code& at(plan::CodeId id) const {
    const auto i = static_cast<std::size_t>(id);
    return i < plan_->codes.size() ? plan_->codes[i] : patch_->codes[i - plan_->codes.size()];
  }

  plan::Plan* plan_;
  plan::Patch* patch_ = nullptr;
  bool refused_ = false;
  std::unordered_multimap<std::size_t, plan::CodeId> codes_;  // by a hash of their instructions
  std::unordered_map<std::string, Value> texts_;
  std::unordered_map<std::string, std::int32_t> suppressions_;
  std::map<std::vector<std::string>, Value> lists_;
  std::map<WindowKey, int> windows_;
  std::map<FeatureKey, int> features_;
};

}  // namespace polku::sema
