#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "runtime/history/event.h"

namespace polku::history {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Without SHA-256 nobody can be told apart, and a wrong arm would stand for ever. OpenSSL has it unless it is set up without.
[[noreturn]] void no_sha256() {
  std::fputs("polku: OpenSSL on this machine has no SHA-256\n", stderr);
  std::abort();
}

}  // namespace

std::uint32_t bucket(std::string_view salt, std::string_view name, std::string_view person) {
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // looked up once: that takes longer than the hash
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto take = [](std::string_view bytes) { return EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1; };
  constexpr std::string_view kZero("\0", 1);
  std::array<unsigned char, 32> digest;
  if (!sha256 || !context || EVP_DigestInit_ex2(context.get(), sha256, nullptr) != 1 || !take(salt) || !take(kZero) || !take(name) || !take(kZero) ||
      !take(person) || EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1)
    no_sha256();
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < 8; ++i) first = first << 8 | digest[i];
  return static_cast<std::uint32_t>(first % 10'000);
}

}  // namespace polku::history
