// What becomes of one firing (LANGUAGE.md 5; readings 15, 16, 20–23). Internal to the reference interpreter.
#pragma once
#include <cstddef>
#include <string>

#include "compiler/reference/story.h"

namespace polku::reference {

struct Firing {
  int rule = -1;           // in Story::rules
  std::size_t start = 0;   // the record that armed or completed the trigger, in Story::records()
};

// place_begin: the first record that could have been accepted at this instant; all decisions from there on were.
// A decision that acts is appended to the story.
history::Decision pass_gates(Story& story, const std::string& visitor, const Firing& firing, std::size_t place_begin);

}  // namespace polku::reference
