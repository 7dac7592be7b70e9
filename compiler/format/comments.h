// The comments of a file and the empty lines around them. Inside compiler/format only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/written.h"

namespace polku::format {

struct Comment {
  std::string text;             // from `#` on, without blanks at its end
  bool gap_before = false;      // an empty line stands above
};

// For each word, and for the end of the file behind the last.
struct Around {
  std::vector<Comment> before;  // on lines of their own above the word
  bool gap_before = false;      // an empty line stands directly above the word
  std::vector<Comment> after;   // behind the word, on its line
};

std::vector<Around> comments(std::string_view text, const std::vector<syntax::Written::Word>& words);

}  // namespace polku::format
