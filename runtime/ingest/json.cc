#include "runtime/ingest/json.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "runtime/ingest/input.h"
#include "runtime/ingest/names.h"

namespace polku::ingest {
namespace {

static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
constexpr int kDeepest = 100;

// An object that is asked for something: its keys, with dots in them if they lead into objects in it.
struct Node {
  struct Member {
    std::size_t slot = kNoSlot;
    Node* node = nullptr;  // to look into if it is an object
    bool text = false;
  };
  // A key as it stands in lines, with its quotes and colon, and what it leads to.
  struct Met {
    std::uint64_t words[2] = {1, 0}, masks[2] = {};  // its first 16 bytes; of no key: nothing is equal to it
    const Member* member = nullptr;                  // null: nothing asks for it
    std::string raw;
    std::string_view key;                            // of `keys`, as rows show it when `met` has long moved on

    bool stands_at(const char* at) const {  // raw is not longer than kPadding, which can be read there
      std::uint64_t words_at[2];
      std::memcpy(words_at, at, sizeof words_at);
      if (((words_at[0] & masks[0]) != words[0]) | ((words_at[1] & masks[1]) != words[1])) return false;
      return masks[1] != ~std::uint64_t{0} || std::memcmp(at, raw.data(), raw.size()) == 0;
    }
  };
  static constexpr std::size_t kMostMet = 64;
  static constexpr std::ptrdiff_t kAhead = 8;
  Names names;
  std::vector<Member> members;
  std::deque<std::string> keys;
  std::vector<Met> met = std::vector<Met>(1);  // in the order of the lines, which most lines share; one of no key at the end

  Member& member(const std::string& key) {
    if (const int* known = names.exactly(key)) return members[static_cast<std::size_t>(*known)];
    names.add(key, static_cast<int>(members.size()));
    return members.emplace_back();
  }
  const Member* find(std::string_view key) const {
    const int* const known = names.find(key);
    return known ? &members[static_cast<std::size_t>(*known)] : nullptr;
  }
  // What of `met` stands there, at or soon behind `place`; else null.
  const Met* again(const Met* place, const char* at) const { return place->stands_at(at) ? place : ahead(place, at); }
  [[gnu::noinline]] const Met* ahead(const Met* place, const char* at) const {
    for (const Met* const to = place + std::min(kAhead, &met.back() - place); place < to;)
      if ((++place)->stands_at(at)) return place;
    return nullptr;
  }
  // Remembers the key, and returns what is looked for next.
  const Met* meet(const Met* place, std::string_view raw, std::string_view key, const Member* member) {
    if (met.size() > kMostMet || raw.size() > kPadding) return place;
    Met m;
    m.words[0] = 0;
    const std::size_t head = std::min(raw.size(), sizeof m.words);
    std::memcpy(m.words, raw.data(), head);
    std::memset(m.masks, 0xFF, head);
    m.member = member;
    m.raw = raw;
    m.key = keys.emplace_back(key);
    return &*met.insert(met.begin() + (place - met.data()), std::move(m)) + 1;
  }
};

bool is_number(std::string_view text) {
  const char *p = text.data(), *const end = p + text.size();
  const auto digits = [&] {
    const char* const from = p;
    while (p < end && *p >= '0' && *p <= '9') ++p;
    return p - from;
  };
  if (p < end && *p == '-') ++p;
  const bool zero = p < end && *p == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (p < end && *p == '.' && (++p, digits() == 0)) return false;
  if (p < end && (*p == 'e' || *p == 'E')) {
    if (++p < end && (*p == '+' || *p == '-')) ++p;
    if (digits() == 0) return false;
  }
  return p == end;
}

}  // namespace

// simdjson's first stage (Langdale and Lemire, Parsing gigabytes of JSON per second, 2019) checks UTF-8, that every quote is closed and that no
// control character stands in quotes, and lists where the tokens begin: brackets, colons, commas, opening quotes, and the first byte of what else
// there is outside of quotes. The walk goes through that list once and checks the rest, also of what nobody asks for: only then is the line JSON.
struct Json::Impl {
  using Token = const std::uint32_t*;     // where the next one is in the list; null: the line is no JSON

