#include "runtime/sinks/signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace polku::sinks {

namespace {

constexpr std::string_view kPrefix = "whsec_", kBlank = " \t\r\n";
constexpr std::size_t kLeast = 24, kMost = 64;   // bytes of a key, as the standard has it

// False: it is none.
bool from_base64(std::string text, std::string& out) {
  const std::size_t end = std::min(text.find('='), text.size());
  if (text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") != (end < text.size() ? end : std::string::npos)) return false;
  if (text.find_first_not_of('=', end) != std::string::npos || text.size() - end > 2) return false;
  text.resize(end);
  if (text.size() % 4 == 1) return false;
  const std::size_t filling = (4 - text.size() % 4) % 4;
  text.append(filling, '=');
  std::string bytes(text.size() / 4 * 3, '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (n < 0) return false;
  bytes.resize(static_cast<std::size_t>(n) - filling);
  out = std::move(bytes);
  return true;
}

}  // namespace

std::string read_keys(std::string_view secrets, std::vector<std::string>& keys) {
  for (std::size_t at = 0; (at = secrets.find_first_not_of(kBlank, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(secrets.find_first_of(kBlank, at), secrets.size());
    std::string_view text = secrets.substr(at, end - at);
    if (text.starts_with(kPrefix)) text.remove_prefix(kPrefix.size());
    if (text.size() > 4 * kMost || !from_base64(std::string(text), keys.emplace_back())) return "is no secret: that is `whsec_` and base64 behind it";
    if (keys.back().size() < kLeast || keys.back().size() > kMost) return fmt::format("has {} bytes, and a secret has {} to {}", keys.back().size(), kLeast, kMost);
    at = end;
  }
  return keys.empty() ? "is empty" : "";
}

std::string signatures(const std::vector<std::string>& keys, std::string_view id, std::int64_t seconds, std::string_view body) {
  const std::string text = fmt::format("{}.{}.{}", id, seconds, body);
  std::string out;
  for (const std::string& key : keys) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data(), &size);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
    const int n = EVP_EncodeBlock(base64.data(), hash.data(), static_cast<int>(size));
    fmt::format_to(std::back_inserter(out), "{}v1,{}", out.empty() ? "" : " ", std::string_view(reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(n)));
  }
  return out;
}

}  // namespace polku::sinks
