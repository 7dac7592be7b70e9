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

template <class Number>
void append_big_endian(std::string& out, Number number) {
  char bytes[sizeof number];
  for (std::size_t i = 0; i < sizeof number; ++i) bytes[i] = static_cast<char>(number >> 8 * (sizeof number - 1 - i) & 0xFF);
  out.append(bytes, sizeof number);
}

void append_text(std::string& out, std::string_view text) {
  append_big_endian(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

std::string marked(Mark mark, std::string_view name) {
  std::string out(1, mark);
  append_text(out, name);
  return out;
}

std::uint64_t hash(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

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
      : name(marked(mark, text)), plain(text), index(position), form(form_of(type.kind)) {
    for (const auto& value : type.values) append_text(values.emplace_back(), value);
  }
};

void by_name(std::vector<Part>& parts) {
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.plain < b.plain; });
}

void append_value(std::string& out, const Part& part, Value value, const base::Texts& texts) {
  switch (part.form) {
    case Form::Number: {
      char digits[24];
      auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
      return append_text(out, {digits, static_cast<std::size_t>(end - digits)});
    }
    case Form::Name: out += part.values[static_cast<std::size_t>(value)]; return;
    case Form::Text: return append_text(out, texts.text(value));
    case Form::List: {
      auto list = texts.list(value);
      append_big_endian(out, static_cast<std::uint32_t>(list.size()));
      for (Value id : list) append_text(out, texts.text(id));
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
  std::string buffer;
};

Identity::Identity(const catalog::Catalog& catalog) : impl_(std::make_unique<Impl>()) {
  impl_->types.resize(Impl::row(0) + catalog.events.size());
  append_text(impl_->types[Impl::row(kMerge)].name, "visitor merged");
  append_text(impl_->types[Impl::row(kAsked)].name, "asked for");
  append_text(impl_->types[Impl::row(kVisitorUpdated)].name, "visitor updated");
  for (std::size_t e = 0; e < catalog.events.size(); ++e) {
    const auto& event = catalog.events[e];
    auto& type = impl_->types[Impl::row(0) + e];
    append_text(type.name, event.name);
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
  auto& out = impl_->buffer;
  const auto& type = impl_->types[Impl::row(event.type)];
  out.assign(1, kContent);
  append_text(out, visitor);
  out += type.name;
  append_big_endian(out, static_cast<std::uint64_t>(event.at));
  for (const Part& field : type.fields) {
    Value value = event.fields[field.index];
    if (value == kUnknown) continue;
    out += field.name;
    append_value(out, field, value, texts);
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
      out += attribute.name;
      out += value == kUnknown ? kMissing : kGiven;
      if (value != kUnknown) append_value(out, attribute, value, texts);
    }
  }
  if (!event.asked.empty()) {
    auto& asked = impl_->asked;
    asked.clear();
    for (const Place& place : event.asked) asked.push_back(&impl_->slots[static_cast<std::size_t>(place.channel)][static_cast<std::size_t>(place.slot)]);
    std::sort(asked.begin(), asked.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
    for (const std::string* name : asked) {
      out += kSlot;
      append_text(out, *name);
    }
  }
  if (event.type == kMerge) {
    out += kMerged;
    append_text(out, event.merges);
  }
  return hash(out);
}

std::uint64_t identity_of_id(std::string_view source, std::span<const std::string_view> id) {
  thread_local std::string buffer;
  buffer.assign(1, kId);
  append_text(buffer, source);
  for (const std::string_view part : id) append_text(buffer, part);
  return hash(buffer);
}

std::uint64_t next_equal(std::uint64_t identity) {
  char bytes[9] = {kEqual};
  for (int i = 0; i < 8; ++i) bytes[i + 1] = static_cast<char>(identity >> (56 - 8 * i) & 0xFF);
  return hash({bytes, sizeof bytes});
}

DecisionId decision_id(std::uint64_t identity, std::string_view journey, std::string_view rule) {
  thread_local std::string buffer;
  buffer.clear();
  append_big_endian(buffer, identity);
  buffer += '\0';
  buffer += journey;
  buffer += '\0';
  buffer += rule;
  const XXH128_hash_t h = XXH3_128bits(buffer.data(), buffer.size());
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
  thread_local std::string buffer;
  buffer.assign(1, kMoment);
  append_text(buffer, visitor);
  append_big_endian(buffer, static_cast<std::uint64_t>(at));
  return hash(buffer);
}

std::uint64_t identity_of_decision(std::string_view firing_id) {
  thread_local std::string buffer;
  buffer.assign(1, kDecision);
  buffer += firing_id;
  return hash(buffer);
}

}  // namespace polku::history
