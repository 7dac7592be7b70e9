#include "runtime/ingest/wire.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "runtime/ingest/builder.h"
#include "runtime/ingest/input.h"
#include "runtime/ingest/json.h"

namespace polku::ingest {
namespace {

static_assert(kBodyPadding >= kPadding && kBodyPadding >= simdjson::SIMDJSON_PADDING);

using Kind = Cell::Kind;

constexpr std::array<std::string_view, 14> kNobody = {"null", "Null", "NULL", "undefined", "nil", "none", "None", "NaN", "nan", "0", "-1", "true", "false", "[object Object]"};

// Segment's record types that are no `track`: their own names are the raw names of events.
constexpr std::array<std::string_view, 6> kTypes = {"track", "identify", "page", "screen", "group", "alias"};

// As names in a catalog are usually written: `Cart Viewed`, `cartViewed`, `cart-viewed` are cart_viewed.
std::string plain_name(std::string_view raw) {
  std::string out;
  bool lower = false;
  for (const char c : raw) {
    const bool capital = c >= 'A' && c <= 'Z';
    const bool word = capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if ((!word || (capital && lower)) && !out.empty() && out.back() != '_') out += '_';
    if (word) out += capital ? static_cast<char>(c - 'A' + 'a') : c;
    lower = word && !capital;
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  return out;
}

// A source for packs that declare none of its format.
catalog::Source usual(const catalog::Catalog& catalog, catalog::Format format) {
  catalog::Source s;
  const bool segment = format == catalog::Format::Segment;
  s.name = segment ? "segment" : "cloudevents";
  s.format = format;
  s.visitor = segment ? "userId" : "subject";
  s.time = segment ? "timestamp" : "time";
  s.event = segment ? "event" : "type";
  s.id = segment ? std::vector<std::string>{"messageId"} : std::vector<std::string>{"source", "id"};
  for (std::size_t a = 0; a < catalog.attributes.size(); ++a)
    if (segment && catalog.attributes[a].presence != catalog::Presence::Derived) s.attributes[static_cast<int>(a)] = "traits." + catalog.attributes[a].name;
  return s;
}

}  // namespace

struct Wire::Impl {
  // How records of one source are read.
  struct Way {
    Way(const catalog::Catalog& catalog, base::Texts& texts, const catalog::Source* source, const base::Zone& zone)
        : builder(layout_of(catalog, source), Setting{&catalog, &texts, zone, false}), json(builder.layout(), texts) {
      row.cells.resize(builder.layout().slots.size());
    }
    Builder builder;
    Json json;
    Row row;
    bool any_spelling = false;
  };

  const catalog::Catalog& catalog;
  base::Texts& texts;
  std::map<std::pair<catalog::Format, std::string>, std::unique_ptr<Way>> ways;  // by source; without a name: the usual ones, and the native form
  simdjson::ondemand::parser parser;
  Body body;
  std::string bytes;                        // of a body that is JSON: simdjson's verdict on brackets that do not match depends on what stands behind
  Way* way = nullptr;
  std::vector<std::string_view> items;      // of the body: an object each
  std::size_t at = 0;
  std::string key;
  Cell sent;                                // of the whole body
  std::string sent_text, name;

  Impl(const catalog::Catalog& c, base::Texts& t) : catalog(c), texts(t) {}

  Way* find(std::string_view source, catalog::Format format) {
    const catalog::Source* declared = nullptr;
    for (const catalog::Source& s : catalog.sources)
      if (s.format == format && (format != catalog::Format::Ndjson || s.name == source) && !declared) declared = &s;
    if (!declared && !source.empty()) return nullptr;
    const std::pair known(format, declared ? declared->name : std::string());
    if (const auto w = ways.find(known); w != ways.end()) return w->second.get();
    const std::string& zone_name = declared && !declared->zone.empty() ? declared->zone : catalog.zone;
    const base::Zone zone = base::Zone::find(zone_name).value_or(base::Zone::utc());
    const bool native = !declared && format == catalog::Format::Ndjson;
    const catalog::Source by_itself = declared || native ? catalog::Source{} : usual(catalog, format);
    auto made = std::make_unique<Way>(catalog, texts, native ? nullptr : declared ? declared : &by_itself, zone);
    made->any_spelling = !declared && !native;
    return (ways[known] = std::move(made)).get();
  }

  // ---- bodies to objects ----

  static std::string_view trimmed_line(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    return line;
  }

