// A mutator for rule text: half of the time libFuzzer's own of bytes, else one of whole words and lines, so that more of what is tried can be parsed.
#pragma once
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace polku::fuzz {

// Texts, names and numbers are a piece each, and so is every sign; a piece takes the blanks before it along.
inline std::vector<std::string_view> pieces(std::string_view text, bool lines) {
  const auto wordy = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0; };
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    if (lines) {
      end = std::min(text.find('\n', at), text.size() - 1) + 1;
    } else {
      while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end]))) ++end;
      if (end < text.size() && text[end] == '"') end = std::min(text.find('"', end + 1), text.size() - 1) + 1;
      else if (end < text.size() && wordy(text[end])) while (end < text.size() && wordy(text[end])) ++end;
      else if (end < text.size()) ++end;
    }
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// `other`: a second text to take pieces from; may be the same.
inline std::string mutate_words(std::string_view text, std::string_view other, std::minstd_rand& random) {
  const bool lines = random() % 4 == 0;
  std::vector<std::string_view> all = pieces(text, lines);
  const std::vector<std::string_view> from = pieces(other, lines);
  const auto any = [&](const auto& list) { return static_cast<std::ptrdiff_t>(random() % list.size()); };
  for (auto rounds = 1 + random() % 4; rounds > 0 && !all.empty() && !from.empty(); --rounds) {
    const auto at = all.begin() + any(all);
    const auto first = from.begin() + any(from);
    const auto last = first + std::min<std::ptrdiff_t>(from.end() - first, static_cast<std::ptrdiff_t>(1 + random() % (random() % 2 == 0 ? 2 : 12)));
    switch (random() % 5) {
      case 0: all.erase(at, at + std::min<std::ptrdiff_t>(all.end() - at, last - first)); break;
      case 1: *at = *first; break;
      case 2: std::swap(*at, all[static_cast<std::size_t>(any(all))]); break;
      default: all.insert(at, first, last); break;
    }
  }
  std::string out;
  for (const std::string_view piece : all) out += piece;
  return out;
}

inline std::size_t put(const std::string& text, std::uint8_t* data, std::size_t max_size) {
  const std::size_t size = std::min(text.size(), max_size);
  std::memcpy(data, text.data(), size);
  return size;
}

}  // namespace polku::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  if (size == 0 || random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string text(reinterpret_cast<const char*>(data), size);
  return polku::fuzz::put(polku::fuzz::mutate_words(text, text, random), data, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size, const std::uint8_t* other, std::size_t other_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed) {
  std::minstd_rand random(seed);
  const std::string_view a(reinterpret_cast<const char*>(one), one_size), b(reinterpret_cast<const char*>(other), other_size);
  return polku::fuzz::put(polku::fuzz::mutate_words(a, b, random), out, max_size);
}
