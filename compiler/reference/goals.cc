#include "compiler/reference/goals.h"

#include <algorithm>
#include <utility>

#include "compiler/reference/evaluate.h"
#include "compiler/reference/passage.h"

namespace polku::reference {

namespace {

using history::Decision;
using history::Reason;

// The earliest exposure of the journey that is near enough.
Exposure* credited(Story& story, const syntax::Journey& journey) {
  const auto found = std::find_if(story.exposures.begin(), story.exposures.end(), [&](const Exposure& x) {
    return story.at(x.rule).journey == &journey && story.within(x.at, journey.goal->within.length);
  });
  return found == story.exposures.end() ? nullptr : &*found;
}

const char* arm(const Story& story, const syntax::Journey& journey, const Exposure& exposure) {
  const Arms known = journey.hold_out ? arms(story, hold_out_name(journey)) : Arms{};
  if (known.treated && known.held_out) return "mixed";
  return exposure.acted ? "acted" : "held_out";
}

Decision conversion(const Story& story, const syntax::Journey& journey, const Exposure& exposure) {
  Decision d;
  d.id = exposure.id;
  d.at = story.now();
  d.visitor = story.visitor;
  d.journey = journey.name.text;
  d.rule = story.at(exposure.rule).rule->name.text;
  d.version = journey.version;
  d.outcome = history::Outcome::converted;
  Reason reason{journey.goal->text, Tri::Yes, {{"exposure", text_datum(arm(story, journey, exposure))}}};
  if (journey.goal->worth) {
    const std::vector<int> starters{story.records().back().event->type};
    Scope scope;
    scope.journey = &journey;
    scope.start = story.records().back().event;
    scope.starters = &starters;
    scope.before = story.records().size() - 1;
    reason.saw.push_back({"worth", to_datum(evaluate(story, scope, *journey.goal->worth, nullptr))});
  }
  d.because.push_back(std::move(reason));
  return d;
}

}  // namespace

std::vector<Decision> conversions(Story& story) {
  std::vector<Decision> all;
  for (const syntax::File* file : story.pack.files) {
    for (const syntax::Journey& journey : file->journeys) {
      if (!journey.goal || matches(story, target(story, &journey, journey.goal->what), story.records().back()) != Tri::Yes) continue;
      Exposure* exposure = credited(story, journey);
      if (exposure == nullptr || exposure->converted) continue;
      exposure->converted = true;
      all.push_back(conversion(story, journey, *exposure));
    }
  }
  return all;
}

}  // namespace polku::reference
