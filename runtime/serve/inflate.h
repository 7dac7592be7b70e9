// What was compressed by gzip, as it was before.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace polku::serve {

inline bool is_gzip(std::string_view bytes) { return bytes.size() >= 2 && bytes[0] == '\x1f' && static_cast<unsigned char>(bytes[1]) == 0x8b; }

enum class Inflated { Fine, Damaged, TooLarge };
Inflated inflate(std::string_view bytes, std::size_t most, std::string& out);

}  // namespace polku::serve
