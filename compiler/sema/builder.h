// Collects the parts of a plan while rules are analysed, each distinct part once. Private to sema.
#pragma once
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/plan/plan.h"

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
  using Key = std::tuple<int, std::int32_t, std::int32_t, std::int32_t, std::int64_t>;
  std::vector<plan::Instr> instrs_;
  std::map<Key, int> known_;
};

class PlanBuilder {
 public:
  explicit PlanBuilder(plan::Plan& plan) : plan_(plan) {  // may go on with a plan that has texts already
    for (const std::string& t : plan.texts) texts_.emplace(t, static_cast<Value>(texts_.size()));
    for (const auto& l : plan.text_lists) lists_.emplace(l, static_cast<Value>(lists_.size()));
  }

  plan::CodeId code(const plan::Code& code);
  Value text(const std::string& nfc);
  Value list(const std::vector<std::string>& nfc);
  int window(const plan::Window& window);
  int count(const plan::Match& match, int keep, Millis horizon);  // keep 0: all
  int values(const plan::Match& match, int column, Millis horizon);
  int last(plan::OccurrenceId event, const std::vector<plan::OccurrenceId>& resets, Millis horizon);
  int last_column(int feature, int field);                        // position of the field in the feature's columns

  plan::Plan& plan() { return plan_; }

 private:
  using FeatureKey = std::tuple<int, plan::OccurrenceId, plan::CodeId, int, std::vector<plan::OccurrenceId>>;
  int feature(const FeatureKey& key, plan::Feature fresh);

  plan::Plan& plan_;
  std::map<std::string, plan::CodeId> codes_;
  std::map<std::string, Value> texts_;
  std::map<std::vector<std::string>, Value> lists_;
  std::map<std::tuple<plan::WindowKind, Millis, plan::OccurrenceId, bool>, int> windows_;
  std::map<FeatureKey, int> features_;
};

}  // namespace polku::sema
