#include "tests/differential/world.h"

#include <algorithm>

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
  if (random.percent(30)) world.attributes.push_back({"time zone", {TypeKind::Text, -1}, Presence::Optional, {}, {}});
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
}

void add_channels(World& world, Random& random, Tally& tally) {
  for (std::size_t i = 0, n = 1 + random.below(3); i < n; ++i) {
    Channel c{.name = numbered("ch", i + 1), .slots = {}};
    for (std::size_t a = 0; a < world.attributes.size(); ++a) {
      const bool consent = world.attributes[a].type.kind == TypeKind::Consent;
      if (consent && c.needs < 0 && random.percent(25)) c.needs = static_cast<int>(a);
      if (!consent && c.reach < 0 && random.percent(6)) c.reach = static_cast<int>(a);
    }
    if (random.percent(25)) {
      c.limit = random.between(1, 4);
      c.within = lattice_length(world, random, world.history);
    }
    for (std::size_t s = 0, slots = random.of<std::size_t>({0, 0, 0, 1, 2}); s < slots; ++s) c.slots.push_back(numbered("slot", s + 1));
    if (c.needs >= 0) ++tally["channel needs"];
    if (c.reach >= 0) ++tally["channel reach"];
    if (c.limit > 0) ++tally["channel limit"];
    if (!c.slots.empty()) ++tally["channel slots"];
    world.channels.push_back(std::move(c));
  }
}

void add_templates(World& world, Random& random, Tally& tally) {
  for (std::size_t i = 0, n = 1 + random.below(4); i < n; ++i) {
    Template t{numbered("template_", i + 1), {}, {}};
    for (std::size_t c = 0; c < world.channels.size(); ++c)
      if (random.percent(70)) t.by.push_back(static_cast<int>(c));
    if (t.by.empty()) t.by.push_back(static_cast<int>(random.below(world.channels.size())));
    for (std::size_t p = 0, params = random.below(4); p < params; ++p) {
      t.params.push_back({numbered("p", p + 1), random_type(world, random), random.percent(40)});
      ++tally["parameter " + std::string(catalog::kind_name(t.params.back().type.kind)) + (t.params.back().optional ? " optional" : "")];
    }
    world.templates.push_back(std::move(t));
  }
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
  const Millis n = random.percent(75) ? random.between(1, 4) : 1 + static_cast<Millis>(random.below(static_cast<std::size_t>(steps)));
  world.lengths.push_back(world.unit * std::min(n, steps));
  return world.lengths.back();
}

World make_world(Random& random, Tally& tally) {
  World world;
  world.unit = random.of({kSecond, kMinute, 10 * kMinute, 10 * kMinute, kHour, kHour, kDay});
  world.history = world.unit * random.between(2, 30);
  world.zone = random.of({"UTC", "Europe/Helsinki", "Europe/Helsinki", "America/New_York", "Australia/Lord_Howe"});
  // Plain winter days, the nights of a clock change, the first hours of 1970, and a leap day.
  world.day = random.of({20458, 20458, 20540, 20751, 0, 19782});
  world.origin = world.day * kDay + random.of({Millis{0}, 10 * kHour, 22 * kHour, 23 * kHour + 30 * kMinute});
  add_lists(world, random);
  add_events(world, random, tally);
  add_attributes(world, random, tally);
  add_channels(world, random, tally);
  add_templates(world, random, tally);
  world.source = random.percent(30);
  world.renamed = random.percent(50);
  if (world.source) ++tally["logs through a source"];
  const auto lists = [](const auto& fields) { return std::any_of(fields.begin(), fields.end(), [](const Field& f) { return f.type.kind == TypeKind::TextList; }); };
  if (std::any_of(world.templates.begin(), world.templates.end(), [&](const Template& t) { return lists(t.params); }))
    world.attributes.push_back({"words", {TypeKind::TextList, -1}, Presence::Optional, {}, {}});  // a list cannot be written, so one must be there
  return world;
}

}  // namespace polku::differential
