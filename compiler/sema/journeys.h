// What belongs to journeys as a whole, and guarantees (readings 34, 56, 59, 61). Private to sema.
#pragma once
#include <map>
#include <string>

#include "compiler/sema/limits.h"

namespace polku::sema {

class Journeys {
 public:
  explicit Journeys(const Work& work) : work_(work) {}

  // Adds all journeys to the plan, with their stops, goals and holdouts.
  void add_all();
  std::int32_t hold_out(int journey) const { return hold_outs_[static_cast<std::size_t>(journey)]; }  // in the plan's, or -1

 private:
  std::int32_t add_hold_out(const syntax::Journey& journey);
  std::int32_t add_goal(const syntax::Journey& journey, std::int32_t index);

  const Work& work_;
  std::vector<std::int32_t> hold_outs_;
  struct Held { std::int32_t number = -1; Value share = 0; };
  std::map<std::string, Held> by_name_;
};

void add_guarantee(const Work& work, const syntax::Guarantee& guarantee, Limits& limits);

}  // namespace polku::sema
