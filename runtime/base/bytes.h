// Numbers and texts as bytes: whole numbers of 7 bits a byte, the last without its highest bit (LEB128); signed ones with their sign in the lowest bit;
// texts with their length before them. The same bytes on every machine.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace polku::base {

inline void put_number(std::string& out, std::uint64_t n) {
  if (n < 0x80) return out.push_back(static_cast<char>(n));
  char bytes[10];
  std::size_t count = 0;
  for (; n >= 0x80; n >>= 7) bytes[count++] = static_cast<char>(n | 0x80);
  bytes[count++] = static_cast<char>(n);
  out.append(bytes, count);
}
inline void put_signed(std::string& out, std::int64_t n) { put_number(out, static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63)); }
inline void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}
// 8 bytes, the highest first: as keys they stand in the order of the numbers.
inline void put_fixed(std::string& out, std::uint64_t n) {
  char bytes[8];
  for (int i = 7; i >= 0; --i, n >>= 8) bytes[i] = static_cast<char>(n);
  out.append(bytes, sizeof bytes);
}

// Reads what was put, in the same order. What is cut off or no such number reads as 0 or an empty text, and fine() says no from then on; so do bytes from
// anywhere: nothing behind the end is touched.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number() {
    std::uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      n |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return n;
    }
    return fail();
  }
  std::int64_t signed_number() {
    const std::uint64_t n = number();
    return static_cast<std::int64_t>(n >> 1 ^ (0 - (n & 1)));
  }
  std::uint64_t fixed() {
    if (rest_.size() < 8) return fail();
    std::uint64_t n = 0;
    for (int i = 0; i < 8; ++i) n = n << 8 | static_cast<unsigned char>(rest_[static_cast<std::size_t>(i)]);
    rest_.remove_prefix(8);
    return n;
  }
  std::string_view text() {
    const std::uint64_t length = number();
    if (length > rest_.size()) return fail(), std::string_view();
    const std::string_view text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return text;
  }
  // How many things follow, each of at least so many bytes: never more than there are bytes for.
  std::size_t count(std::size_t least = 1) {
    const std::uint64_t n = number();
    return n <= rest_.size() / least ? n : fail();
  }
  // A number below `end`.
  std::uint64_t below(std::uint64_t end) {
    const std::uint64_t n = number();
    return n < end ? n : fail();
  }

  void refuse() { fail(); }  // what was read makes no sense to the reader
  std::string_view rest() const { return rest_; }
  bool fine() const { return fine_; }
  bool done() const { return fine_ && rest_.empty(); }

 private:
  std::uint64_t fail() {
    fine_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool fine_ = true;
};

}  // namespace polku::base
