// Text: checked UTF-8 in NFC, and the table that gives each distinct text a number.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/value.h"

namespace polku::base {

// The text in Unicode normal form C (ASCII comes back unchanged); nullopt if it is not valid UTF-8.
std::optional<std::string> nfc(std::string_view utf8);

// True if every byte is below 0x80: such a text is valid UTF-8 and in NFC as it stands.
bool is_ascii(std::string_view bytes);

// True if the bytes are well-formed UTF-8; otherwise `bad_at`, if given, is set to the offset of the first bad byte.
bool valid_utf8(std::string_view bytes, std::size_t* bad_at = nullptr);

// Texts and lists of texts by number. Ids are given in order of arrival, from 0, and never change; they are equal
// exactly if the texts are equal, and must never reach a result (they depend on what came before).
// One thread at a time. References stay valid as long as the table.
class Texts {
 public:
  Texts() = default;
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  Value intern(std::string_view nfc_text);                 // text must be NFC already
  Value intern_list(std::span<const Value> text_ids);      // keeps the order given
  std::string_view text(Value id) const { return texts_[static_cast<std::size_t>(id)]; }
  std::span<const Value> list(Value id) const { return *lists_[static_cast<std::size_t>(id)]; }
  std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, Value> by_text_;
  std::map<std::vector<Value>, Value> by_list_;
  std::deque<const std::vector<Value>*> lists_;
};

}  // namespace polku::base
