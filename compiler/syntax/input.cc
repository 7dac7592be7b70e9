#include "compiler/syntax/input.h"

#include <algorithm>
#include <utility>

#include "runtime/base/text.h"

namespace polku::syntax {

using diag::Code;

Span Input::place(std::uint32_t begin, std::uint32_t end) const {
  if (!exact_) return whole_;
  return Span{whole_.file, whole_.begin + begin, whole_.begin + end};
}

std::size_t Input::line(std::size_t token) const {
  const std::string_view before = text_.substr(0, tokens[token].begin);
  return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
}

std::string Input::words(std::size_t first, std::size_t last) {
  // Expressions nest, so every level copies the text below it: without a bound on the sum, a hostile file could ask for
  // (depth × size) bytes. No honest file comes near.
  const std::size_t allowed = 64 * text_.size() + (1u << 20);
  copied_ += tokens[last].end - tokens[first].begin;
  if (copied_ > allowed) {
    if (!stopped_) error(Code::ConditionTooLarge, span(first, last), "The conditions of this file are nested too deeply for their size.",
                         "Take parts of them out into segments.");
    stopped_ = true;
    return {};
  }
  std::string all;
  for (std::size_t i = first; i <= last; ++i) {
    if (i > first && tokens[i - 1].end < tokens[i].begin) all += ' ';
    all += text(i);
  }
  return all;
}

void Input::error(Code code, Span span, std::string message, std::string help) {
  if (stopped_) return;
  if (errors_ == limits_.errors) {
    stopped_ = true;
    d_.add(Code::TooManyErrors, span, "There are more faults from here on; the rest of the file was not read.",
           "Mend the ones above first.");
    return;
  }
  ++errors_;
  d_.add(code, span, std::move(message), std::move(help));
}

bool readable(Input& input) {
  const std::string_view text = input.text();
  if (text.size() > input.limits().bytes) {
    input.error(Code::FileTooLarge, input.place(0, 0),
                "This file is too large: it has " + std::to_string(text.size()) + " bytes, and " +
                    std::to_string(input.limits().bytes) + " are allowed.",
                "Divide the journeys among several files.");
    return false;
  }
  std::size_t bad = 0;
  if (!base::valid_utf8(text, &bad)) {
    const auto at = static_cast<std::uint32_t>(bad);
    input.error(Code::InvalidUtf8, input.place(at, at + 1), "This file is not UTF-8 text: the byte here is no part of a character.",
                "Save the file with the encoding UTF-8.");
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      const auto at = static_cast<std::uint32_t>(i);
      input.error(Code::ControlCharacter, input.place(at, at + 1),
                  "There is a control character here (number " + std::to_string(c) + "), which cannot stand in a rule file.", "Delete it.");
      return false;
    }
  }
  return true;
}

}  // namespace polku::syntax
