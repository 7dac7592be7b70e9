#include "tests/differential/world.h"

#include <algorithm>

#include "runtime/base/time.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

using catalog::Presence;

std::string numbered(const char* stem, std::size_t i) { return stem + std::to_string(i); }

Type random_type(const World& world, Random& random) {
  const TypeKind kind = random.of({TypeKind::YesNo, TypeKind::Whole, TypeKind::Whole, TypeKind::Number, TypeKind::Money, TypeKind::Money,
                                   TypeKind::Percent, TypeKind::Text, TypeKind::Text, TypeKind::OneOf, TypeKind::OneOf, TypeKind::Time,
                                   TypeKind::Date, TypeKind::Duration, TypeKind::TextList});
  Type type{kind, -1};
  if (kind == TypeKind::OneOf) type.list = static_cast<int>(random.below(world.lists.size()));
  return type;
}

// Most names are plain; some are words that mean something elsewhere, and one is not ASCII.
std::string field_name(Random& random, std::size_t i) {
  static const std::vector<std::string> stems = {"items", "value", "path", "kind", "code", "share", "höhe", "amount", "tag_"};
  if (i == 0 && random.percent(25)) return random.of({"version", "last", "number", "ever", "day", "sent", "happened", "EUR", "May"});
  return random.of(stems) + std::to_string(i);
}

// The pack's zone and the day on which its logs begin: plain days, clock changes (of an hour, of half an hour, at midnight), a day that never was,
// the ends of months, weeks and years, a leap day, the first hours of 1970.
struct Era { const char* zone; int year, month, day; };
constexpr Era kEras[] = {
    {"Europe/Helsinki", 2026, 1, 5},    {"Europe/Helsinki", 2026, 3, 29},     {"Europe/Helsinki", 2026, 10, 25},    {"UTC", 2026, 1, 5},
    {"UTC", 1970, 1, 1},                {"UTC", 2024, 2, 28},                 {"Asia/Kolkata", 2026, 2, 27},        {"America/New_York", 2026, 3, 8},
    {"America/New_York", 2026, 11, 1},  {"Australia/Lord_Howe", 2026, 4, 5},  {"Australia/Lord_Howe", 2026, 10, 4}, {"America/St_Johns", 2026, 3, 8},
    {"Africa/Cairo", 2026, 4, 24},      {"Asia/Beirut", 2026, 3, 29},         {"Pacific/Apia", 2011, 12, 30},       {"Europe/Helsinki", 2025, 12, 31},
    {"Africa/Cairo", 2026, 10, 29},     {"Asia/Beirut", 2026, 10, 24},  // days that end twice
};

void choose_time(World& world, Random& random) {
  world.unit = random.of({kSecond, kMinute, 10 * kMinute, 10 * kMinute, kHour, kHour, kDay});
  world.history = world.unit * random.between(2, 30);
  world.lateness = world.unit * random.of({0, 1, 2, 3, 6});
  world.patience = world.unit * random.of({0, 1, 2, 4, 12});
  // `today`, `this week` and `this month` need a history that holds one.
  if (random.percent(45)) world.history = std::max(world.history, kDay * random.of({1, 2, 7, 9, 31, 40}));
  const Era& era = kEras[random.below(std::size(kEras))];
  world.zone = era.zone;
  const base::Zone zone = base::Zone::find(world.zone).value_or(base::Zone::utc());
  const std::int64_t day = base::civil_day(era.year, era.month, era.day).value_or(0);
  world.origin = zone.to_instant(day * kDay + random.of({Millis{0}, 2 * kHour, 3 * kHour, 4 * kHour, 10 * kHour, 22 * kHour, 23 * kHour + 30 * kMinute}));
  world.origin -= world.unit * random.of({0, 0, 1, 3, 6});
  world.day = base::local_day(zone, world.origin);
  world.clocks = {0, 2 * kHour, 3 * kHour};  // midnights, and where most clocks change
  static const std::vector<std::string> all = {"Europe/Helsinki",   "America/New_York",    "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati",
                                               "Pacific/Pago_Pago", "Australia/Adelaide", "Africa/Cairo",        "Asia/Beirut"};
  world.zones = {world.zone, random.of(all), random.of(all), random.of({"Nowhere", "", "europe/helsinki", "right/UTC"})};
  world.salt = random.of({"", "", "s1", "Sälz \xe2\x9c\x88"});
}

