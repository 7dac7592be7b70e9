// Sources: how raw records become events.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "compiler/catalog/reader.h"

namespace polku::catalog {
namespace {

using diag::Code;
using Slot = std::pair<int, int>;  // event, field

const std::initializer_list<std::string_view> kKeys = {"format", "visitor", "time", "received", "event", "id", "zone", "events", "fields", "values",
                                                      "asked for", "merges", "attributes"};
constexpr std::size_t kMostMappings = 1'000'000;  // of all sources; `*.field` can ask for very many in few letters

class SourceReader {
 public:
  explicit SourceReader(Reader& r) : r_(r) {
    for (std::size_t e = 0; e < r.out.events.size(); ++e) {
      for (std::size_t f = 0; f < r.out.events[e].fields.size(); ++f) {
        by_field_[r.out.events[e].fields[f].name].emplace_back(static_cast<int>(e), static_cast<int>(f));
      }
    }
  }

  void read(const Node& node, Source& to) {
    what_ = "the source " + quote(to.name);
    made_.clear();
    events_broken_ = judge_use_ = no_events_ = false;
    if (!r_.expect(node, Shape::Map, "The source " + quote(to.name), cut(to.name) + ": { format: csv, visitor: id, time: at, event: what }")) return;
    const Keys keys = r_.keys(node, "a source", kKeys);
    find_misspelt(node);
    const auto value = [&](std::string_view key) { return value_of(keys, key); };
    if (!read_format(value("format"), to)) return;
    const auto raw = [&](std::string_view key, std::string& out) {
      if (const Node* word = value(key)) read_raw(*word, quote(key) + " of " + what_, to.format, out);
    };
    if (to.format == Format::Segment || to.format == Format::CloudEvents) {
      read_protocol(node, keys, to);
      return;
    }
    raw("visitor", to.visitor);
    raw("time", to.time);
    raw("event", to.event);
    if (const Node* id = value("id")) read_id(*id, to);
    raw("received", to.received);
    raw("asked for", to.asked);
    raw("merges", to.merges);
    if (const auto asked = keys.find("asked for"); asked != keys.end()) check_asked(asked->second, to);
    if (const auto received = keys.find("received"); received != keys.end()) check_received(received->second, to);
    if (const auto merges = keys.find("merges"); merges != keys.end()) check_merges(*merges->second.value, to);
    if (const Node* zone = value("zone"); zone && r_.expect(*zone, Shape::Word, "`zone` of " + what_, "zone: Europe/Helsinki")
            && r_.check_zone(*zone)) {
      to.zone = zone->text;
    }
    if (const Node* events = value("events")) read_events(*events, to);
    if (const Node* attributes = value("attributes")) read_attributes(*attributes, to);
    bool complete = !misspelt("event");
    for (const char* key : {"visitor", "time"}) complete &= has(keys, key, to);
    const auto other = [&](const char* key) { return value(key) || misspelt(key); };
    if (value("events") || !(other("attributes") || other("asked for") || other("merges"))) complete &= has(keys, "event", to);
    // Where the source itself is at fault, what it would make is not known.
    judge_use_ = complete && !events_broken_ && r_.events_known;
    no_events_ = !value("event");
    if (const Node* fields = value("fields")) read_fields(*fields, to);
    if (const Node* values = value("values")) read_values(*values, to);
  }

 private:
  // Clients that send such records all put what every record has into the same places.
  void read_protocol(const Node&, const Keys& keys, Source& to) {
    const bool segment = to.format == Format::Segment;
    to.visitor = segment ? "userId" : "subject";
    to.time = segment ? "timestamp" : "time";
    to.event = segment ? "event" : "type";
    to.id = segment ? std::vector<std::string>{"messageId"} : std::vector<std::string>{"source", "id"};
    for (const char* key : {"visitor", "time", "event", "id", "received", "asked for", "merges"}) {
      const auto given = keys.find(key);
      if (given == keys.end()) continue;
      r_.error(Code::SourceUnused, given->second.key->span, "A source of the format " + quote(segment ? "segment" : "cloudevents") + " says itself where `" + key + "` stands.",
               "Take the line out.");
    }
    const auto value = [&](std::string_view key) { return value_of(keys, key); };
    if (const Node* zone = value("zone"); zone && r_.expect(*zone, Shape::Word, "`zone` of " + what_, "zone: Europe/Helsinki") && r_.check_zone(*zone)) to.zone = zone->text;
    if (const Node* events = value("events")) read_events(*events, to);
    if (const Node* attributes = value("attributes")) read_attributes(*attributes, to);
    judge_use_ = !events_broken_ && r_.events_known;
    if (const Node* fields = value("fields")) read_fields(*fields, to);
    if (const Node* values = value("values")) read_values(*values, to);
  }

