#include "tests/property/zones.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>

namespace polku::property {

namespace {

constexpr Millis kFrom = 18231 * kDay, kUntil = 22311 * kDay;                // 1 December 2019, 1 February 2031
constexpr Millis kFirstChange = 18262 * kDay, kLastChange = 22280 * kDay;  // 1 January 2020, 1 January 2031
constexpr const char* kFolder = "/usr/share/zoneinfo";

Millis offset_at(Millis instant) {
  const std::time_t seconds = instant / kSecond;
  std::tm local{};
  localtime_r(&seconds, &local);
  return local.tm_gmtoff * kSecond;
}

}  // namespace

Clock::Clock(const std::string& zone) {
  const char* set = std::getenv("TZ");
  const std::string before = set ? set : "";
  setenv("TZ", (":" + zone).c_str(), 1);
  tzset();
  pieces_.push_back({std::numeric_limits<Millis>::min() / 2, offset_at(kFrom)});
  for (Millis day = kFrom; day < kUntil; day += kDay / 2) {
    const Millis offset = offset_at(day + kDay / 2);
    if (offset == pieces_.back().offset) continue;
    Millis low = day, high = day + kDay / 2;  // one change between them, at a whole second
    while (high - low > kSecond) {
      const Millis middle = low + (high - low) / 2 / kSecond * kSecond;
      (offset_at(middle) == pieces_.back().offset ? low : high) = middle;
    }
    pieces_.push_back({high, offset});
  }
  if (set) setenv("TZ", before.c_str(), 1);
  else unsetenv("TZ");
  tzset();
}

Millis Clock::to_local(Millis instant) const {
  std::size_t i = pieces_.size() - 1;
  while (pieces_[i].from > instant) --i;
  return instant + pieces_[i].offset;
}

Millis Clock::first(Millis local) const {
  std::size_t i = 0;
  while (i + 1 < pieces_.size() && pieces_[i + 1].from + pieces_[i].offset <= local) ++i;
  return std::max(pieces_[i].from, local - pieces_[i].offset);
}

std::vector<Millis> Clock::changes() const {
  std::vector<Millis> out;
  for (const Piece& p : pieces_)
    if (p.from >= kFirstChange && p.from < kLastChange) out.push_back(p.from);
  return out;
}

std::vector<std::string> all_zones() {
  std::vector<std::string> out;
  std::error_code fault;
  using Entries = std::filesystem::recursive_directory_iterator;
  for (Entries at(kFolder, fault); !fault && at != Entries(); at.increment(fault)) {
    const std::string name = at->path().lexically_relative(kFolder).generic_string();
    if (name == "posix" || name == "right") at.disable_recursion_pending();
    if (!at->is_regular_file(fault) || name == "localtime" || name == "posixrules" || name == "Factory") continue;
    std::array<char, 4> magic{};
    std::ifstream(at->path(), std::ios::binary).read(magic.data(), magic.size());
    if (std::string(magic.data(), magic.size()) == "TZif") out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace polku::property