  void split_lines() {
    for (std::string_view rest = body.bytes; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      if (const std::string_view line = trimmed_line(rest.substr(0, end)); !line.empty()) items.push_back(line);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }

  // False: it is no JSON from there on.
  bool split_list(simdjson::ondemand::array list) {
    for (auto element : list) {
      simdjson::ondemand::value value;
      if (element.get(value)) return false;
      simdjson::ondemand::object object;
      std::string_view raw;
      if (value.get_object().get(object)) {
        if (value.raw_json_token().empty()) return false;
        items.push_back({});  // no object: counted as such
        continue;
      }
      if (object.raw_json().get(raw)) return false;
      items.push_back(raw);
    }
    return true;
  }

  static bool ends(simdjson::ondemand::document& document) {  // nothing stands behind
    const char* where = nullptr;
    return document.current_location().get(where) == simdjson::OUT_OF_BOUNDS;
  }

  bool split_json() {
    const auto first = body.bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return false;
    bytes.assign(body.bytes).append(kBodyPadding, ' ');
    body.bytes = std::string_view(bytes).substr(0, body.bytes.size());
    const simdjson::padded_string_view padded(body.bytes.data(), body.bytes.size(), bytes.size());
    simdjson::ondemand::document document;
    if (parser.iterate(padded).get(document)) return false;
    if (body.bytes[first] == '[') {
      simdjson::ondemand::array list;
      return !document.get_array().get(list) && split_list(list) && ends(document);
    }
    simdjson::ondemand::object object;
    if (document.get_object().get(object)) return false;
    bool batch = false;
    if (body.form == Form::Segment) {
      for (auto field : object) {
        std::string_view name_of;
        if (field.unescaped_key().get(name_of)) return false;
        simdjson::ondemand::value value;
        if (field.value().get(value)) return false;
        if (name_of == "batch") {
          simdjson::ondemand::array list;
          if (value.get_array().get(list) || !split_list(list)) return false;
          batch = true;
        } else if (name_of == "writeKey" || name_of == "sentAt") {
          std::string_view text;
          if (value.get_string().get(text)) continue;
          if (name_of == "writeKey") {
            if (key.empty()) key = text;
          } else if (sent.kind == Kind::Absent) {
            sent_text = text;
            sent = {Kind::Text, sent_text, 0, 0};
          }
        }
      }
      if (!ends(document)) return false;
    }
    if (!batch) items = {trimmed_line(body.bytes.substr(first))};
    return true;
  }

  std::string begin(const Body& b) {
    body = b;
    items.clear();
    at = 0;
    key.clear();
    sent = {};
    switch (body.form) {
      case Form::Segment: way = find({}, catalog::Format::Segment); break;
      case Form::CloudEvents: way = find({}, catalog::Format::CloudEvents); break;
      case Form::Lines: way = find(body.source, catalog::Format::Ndjson); break;
    }
    if (!way) return "The pack has no source `" + std::string(body.source) + "` of the format `ndjson`.";
    way->builder.counts() = {};
    if (body.form == Form::Lines) split_lines();
    else if (!split_json()) {
      items.clear();
      return "The body is no JSON object or list of them.";
    }
    return {};
  }

  // ---- objects to records ----

  // Somebody's id, in NFC; empty: nobody's.
  bool id(std::size_t slot, std::string& out) {
    out.clear();
    const Cell& cell = way->row.cells[slot];
    if (cell.kind != Kind::Text && cell.kind != Kind::Number) return true;
    auto normal = somebody(cell.text);
    if (!normal) return false;
    out = std::move(*normal);
    return true;
  }

  bool refuse(Reject why, std::string_view text) {
    way->builder.note(why, at, text);
    return false;
  }

  const int* event_named(std::string_view raw) {
    const Layout& layout = way->builder.layout();
    if (const int* const known = layout.events.find(raw)) return known;
    return way->any_spelling ? layout.events.find(plain_name(raw)) : nullptr;
  }

  // When it happened, and when it reached us.
  bool times(history::Event& event) {
    const Layout& layout = way->builder.layout();
    const Row& row = way->row;
    const base::Zone& zone = way->builder.setting().zone;
    const auto given = [&](std::size_t slot) { return slot != kNoSlot && row.cells[slot].kind != Kind::Absent && row.cells[slot].kind != Kind::Null; };
    const std::size_t slot = given(layout.time) ? layout.time : given(layout.original) ? layout.original : kNoSlot;
    event.received = body.received;
    event.at = body.received;
    if (slot == kNoSlot) return true;
    const Millis said = read_time(row.cells[slot], zone);
    if (said == kUnknown) return refuse(Reject::bad_time, row.cells[slot].text);
    if (body.trusted) {
      event.at = event.received = said;
      if (!given(layout.received_at)) return true;
      event.received = read_time(row.cells[layout.received_at], zone);
      return event.received != kUnknown || refuse(Reject::bad_received, row.cells[layout.received_at].text);
    }
    const Cell& when_sent = given(layout.sent) ? row.cells[layout.sent] : sent;
    const Millis left = when_sent.kind == Kind::Absent ? kUnknown : read_time(when_sent, zone);
    // A clock that went on by a thousand years in between is as good as none.
    constexpr Millis kFar = 1000 * Millis{366} * kDay;
    if (left != kUnknown && left - said < kFar) event.at = body.received - std::max<Millis>(left - said, 0);
    else event.at = said;
    event.at = std::min(event.at, body.received);
    return true;
  }

  bool segment(Record& record, Envelope& envelope) {
    const Layout& layout = way->builder.layout();
    const Row& row = way->row;
    std::string anonymous, previous;
    if (!id(layout.visitor, name) || !id(layout.anonymous, anonymous) || !id(layout.previous, previous)) return refuse(Reject::bad_text, row.cells[layout.visitor].text);
    envelope.identified = !name.empty();
    if (name.empty()) name.swap(anonymous);
    if (name.empty()) return refuse(Reject::no_visitor, row.cells[layout.visitor].text);
    history::Event& event = record.event;
    if (!times(event)) return false;
    const std::string_view type = row.cells[layout.type].kind == Kind::Text ? row.cells[layout.type].text : body.kind;
    if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) return refuse(Reject::unknown_event, type);
    const bool track = type == "track";
    const Cell& raw = row.cells[layout.event];
    if (track && raw.kind != Kind::Text) return refuse(Reject::no_event, raw.text);
    const int* const known = event_named(track ? raw.text : type);
    if (!known && (track || type == "page" || type == "screen")) return refuse(Reject::unknown_event, track ? raw.text : type);
    event.type = known ? *known : history::kVisitorUpdated;
    event.merges.clear();
    event.asked.clear();
    envelope.also = anonymous;
    if (type == "alias") {
      if (previous.empty() || !envelope.identified) return refuse(Reject::bad_merge, row.cells[layout.previous].text);
      event.type = history::kMerge;
      event.merges = envelope.also = previous;
    }
    record.visitor = name;
    way->builder.finish(row, at, record);
    return true;
  }