  // The keys that unknown ones were meant to be: nothing more is said of them.
  void find_misspelt(const Node& node) {
    misspelt_.clear();
    const std::vector<std::string> known(kKeys.begin(), kKeys.end());
    for (const auto& [key, value] : node.pairs) {
      if (key->shape != Shape::Word || !r_.hinting()) continue;
      const std::string name = nfc(key->text);
      if (std::find(known.begin(), known.end(), name) == known.end()) misspelt_.insert(diag::nearest(name, known));
    }
  }
  bool misspelt(std::string_view key) const { return misspelt_.contains(key); }

  // Sources come after the channels, so what has slots is known.
  void check_asked(const Entry& asked, const Source& to) {
    const auto& channels = r_.out.channels;
    if (!to.asked.empty() && to.asked == to.event) {
      r_.error(Code::SourceRawName, asked.value->span, "`asked for` and `event` of " + what_ + " stand in the same place, so no record could be either.",
               "Name the field that holds the slots.");
    }
    if (!r_.channels_known || std::any_of(channels.begin(), channels.end(), [](const Channel& c) { return !c.slots.empty(); })) return;
    r_.error(Code::SourceUnused, asked.key->span, "The source " + quote(to.name) + " has requests for slots, but no channel has a slot.",
             "Take the line out, or give a channel slots, as in `web: { slots: [hero, sidebar] }`.");
  }

  void check_received(const Entry& received, const Source& to) {
    if (to.received.empty() || to.received != to.time) return;
    r_.error(Code::SourceUnused, received.key->span, "`received` and `time` of " + what_ + " stand in the same place, so no record could ever be late.",
             "Name the field that says when the record was received, or take the line out.");
  }

  void check_merges(const Node& merges, const Source& to) {
    if (to.merges.empty()) return;
    const std::string begin = "` of " + what_ + " stand in the same place, so ", help = "Name the field that holds the id of the other visitor.";
    if (to.merges == to.visitor) r_.error(Code::SourceRawName, merges.span, "`merges` and `visitor" + begin + "every record would merge a visitor with itself.", help);
    if (to.merges == to.event) r_.error(Code::SourceRawName, merges.span, "`merges` and `event" + begin + "no record could be either.", help);
    if (to.merges == to.asked) r_.error(Code::SourceRawName, merges.span, "`merges` and `asked for" + begin + "no record could be either.", help);
  }

  // False if the key is not there, which is said unless it is misspelt.
  bool has(const Keys& keys, const char* key, const Source& to) {
    if (keys.contains(key)) return true;
    if (misspelt(key)) return false;
    r_.error(Code::SourceIncomplete, to.span, "The source " + quote(to.name) + " does not say where the " + key + " stands in a record.",
             "Add " + quote(std::string(key) + ": …") + " with the name of the column or field.");
    return false;
  }

  bool read_format(const Node* node, Source& to) {
    if (!node) {
      if (misspelt("format")) return true;
      r_.error(Code::SourceIncomplete, to.span, "The source " + quote(to.name) + " does not say its format.",
            "Add `format: csv` or `format: ndjson`.");
      return true;
    }
    if (!r_.expect(*node, Shape::Word, "`format` of " + what_, "format: csv")) return false;
    if (node->text == "csv") to.format = Format::Csv;
    else if (node->text == "ndjson") to.format = Format::Ndjson;
    else if (node->text == "segment") to.format = Format::Segment;
    else if (node->text == "cloudevents") to.format = Format::CloudEvents;
    else {
      std::string help = r_.did_you_mean(node->text, {"csv", "ndjson", "segment", "cloudevents"});
      r_.error(Code::SourceFormat, node->span, "There is no format " + quote(node->text) + ".",
            help.empty() ? "The formats are `csv`, `ndjson`, `segment` and `cloudevents`." : help);
      return false;
    }
    return true;
  }

  // Raw names stay byte by byte as they are written: they must be those of the data.
  bool read_raw(const Node& node, const std::string& what, Format format, std::string& out) {
    if (!r_.expect(node, Shape::Word, what, {})) return false;
    const std::string& name = node.text;
    const bool path = format == Format::Csv || (!name.starts_with('.') && !name.ends_with('.') && name.find("..") == std::string::npos);
    if (name.empty() || !path) {
      r_.error(Code::SourceRawName, node.span, what + (name.empty() ? " is empty." : " is no path: " + quote(name) + "."),
               format == Format::Csv ? "Write the name of a column as in the header."
                                     : "Write the name of a field, or a path with dots, as in `properties.total`.");
      return false;
    }
    out = name;
    return true;
  }

