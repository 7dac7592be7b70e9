// What this command is made of, and which formats it reads and writes.
#pragma once
#include <string>

namespace polku::cli {

// "polku 0.1.0", then a line each.
std::string version();

}  // namespace polku::cli
