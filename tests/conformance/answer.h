// Decisions as a case writes them: what is expected, and what an engine said.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/time.h"
#include "tests/conformance/case_file.h"

namespace polku::conformance {

// The times of a case: `10:00`, `day2 10:00:30`, `10:00+1ms`, `2026-10-25T03:30`, each also in UTC with a `Z`.
class Calendar {
 public:
  Calendar(base::Zone zone, std::int64_t first_day) : zone_(std::move(zone)), first_(first_day) {}
  // Takes the time off the front of the words.
  std::optional<Millis> take(std::vector<std::string>& words) const;
  std::string say(Millis at) const;

 private:
  base::Zone zone_;
  std::int64_t first_;
};

// One decision, or a line about the run (`rejected: 1 bad_value`).
struct Answer {
  std::size_t line = 0;               // expected ones: in the case file
  std::string head;                   // `10:00 v1 rule acted`
  std::optional<std::string> actions; // none: not said, so not compared
  std::vector<std::string> reasons;   // `clause -> is (name = value; …)`; `...` stands for any number of them
  bool reasoned = false;              // reasons are compared
  std::string label, id;              // expected, got
};

// The expected answers. What cannot be read is a fault: "12: …".
std::vector<Answer> expected_answers(const std::vector<Line>& lines, const Calendar& calendar, std::vector<std::string>& faults);
Answer answer_of_json(std::string_view line, const Calendar& calendar);

bool same(const Answer& expected, const Answer& got);
// What differs, a line each; empty if nothing does.
std::string difference(const std::vector<Answer>& expected, const std::vector<Answer>& got);

}  // namespace polku::conformance