  // One name, or a list of those that make the key together.
  void read_id(const Node& node, Source& to) {
    const std::string what = "`id` of " + what_;
    std::string name;
    if (node.shape == Shape::List) {
      for (const Node* item : r_.words(node, what, "id: [order_number, line]"))
        if (read_raw(*item, "An entry of " + what, to.format, name)) to.id.push_back(name);
    } else if (read_raw(node, what, to.format, name)) {
      to.id = {name};
    }
  }

  void read_events(const Node& node, Source& to) {
    to.events_listed = true;
    events_broken_ = !r_.expect(node, Shape::Map, "`events` of " + what_, "events: { \"Order Completed\": order_placed }");
    if (events_broken_) return;
    if (node.pairs.empty()) r_.error(Code::SourceIncomplete, node.span, "`events` of " + what_ + " lists none.",
            "List some, or take the key out: then events have the same names in the data and in the catalog.");
    r_.each(node, "`events` of " + what_, [&](const std::string& raw, Entry entry) {
      if (raw.empty()) {
        r_.error(Code::SourceRawName, entry.key->span, "The name of an event in " + what_ + " is empty.", "Write it as it stands in the data.");
        events_broken_ = true;
      } else if (!r_.expect(*entry.value, Shape::Word, "What " + quote(raw) + " is in the catalog", "{ \"Order Completed\": order_placed }")) {
        events_broken_ = true;
      } else if (const int event = r_.event(*entry.value); event >= 0) {
        to.events.emplace(entry.key->text, event);
        made_.insert(event);
      } else {
        events_broken_ = true;
      }
    });
  }

  void read_attributes(const Node& node, Source& to) {
    if (!r_.expect(node, Shape::Map, "`attributes` of " + what_, "attributes: { customer.tier: tier }")) return;
    r_.each(node, "`attributes` of " + what_, [&](const std::string& name, Entry entry) {
      const int index = r_.attribute(*entry.key);
      std::string raw;
      if (!read_raw(*entry.value, quote(name) + " of " + what_, to.format, raw) || index < 0) return;
      if (r_.out.attributes[static_cast<std::size_t>(index)].presence == Presence::Derived) {
        r_.error(Code::SourceDerived, entry.key->span, quote(name) + " is derived from events, so a source cannot set it.", "Take the line out.");
        return;
      }
      to.attributes.emplace(index, std::move(raw));
    });
  }

  bool made(int event, const Source& to) const { return !no_events_ && (!to.events_listed || made_.contains(event)); }

  // The fields that a key speaks of; the star leaves out those that have their own line. Empty after an error.
  std::vector<Slot> slots(const Node& key, const std::string& name, const Source& to, const std::set<Slot>& taken) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) {
      r_.error(Code::SourceField, key.span, quote(name) + " is not the field of an event.",
            "Write event and field, as in `order_placed.total`, or `\"*.total\"` for all events.");
      return {};
    }
    const std::string event = name.substr(0, dot), field = name.substr(dot + 1);
    if (event == "*") return star(key, field, to, taken);
    const auto found = r_.event_index.find(event);
    if (found == r_.event_index.end()) {
      if (!r_.events_known) return {};
      r_.error(Code::CatalogUnknownEvent, key.span, "There is no event " + quote(event) + " in the catalog.",
            r_.did_you_mean_one(event, r_.out.events));
      return {};
    }
    if (r_.broken_events.contains(found->second)) return {};
    const auto slot = r_.field_index.find(event + "." + field);
    if (slot == r_.field_index.end()) {
      const Event& known = r_.out.events[static_cast<std::size_t>(found->second)];
      r_.error(Code::SourceField, key.span, "The event " + quote(event) + " has no field " + quote(field) + ".",
            r_.did_you_mean_one(field, known.fields));
      return {};
    }
    if (judge_use_ && !made(found->second, to)) {
      r_.error(Code::SourceUnused, key.span, "The source " + quote(to.name) + " never makes the event " + quote(event) + ".",
            "Take the line out, or list the event.");
      return {};
    }
    return {slot->second};
  }

