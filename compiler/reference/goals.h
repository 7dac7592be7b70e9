// Goals (reading 61). Internal to the reference interpreter.
#pragma once
#include <vector>

#include "compiler/reference/story.h"

namespace polku::reference {

// The conversions at the place of the record taken in last, journeys in written order. Marks the exposures converted.
std::vector<history::Decision> conversions(Story& story);

}  // namespace polku::reference
