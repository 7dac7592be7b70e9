#include "compiler/syntax/ast.h"

namespace polku::syntax {

std::string Path::text() const {
  std::string all;
  for (const std::string& part : parts) {
    if (!all.empty()) all += '.';
    all += part;
  }
  return all;
}

}  // namespace polku::syntax
