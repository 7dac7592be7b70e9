// What the rules of one random pack may name, and the small sets of values that rules and logs both draw from.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/base/value.h"
#include "tests/differential/random.h"

namespace polku::differential {

using catalog::TypeKind;

// How often each construct was generated.
using Tally = std::map<std::string, std::uint64_t>;

struct Type {
  TypeKind kind = TypeKind::YesNo;
  int list = -1;  // OneOf: index in World::lists
  bool operator==(const Type&) const = default;
};
inline constexpr Type kYesNo{TypeKind::YesNo, -1}, kWhole{TypeKind::Whole, -1}, kNumber{TypeKind::Number, -1}, kMoney{TypeKind::Money, -1},
    kPercent{TypeKind::Percent, -1}, kText{TypeKind::Text, -1}, kTime{TypeKind::Time, -1}, kDate{TypeKind::Date, -1},
    kDuration{TypeKind::Duration, -1}, kTextList{TypeKind::TextList, -1}, kConsent{TypeKind::Consent, -1};

struct Field {
  std::string name;
  Type type;
  bool optional = false;
};

struct Event {
  std::string name;
  std::vector<Field> fields;
};

struct Attribute {
  std::string name;
  Type type;
  catalog::Presence presence = catalog::Presence::Optional;
  std::string value;               // Default: the value; Derived: the expression
  std::vector<std::string> until;  // Derived
  bool now = false, rules = false; // Derived: it may read `now`, or what rules did
};

struct Channel {
  std::string name;
  int needs = -1, reach = -1;      // attributes
  int limit = 0;                   // messages, 0: no limit
  Millis within = 0;
  Millis quiet_from = -1, quiet_to = -1;
  int answer = -1;                 // an event
  Millis answered_within = 0;
  std::vector<std::string> slots;
};

struct Template {
  std::string name;
  std::vector<int> by;             // channels
  std::vector<Field> params;
  bool service = false;
};

struct Task {
  std::string name;
  std::vector<Field> params;
};

struct World {
  Millis unit = kHour;             // the step of the time lattice; every duration is a multiple
  Millis history = 0;
  Millis lateness = 5 * kMinute, patience = kHour;
  std::vector<Millis> lengths;     // every duration drawn so far: logs aim at their ends
  std::vector<Millis> clocks;      // every local time of day drawn so far: so too
  bool daily = false;              // something is due every day, so logs must not be long
  Millis round = 0;                // the shortest delay by which rules start each other round and round; 0: there is none
  Millis origin = 0;               // of the logs
  std::int64_t day = 0;            // days since 1970 of the origin, in the pack's zone
  std::string zone, salt;
  std::vector<std::string> zones;  // that visitors say they are in; not all exist
  std::vector<std::vector<std::string>> lists;  // declared values of the one-of types
  std::vector<Event> events;
  std::vector<Attribute> attributes;
  std::vector<Channel> channels;
  std::vector<Template> templates;
  std::vector<Task> tasks;
  bool source = false;             // logs come through a source of the catalog, whose records may change attributes and be an event
  bool renamed = false;            // whose events have other names there

  std::vector<int> events_with(Type type) const;  // those that have a field of the type
};

// Everything but derived attributes, which need expressions over the rest.
World make_world(Random& random, Tally& tally);
std::string print_catalog(const World& world, Random& random);

// A multiple of the unit, at most `longest`, often a small one.
Millis lattice_length(World& world, Random& random, Millis longest);
// A local time of day in whole seconds, often one that the first hours (or seconds) of the logs meet.
Millis clock_time(World& world, Random& random);

}  // namespace polku::differential
