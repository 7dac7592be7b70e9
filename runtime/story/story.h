// One visitor's story in sentences: what started, what waited, what was done, and what held back what was not.
#pragma once
#include <string>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/base/text.h"
#include "runtime/history/decision.h"
#include "runtime/history/event.h"
#include "runtime/history/past.h"
#include "runtime/history/table.h"

namespace polku::story {

// A record, and under which of the visitor's names it came.
struct Arrival { std::string name; history::Event event; };

// All records of a history, as they came. past was written under this catalog; texts must be the ones it was read with.
std::vector<Arrival> arrivals(const history::Past& past);

struct Question {
  std::string visitor;                              // as the story calls them
  std::string rule;                                 // only what this rule did; empty: all
  Millis until = 0;                                 // it ends then; nothing that came later is among the arrivals
};

// What the pack decides about these records if it takes them in as they came: in order of when they were received. It is told as it could be known at each moment:
// what came late is told when it comes. Works out everything anew, so its cost is that of a run over the records. texts must begin with the plan's (plan::preload).
// decided: gains the ids of the decisions that acted.
std::string tell(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, const std::vector<Arrival>& arrivals, const std::vector<history::AnswerTable>& tables,
                 const Question& question, std::vector<std::string>* decided = nullptr);

}  // namespace polku::story
