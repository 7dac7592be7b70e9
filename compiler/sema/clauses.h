// The clauses of journeys and rules that say whether and when (readings 43 to 45, 54). Private to sema.
#pragma once
#include "compiler/sema/typer.h"

namespace polku::sema {

bool within_history(const Work& work, const syntax::Duration& length, const char* what);

// Shares of holdouts and splits: part of all people, in hundredths of a percent.
bool share_in_range(const Work& work, Value share, diag::Span span);
std::int32_t buckets(Value share);
std::string said_share(Value share);   // "12.5%"

// What the occurrence names and its filter; nullopt if either is wrong (reported).
std::optional<plan::Match> match(const Work& work, const syntax::Occurrence& what, const std::string& journey);

// Fills gate, conditions, dates, once and quiet of a rule: the journey's and its own.
void clauses(const Work& work, const RuleEntry& entry, const Scope& scope, plan::Rule& out);

// Reports what is wrong with the clauses of a journey by themselves, once for all its rules.
void check_clauses(const Work& work, const syntax::Journey& journey, const std::vector<const RuleEntry*>& rules);

}  // namespace polku::sema