  const base::Texts* texts;
  bool native;
  std::deque<Node> nodes;                 // the first is the line's object
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
  std::vector<std::uint8_t> unescaped;    // texts that have escapes
  std::uint8_t* free = nullptr;           // of it
  // Of the line:
  const char* bytes = nullptr;
  Token end = nullptr;
  bool escapes = false;
  Row* row = nullptr;

  // The last token of a line is a `}`, so only behind one can the tokens be at their end.
  char first(Token at) const { return bytes[*at]; }

  // The text whose opening quote is that token.
  [[gnu::always_inline]] bool text(Token at, std::string_view& out) {
    const char *const begin = bytes + *at + 1, *close = bytes + at[1] - 1;
    while (*close != '"') --close;
    out = {begin, static_cast<std::size_t>(close - begin)};
    return !escapes || unescape(out);
  }

  bool unescape(std::string_view& out) {
    if (out.find('\\') == std::string_view::npos) return true;
    std::uint8_t* const behind = stage->parse_string(reinterpret_cast<const std::uint8_t*>(out.data()), free);
    if (!behind) return false;
    out = {reinterpret_cast<const char*>(free), static_cast<std::size_t>(behind - free)};
    free = behind;
    return true;
  }

  // A value that is neither text, object nor list: all up to the next token, without the blanks.
  bool scalar(Token at, Cell& cell) {
    const char *const begin = bytes + *at, *close = bytes + at[1];
    while (close[-1] == ' ' || close[-1] == '\t' || close[-1] == '\r' || close[-1] == '\n') --close;
    cell.text = {begin, static_cast<std::size_t>(close - begin)};
    switch (*begin) {
      case 't': cell.kind = Cell::Kind::True; return cell.text == "true";
      case 'f': cell.kind = Cell::Kind::False; return cell.text == "false";
      case 'n': cell.kind = Cell::Kind::Null; return cell.text == "null";
      default: cell.kind = Cell::Kind::Number; return is_number(cell.text);
    }
  }

  // These return what stands behind the value. keep: the items of a list.
  [[gnu::always_inline]] Token value(Token at, int depth, Cell& cell, bool keep) {
    if (first(at) != '"') return other(at, depth, cell, keep);
    cell.kind = Cell::Kind::Text;
    return text(at, cell.text) ? at + 1 : nullptr;
  }

  [[gnu::noinline]] Token other(Token at, int depth, Cell& cell, bool keep) {
    switch (first(at)) {
      case '{': cell.kind = Cell::Kind::Object; return object(at, depth);
      case '[': return list(at, depth, cell, keep);
      default: return scalar(at, cell) ? at + 1 : nullptr;
    }
  }

  Token unasked(Token at, int depth) {
    if (!escapes && first(at) == '"') return at + 1;
    Cell ignored;
    return value(at, depth, ignored, false);
  }

  Token list(Token at, int depth, Cell& cell, bool keep) {
    cell.kind = Cell::Kind::List;
    cell.first = static_cast<std::uint32_t>(row->items.size());
    if (first(++at) == ']') return at + 1;
    if (depth == kDeepest) return nullptr;
    while (true) {
      Cell item;
      at = value(at, depth + 1, item, false);
      if (!at) return nullptr;
      if (keep) {
        row->items.push_back(item);
        ++cell.count;
      }
      const char behind = first(at++);
      if (behind == ']') return at;
      if (behind != ',') return nullptr;
    }
  }

  Token key(Token at, std::string_view& out) { return first(at) == '"' && first(at + 1) == ':' && text(at, out) ? at + 2 : nullptr; }

  // Behind an object in another one a token must follow.
  Token inside(Token at) const { return at != end ? at : nullptr; }

  Token object(Token at, int depth) {
    if (first(++at) == '}') return inside(at + 1);
    if (depth == kDeepest) return nullptr;
    while (true) {
      std::string_view ignored;
      at = key(at, ignored);
      if (at) at = unasked(at, depth + 1);
      if (!at) return nullptr;
      const char behind = first(at++);
      if (behind == '}') return inside(at);
      if (behind != ',') return nullptr;
    }
  }