  std::vector<Slot> star(const Node& key, const std::string& field, const Source& to, const std::set<Slot>& taken) {
    const auto found = by_field_.find(field);
    if (found == by_field_.end()) {
      if (!r_.events_known || !r_.broken_events.empty()) return {};
      std::vector<std::string> names;
      if (r_.hinting()) {
        for (const auto& [name, where] : by_field_) names.push_back(name);
      }
      r_.error(Code::SourceField, key.span, "No event has a field " + quote(field) + ".", r_.did_you_mean(field, names));
      return {};
    }
    std::vector<Slot> out;
    bool any = false;
    for (const Slot& slot : found->second) {
      if (!made(slot.first, to)) continue;
      any = true;
      if (!taken.contains(slot)) out.push_back(slot);
    }
    if (judge_use_ && !any) {
      r_.error(Code::SourceUnused, key.span,
            "The source " + quote(to.name) + " makes no event with a field " + quote(field) + ".", "Take the line out, or list such an event.");
    }
    return out;
  }

  bool count(const Node& at) {
    if (++mappings_ <= kMostMappings) return true;
    r_.error(Code::CatalogTooMany, at.span, "From here on the sources map more than a million fields.", "Make the catalog smaller.");
    return false;
  }

  // Lines for one field first, then the stars.
  void each_field(const Node& node, const std::string& what, Source& to, const std::function<void(Slot, Entry)>& body) {
    std::vector<std::pair<std::string, Entry>> stars;
    std::set<Slot> taken;
    r_.each(node, what, [&](const std::string& name, Entry entry) {
      if (name.starts_with("*.")) {
        stars.emplace_back(name, entry);
        return;
      }
      for (const Slot& slot : slots(*entry.key, name, to, taken)) {
        taken.insert(slot);
        body(slot, entry);
      }
    });
    for (const auto& [name, entry] : stars) {
      for (const Slot& slot : slots(*entry.key, name, to, taken)) body(slot, entry);
    }
  }

  void read_fields(const Node& node, Source& to) {
    const std::string what = "`fields` of " + what_;
    if (!r_.expect(node, Shape::Map, what, "fields: { order_placed.total: amount }")) return;
    each_field(node, what, to, [&](Slot slot, Entry entry) {
      std::string raw;
      if (read_raw(*entry.value, quote(entry.key->text) + " of " + what_, to.format, raw)
              && count(*entry.key)) to.fields.emplace(slot, std::move(raw));
    });
  }

  void read_values(const Node& node, Source& to) {
    const std::string what = "`values` of " + what_;
    if (!r_.expect(node, Shape::Map, what, "values: { page_viewed.group: { CONTRACT: contract } }")) return;
    each_field(node, what, to, [&](Slot slot, Entry entry) {
      if (r_.broken_fields.contains(slot)) return;
      const Event& event = r_.out.events[static_cast<std::size_t>(slot.first)];
      const Field& field = event.fields[static_cast<std::size_t>(slot.second)];
      const std::string name = event.name + "." + field.name;
      if (field.type.kind != TypeKind::OneOf) {
        r_.error(Code::SourceNotOneOf, entry.key->span,
              "The field " + quote(name) + " is " + quote(type_name(field.type)) + ", so no values of a list can be named for it.",
                 "Only a field of a list, such as `[a, b]`, has such values.");
        return;
      }
      if (!r_.expect(*entry.value, Shape::Map, quote(entry.key->text) + " of " + what, "{ CONTRACT: contract }")) return;
      std::map<std::string, int> values;
      r_.each(*entry.value, quote(entry.key->text) + " of " + what, [&](const std::string& raw, Entry one) {
        if (!r_.expect(*one.value, Shape::Word, "What " + quote(raw) + " is in the catalog", "{ CONTRACT: contract }")) return;
        const std::string value = nfc(one.value->text);
        const int at = field.type.values.find(value);
        if (at < 0) {
          r_.error(Code::SourceValue, one.value->span, "The list of " + quote(name) + " has no value " + quote(value) + ".",
                r_.did_you_mean(value, field.type.values));
        } else if (count(*one.key)) {
          values.emplace(one.key->text, at);
        }
      });
      to.values.emplace(slot, std::move(values));
    });
  }

  Reader& r_;
  std::map<std::string, std::vector<Slot>> by_field_;
  std::size_t mappings_ = 0;
  // Of the source being read:
  std::string what_;
  std::set<std::string, std::less<>> misspelt_;
  std::unordered_set<int> made_;
  bool events_broken_ = false, judge_use_ = false, no_events_ = false;
};

}  // namespace

void read_sources(Reader& r, const Node& node) {
  if (!r.expect(node, Shape::Map, "`sources`", "sources: { shop: { format: csv, visitor: id, time: at, event: what } }")) return;
  SourceReader reader(r);
  r.each(node, "`sources`", [&](const std::string& name, Entry entry) {
    Source source;
    source.name = name;
    source.span = entry.key->span;
    r.check_name(*entry.key, name, "a source");
    reader.read(*entry.value, source);
    r.out.sources.push_back(std::move(source));
  });
}

}  // namespace polku::catalog
