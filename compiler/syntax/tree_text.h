// A syntax tree as lines of text, without places and without the words as written: two files that mean the same read the same.
// For tests, and for those who write rule text anew and must not change what it means.
#pragma once
#include <string>

#include "compiler/syntax/ast.h"

namespace polku::syntax {

std::string tree_text(const File& file);

}  // namespace polku::syntax
