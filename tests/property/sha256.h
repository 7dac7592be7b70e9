// SHA-256 after FIPS 180-4, so that buckets are worked out by something else than the engine's library. Slow and short.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace polku::property {

inline std::array<std::uint32_t, 8> sha256(std::string_view message) {
  // The constants are the first 32 bits behind the point of the square (cube) roots of the first 8 (64) primes: floor(root(p * 2^64)) (2^96).
  static const auto constants = [] {
    std::array<std::uint32_t, 72> out{};  // 64 of rounds, 8 to begin with
    unsigned primes = 0;
    for (unsigned p = 2; primes < 64; ++p) {
      bool prime = true;
      for (unsigned d = 2; d * d <= p; ++d) prime = prime && p % d != 0;
      if (!prime) continue;
      for (const int power : {2, 3}) {
        const unsigned __int128 whole = static_cast<unsigned __int128>(p) << (32 * power);
        std::uint64_t root = 0;
        for (std::uint64_t bit = std::uint64_t{1} << 37; bit > 0; bit >>= 1) {
          unsigned __int128 product = 1;
          for (int i = 0; i < power; ++i) product *= root | bit;
          if (product <= whole) root |= bit;
        }
        if (power == 3) out[primes] = static_cast<std::uint32_t>(root);
        else if (primes < 8) out[64 + primes] = static_cast<std::uint32_t>(root);
      }
      ++primes;
    }
    return out;
  }();
  const auto turn = [](std::uint32_t x, int n) { return x >> n | x << (32 - n); };

  std::vector<unsigned char> bytes(message.begin(), message.end());
  const std::uint64_t bits = bytes.size() * 8;
  bytes.push_back(0x80);
  while (bytes.size() % 64 != 56) bytes.push_back(0);
  for (int i = 56; i >= 0; i -= 8) bytes.push_back(static_cast<unsigned char>(bits >> i));

  std::array<std::uint32_t, 8> h{};
  for (std::size_t i = 0; i < 8; ++i) h[i] = constants[64 + i];
  for (std::size_t block = 0; block < bytes.size(); block += 64) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = i % 4 == 0 ? bytes[block + i] : w[i / 4] << 8 | bytes[block + i];
    for (std::size_t i = 16; i < 64; ++i)
      w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] + (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
    std::array<std::uint32_t, 8> s = h;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t one = s[7] + (turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
      const std::uint32_t two = (turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      for (std::size_t k = 7; k > 0; --k) s[k] = s[k - 1];
      s[4] += one;
      s[0] = one + two;
    }
    for (std::size_t i = 0; i < 8; ++i) h[i] += s[i];
  }
  return h;
}

}  // namespace polku::property
