#include "compiler/format/comments.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace polku::format {

namespace {

// What stands between two words: blanks, line ends and comments.
void read(std::string_view between, bool first, Around* before, Around& here) {
  std::size_t lines = first ? 1 : 0;  // line ends since the last word or comment; the file begins a line
  for (std::size_t i = 0; i < between.size();) {
    const char c = between[i];
    if (c == '\n' || c == '\r') {
      ++lines;
      i += c == '\r' && i + 1 < between.size() && between[i + 1] == '\n' ? 2 : 1;
    } else if (c == '#') {
      const std::size_t end = std::min(between.find_first_of("\r\n", i), between.size());
      std::string_view text = between.substr(i, end - i);
      while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
      Comment comment{std::string(text), lines > 1 && (before != nullptr || !here.before.empty())};
      if (lines == 0 && before != nullptr)
        before->after.push_back(std::move(comment));
      else
        here.before.push_back(std::move(comment));
      lines = 0;
      i = end;
    } else {
      ++i;
    }
  }
  here.gap_before = lines > 1 && (before != nullptr || !here.before.empty());
}

// To the front of the others.
void move_all(std::vector<Comment>& from, std::vector<Comment>& to) {
  to.insert(to.begin(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

}  // namespace

std::vector<Around> comments(std::string_view text, const std::vector<syntax::Written::Word>& words) {
  std::vector<Around> all(words.size() + 1);
  for (std::size_t i = 0; i <= words.size(); ++i) {
    const std::size_t from = i == 0 ? 0 : words[i - 1].end, to = i == words.size() ? text.size() : words[i].begin;
    read(text.substr(from, to - from), i == 0, i == 0 ? nullptr : &all[i - 1], all[i]);
  }
  // A comment between a word and its comma goes behind the comma.
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (text.substr(words[i].begin, words[i].end - words[i].begin) != ",") continue;
    move_all(all[i - 1].after, all[i].after);
    move_all(all[i].before, all[i + 1].before);
  }
  return all;
}

}  // namespace polku::format
