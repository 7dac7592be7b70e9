#include "runtime/history/portable.h"

#include <algorithm>
#include <vector>

namespace polku::history {

namespace {

using base::Bytes;
using base::put_fixed;
using base::put_number;
using base::put_signed;
using base::put_text;
using catalog::TypeKind;

constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }

// Instants that may be kUnknown, which has no place among the others.
void put_instant(std::string& out, Millis t) {
  out += t == kUnknown ? '\0' : '\1';
  if (t != kUnknown) put_signed(out, t);
}
Millis get_instant(Bytes& in) { return in.below(2) == 1 ? in.signed_number() : kUnknown; }

void put_set(std::string& out, const Identities& set) {
  std::vector<std::uint64_t> all;
  set.each([&](std::uint64_t identity) { all.push_back(identity); });
  std::sort(all.begin(), all.end());  // the same state, the same bytes
  put_number(out, all.size());
  for (const std::uint64_t identity : all) put_fixed(out, identity);
}
void get_set(Bytes& in, Identities& set) {
  for (std::size_t n = in.count(8); n > 0; --n) set.insert(in.fixed());
}

void put_deed(std::string& out, const Deed& d) {
  put_number(out, static_cast<std::uint64_t>(d.kind));
  put_text(out, d.journey);
  put_text(out, d.rule);
  put_fixed(out, d.id.high);
  put_fixed(out, d.id.low);
  put_signed(out, d.start_at);
  put_fixed(out, d.start);
  put_signed(out, d.until);
  put_number(out, d.round);
  put_number(out, d.begins_place);
  put_number(out, d.done.size());
  for (const Deed::Done& done : d.done) {
    put_number(out, static_cast<std::uint64_t>(done.kind));
    put_number(out, done.service);
    put_text(out, done.channel);
    put_text(out, done.name);
    put_signed(out, done.length);
  }
}

Deed get_deed(Bytes& in) {
  Deed d;
  d.kind = static_cast<Deed::Kind>(in.below(static_cast<std::uint64_t>(Deed::Kind::Dropped) + 1));
  d.journey = in.text();
  d.rule = in.text();
  d.id.high = in.fixed();
  d.id.low = in.fixed();
  d.start_at = in.signed_number();
  d.start = in.fixed();
  d.until = in.signed_number();
  d.round = in.number();
  d.begins_place = in.below(2) == 1;
  d.done.resize(in.count(5));
  for (Deed::Done& done : d.done) {
    done.kind = static_cast<ActionKind>(in.below(static_cast<std::uint64_t>(ActionKind::Split) + 1));
    done.service = in.below(2) == 1;
    done.channel = in.text();
    done.name = in.text();
    done.length = in.signed_number();
  }
  return d;
}

}  // namespace

void Portable::write(const catalog::Type& type, Value value, std::string& out) const {
  out += value == kUnknown ? '\0' : '\1';
  if (value == kUnknown) return;
  if (type.kind == TypeKind::Text) {
    put_text(out, texts_.text(value));
  } else if (type.kind == TypeKind::TextList) {
    const auto list = texts_.list(value);
    put_number(out, list.size());
    for (const Value text : list) put_text(out, texts_.text(text));
  } else {
    put_signed(out, value);
  }
}

Value Portable::read(const catalog::Type& type, Bytes& in) const {
  if (in.below(2) == 0) return kUnknown;
  if (type.kind == TypeKind::Text) return texts_.intern(in.text());
  if (type.kind == TypeKind::TextList) {
    std::vector<Value> list;
    for (std::size_t n = in.count(); n > 0; --n) list.push_back(texts_.intern(in.text()));
    return texts_.intern_list(list);
  }
  const Value value = in.signed_number();
  if (type.kind == TypeKind::OneOf && (value < 0 || at(static_cast<int>(value)) >= type.values.size())) in.refuse();
  return value;
}

// The type is one of the catalog's events, or below: 0 is kMerge.
void Portable::write(const Event& event, std::string& out) const {
  put_signed(out, event.at);
  put_instant(out, event.received);
  put_number(out, static_cast<std::uint64_t>(event.type - kMerge));
  put_fixed(out, event.identity);
  if (event.type >= 0) {
    const auto& fields = catalog_.events[at(event.type)].fields;
    for (std::size_t f = 0; f < fields.size(); ++f) write(fields[f].type, event.fields[f], out);
  }
  put_number(out, event.changes.size());
  for (const AttributeChange& c : event.changes) {
    put_number(out, static_cast<std::uint64_t>(c.attribute));
    write(catalog_.attributes[at(c.attribute)].type, c.value, out);
  }
  put_number(out, event.asked.size());
  for (const Place& p : event.asked) {
    put_number(out, static_cast<std::uint64_t>(p.channel));
    put_number(out, static_cast<std::uint64_t>(p.slot));
  }
  if (event.type == kMerge) put_text(out, event.merges);
}

void Portable::read(Bytes& in, Event& into) const {
  into.at = in.signed_number();
  into.received = get_instant(in);
  into.type = static_cast<int>(in.below(catalog_.events.size() + static_cast<std::size_t>(-kMerge))) + kMerge;  // refused: a merge
  into.identity = in.fixed();
  into.fields.clear();
  if (into.type >= 0)
    for (const catalog::Field& f : catalog_.events[at(into.type)].fields) into.fields.push_back(read(f.type, in));
  into.changes.resize(in.count(2));
  for (AttributeChange& c : into.changes) {
    c.attribute = static_cast<int>(in.below(catalog_.attributes.size()));
    if (in.fine()) c.value = read(catalog_.attributes[at(c.attribute)].type, in);
  }
  into.asked.resize(in.count(2));
  for (Place& p : into.asked) {
    p.channel = static_cast<int>(in.below(catalog_.channels.size()));
    if (in.fine()) p.slot = static_cast<int>(in.below(catalog_.channels[at(p.channel)].slots.size()));
  }
  into.merges = into.type == kMerge ? in.text() : std::string_view();
}

std::uint64_t Portable::identity(std::string_view event) {
  Bytes in(event);
  in.signed_number();
  get_instant(in);
  in.number();
  return in.fixed();
}

void Portable::write(const Past& past, std::string& out) const {
  put_number(out, past.names.size());
  for (const std::string& name : past.names) put_text(out, name);
  put_number(out, past.arrival);
  put_number(out, past.entries.size());
  Event event;
  for (const Entry& e : past.entries) {
    put_number(out, e.arrival);
    if (const Deed* d = past.deed(e)) {
      out += '\0';
      put_signed(out, e.at);
      put_deed(out, *d);
    } else {
      put_number(out, e.name + std::uint64_t{1});
      past.read(e, event);
      write(event, out);
    }
  }
  put_set(out, past.placed);
  put_set(out, past.converted);
}

void Portable::read(Bytes& in, Past& into) const {
  for (std::size_t n = in.count(); n > 0; --n) into.names.emplace_back(in.text());
  const std::uint64_t latest = in.number();
  Event event;
  for (std::size_t n = in.count(3); n > 0 && in.fine(); --n) {
    const std::uint64_t arrival = in.number();
    const std::uint64_t name = in.below(into.names.size() + 1);
    if (name == 0) {
      const Millis when = in.signed_number();
      into.insert(when, arrival, get_deed(in));
      continue;
    }
    read(in, event);
    if (in.fine()) into.insert(event.at, arrival, static_cast<std::uint32_t>(name - 1), event);
  }
  into.arrival = latest;
  get_set(in, into.placed);
  get_set(in, into.converted);
}

}  // namespace polku::history