void add_lists(World& world, Random& random) {
  static const std::vector<std::string> words = {"gold", "silver", "none", "basic", "north", "south", "value0", "path1", "e1", "two_2"};
  for (std::size_t i = 0, n = 1 + random.below(2); i < n; ++i) {
    std::vector<std::string> all = words;
    random.shuffle(all);
    all.resize(2 + random.below(3));
    world.lists.push_back(all);
  }
}

void add_events(World& world, Random& random, Tally& tally) {
  for (std::size_t i = 0, n = 2 + random.below(4); i < n; ++i) {
    Event event{numbered("e", i + 1), {}};
    for (std::size_t f = 0, fields = random.below(6); f < fields; ++f) {
      event.fields.push_back({field_name(random, f), random_type(world, random), random.percent(30)});
      ++tally["field " + std::string(catalog::kind_name(event.fields.back().type.kind))];
    }
    world.events.push_back(std::move(event));
  }
}

void add_attributes(World& world, Random& random, Tally& tally) {
  for (std::size_t i = 0, n = 1 + random.below(2); i < n; ++i)
    world.attributes.push_back({numbered("consent.c", i + 1), {TypeKind::Consent, -1}, Presence::Always, {}, {}});
  if (random.percent(55)) {
    Attribute zone{"time zone", {TypeKind::Text, -1}, random.of({Presence::Optional, Presence::Optional, Presence::Always, Presence::Default}), {}, {}};
    if (zone.presence == Presence::Default) zone.value = world.zones[random.below(3)];
    ++tally["attribute time zone"];
    world.attributes.push_back(std::move(zone));
  }
  static const std::vector<std::string> stems = {"customer.a", "cart.limit", "a", "deep.er.name", "consent_like"};
  for (std::size_t i = 0, n = 2 + random.below(7); i < n; ++i) {
    Attribute a{random.of(stems) + std::to_string(i), random_type(world, random), Presence::Optional, {}, {}};
    const std::size_t how = random.weighted({25, 45, 30});
    if (how == 0) a.presence = Presence::Always;
    if (how == 2) {
      a.presence = Presence::Default;
      a.value = yaml_value(world, random, draw(world, random, a.type, random.percent(5)));
    }
    ++tally["attribute " + std::string(catalog::kind_name(a.type.kind))];
    ++tally[a.presence == Presence::Default ? "attribute with default" : a.presence == Presence::Optional ? "attribute optional" : "attribute always"];
    world.attributes.push_back(std::move(a));
  }
  // What `on DATE` and `visitor is NAME` ask for.
  if (random.percent(40)) world.attributes.push_back({"birthday", {random.percent(70) ? TypeKind::Date : TypeKind::Time, -1}, Presence::Optional, {}, {}});
  if (random.percent(40)) world.attributes.push_back({"anonymous", {TypeKind::YesNo, -1}, Presence::Optional, {}, {}});
}

void add_channels(World& world, Random& random, Tally& tally) {
  for (std::size_t i = 0, n = 1 + random.below(4); i < n; ++i) {
    Channel c{.name = numbered("ch", i + 1), .slots = {}};
    for (std::size_t a = 0; a < world.attributes.size(); ++a) {
      const bool consent = world.attributes[a].type.kind == TypeKind::Consent;
      if (consent && c.needs < 0 && random.percent(25)) c.needs = static_cast<int>(a);
      if (!consent && c.reach < 0 && random.percent(5)) c.reach = static_cast<int>(a);
    }
    if (random.percent(25)) {
      c.limit = random.between(1, 4);
      c.within = lattice_length(world, random, world.history);
    }
    for (std::size_t s = 0, slots = random.of<std::size_t>({0, 0, 0, 0, 1, 2, 3}); s < slots; ++s) c.slots.push_back(numbered("slot", s + 1));
    if (c.slots.empty() && random.percent(15)) {
      c.quiet_from = clock_time(world, random);
      do c.quiet_to = clock_time(world, random);
      while (c.quiet_to == c.quiet_from);
    }
    if (c.slots.empty() && random.percent(35)) {
      c.answer = static_cast<int>(random.below(world.events.size()));
      c.answered_within = lattice_length(world, random, world.history);
    }
    if (c.needs >= 0) ++tally["channel needs"];
    if (c.reach >= 0) ++tally["channel reach"];
    if (c.limit > 0) ++tally["channel limit"];
    if (c.quiet_from >= 0) ++tally["channel quiet"];
    if (c.answer >= 0) ++tally["channel answer"];
    if (!c.slots.empty()) ++tally["channel slots"];
    world.channels.push_back(std::move(c));
  }
}

