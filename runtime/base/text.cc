#include "runtime/base/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace polku::base {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080u;

// The length of the run of ASCII at the front.
std::size_t ascii_prefix(std::string_view bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, bytes.data() + i, 8);
    if (eight & kHighBits) break;
  }
  while (i < bytes.size() && static_cast<unsigned char>(bytes[i]) < 0x80) ++i;
  return i;
}

// Every character below U+0300 is its own NFC and combines with none of the others; its lead byte is below 0xCC.
bool below_combining(std::string_view valid) {
  return std::none_of(valid.begin(), valid.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xCC; });
}

// Canonical order: each run of combining marks by class, stable. utf8proc's own ordering takes quadratic time on a long
// run, which a hostile text could use; on text that is ordered already it is linear.
void order_marks(std::vector<utf8proc_int32_t>& points) {
  auto mark = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  struct Mark {
    int order;              // its class
    std::ptrdiff_t before;  // how many stood before it: equal classes keep their order
    utf8proc_int32_t point;
  };
  std::vector<Mark> marks;
  for (auto at = points.begin(); at != points.end();) {
    if (mark(*at) == 0) {
      ++at;
      continue;
    }
    auto end = std::find_if(at, points.end(), [&](auto c) { return mark(c) == 0; });
    marks.clear();
    for (auto each = at; each != end; ++each) marks.push_back({mark(*each), each - at, *each});
    std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.order != b.order ? a.order < b.order : a.before < b.before; });
    for (const Mark& each : marks) *at++ = each.point;
  }
}

}  // namespace

bool is_ascii(std::string_view bytes) {
  const char* const p = bytes.data();
  const std::size_t n = bytes.size();
  std::uint64_t seen = 0;
  std::size_t i = 0;
  const auto look = [&](auto word, std::size_t at) {
    std::memcpy(&word, p + at, sizeof word);
    seen |= word;
  };
  for (; i + 8 <= n; i += 8) look(std::uint64_t{}, i);
  if (i == n) return (seen & kHighBits) == 0;
  if (n >= 8) {
    look(std::uint64_t{}, n - 8);
  } else if (n >= 4) {
    look(std::uint32_t{}, 0);
    look(std::uint32_t{}, n - 4);
  } else {
    for (; i < n; ++i) look(std::uint8_t{}, i);
  }
  return (seen & kHighBits) == 0;
}

bool valid_utf8(std::string_view bytes, std::size_t* bad_at) {
  std::size_t i = 0;
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  while (true) {
    i += ascii_prefix(bytes.substr(i));
    if (i == bytes.size()) return true;
    // Unicode 15, table 3-7: the range of the second byte excludes overlong forms, surrogates and what is above U+10FFFF.
    unsigned char lead = byte(i), low = 0x80, high = 0xBF;
    std::size_t length = 0;
    if (lead >= 0xC2 && lead <= 0xDF) length = 2;
    else if (lead >= 0xE0 && lead <= 0xEF) length = 3;
    else if (lead >= 0xF0 && lead <= 0xF4) length = 4;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    bool good = length != 0 && i + length <= bytes.size() && byte(i + 1) >= low && byte(i + 1) <= high;
    for (std::size_t k = 2; good && k < length; ++k) good = (byte(i + k) & 0xC0) == 0x80;
    if (!good) {
      if (bad_at) *bad_at = i;
      return false;
    }
    i += length;
  }
}

std::optional<std::string> nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  if (!valid_utf8(utf8)) return std::nullopt;
  if (below_combining(utf8)) return std::string(utf8);
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  std::vector<utf8proc_int32_t> points;
  points.reserve(utf8.size() + 1);
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  for (auto left = static_cast<utf8proc_ssize_t>(utf8.size()); left > 0;) {
    utf8proc_int32_t point = 0;
    auto used = utf8proc_iterate(at, left, &point);
    utf8proc_int32_t parts[32];  // no canonical decomposition is longer than 4
    auto count = used > 0 ? utf8proc_decompose_char(point, parts, 32, kOptions, nullptr) : 0;
    if (count <= 0 || count > 32) return std::nullopt;
    points.insert(points.end(), parts, parts + count);
    at += used;
    left -= used;
  }
  order_marks(points);
  auto composed = utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()), kOptions);
  if (composed < 0) return std::nullopt;
  std::string out;
  out.reserve(utf8.size());
  for (utf8proc_ssize_t i = 0; i < composed; ++i) {
    utf8proc_uint8_t encoded[4];
    auto length = utf8proc_encode_char(points[static_cast<std::size_t>(i)], encoded);
    out.append(reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(length));
  }
  return out;
}

}  // namespace polku::base
