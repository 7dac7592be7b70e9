#include "runtime/shards/log.h"

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/shards/message.h"

namespace polku::shards {

void ChunkWriter::begin(const ChunkHead& head) {
  bytes_.clear();
  items_ = 0;
  base::put_number(bytes_, head.shard);
  base::put_number(bytes_, head.number);
  base::put_signed(bytes_, head.clock);
  base::put_number(bytes_, head.resumed);
  base::put_number(bytes_, head.rounds);
}

void ChunkWriter::add(const Item& item) {
  ++items_;
  base::put_number(bytes_, static_cast<std::uint64_t>(item.kind));
  base::put_text(bytes_, item.visitor);
  switch (item.kind) {
    case ItemKind::Record:
      base::put_signed(bytes_, item.received);
      base::put_number(bytes_, item.order);
      base::put_number(bytes_, item.has_id);
      base::put_text(bytes_, item.bytes);
      break;
    case ItemKind::Merge:
      base::put_text(bytes_, item.other);
      base::put_signed(bytes_, item.at);
      base::put_signed(bytes_, item.received);
      base::put_number(bytes_, item.order);
      break;
    case ItemKind::MoveIn:
    case ItemKind::Decision:
      base::put_text(bytes_, item.other);
      base::put_text(bytes_, item.bytes);
      break;
    case ItemKind::MoveOut: base::put_text(bytes_, item.other); break;
    case ItemKind::Forget: base::put_number(bytes_, item.order); break;
    case ItemKind::Identify:
    case ItemKind::Wake: break;
  }
}

bool read_chunk(std::string_view bytes, ChunkHead& head, std::vector<Item>& items) {
  base::Bytes in(bytes);
  head.shard = in.number();
  head.number = in.number();
  head.clock = in.signed_number();
  head.resumed = in.below(2) == 1;
  head.rounds = in.number();
  items.clear();
  while (in.fine() && !in.rest().empty()) {
    Item& item = items.emplace_back();
    item.kind = static_cast<ItemKind>(in.below(kItemKinds));
    item.visitor = in.text();
    switch (item.kind) {
      case ItemKind::Record:
        item.received = in.signed_number();
        item.order = in.number();
        item.has_id = in.below(2) == 1;
        item.bytes = in.text();
        break;
      case ItemKind::Merge:
        item.other = in.text();
        item.at = in.signed_number();
        item.received = in.signed_number();
        item.order = in.number();
        break;
      case ItemKind::MoveIn:
      case ItemKind::Decision:
        item.other = in.text();
        item.bytes = in.text();
        break;
      case ItemKind::MoveOut: item.other = in.text(); break;
      case ItemKind::Forget: item.order = in.number(); break;
      case ItemKind::Identify:
      case ItemKind::Wake: break;
    }
  }
  return in.fine();
}

std::string shown(std::string_view key) {
  constexpr std::size_t kMost = 60;
  const bool utf8 = base::nfc(key).has_value(), all = key.size() <= kMost;
  std::size_t end = std::min(key.size(), kMost);
  while (utf8 && !all && end > 0 && (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80) --end;  // not within a character
  key = key.substr(0, end);
  std::string out;
  for (const char c : key) out += static_cast<unsigned char>(c) < 0x20 || c == '`' || (!utf8 && static_cast<unsigned char>(c) >= 0x7F) ? '?' : c;
  return all ? out : out + " …";
}

std::string log_key(std::uint64_t position) {
  std::string key;
  base::put_fixed(key, position);
  return key;
}

std::uint64_t log_position(std::string_view key) { return base::Bytes(key).fixed(); }

void begin_entry(std::string& out, Millis time, std::size_t chunks) {
  base::put_number(out, kLogFormat);
  base::put_signed(out, time);
  base::put_number(out, chunks);
}

bool read_entry(std::string_view bytes, std::vector<std::string_view>& chunks, Millis* time) {
  base::Bytes in(bytes);
  chunks.clear();
  if (in.number() != kLogFormat) return false;
  const Millis when = in.signed_number();
  if (time) *time = when;
  for (std::size_t n = in.count(); n > 0; --n) chunks.push_back(in.text());
  return in.done();
}

std::string handover(const Message& m) {
  std::string out;
  base::put_text(out, m.visitor);
  base::put_text(out, m.also);
  base::put_text(out, m.bytes);
  base::put_signed(out, m.received);
  base::put_number(out, m.order);
  base::put_number(out, m.identified + 2u * m.has_id + 4u * m.merges);
  base::put_text(out, m.state);
  return out;
}

bool read_handover(std::string_view bytes, Message& m) {
  base::Bytes in(bytes);
  m = {};
  m.visitor = in.text();
  m.also = in.text();
  m.bytes = in.text();
  m.received = in.signed_number();
  m.order = in.number();
  const std::uint64_t flags = in.below(8);
  m.identified = (flags & 1) != 0;
  m.has_id = (flags & 2) != 0;
  m.merges = (flags & 4) != 0;
  m.state = in.text();
  m.settled = m.moves = true;
  return in.done();
}

}  // namespace polku::shards
