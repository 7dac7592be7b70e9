#include "runtime/shards/trace.h"

#include <fmt/format.h>

#include <optional>

namespace polku::shards {

namespace {

constexpr std::size_t kLength = 55;              // of version 00: 2-32-16-2 digits
constexpr std::string_view kMember = ",\"traceparent\":\"", kEnd = "\"}";

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t out = 0;
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;  // large letters are not allowed
    out = out << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return out;
}

}  // namespace

Trace read_trace(std::string_view text) {
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  const auto version = digits(text.substr(0, 2)), high = digits(text.substr(3, 16)), low = digits(text.substr(19, 16)), parent = digits(text.substr(36, 16)), flags = digits(text.substr(53, 2));
  if (!version || !high || !low || !parent || !flags || *version == 0xFF || *parent == 0) return {};
  if (text.size() > kLength && (*version == 0 || text[kLength] != '-')) return {};  // later versions may say more
  return {*high, *low, *parent, static_cast<std::uint8_t>(*flags & 3)};
}

std::string trace_id(const Trace& t) { return fmt::format("{:016x}{:016x}", t.high, t.low); }
std::string traceparent(const Trace& t) { return fmt::format("00-{:016x}{:016x}-{:016x}-{:02x}", t.high, t.low, t.parent, t.flags); }

Trace caused_by(const Trace& trace, std::string_view decision_id) {
  Trace out = trace;
  out.parent = digits(decision_id.substr(0, 16)).value_or(0);
  if (out.parent == 0) out.parent = 1;           // which the standard does not allow
  return out;
}

void add_trace(std::string& json, const Trace& trace) {
  json.pop_back();
  ((json += kMember) += traceparent(trace)) += kEnd;
}

Trace trace_of(std::string_view json) {
  constexpr std::size_t kAll = kMember.size() + kLength + kEnd.size();
  if (json.size() < kAll || !json.ends_with(kEnd)) return {};
  const std::string_view last = json.substr(json.size() - kAll);
  return last.starts_with(kMember) ? read_trace(last.substr(kMember.size(), kLength)) : Trace{};
}

}  // namespace polku::shards
