// Identities: what is hashed is written down byte by byte, numbers big-endian, every text with its length before it, so that no two
// different contents are written alike and every machine writes the same.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "compiler/catalog/catalog.h"
#include "runtime/history/event.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace polku::history {
namespace {

// The first byte of everything that is hashed to 64 bits, so that an id can never stand for a content.
enum Mark : char { kId = 'i', kContent = 'c', kEqual = 'e', kDecision = 'd', kMoment = 'm', kField = 'f', kAttribute = 'a', kSlot = 's', kMerged = 'v', kGiven = '=', kMissing = '-' };

// What is hashed. It keeps its memory.
class Bytes {
 public:
  Bytes& start() {
    size_ = 0;
    return *this;
  }
  Bytes& start(Mark mark) { return start() << mark; }
  Bytes& operator<<(Mark mark) {
    *add(1) = mark;
    return *this;
  }
  template <class Number>
  Bytes& number(Number n) {
    char* const to = add(sizeof n);
    for (std::size_t i = 0; i < sizeof n; ++i) to[i] = static_cast<char>(n >> 8 * (sizeof n - 1 - i) & 0xFF);
    return *this;
  }
  Bytes& plain(std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(add(bytes.size()), bytes.data(), bytes.size());
    return *this;
  }
  Bytes& text(std::string_view text) { return number(static_cast<std::uint32_t>(text.size())).plain(text); }
  std::string_view all() const { return {buffer_.data(), size_}; }
  std::uint64_t hash() const { return XXH3_64bits(buffer_.data(), size_); }

 private:
  char* add(std::size_t count) {
    if (buffer_.size() - size_ < count) buffer_.resize(2 * (size_ + count));
    size_ += count;
    return buffer_.data() + size_ - count;
  }
  std::string buffer_ = std::string(256, '\0');
  std::size_t size_ = 0;
};

// Of this thread, for what is hashed in one go.
Bytes& scratch() {
  thread_local Bytes bytes;
  return bytes;
}

std::string with_length(std::string_view text) { return std::string(Bytes().text(text).all()); }

enum class Form { Number, Name, Text, List };

Form form_of(catalog::TypeKind kind) {
  using enum catalog::TypeKind;
  switch (kind) {
    case Text: return Form::Text;
    case TextList: return Form::List;
    case OneOf: return Form::Name;
    case YesNo:
    case Whole:
    case Number:
    case Money:
    case Percent:
    case Time:
    case Date:
    case Duration:
    case Consent: return Form::Number;
  }
  return Form::Number;
}

// A field or attribute: its name with its mark and length, ready to be hashed, and how its value is written.
struct Part {
  std::string name, plain;
  std::size_t index = 0;
  Form form = Form::Number;
  std::vector<std::string> values;  // of a one-of, each with its length

  Part(Mark mark, const std::string& text, std::size_t position, const catalog::Type& type)
      : name(Bytes().start(mark).text(text).all()), plain(text), index(position), form(form_of(type.kind)) {
    for (const auto& value : type.values) values.push_back(with_length(value));
  }
};

void by_name(std::vector<Part>& parts) {
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.plain < b.plain; });
}

void add_value(Bytes& out, const Part& part, Value value, const base::Texts& texts) {
  switch (part.form) {
    case Form::Number: {
      char digits[24];
      auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
      out.text({digits, static_cast<std::size_t>(end - digits)});
      return;
    }
    case Form::Name: out.plain(part.values[static_cast<std::size_t>(value)]); return;
    case Form::Text: out.text(texts.text(value)); return;
    case Form::List: {
      auto list = texts.list(value);
      out.number(static_cast<std::uint32_t>(list.size()));
      for (Value id : list) out.text(texts.text(id));
      return;
    }
  }
}

}  // namespace

struct Identity::Impl {
  struct Type {
    std::string name;
    std::vector<Part> fields;
  };
  std::vector<Type> types;        // of events, and before them of records that are none
  static std::size_t row(int type) { return static_cast<std::size_t>(type - kMerge); }
  std::vector<Part> attributes;
  std::vector<std::size_t> rank;  // of an attribute: its place in `attributes`
  std::vector<std::vector<std::string>> slots;  // by channel: their names in full
  std::vector<std::pair<std::size_t, Value>> changes;
  std::vector<const std::string*> asked;
  Bytes bytes;
};

