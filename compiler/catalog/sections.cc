// Events, the visitor, channels and templates.
#include <algorithm>
#include <charconv>

#include "compiler/catalog/reader.h"

namespace polku::catalog {
namespace {

using diag::Code;

constexpr std::string_view kZoneName = "time zone";

const Node* value_of(const Keys& keys, std::string_view key) {
  const auto found = keys.find(key);
  return found == keys.end() ? nullptr : found->second.value;
}

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

void read_limit(Reader& r, const Node& node, const std::string& what, Channel& to) {
  if (!r.expect(node, Shape::Word, "The limit of " + what, "limit: 3 in 7 days")) return;
  constexpr int kMost = 1000;  // each place costs 8 bytes a visitor
  const std::string_view text = node.text;
  const std::size_t gap = text.find(" in ");
  Quota quota;
  const std::string_view count = text.substr(0, gap);
  const auto [end, fault] = std::from_chars(count.data(), count.data() + count.size(), quota.count);
  const Millis within = gap == std::string_view::npos ? 0 : parse_duration(text.substr(gap + 4)).value_or(0);
  if (fault != std::errc() || end != count.data() + count.size() || quota.count < 1 || quota.count > kMost || within < 1) {
    r.error(Code::CatalogBadLimit, node.span, "The limit of " + what + " cannot be read: " + quote(text) + ".",
          "Say how many messages in which time, as in `3 in 7 days`.");
    return;
  }
  if (within > r.out.history) {
    r.error(Code::CatalogLongLimit, node.span, "The limit of " + what + " looks further back than the history kept.",
          "Shorten it, or lengthen `history`.");
    return;
  }
  quota.within = within;
  to.limit = quota;
}

void read_channel(Reader& r, const Node& node, Channel& to) {
  const std::string what = "the channel " + quote(to.name);
  if (!r.expect(node, Shape::Map, "The channel " + quote(to.name), cut(to.name) + ": { needs: consent.marketing }")) return;
  const Keys keys = r.keys(node, "a channel", {"needs", "reach", "limit", "slots", "quiet", "answer"});
  for (const char* later : {"quiet", "answer"}) {
    if (const auto found = keys.find(later); found != keys.end()) {
      r.error(Code::CatalogNotBuilt, found->second.key->span,
            "`" + std::string(later) + "` of a channel is part of the language, but not built yet.", "Take it out for now.");
    }
  }
  const auto attribute = [&](const char* key, bool consent) {
    const Node* word = value_of(keys, key);
    if (!word || !r.expect(*word, Shape::Word, "`" + std::string(key) + "` of " + what,
            consent ? "needs: consent.marketing" : "reach: email_address")) return -1;
    const int found = r.attribute(*word);
    if (found < 0) return -1;
    const Attribute& a = r.out.attributes[static_cast<std::size_t>(found)];
    if (r.broken_attributes.contains(found) || (a.type.kind == TypeKind::Consent) == consent) return found;
    r.error(Code::CatalogNeeds, word->span,
          consent ? quote(a.name) + " is no consent, so a channel cannot need it." : quote(a.name) + " is a consent, which does not reach anybody.",
            consent ? "What must be known to reach the visitor is said with `reach`." : "What the visitor must have agreed to is said with `needs`.");
    return -1;
  };
  to.needs = attribute("needs", true);
  to.reach = attribute("reach", false);
  if (const Node* limit = value_of(keys, "limit")) read_limit(r, *limit, what, to);
  if (const Node* slots = value_of(keys, "slots")) {
    for (const Node* slot : r.words(*slots, "`slots` of " + what, "slots: [hero, sidebar]")) {
      to.slots.push_back(nfc(slot->text));
      r.check_name(*slot, to.slots.back(), "a slot");
    }
  }
}

void read_template(Reader& r, const Node& node, Template& to) {
  const std::string what = "the template " + quote(to.name);
  if (!r.expect(node, Shape::Map, "The template " + quote(to.name), cut(to.name) + ": { by: [email] }")) return;
  const Keys keys = r.keys(node, "a template", {"by", "with", "service"});
  if (const auto found = keys.find("service"); found != keys.end()) {
    r.error(Code::CatalogNotBuilt, found->second.key->span, "`service` of a template is part of the language, but not built yet.",
          "Take it out for now.");
  }
  if (const Node* by = value_of(keys, "by")) {
    for (const Node* word : r.words(*by, "`by` of " + what, "by: [email, push]")) {
      if (const int channel = r.channel(*word); channel >= 0) to.by.push_back(channel);
    }
  } else {
    r.error(Code::CatalogMissingKey, to.span, "No channel carries " + what + ".", "Say which, as in `by: [email, push]`.");
  }
  if (const Node* with = value_of(keys, "with"); with && r.expect(*with, Shape::Map, "`with` of " + what, "with: { product: text }")) {
    std::vector<int> broken;
    to.params = r.fields(*with, what, "parameter", broken);
  }
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

void read_channels(Reader& r, const Node& node) {
  r.channels_known = r.expect(node, Shape::Map, "`channels`", "channels: { email: { needs: consent.marketing } }");
  if (!r.channels_known) return;
  r.each(node, "`channels`", [&](const std::string& name, Entry entry) {
    Channel channel;
    channel.name = name;
    channel.span = entry.key->span;
    r.check_name(*entry.key, name, "a channel");
    read_channel(r, *entry.value, channel);
    r.channel_index.emplace(name, static_cast<int>(r.out.channels.size()));
    r.out.channels.push_back(std::move(channel));
  });
}

void read_templates(Reader& r, const Node& node) {
  if (!r.expect(node, Shape::Map, "`templates`", "templates: { welcome: { by: [email] } }")) return;
  r.each(node, "`templates`", [&](const std::string& name, Entry entry) {
    Template t;
    t.name = name;
    t.span = entry.key->span;
    r.check_name(*entry.key, name, "a template");
    read_template(r, *entry.value, t);
    r.out.templates.push_back(std::move(t));
  });
}

}  // namespace polku::catalog