  Token object(Token at, int depth, Node& node) {
    if (first(++at) == '}') return at + 1;
    if (depth == kDeepest) return nullptr;
    for (const Node::Met* place = node.met.data();;) {
      const char* const raw = bytes + *at;
      std::string_view name;
      const Node::Member* member;
      if (const Node::Met* const met = node.again(place, raw)) {
        name = met->key;
        member = met->member;
        place = met + 1;
        at += 2;
      } else {
        at = key(at, name);
        if (!at) return nullptr;
        member = node.find(name);
        place = node.meet(place, {raw, bytes + at[-1] + 1}, name, member);
      }
      at = member ? asked(at, depth + 1, *member) : native ? stray(at, depth + 1, name) : unasked(at, depth + 1);
      if (!at) return nullptr;
      const char behind = first(at++);
      if (behind == '}') return at;
      if (behind != ',') return nullptr;
    }
  }

  Token asked(Token at, int depth, const Node::Member& member) {
    if (member.node && first(at) == '{') {
      at = object(at, depth, *member.node);
      return at ? inside(at) : nullptr;
    }
    if (member.slot == kNoSlot) return native && first(at) != 'n' ? stray(at, depth, "fields") : unasked(at, depth);
    Cell& cell = row->cells[member.slot];
    if (cell.kind != Cell::Kind::Absent) return unasked(at, depth);  // it came twice
    row->present.push_back(member.slot);
    at = value(at, depth, cell, true);
    if (at && member.text && cell.kind == Cell::Kind::Text) texts->prefetch(cell.text);
    return at;
  }

  Token stray(Token at, int depth, std::string_view name) {
    Cell cell;
    at = value(at, depth, cell, false);
    if (at) row->strays.emplace_back(name, cell);
    return at;
  }
};

Json::Json(const Layout& layout, const base::Texts& texts) : impl_(std::make_unique<Impl>()) {
  impl_->texts = &texts;
  impl_->native = layout.native;
  const auto ask = [&](Node& node, const std::string& key, std::size_t slot) {
    Node::Member& member = node.member(key);
    if (member.slot != kNoSlot) return;
    member.slot = slot;
    member.text = layout.texts[slot];
  };
  Node& root = impl_->nodes.emplace_back();
  Node& fields = impl_->nodes.emplace_back();
  if (layout.native) root.member("fields").node = &fields;
  for (std::size_t slot = 0; slot < layout.slots.size(); ++slot) {
    const std::string& path = layout.slots[slot];
    if (layout.native) {  // names of attributes have dots of their own, which never lead into an object
      if (path.starts_with(kFields)) ask(fields, path.substr(kFields.size()), slot);
      else ask(root, path, slot);
      continue;
    }
    // `a.b.c` is the member c of b of a, but also `b.c` of a, c of `a.b`, and `a.b.c`.
    std::vector<std::size_t> begins = {0};  // of its words
    for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) begins.push_back(dot + 1);
    std::vector<Node*> inside(begins.size(), nullptr);  // of the object that the words before lead to
    inside[0] = &root;
    for (std::size_t from = 0; from < begins.size(); ++from) {
      for (std::size_t to = from + 1; to < begins.size(); ++to) {
        Node::Member& member = inside[from]->member(path.substr(begins[from], begins[to] - 1 - begins[from]));
        if (!inside[to]) inside[to] = member.node ? member.node : &impl_->nodes.emplace_back();
        member.node = inside[to];
      }
      ask(*inside[from], path.substr(begins[from]), slot);
    }
  }
}

Json::~Json() = default;

bool Json::read(std::string_view line, Row& row) {
  Impl& walk = *impl_;
  if (!walk.stage || walk.stage->capacity() <= line.size()) {
    const std::size_t capacity = std::bit_ceil(std::max<std::size_t>(line.size() + 1, 4096));
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDeepest, walk.stage)) return false;
    walk.unescaped.resize(capacity + kPadding);
  }
  if (walk.stage->stage1(reinterpret_cast<const std::uint8_t*>(line.data()), line.size(), simdjson::stage1_mode::regular)) return false;
  walk.bytes = line.data();
  const Impl::Token begin = walk.stage->structural_indexes.get();
  walk.end = begin + walk.stage->n_structural_indexes;
  walk.free = walk.unescaped.data();
  walk.escapes = line.find('\\') != std::string_view::npos;
  walk.row = &row;
  if (line[*begin] != '{' || line[walk.end[-1]] != '}' || walk.end - begin < 2) return false;
  return walk.object(begin, 0, walk.nodes.front()) == walk.end;  // nothing stands behind the object
}

}  // namespace polku::ingest
