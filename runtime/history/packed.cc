// The identity as it is, then numbers as runtime/base/bytes.h writes them. What is read was written by this process, so nothing is checked.
#include "runtime/history/packed.h"

#include <cstring>

#include "runtime/base/bytes.h"

namespace polku::history {

namespace {

using base::put_number;

std::uint64_t get(std::string_view& in) {
  std::uint64_t n = 0;
  std::size_t i = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(in[i++]);
    n |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) break;
  }
  in.remove_prefix(i);
  return n;
}

// 0 is kUnknown, the only value whose sign and size do not fit.
void put_value(std::string& out, Value v) {
  const std::uint64_t n = static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63);
  put_number(out, v == kUnknown ? 0 : n + 1);
}

Value get_value(std::string_view& in) {
  const std::uint64_t n = get(in);
  if (n == 0) return kUnknown;
  return static_cast<Value>((n - 1) >> 1 ^ (0 - ((n - 1) & 1)));
}

}  // namespace

void pack(const Event& event, std::string& out) {
  out.append(reinterpret_cast<const char*>(&event.identity), sizeof event.identity);
  put_value(out, event.type);
  put_value(out, event.received);
  put_number(out, event.fields.size());
  for (const Value v : event.fields) put_value(out, v);
  put_number(out, event.changes.size());
  for (const AttributeChange& c : event.changes) {
    put_number(out, static_cast<std::uint64_t>(c.attribute));
    put_value(out, c.value);
  }
  put_number(out, event.asked.size());
  for (const Place& p : event.asked) {
    put_number(out, static_cast<std::uint64_t>(p.channel));
    put_number(out, static_cast<std::uint64_t>(p.slot));
  }
  put_number(out, event.merges.size());
  out += event.merges;
}

void unpack(std::string_view& bytes, Millis at, Event& into) {
  into.at = at;
  into.identity = packed_identity(bytes);
  bytes.remove_prefix(sizeof into.identity);
  into.type = static_cast<int>(get_value(bytes));
  into.received = get_value(bytes);
  into.fields.resize(get(bytes));
  for (Value& v : into.fields) v = get_value(bytes);
  into.changes.resize(get(bytes));
  for (AttributeChange& c : into.changes) {
    c.attribute = static_cast<int>(get(bytes));
    c.value = get_value(bytes);
  }
  into.asked.resize(get(bytes));
  for (Place& p : into.asked) {
    p.channel = static_cast<int>(get(bytes));
    p.slot = static_cast<int>(get(bytes));
  }
  const std::size_t merges = get(bytes);
  into.merges = bytes.substr(0, merges);
  bytes.remove_prefix(merges);
}

std::uint64_t packed_identity(std::string_view bytes) {
  std::uint64_t identity = 0;
  std::memcpy(&identity, bytes.data(), sizeof identity);
  return identity;
}

}  // namespace polku::history
