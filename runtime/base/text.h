// Text: checked UTF-8 in NFC, and the table that gives each distinct text a number.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/interned.h"
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

  Value intern(std::string_view nfc_text) { return texts_.add(nfc_text); }  // text must be NFC already
  void prefetch(std::string_view nfc_text) const { texts_.prefetch(nfc_text); }  // it will be asked for soon
  Value intern_list(std::span<const Value> text_ids) {  // keeps the order given
    return lists_.add({reinterpret_cast<const char*>(text_ids.data()), text_ids.size_bytes()});
  }
  std::string_view text(Value id) const { return texts_[static_cast<std::size_t>(id)]; }
  std::span<const Value> list(Value id) const {
    const std::string_view ids = lists_[static_cast<std::size_t>(id)];
    return {reinterpret_cast<const Value*>(ids.data()), ids.size() / sizeof(Value)};
  }
  std::size_t size() const { return texts_.size(); }

 private:
  Interned texts_, lists_;  // a list by the bytes of its ids
};

}  // namespace polku::base
