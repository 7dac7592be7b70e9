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
  Layout(std::string_view text, const syntax::Written& written, const std::vector<Around>& around, Page& page)
      : text_(text), written_(written), around_(around), page_(page) {}

  // The piece without the comments above its first word, and with those behind its last.
  void piece(const syntax::Part& piece, std::size_t indent);

 private:
  using Part = syntax::Part;

  std::string_view word(std::size_t at) const;
  void clause(const Part& piece, std::size_t indent);
  void acts(const Part& piece);
  void words(std::size_t first, std::size_t last, const std::vector<Part>& parts);
  void put(const Part& part);
  void chain(const Part& part);
  void list(const Part& part);
  void steps(const Part& part);
  void act(const Part& part);
  void table(const Part& part);
  void comparison(const Part& part);
  std::string cell(const Part& part) const;
  void put_word(std::size_t at);
  void put_text(std::string text, bool glued_before, bool glued_behind);
  void comments_behind(std::size_t at);

  std::string_view text_;
  const syntax::Written& written_;
  const std::vector<Around>& around_;
  Page& page_;
  std::size_t last_ = 0;          // of the piece: its comment is put at the very end
  bool fresh_ = true;             // no blank before the next word: it begins a line, or clings to the one before
};

}  // namespace polku::format
