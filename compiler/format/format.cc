#include "compiler/format/format.h"

#include <span>

#include "compiler/format/comments.h"
#include "compiler/format/layout.h"
#include "compiler/format/page.h"
#include "compiler/syntax/syntax.h"
#include "compiler/syntax/tree_text.h"
#include "compiler/syntax/written.h"

namespace polku::format {

namespace {

using syntax::Part;
using syntax::Shape;

class File {
 public:
  File(std::string_view text, const syntax::Written& written)
      : written_(written), around_(comments(text, written.words)), layout_(text, written, &around_, page_) {}

  std::string print() {
    for (const Part& piece : written_.pieces) put(piece);
    rest();
    return page_.print(kWidest);
  }

 private:
  static bool is_block(Shape shape) {
    return shape == Shape::JourneyHead || shape == Shape::Segment || shape == Shape::Guarantee || shape == Shape::TestHead;
  }
  static bool is_head(Shape shape) { return shape == Shape::JourneyHead || shape == Shape::RuleHead || shape == Shape::TestHead; }

  // How far in the piece stands, and what follows it within its block.
  std::size_t indent_of(const Part& piece) const {
    switch (piece.shape) {
      case Shape::RuleHead:
      case Shape::TestLine: return 2;
      case Shape::Clause: return in_rule_ ? 4 : 2;
      default: return 0;
    }
  }
  std::size_t body_indent() const { return last_ == nullptr || last_->shape == Shape::End ? 0 : in_rule_ ? 4 : 2; }

  // `gaps`: an empty line above the first of them may stay.
  void notes(std::span<const Comment> some, std::size_t indent, bool gaps = true) {
    page_.indent(indent);
    for (const Comment& comment : some) {
      if (comment.gap_before && (gaps || &comment != &some.front())) page_.gap();
      page_.note(comment.text);
    }
    page_.back();
  }

  // How many of the comments above a piece belong to what stands above them: they follow it closely, and an empty line follows them.
  static std::size_t of_the_above(const Around& around) {
    if (around.before.empty() || around.before[0].gap_before) return 0;
    for (std::size_t i = 1; i < around.before.size(); ++i)
      if (around.before[i].gap_before) return i;
    return around.gap_before ? around.before.size() : 0;
  }

  void put(const Part& piece) {
    const Around& around = around_[piece.first];
    const bool apart = last_ != nullptr && (is_block(piece.shape) || (piece.shape == Shape::RuleHead && !is_head(last_->shape)));
    std::span<const Comment> above = around.before;
    if (apart) {
      const std::size_t n = of_the_above(around);
      notes(above.first(n), body_indent());
      above = above.subspan(n);
      page_.gap();
    }
    const bool gaps = last_ == nullptr || !is_head(last_->shape);  // none behind a head
    if (piece.shape == Shape::End) {
      notes(above, body_indent(), gaps);
    } else {
      if (is_block(piece.shape) || piece.shape == Shape::RuleHead) in_rule_ = piece.shape == Shape::RuleHead;
      notes(above, indent_of(piece), gaps);
      if (around.gap_before && (gaps || !above.empty())) page_.gap();
    }
    layout_.piece(piece, indent_of(piece));
    last_ = &piece;
  }

  // The comments below the last block.
  void rest() {
    page_.cut();
    notes(around_.back().before, 0);
  }

  const syntax::Written& written_;
  const std::vector<Around> around_;
  Page page_;
  Layout layout_;
  const Part* last_ = nullptr;   // the piece before
  bool in_rule_ = false;
};

}  // namespace

std::optional<std::string> format(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d) {
  const std::optional<syntax::Written> written = syntax::written(sources, file, d);
  if (!written) return std::nullopt;
  std::string made = File(sources.text(file), *written).print();
  // Whatever may be wrong above, a file is never changed in what it means.
  diag::Sources after;
  diag::Diagnostics faults, known;
  const syntax::File read = syntax::parse(after, after.add(sources.name(file), made), faults);
  if (faults.ok() && syntax::tree_text(read) == syntax::tree_text(syntax::parse(sources, file, known))) return made;
  d.add(diag::Code::ReadingFailed, {file, 0, 0}, "This file could not be laid out without changing what it says, by a fault of Polku itself; it is left as it is.",
        "Please report it together with the text.");
  return std::nullopt;
}

}  // namespace polku::format