Identity::Identity(const catalog::Catalog& catalog) : impl_(std::make_unique<Impl>()) {
  impl_->types.resize(Impl::row(0) + catalog.events.size());
  impl_->types[Impl::row(kMerge)].name = with_length("visitor merged");
  impl_->types[Impl::row(kAsked)].name = with_length("asked for");
  impl_->types[Impl::row(kVisitorUpdated)].name = with_length("visitor updated");
  for (std::size_t e = 0; e < catalog.events.size(); ++e) {
    const auto& event = catalog.events[e];
    auto& type = impl_->types[Impl::row(0) + e];
    type.name = with_length(event.name);
    for (std::size_t f = 0; f < event.fields.size(); ++f) type.fields.emplace_back(kField, event.fields[f].name, f, event.fields[f].type);
    by_name(type.fields);
  }
  for (std::size_t a = 0; a < catalog.attributes.size(); ++a)
    impl_->attributes.emplace_back(kAttribute, catalog.attributes[a].name, a, catalog.attributes[a].type);
  by_name(impl_->attributes);
  impl_->rank.resize(catalog.attributes.size());
  for (std::size_t place = 0; place < impl_->attributes.size(); ++place) impl_->rank[impl_->attributes[place].index] = place;
  for (const auto& channel : catalog.channels) {
    auto& slots = impl_->slots.emplace_back();
    for (const auto& slot : channel.slots) slots.push_back(channel.name + "." + slot);
  }
}

Identity::~Identity() = default;

std::uint64_t Identity::of_content(std::string_view visitor, const Event& event, const base::Texts& texts) {
  Bytes& out = impl_->bytes;
  const auto& type = impl_->types[Impl::row(event.type)];
  out.start(kContent).text(visitor).plain(type.name).number(static_cast<std::uint64_t>(event.at));
  for (const Part& field : type.fields) {
    const Value value = event.fields[field.index];
    if (value == kUnknown) continue;
    out.plain(field.name);
    add_value(out, field, value, texts);
  }
  if (!event.changes.empty()) {
    auto& changes = impl_->changes;
    changes.clear();
    // Inserted in order, which std::stable_sort would not do without memory; they are few.
    for (const auto& change : event.changes) {
      const std::size_t place = impl_->rank[static_cast<std::size_t>(change.attribute)];
      auto at = std::upper_bound(changes.begin(), changes.end(), place, [](std::size_t p, const auto& c) { return p < c.first; });
      changes.insert(at, {place, change.value});
    }
    for (const auto& [place, value] : changes) {
      const Part& attribute = impl_->attributes[place];
      out.plain(attribute.name) << (value == kUnknown ? kMissing : kGiven);
      if (value != kUnknown) add_value(out, attribute, value, texts);
    }
  }
  if (!event.asked.empty()) {
    auto& asked = impl_->asked;
    asked.clear();
    for (const Place& place : event.asked) asked.push_back(&impl_->slots[static_cast<std::size_t>(place.channel)][static_cast<std::size_t>(place.slot)]);
    std::sort(asked.begin(), asked.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
    for (const std::string* name : asked) (out << kSlot).text(*name);
  }
  if (event.type == kMerge) (out << kMerged).text(event.merges);
  return out.hash();
}

std::uint64_t identity_of_id(std::string_view source, std::span<const std::string_view> id) {
  Bytes& bytes = scratch().start(kId).text(source);
  for (const std::string_view part : id) bytes.text(part);
  return bytes.hash();
}

std::uint64_t next_equal(std::uint64_t identity) { return scratch().start(kEqual).number(identity).hash(); }

DecisionId decision_id(std::uint64_t identity, std::string_view journey, std::string_view rule) {
  const std::string_view all = scratch().start().number(identity).plain({"", 1}).plain(journey).plain({"", 1}).plain(rule).all();
  const XXH128_hash_t h = XXH3_128bits(all.data(), all.size());
  return {h.high64, h.low64};
}

std::array<char, 32> digits(DecisionId id) {
  std::array<char, 32> out;
  static constexpr auto kPairs = [] {
    std::array<std::array<char, 2>, 256> pairs{};
    for (std::size_t b = 0; b < 256; ++b) pairs[b] = {"0123456789abcdef"[b >> 4], "0123456789abcdef"[b & 15]};
    return pairs;
  }();
  for (std::size_t i = 0; i < 8; ++i) {
    std::memcpy(&out[14 - 2 * i], kPairs[id.high >> (8 * i) & 255].data(), 2);
    std::memcpy(&out[30 - 2 * i], kPairs[id.low >> (8 * i) & 255].data(), 2);
  }
  return out;
}

std::string firing_id(std::uint64_t identity, std::string_view journey, std::string_view rule) {
  const std::array<char, 32> text = digits(decision_id(identity, journey, rule));
  return {text.data(), text.size()};
}

std::uint64_t identity_of_moment(std::string_view visitor, Millis at) {
  return scratch().start(kMoment).text(visitor).number(static_cast<std::uint64_t>(at)).hash();
}

std::uint64_t identity_of_decision(std::string_view firing_id) { return scratch().start(kDecision).plain(firing_id).hash(); }

}  // namespace polku::history
