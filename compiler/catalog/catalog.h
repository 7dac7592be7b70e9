// The catalog: everything a rule may name. Data only; load() reads it from YAML.
#pragma once
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/diag/diag.h"
#include "runtime/base/value.h"

namespace polku::catalog {

// Order is the order of the table in docs/catalog.md.
enum class TypeKind { YesNo, Whole, Number, Money, Percent, Text, OneOf, Time, Date, Duration, TextList, Consent };

// The declared list of a one-of type, shared by all copies of the type: every piece of code has a type, and a list may have thousands of values.
class Values {
 public:
  Values() = default;
  Values(std::vector<std::string> all);
  Values(std::initializer_list<std::string> all) : Values(std::vector<std::string>(all)) {}
  const std::vector<std::string>& all() const;
  operator const std::vector<std::string>&() const { return all(); }
  auto begin() const { return all().begin(); }
  auto end() const { return all().end(); }
  std::size_t size() const { return all().size(); }
  bool empty() const { return all().empty(); }
  const std::string& operator[](std::size_t i) const { return all()[i]; }
  int find(std::string_view value) const;   // position or -1
  bool operator==(const Values& other) const { return shared_ == other.shared_ || all() == other.all(); }

 private:
  struct Shared {
    std::vector<std::string> all;
    std::unordered_map<std::string_view, int> position;
  };
  std::shared_ptr<const Shared> shared_;    // null: none
};

struct Type {
  TypeKind kind = TypeKind::Text;
  Values values;  // OneOf only, in declared order
  bool operator==(const Type&) const = default;
};

std::string_view kind_name(TypeKind kind);        // as the catalog spells it: "whole number"
std::string type_name(const Type& type);          // for messages: "money", "one of silver, gold"

// A constant given in the catalog. Value for all kinds but Text and TextList, whose words stand in `texts` (NFC).
struct Constant {
  Value value = kUnknown;
  std::vector<std::string> texts;
};

struct Field {                 // of an event, or a parameter of a template
  std::string name;
  Type type;
  bool optional = false;
  diag::Span span;
};

struct Event {
  std::string name;            // an identifier without dots
  std::vector<Field> fields;
  diag::Span span;
  int field(std::string_view name) const;  // index or -1
};

enum class Presence { Always, Optional, Default, Derived };

struct Attribute {
  std::string name;            // may have dots: "consent.marketing"; the zone of the visitor is "time zone"
  Type type;
  Presence presence = Presence::Always;
  Constant default_value;      // Presence::Default
  std::string derived;         // Presence::Derived: an expression of the rule language, as written
  diag::Span derived_span;     // its place in the catalog file (of the text itself, quotes left out)
  std::vector<std::string> until;        // Derived: events after which it is missing again (only for `last E.f`)
  std::vector<diag::Span> until_spans;
  diag::Span span;
};

struct Quota { int count = 0; Millis within = 0; };
struct Hours { Millis from = 0, to = 0; };              // local times of day, from /= to
struct Answer { int event = -1; Millis within = 0; };   // `email_opened within 2 days`

struct Channel {
  std::string name;
  int needs = -1;              // attribute (a consent) that must be given, or -1
  int reach = -1;              // attribute that must be known, or -1
  std::optional<Quota> limit;  // messages by this channel
  std::optional<Hours> quiet;  // no message by it then (but service)
  std::optional<Answer> answer;         // what counts as an answer to a message by it
  std::vector<std::string> slots;
  int slot(std::string_view name) const;  // index or -1
  diag::Span span;
};

struct Template {
  std::string name;
  std::vector<int> by;         // channels that may carry it
  bool service = false;        // not marketing: consent, quiet hours and limits do not touch it; no channel of it has slots
  std::vector<Field> params;
  diag::Span span;
};

struct Task {                  // what a person is asked to do: `raise task "call_back"`
  std::string name;
  std::vector<Field> params;
  diag::Span span;
};

// Segment, CloudEvents: as clients of those protocols send them; where visitor, time, event and id stand follows from that.
enum class Format { Csv, Ndjson, Segment, CloudEvents };

// How raw records become events. Raw names are CSV columns, or dotted paths into an NDJSON object.
struct Source {
  std::string name;
  Format format = Format::Csv;
  std::string visitor, time, event;               // raw names
  std::vector<std::string> id;                    // raw names of what together tells a record from others; none: no duplicates are looked for
  std::string zone;                               // IANA zone of times without an offset; empty: the pack's
  bool events_listed = false;                     // false: raw event names are catalog names
  std::map<std::string, int> events;              // raw event name → event; anything else is counted as unknown
  std::map<std::pair<int, int>, std::string> fields;    // (event, field) → raw name, where it is not the field's own name
  std::map<std::pair<int, int>, std::map<std::string, int>> values;  // (event, field) of one-of type: raw value → position
  std::string asked;           // raw name that holds the slots of a request (`web.hero`, or several); empty: no requests
  std::string received;        // raw name of the time at which the record was received; empty: it was at its own time
  std::string merges;          // raw name of the other visitor's id: a record that has it says that the two are one; empty: no merges
  std::map<int, std::string> attributes;          // attribute → raw name; set from every record that has it, before its event
  diag::Span span;
};

struct Catalog {
  std::string name;
  std::string currency = "EUR";
  std::string zone = "UTC";    // IANA name, checked
  std::string salt;            // of holdouts and splits, NFC; the catalog's name unless given
  Millis history = 400 * kDay, lateness = 5 * kMinute, patience = kHour;
  std::vector<Event> events;
  std::vector<Attribute> attributes;
  std::vector<Channel> channels;
  std::vector<Template> templates;
  std::vector<Task> tasks;
  std::vector<Source> sources;

  int event(std::string_view name) const;      // index or -1
  int attribute(std::string_view name) const;  // index or -1
  int channel(std::string_view name) const;
  int template_(std::string_view name) const;
  int task(std::string_view name) const;
  int visitor_zone() const;                    // the attribute `time zone`, or -1
  const Source* source(std::string_view name) const;
};

// Reads the catalog that stands in sources.text(file). Every fault becomes one diagnostic (codes PK4xxx) with the place in
// the file; what could be read comes back anyway, and must not be used unless d.ok().
Catalog load(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d);

}  // namespace polku::catalog
