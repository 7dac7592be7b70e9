// Events and the visitor.

#include "compiler/catalog/reader.h"

namespace polku::catalog {
namespace {

using diag::Code;

// What a rule could take for the field of an event, or for the event, and is an attribute.
void check_clash(Reader& r, const Attribute& attribute) {
  if (r.event_index.contains(attribute.name)) {
    r.error(Code::CatalogNameClash, attribute.span, "The attribute " + quote(attribute.name) + " has the name of an event.", "Rename one of them.");
    return;
  }
  const auto found = r.field_index.find(attribute.name);
  if (found == r.field_index.end()) return;
  const Event& event = r.out.events[static_cast<std::size_t>(found->second.first)];
  const Field& field = event.fields[static_cast<std::size_t>(found->second.second)];
  r.error(Code::CatalogNameClash, attribute.span,
          "The attribute " + quote(attribute.name) + " is also the field " + quote(field.name) + " of the event " + quote(event.name) + ".",
          "Rename one of them.");
}

void read_derived(Reader& r, const Node& node, const std::string& what, Attribute& to) {
  to.presence = Presence::Derived;
  if (!r.expect(node, Shape::Word, "`is` of " + what, "is: last cart_updated.value")) return;
  const bool empty = node.text.find_first_not_of(" \t\r\n") == std::string::npos;
  if (empty) {
    r.error(Code::CatalogDerivedText, node.span, "`is` of " + what + " says nothing.", "Write an expression, as in `is: last cart_updated.value`.");
  } else if (!node.verbatim) {
    r.error(Code::CatalogDerivedText, node.span, "The expression of " + what + " is written with escapes.",
            "Put it between quotes of the other kind, so that it stands there as it is meant: `is: 'last cart_updated.item otherwise \"x\"'`.");
  } else {
    to.derived = r.bytes(node.inner);
    to.derived_span = node.inner;
  }
}

void read_until(Reader& r, const Node& node, const std::string& what, Attribute& to) {
  for (const Node* word : r.words(node, "`until` of " + what, "until: [order_placed]")) {
    if (r.event(*word) < 0) continue;
    to.until.push_back(nfc(word->text));
    to.until_spans.push_back(word->span);
  }
}

// The map form of an attribute.
bool read_attribute(Reader& r, const Node& node, Attribute& to) {
  const std::string what = quote(to.name);
  const Keys keys = r.keys(node, "an attribute", {"type", "optional", "default", "is", "until"});
  Reader::Typed typed;
  typed.broken = true;
  if (const Node* type = value_of(keys, "type")) typed = r.type(*type, what);
  else r.error(Code::CatalogMissingKey, to.span, what + " has no `type`.", "Write it as in `{ type: text, optional: true }`.");
  to.type = typed.type;
  if (const Node* optional = value_of(keys, "optional")) {
    if (const auto yes = r.yes_no(*optional, "`optional`")) typed.optional = typed.optional || *yes;
  }
  const auto at = [&](std::string_view key) { return keys.find(key)->second.key->span; };
  const Node *fallback = value_of(keys, "default"), *is = value_of(keys, "is"), *until = value_of(keys, "until");
  if (typed.type.kind == TypeKind::Consent && !typed.broken && (typed.optional || fallback || is || until)) {
    r.error(Code::CatalogConsent, to.span,
            "The consent " + what + " can only be given or refused: it has no default, is not optional and not derived.",
            "Write `" + cut(to.name) + ": consent`.");
    return false;
  }
  if (typed.optional) to.presence = Presence::Optional;
  if (is) {
    if (to.name == kZoneName)
      r.error(Code::CatalogZoneAttribute, at("is"), "The attribute `time zone` cannot be derived from events: it is set.", "Write `time zone: text optional`.");
    read_derived(r, *is, what, to);
    if (until) read_until(r, *until, what, to);
    if (fallback) r.error(Code::CatalogPresence, at("default"), what + " is derived from events, so it has no default.",
            "Say `otherwise` in its expression.");
    else if (typed.optional) r.error(Code::CatalogPresence, to.span, what + " is derived from events, so it cannot be optional.",
          "Take `optional` out: it is missing when its expression is.");
    return !typed.broken;
  }
  if (until) r.error(Code::CatalogPresence, at("until"), what + " says `until`, but not what it `is`.",
          "Only a derived attribute ends with an event.");
  if (fallback) {
    to.presence = Presence::Default;
    if (typed.optional) r.error(Code::CatalogPresence, at("default"), what + " has a default, so it is never missing.",
            "Take out `optional` or `default`.");
    if (!typed.broken) {
      auto c = r.constant(*fallback, to.type, "The default of " + what);
      if (c && (to.name != kZoneName || to.type.kind != TypeKind::Text || r.check_zone(*fallback))) to.default_value = std::move(*c);
    }
  }
  return !typed.broken;
}

}  // namespace

void read_events(Reader& r, const Node& node) {
  r.events_known = r.expect(node, Shape::Map, "`events`", "events: { order_placed: { total: money } }");
  if (!r.events_known) return;
  r.each(node, "`events`", [&](const std::string& name, Entry entry) {
    r.check_name(*entry.key, name, "an event");
    Event event{name, {}, entry.key->span};
    const int index = static_cast<int>(r.out.events.size());
    if (r.expect(*entry.value, Shape::Map, "The event " + quote(name), cut(name) + ": {}")) {
      std::vector<int> broken;
      event.fields = r.fields(*entry.value, "the event " + quote(name), "field", broken);
      for (const int field : broken) r.broken_fields.emplace(index, field);
      for (std::size_t f = 0; f < event.fields.size(); ++f) {
        r.field_index.emplace(name + "." + event.fields[f].name, std::pair(index, static_cast<int>(f)));
      }
    } else {
      r.broken_events.insert(index);
    }
    r.event_index.emplace(name, index);
    r.out.events.push_back(std::move(event));
  });
}

void read_visitor(Reader& r, const Node& node) {
  r.attributes_known = r.expect(node, Shape::Map, "`visitor`", "visitor: { consent.marketing: consent }");
  if (!r.attributes_known) return;
  r.each(node, "`visitor`", [&](const std::string& name, Entry entry) {
    Attribute a;
    a.name = name;
    a.span = entry.key->span;
    const int index = static_cast<int>(r.out.attributes.size());
    if (name != kZoneName) r.check_name(*entry.key, name, "an attribute", true);
    bool right = true;
    if (entry.value->shape == Shape::Map) {
      right = read_attribute(r, *entry.value, a);
    } else {
      Reader::Typed typed = r.type(*entry.value, quote(name));
      right = !typed.broken;
      a.type = std::move(typed.type);
      if (typed.optional) a.presence = Presence::Optional;
      if (typed.optional && a.type.kind == TypeKind::Consent) {
        r.error(Code::CatalogConsent, a.span,
              "The consent " + quote(name) + " can only be given or refused: it has no default, is not optional and not derived.",
                "Write `" + cut(name) + ": consent`.");
      }
    }
    if (!right) r.broken_attributes.insert(index);
    if (name == kZoneName && right && a.type.kind != TypeKind::Text) {
      r.error(Code::CatalogZoneAttribute, entry.value->span, "The attribute `time zone` must be `text`, the name of a zone.",
            "Write `time zone: text optional`.");
    }
    check_clash(r, a);
    r.attribute_index.emplace(name, index);
    r.out.attributes.push_back(std::move(a));
  });
}

}  // namespace polku::catalog