std::vector<Field> parameters(const World& world, Random& random, Tally& tally) {
  std::vector<Field> out;
  for (std::size_t p = 0, params = random.of<std::size_t>({0, 0, 1, 1, 2, 3}); p < params; ++p) {
    out.push_back({numbered("p", p + 1), random_type(world, random), random.percent(40)});
    ++tally["parameter " + std::string(catalog::kind_name(out.back().type.kind)) + (out.back().optional ? " optional" : "")];
  }
  return out;
}

void add_templates(World& world, Random& random, Tally& tally) {
  for (std::size_t i = 0, n = 1 + random.below(4); i < n; ++i) {
    Template t{numbered("template_", i + 1), {}, {}};
    for (std::size_t c = 0; c < world.channels.size(); ++c)
      if (random.percent(75)) t.by.push_back(static_cast<int>(c));
    if (t.by.empty()) t.by.push_back(static_cast<int>(random.below(world.channels.size())));
    const bool slots = std::any_of(t.by.begin(), t.by.end(), [&](int c) { return !world.channels[static_cast<std::size_t>(c)].slots.empty(); });
    t.service = !slots && random.percent(25);
    if (t.service) ++tally["service template"];
    t.params = parameters(world, random, tally);
    world.templates.push_back(std::move(t));
  }
  for (std::size_t i = 0, n = 1 + random.below(2); i < n; ++i) world.tasks.push_back({numbered("task_", i + 1), parameters(world, random, tally)});
}

}  // namespace

std::vector<int> World::events_with(Type type) const {
  std::vector<int> out;
  for (std::size_t i = 0; i < events.size(); ++i)
    for (const Field& f : events[i].fields)
      if (f.type == type) {
        out.push_back(static_cast<int>(i));
        break;
      }
  return out;
}

Millis lattice_length(World& world, Random& random, Millis longest) {
  const Millis steps = longest / world.unit;
  const Millis n = random.percent(75) ? random.between(1, 4) : 1 + static_cast<Millis>(random.below(static_cast<std::size_t>(std::min<Millis>(steps, 40))));
  world.lengths.push_back(world.unit * std::min(n, steps));
  return world.lengths.back();
}

Millis clock_time(World& world, Random& random) {
  Millis of_day = random.of({Millis{0}, 2 * kHour + 15 * kMinute, 2 * kHour + 30 * kMinute, 3 * kHour, 8 * kHour, 9 * kHour, 21 * kHour, 23 * kHour + 59 * kMinute});
  if (random.percent(65)) {
    const base::Zone zone = base::Zone::find(world.zone).value_or(base::Zone::utc());
    const Millis local = zone.to_local(world.origin) + world.unit * random.between(-2, 10) + (random.percent(20) ? 30 * kMinute : 0);
    of_day = local - base::local_day(zone, world.origin) * kDay;
    of_day = (of_day % kDay + kDay) % kDay / kSecond * kSecond;
  }
  world.clocks.push_back(of_day);
  return of_day;
}

World make_world(Random& random, Tally& tally) {
  World world;
  choose_time(world, random);
  add_lists(world, random);
  add_events(world, random, tally);
  add_attributes(world, random, tally);
  add_channels(world, random, tally);
  add_templates(world, random, tally);
  world.source = random.percent(30);
  world.renamed = random.percent(50);
  if (world.source) ++tally["logs through a source"];
  return world;
}

}  // namespace polku::differential
