// What becomes of one firing (LANGUAGE.md 5; readings 15, 16, 20–23, 43–60, 62–64, 69). Internal to the reference interpreter.
#pragma once
#include <vector>

#include "compiler/reference/story.h"

namespace polku::reference {

// Why a rule is judged: its trigger, the end of the quiet hours it waited for, or a request for the slot of an offer it holds.
enum class Cause { Trigger, Opening, Request };

struct Firing {
  int rule = -1;           // in Story::rules
  Start start;
  Cause cause = Cause::Trigger;
  Millis placed = 0;       // when it is due (reading 66)
  Millis offered = 0;      // Request: when it was offered
  std::uint64_t by = 0;    // Opening: the instant; Request: the identity of the request
  bool fresh = true;       // it was never placed before
};

struct Verdict {
  history::Decision decision;
  Millis opens = 0;        // `waiting`: when it fires again
};

// A decision that acts is appended to the story.
Verdict pass_gates(Story& story, const Firing& firing);

// The slots of all shows of a rule, and for how long it is offered for each (reading 57). None: the rule shows nothing.
struct Held { const syntax::Path* slot = nullptr; Millis length = 0; };
std::vector<Held> held_for(const syntax::Rule& rule);

}  // namespace polku::reference
