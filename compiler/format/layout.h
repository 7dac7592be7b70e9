// One piece of a file (a clause, a head, a line of a test) onto the page. Inside compiler/format only.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "compiler/format/comments.h"
#include "compiler/format/page.h"
#include "compiler/syntax/written.h"

namespace polku::format {

inline constexpr std::size_t kWidest = 100;      // a longer clause is divided
inline constexpr std::size_t kKeyword = 8;       // what a clause says begins this far behind its keyword's first letter
inline constexpr std::size_t kTestTime = 9;      // what a test's `visitor` says stands below what its `at 10:00` say

class Layout {
 public:
  Layout(std::string_view text, const syntax::Written& written, const std::vector<Around>* around, Page& page)
      : text_(text), written_(written), around_(around), page_(page) {}

  // The piece without the comments above its first word, and with those behind its last.
  void piece(const syntax::Part& piece, std::size_t indent);

 private:
  using Part = syntax::Part;

  std::string_view word(std::size_t at) const;
  const Around& around(std::size_t at) const;
  void clause(const Part& piece, std::size_t indent);
  void actions(const Part& piece);
  void content(const Part& piece, std::size_t from);
  // `shared`: lists and tails are divided together with the group around them, not on their own.
  void words(std::size_t first, std::size_t last, const std::vector<Part>& parts, bool shared = false);
  void put(const Part& part, bool shared);
  void chain(const Part& part);
  void list(const Part& part);
  void steps(const Part& part);
  void act(const Part& part);
  void table(const Part& part);
  std::vector<std::string> row(const Part& part);
  void comparison(const Part& part);
  void cell_operator(const Part& part);
  void put_word(std::size_t at);
  void put_text(std::string text, bool glued_before = false, bool glued_behind = false);
  void align();
  void new_line();
  void comments_above(std::size_t at);
  void comments_behind(std::size_t at);

  std::string_view text_;
  const syntax::Written& written_;
  const std::vector<Around>* around_;   // null: without comments
  Page& page_;
  bool test_ = false;                   // the piece is a line of a test
  std::size_t first_ = 0, last_ = 0;    // of the piece: the comments above it are not its business, those behind it come at the very end
  bool fresh_ = true;                   // no blank before the next word: it begins a line, or clings to the one before
};

}  // namespace polku::format
