// When triggers complete at a record, and what ends what they armed (readings 7–9, 25–28, 30, 34). Internal to the reference interpreter.
#pragma once
#include <cstddef>

#include "compiler/reference/evaluate.h"

namespace polku::reference {

// Does the rule's trigger complete at this record? Not asked of memberships and schedules, which complete otherwise.
bool completes(const Story& story, int rule, std::size_t record);
// Is the record a stop of the rule's `then no …`?
bool stops_delay(const Story& story, int rule, const Record& record);
// Does `stop when` of the rule's journey end what is pending?
bool stops_journey(const Story& story, int rule, const Record& record);

// `when every day at …`, `when on DATE at …`: does it complete at this instant, by what stands before it?
bool due_by_schedule(const Story& story, int rule);
// The time of day of such a trigger.
std::optional<Millis> schedule(const syntax::Rule& rule);

// `when any of A, B`: the first alternative that the record matches. `in order`: the last step. Else what the trigger waits for.
// nullptr: it waits for no record of its own.
const syntax::Occurrence* completed_by(const Story& story, int rule, const Record& record);

}  // namespace polku::reference
