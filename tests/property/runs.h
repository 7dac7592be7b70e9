// Packs compiled, logs read, and decisions made, for the properties.
#pragma once
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "compiler/driver/driver.h"
#include "runtime/base/text.h"
#include "runtime/engine/engine.h"
#include "tests/differential/generate.h"
#include "tests/differential/random.h"

namespace polku::property {

struct Program {
  std::unique_ptr<driver::Pack> pack;
  std::unique_ptr<plan::Evaluator> evaluator;  // the interpreter; tests/differential compares the engines
  std::unique_ptr<base::Texts> texts;          // begins with the plan's
  const plan::Plan& plan() const { return *pack->plan; }
};
// pack is null after an error.
Program compile(const std::string& catalog, const std::vector<differential::RuleFile>& files, std::string& error);

struct Arrival {
  std::string visitor;
  history::Event event;
};
using Log = std::vector<Arrival>;
// The records of a log in the order of its lines, in the words of the program's texts. Without those that repeat an id, for which of two
// records is the second depends on the order; and nothing in it is late or merges.
Log read(Program& program, const std::string& log);
// The same in order of time; each visitor's order stays.
void sort_by_time(Log& log);
Millis end_of(const Log& log);

// A pack and what happens: the text of a log, and the tables of answers that are published meanwhile.
struct Scene {
  Program& program;
  const std::string& log;
  const std::vector<history::AnswerTable>& tables;
  differential::Random& random;
};
// Compiles the pack and shows `check` so many logs of it, until one of them has a fault: that is the result, empty if there is none.
std::string in_each_log(const differential::Pack& pack, std::size_t logs, differential::Random random, const std::function<std::string(const Scene&)>& check);

using Decisions = std::vector<history::Decision>;
// All of them, `no_match` included, in the order of the decision file, with all clocks run to `end`.
Decisions decide(Program& program, const Log& log, const std::vector<history::AnswerTable>& tables, Millis end,
                 engine::Remember remember = engine::Remember::RecordsOnly);
void sort_as_file(Decisions& decisions);

// As a line of the decision file; without reasons: but what became of it.
std::string line(const history::Decision& decision, bool reasons = true);
// Empty if both are the same, else the first difference.
std::string difference(const std::vector<std::string>& a, const std::vector<std::string>& b, const char* name_a, const char* name_b);

void print_case(const std::string& catalog, const std::vector<differential::RuleFile>& files, const std::string& log);

}  // namespace polku::property
