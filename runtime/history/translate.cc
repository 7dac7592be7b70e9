#include "runtime/history/translate.h"

#include <utility>
#include <vector>

namespace polku::history {

namespace {
constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
}  // namespace

void translate(Event& event, const catalog::Catalog& was, const base::Texts& texts_then, const catalog::Catalog& is, base::Texts& texts) {
  const auto carry = [&](const catalog::Type& from, const catalog::Type& to, Value value) {
    if (value == kUnknown || from != to) return kUnknown;
    if (to.kind == catalog::TypeKind::Text) return texts.intern(texts_then.text(value));
    if (to.kind != catalog::TypeKind::TextList) return value;
    std::vector<Value> list;
    for (const Value t : texts_then.list(value)) list.push_back(texts.intern(texts_then.text(t)));
    return texts.intern_list(list);
  };
  std::vector<AttributeChange> changes;
  for (const AttributeChange& c : event.changes) {
    const catalog::Attribute& attribute = was.attributes[at(c.attribute)];
    const int now = is.attribute(attribute.name);
    if (now >= 0 && is.attributes[at(now)].presence != catalog::Presence::Derived)
      changes.push_back({now, carry(attribute.type, is.attributes[at(now)].type, c.value)});
  }
  event.changes = std::move(changes);
  std::vector<Place> asked;
  for (const Place& p : event.asked) {
    const int channel = is.channel(was.channels[at(p.channel)].name);
    const int slot = channel < 0 ? -1 : is.channels[at(channel)].slot(was.channels[at(p.channel)].slots[at(p.slot)]);
    if (slot >= 0) asked.push_back({channel, slot});
  }
  event.asked = std::move(asked);
  if (event.type < 0) return;
  const catalog::Event& before = was.events[at(event.type)];
  const int type = is.event(before.name);
  std::vector<Value> fields;
  if (type >= 0)
    for (const catalog::Field& f : is.events[at(type)].fields) {
      const int from = before.field(f.name);
      fields.push_back(from < 0 ? kUnknown : carry(before.fields[at(from)].type, f.type, event.fields[at(from)]));
    }
  event.type = type < 0 ? kVisitorUpdated : type;
  event.fields = std::move(fields);
}

}  // namespace polku::history
