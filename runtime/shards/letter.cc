#include "runtime/shards/letter.h"

#include "runtime/base/bytes.h"

namespace polku::shards {

namespace {

constexpr std::uint64_t kLetterFormat = 1;

}  // namespace

std::string letter_key(const Letter& letter) {
  std::string out;
  base::put_fixed(out, letter.position);
  base::put_text(out, letter.sink);
  base::put_text(out, letter.id);
  return out;
}

std::string letter_bytes(const Letter& letter) {
  std::string out;
  base::put_number(out, kLetterFormat);
  base::put_number(out, letter.position);
  for (const std::string* text : {&letter.sink, &letter.id, &letter.visitor, &letter.json, &letter.error}) base::put_text(out, *text);
  base::put_number(out, static_cast<std::uint64_t>(letter.status));
  base::put_number(out, letter.attempts);
  base::put_signed(out, letter.when);
  return out;
}

bool read_letter(std::string_view bytes, Letter& letter) {
  base::Bytes in(bytes);
  if (in.number() != kLetterFormat) return false;
  letter.position = in.number();
  for (std::string* text : {&letter.sink, &letter.id, &letter.visitor, &letter.json, &letter.error}) *text = in.text();
  letter.status = static_cast<int>(in.below(1000));
  letter.attempts = in.number();
  letter.when = in.signed_number();
  return in.done();
}

}  // namespace polku::shards