  bool cloud(Record& record, Envelope& envelope) {
    const Layout& layout = way->builder.layout();
    const Row& row = way->row;
    if (!id(layout.visitor, name)) return refuse(Reject::bad_text, row.cells[layout.visitor].text);
    if (name.empty()) return refuse(Reject::no_visitor, row.cells[layout.visitor].text);
    history::Event& event = record.event;
    if (!times(event)) return false;
    const Cell& raw = row.cells[layout.event];
    const int* const known = raw.kind == Kind::Text ? event_named(raw.text) : nullptr;
    if (!known) return refuse(Reject::unknown_event, raw.text);
    event.type = *known;
    event.merges.clear();
    event.asked.clear();
    envelope.identified = true;
    if (const Cell& trace = row.cells[layout.trace]; trace.kind == Kind::Text) envelope.trace = trace.text;
    record.visitor = name;
    way->builder.finish(row, at, record);
    return true;
  }

  bool line(Record& record, Envelope& envelope) {
    if (!way->builder.build(way->row, at, record)) return false;
    --way->builder.counts().accepted;
    history::Event& event = record.event;
    if (body.trusted) {
      if (event.received == kUnknown) event.received = event.at;
    } else {
      event.received = body.received;
      event.at = std::min(event.at, body.received);
    }
    envelope.also = event.merges;
    return true;
  }

  bool next(Record& record, Envelope& envelope) {
    if (!way) return false;
    Counts& counts = way->builder.counts();
    while (at < items.size()) {
      const std::string_view item = items[at++];
      ++counts.records;
      envelope = {};
      way->row.clear();
      record.line = at;
      if (item.size() > kLongest) {
        refuse(Reject::too_long, item.substr(0, 400));
        continue;
      }
      if (item.empty() || !way->json.read(item, way->row)) {
        refuse(Reject::bad_json, item.substr(0, 400));
        continue;
      }
      const bool good = body.form == Form::Segment ? segment(record, envelope) : body.form == Form::CloudEvents ? cloud(record, envelope) : line(record, envelope);
      if (!good) continue;
      if (envelope.also == record.visitor) envelope.also.clear();
      if (const std::string_view longest = record.visitor.size() > envelope.also.size() ? record.visitor : envelope.also; longest.size() > kLongestName) {
        refuse(Reject::long_name, longest);
        continue;
      }
      ++counts.accepted;
      return true;
    }
    return false;
  }
};

Wire::Wire(const catalog::Catalog& catalog, base::Texts& texts) : impl_(std::make_unique<Impl>(catalog, texts)) {}
Wire::~Wire() = default;
std::string Wire::begin(const Body& body) { return impl_->begin(body); }
bool Wire::next(Record& record, Envelope& envelope) { return impl_->next(record, envelope); }
const Counts& Wire::counts() const {
  static const Counts none;
  return impl_->way ? impl_->way->builder.counts() : none;
}
std::string_view Wire::write_key() const { return impl_->key; }

std::optional<std::string> Wire::somebody(std::string_view id) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  std::string_view text = id.substr(std::min(id.find_first_not_of(kBlank), id.size()));
  text = text.substr(0, text.find_last_not_of(kBlank) + 1);
  if (text.empty() || std::find(kNobody.begin(), kNobody.end(), text) != kNobody.end()) return std::string();
  return base::nfc(text);
}

}  // namespace polku::ingest
