// The clocks of all IANA zones as the C library has them: a second opinion to base::Zone.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/value.h"

namespace polku::property {

// Local time of one zone from December 2019 to January 2031.
class Clock {
 public:
  explicit Clock(const std::string& zone);  // sets the time zone of the process for a moment: not for threads
  Millis to_local(Millis instant) const;
  // The first instant whose local time is this or later: a skipped time is the end of the gap, a doubled one the first of the two.
  Millis first(Millis local) const;
  // The instants at which the clock changes, in 2020 to 2030.
  std::vector<Millis> changes() const;

 private:
  struct Piece { Millis from = 0, offset = 0; };
  std::vector<Piece> pieces_;  // ascending
};

// Every zone file of the system but the ones with other seconds (posix/, right/) and those that are no zone or stand for another (Factory, localtime,
// posixrules).
std::vector<std::string> all_zones();

}  // namespace polku::property
