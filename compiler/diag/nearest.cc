// Which name was meant.
#include <utf8proc.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "compiler/diag/diag.h"

namespace polku::diag {
namespace {

constexpr std::size_t kLongest = 64;  // characters; longer names are offered only if they differ in case alone

std::u32string decode(std::string_view bytes, bool fold) {
  std::u32string out;
  for (std::size_t i = 0; i < bytes.size();) {
    utf8proc_int32_t character = 0;
    const auto step = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()) + i,
                                       static_cast<utf8proc_ssize_t>(bytes.size() - i), &character);
    i += step > 0 ? static_cast<std::size_t>(step) : 1;
    if (step <= 0) character = 0xFFFD;
    out.push_back(static_cast<char32_t>(fold ? utf8proc_tolower(character) : character));
  }
  return out;
}

// Damerau–Levenshtein in its restricted form: no part is edited twice.
std::size_t distance(const std::u32string& a, const std::u32string& b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, std::span<const std::string> candidates) {
  const std::u32string exact = decode(name, false), folded = decode(name, true);
  constexpr auto kFar = std::numeric_limits<std::size_t>::max();
  std::pair best{kFar, kFar};
  std::string found;
  for (const std::string& candidate : candidates) {
    if (candidate == name) continue;  // offering what was written helps nobody
    const std::u32string other = decode(candidate, true);
    if (!folded.empty() && other.ends_with(U'.' + folded)) {  // the last part of a longer name
      const std::pair here{std::size_t{1}, other.size()};
      if (here < best) best = here, found = candidate;
    } else if (other != folded) {
      const std::size_t shorter = std::min(folded.size(), other.size()), longer = std::max(folded.size(), other.size());
      // A third of the letters may be wrong; in very short names none.
      if (longer > kLongest || shorter < 2 || longer - shorter > longer / 3) continue;
      const std::size_t far = distance(folded, other);
      if (far > longer / 3 || far > best.first) continue;
      const std::pair here{far, distance(exact, decode(candidate, false))};
      if (here < best) best = here, found = candidate;
    } else {
      const std::pair here{std::size_t{0}, other.size() > kLongest ? 0 : distance(exact, decode(candidate, false))};
      if (here < best) best = here, found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::string found = nearest(name, candidates);
  return found.empty() ? std::string() : "Did you mean `" + found + "`?";
}

}  // namespace polku::diag
