// For each thing that can happen: what it concerns. Made once per plan, and amended where that is patched.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "compiler/plan/plan.h"
#include "runtime/match/match.h"
#include "runtime/record/cells.h"

namespace polku::engine {

// filter: position in Reaction::filters, or -1 for always. part: the alternative of a start.
struct Concern { std::int32_t what = 0; std::int32_t filter = -1; std::int32_t part = 0; };

// A step of sequences: the latest start of the steps before (from; -1: it is the first) becomes that of those with this one (to; -1: it was the last,
// and `rule` fires).
struct Advance { std::int32_t filter = -1; std::int32_t from = -1, to = -1, rule = -1; };

// In the order of their filters, those without one in front: so what fails its filter is not looked at.
template <class T>
class ByFilter {
 public:
  void add(T t) { all_.push_back(t); }
  void arrange(std::size_t filters) {
    first_.assign(filters + 2, 0);
    for (const T& t : all_) ++first_[static_cast<std::size_t>(t.filter + 2)];
    for (std::size_t f = 1; f < first_.size(); ++f) first_[f] += first_[f - 1];
    std::vector<std::uint32_t> next = first_;
    std::vector<T> in_order(all_.size());
    for (const T& t : all_) in_order[next[static_cast<std::size_t>(t.filter + 1)]++] = t;
    all_ = std::move(in_order);
  }
  bool empty() const { return all_.empty(); }
  std::span<const T> of(std::int32_t filter) const {      // -1: always
    const auto f = static_cast<std::size_t>(filter + 1);
    return std::span(all_).subspan(first_[f], first_[f + 1] - first_[f]);
  }

 private:
  std::vector<T> all_;
  std::vector<std::uint32_t> first_;
};

struct Reaction {
  std::vector<plan::CodeId> filters;
  match::Screen screen;                                   // of the filters, by their position; if there are so many that it is worth it
  bool screened = false;
  std::vector<std::int32_t> marks;
  ByFilter<Concern> counts, values;                       // features
  std::vector<Concern> lasts, resets;
  std::vector<Concern> journey_stops;                     // journeys
  std::vector<Concern> stops;                             // rules
  ByFilter<Concern> groups;                               // of Dispatch::groups: rules that it starts, and that judge at once
  ByFilter<Concern> starts;                               // other rules, which it starts in one way only
  std::vector<Concern> several, repeats;                  // other rules; those of one rule stand together, by part
  std::vector<Concern> breaks;                            // prefixes of sequences
  ByFilter<Advance> last_steps;
  std::vector<Advance> steps;                             // the others, later ones first: one record is not two steps of one chain
  std::vector<Concern> goals;
  std::vector<std::int32_t> answers;                      // channels
};

struct Dispatch {
  std::vector<Reaction> by_occurrence;
  record::Units armed;                                    // what absences are armed in
  std::vector<std::int32_t> armed_rule;                   // of each unit in `armed`: whose it is
  std::vector<std::size_t> waits;                         // rules with a wait, in written order; likewise below
  std::vector<std::size_t> waiting;                       // rules that may wait for their opening
  std::vector<std::size_t> scheduled;                     // rules with `every day` or `on DATE`
  struct Group {                                          // what one thing starts together
    std::vector<std::size_t> rules;                       // in the order of `rank`
    match::Screen screen;                                 // of their conditions; those that must be judged always stay
    bool direct = true;                                   // all of them are: Brief::direct
    std::vector<std::size_t> edited;                      // of the rules: those whose conditions are others since; screen leaves them out, and this has them
    match::Screen fresh;
  };
  std::vector<Group> groups;
  std::vector<std::int32_t> group_of;                     // of each rule: in groups, or -1
  struct Asked { std::int32_t channel = -1, slot = -1; std::size_t group = 0; };
  std::vector<Asked> asked;                               // the slots that rules ask for
  std::vector<std::size_t> rank;                          // of each rule: where it stands among all, by priority, then as written
  struct Brief {                                          // of each rule what is looked at when it starts; the rest of it is elsewhere in memory
    std::span<const plan::Capture> captures;
    Millis delay = 0;
    plan::CodeId gate = -1;
    plan::DelayKind then = plan::DelayKind::None;
    bool plain = false;                                   // it has conditions, and a firing that fails them leaves nothing behind
    bool direct = false;                                  // a record alone starts it, and it fires with that record or never: no history need know its firings
  };
  std::vector<Brief> brief;
  std::vector<std::unique_ptr<const match::Screen>> tables;  // of each rule that chooses from many rows: which of them may hold, by number; else null
  std::vector<std::size_t> offers;                        // rules that offer
  std::vector<std::vector<std::size_t>> members;          // of each membership: the rules that enter or leave
  std::vector<std::vector<std::size_t>> journeys;         // of each journey: its rules
};

// The plan must outlive it. from: of the plan before it was patched; gives its screens of all groups whose rules are the same. kernel: of the screens.
Dispatch make_dispatch(const plan::Plan& plan, Dispatch* from = nullptr, const match::Kernel& kernel = *match::kernels().front());

// What is kept of a rule beside the plan, as the plan has it now.
void rule_edited(const plan::Plan& plan, Dispatch& dispatch, std::size_t rule);
// Screens a group's edited rules as the plan has them now.
void screen_edited(const plan::Plan& plan, Dispatch::Group& group);
// Screens all of its rules together again.
void screen_all(const plan::Plan& plan, Dispatch::Group& group);

}  // namespace polku::engine
