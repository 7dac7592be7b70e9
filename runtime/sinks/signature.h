// Signatures as standardwebhooks.com describes them, so that receivers can check them with the libraries that exist. The only place that knows OpenSSL here.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace polku::sinks {

// Keys, of texts such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`, separated by blanks or ends of lines. Empty; or what is wrong, without a word of the texts.
std::string read_keys(std::string_view secrets, std::vector<std::string>& keys);

// "v1,…": for each key one, separated by blanks.
std::string signatures(const std::vector<std::string>& keys, std::string_view id, std::int64_t seconds, std::string_view body);

}  // namespace polku::sinks
