#include "compiler/sema/limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/clauses.h"

namespace polku::sema {

using diag::Code;

namespace {

constexpr std::int64_t kLargestLimit = 1000;

plan::LimitUnit unit_of(syntax::LimitUnit unit) {
  switch (unit) {
    case syntax::LimitUnit::Messages: return plan::LimitUnit::Messages;
    case syntax::LimitUnit::Shows: return plan::LimitUnit::Shows;
    case syntax::LimitUnit::Tasks: return plan::LimitUnit::Tasks;
  }
  return plan::LimitUnit::Messages;
}

const char* word_of(syntax::LimitUnit unit) {
  switch (unit) {
    case syntax::LimitUnit::Messages: return "messages";
    case syntax::LimitUnit::Shows: return "shows";
    case syntax::LimitUnit::Tasks: return "tasks";
  }
  return "";
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  for (const T& t : from)
    if (std::find(to.begin(), to.end(), t) == to.end()) to.push_back(t);
}

}  // namespace

std::int32_t Limits::add(std::int64_t count, syntax::LimitUnit unit, const syntax::Duration& within, const std::string& text, diag::Span span) {
  if (count < 1 || count > kLargestLimit) {
    work_.d.add(Code::LimitRange, span, fmt::format("A limit is a number from 1 to {}.", kLargestLimit));
    return -1;
  }
  if (!within_history(work_, within, "limit")) return -1;
  std::vector<plan::Limit>& all = work_.plan.plan().limits;
  all.push_back({text, count, within.length, unit_of(unit)});
  return static_cast<std::int32_t>(all.size()) - 1;
}

Limits::Owned Limits::own(const std::vector<syntax::Limit>& limits) {
  Owned out;
  for (const syntax::Limit& l : limits) {
    std::int32_t limit = -1;
    if (l.across) {
      append(out.groups, {l.across->text});
      std::int32_t& same = same_.try_emplace({l.across->text, l.text, l.within.length}, -1).first->second;
      if (same < 0) same = add(l.count, l.unit, l.within, l.text, l.span);
      limit = same;
      if (limit >= 0) across_[l.across->text].insert(limit);
    } else {
      limit = add(l.count, l.unit, l.within, l.text, l.span);
      if (limit >= 0) out.alone.push_back(limit);
    }
    if (limit >= 0) append(out.all, {limit});
  }
  return out;
}

// A limit of what is never done is a mistake of the author.
void Limits::check_units(const std::vector<syntax::Limit>& limits, const std::vector<const RuleEntry*>& rules, const std::string& who) {
  if (rules.empty() || std::any_of(rules.begin(), rules.end(), [](const RuleEntry* r) { return !r->does.anything; })) return;
  Does does;
  for (const RuleEntry* r : rules) {
    does.sends = does.sends || r->does.sends;
    does.messages = does.messages || r->does.messages;
    does.shows = does.shows || r->does.shows;
    does.tasks = does.tasks || r->does.tasks;
  }
  std::string could;
  for (syntax::LimitUnit unit : {syntax::LimitUnit::Messages, syntax::LimitUnit::Shows, syntax::LimitUnit::Tasks})
    if (does.unit(unit)) could.append(could.empty() ? "Write `limit … " : " or `limit … ").append(word_of(unit)).append(" in …`");
  for (const syntax::Limit& l : limits) {
    if (does.unit(l.unit)) continue;
    std::string message = fmt::format("This limits {}, but {} ", word_of(l.unit), who);
    switch (l.unit) {
      case syntax::LimitUnit::Messages:
        message += does.sends ? "sends service messages only, which no limit touches." : does.shows ? "shows." : "sends none.";
        break;
      case syntax::LimitUnit::Shows: message += does.sends && !does.tasks ? "sends." : "shows nothing."; break;
      case syntax::LimitUnit::Tasks: message += "raises none."; break;
    }
    work_.d.add(Code::LimitUnit, l.span, message, could.empty() ? "Leave it out." : could + ".");
  }
}

void Limits::add_all() {
  std::vector<std::vector<const RuleEntry*>> of_journey(work_.names.journeys.size());
  for (const RuleEntry& r : work_.names.rules) of_journey[static_cast<std::size_t>(r.journey_index)].push_back(&r);
  for (std::size_t j = 0; j < of_journey.size(); ++j) {
    const syntax::Journey& journey = *work_.names.journeys[j];
    journeys_.push_back(own(journey.limits));
    check_units(journey.limits, of_journey[j], fmt::format("the journey \"{}\"", journey.name.text));
  }
  for (const catalog::Channel& c : work_.catalog().channels) {
    std::vector<plan::Limit>& all = work_.plan.plan().limits;
    work_.plan.plan().channel_limits.push_back(c.limit ? static_cast<std::int32_t>(all.size()) : -1);
    if (c.limit)
      all.push_back({fmt::format("at most {} {} by {} in {}", c.limit->count, c.limit->count == 1 ? "message" : "messages", c.name, said(c.limit->within)),
                     c.limit->count, c.limit->within, plan::LimitUnit::Messages});
  }
  for (const RuleEntry& r : work_.names.rules) {
    rules_.push_back(own(r.rule->limits));
    check_units(r.rule->limits, {&r}, fmt::format("the rule `{}`", r.rule->name.text));
  }
}

std::int32_t Limits::add_promise(const syntax::AtMost& promise, const std::string& text) {
  const std::int32_t limit = add(promise.count, promise.unit, promise.within, text, promise.span);
  if (limit >= 0) promises_.push_back(limit);
  return limit;
}

bool Limits::concerns(std::int32_t limit, const Does& does) const {
  switch (work_.plan.plan().limits[static_cast<std::size_t>(limit)].unit) {
    case plan::LimitUnit::Messages: return does.messages;
    case plan::LimitUnit::Shows: return does.shows;
    case plan::LimitUnit::Tasks: return does.tasks;
  }
  return false;
}

void Limits::assign() {
  plan::Plan& plan = work_.plan.plan();
  std::map<std::string, std::int32_t> suppressions;
  for (const std::string& s : plan.suppressions) suppressions.emplace(s, static_cast<std::int32_t>(suppressions.size()));
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const RuleEntry& entry = work_.names.rules[i];
    const Owned &rule = rules_[i], &journey = journeys_[static_cast<std::size_t>(entry.journey_index)];
    plan::Rule& out = plan.rules[i];
    std::vector<std::string> groups = rule.groups;
    append(groups, journey.groups);
    std::set<std::int32_t> counted(promises_.begin(), promises_.end());
    for (const Owned* o : {&rule, &journey}) {
      append(out.limits, o->all);
      counted.insert(o->alone.begin(), o->alone.end());
    }
    for (const std::string& g : groups)
      if (const auto it = across_.find(g); it != across_.end()) counted.insert(it->second.begin(), it->second.end());
    std::erase_if(out.limits, [&](std::int32_t l) { return !concerns(l, entry.does); });
    out.counted_in.assign(counted.begin(), counted.end());  // also what the rule did under another pack
    groups.insert(groups.begin(), entry.journey->name.text);
    for (const std::string& g : groups)
      if (const auto it = suppressions.find(g); it != suppressions.end()) append(out.suppressed_by, {it->second});
    out.belongs_to = std::move(groups);
  }
}

}  // namespace polku::sema
