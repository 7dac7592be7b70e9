#include <algorithm>

#include "tests/differential/values.h"
#include "tests/differential/world.h"

namespace polku::differential {

namespace {

using catalog::Presence;

std::string list(const std::vector<std::string>& words) {
  std::string out = "[";
  for (std::size_t i = 0; i < words.size(); ++i) out += (i == 0 ? "" : ", ") + words[i];
  return out + "]";
}

std::string type_word(const World& world, Type type) {
  return type.kind == TypeKind::OneOf ? list(world.lists[static_cast<std::size_t>(type.list)]) : std::string(catalog::kind_name(type.kind));
}

// `money`, `money optional` or `{ type: money, optional: true }`.
std::string field_type(const World& world, Random& random, Type type, bool optional) {
  const std::string word = type_word(world, type);
  if (!optional) return word;
  if (type.kind != TypeKind::OneOf && random.percent(50)) return word + " optional";
  return "{ type: " + word + ", optional: true }";
}

std::string fields(const World& world, Random& random, const std::vector<Field>& all) {
  std::string out = "{";
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += (i == 0 ? " " : ", ") + all[i].name + ": " + field_type(world, random, all[i].type, all[i].optional);
  }
  return out + (all.empty() ? "}" : " }");
}

std::string attribute(const World& world, Random& random, const Attribute& a) {
  switch (a.presence) {
    case Presence::Always: return type_word(world, a.type);
    case Presence::Optional: return field_type(world, random, a.type, true);
    case Presence::Default: return "{ type: " + type_word(world, a.type) + ", default: " + a.value + " }";
    case Presence::Derived: break;
  }
  // No generated expression has a single quote in it.
  return "{ type: " + type_word(world, a.type) + ", is: '" + a.value + "'" + (a.until.empty() ? "" : ", until: " + list(a.until)) + " }";
}

// How log.cc writes the records: fields under `p`, attributes under `c`, by number where a name may have dots.
std::string source(const World& world) {
  std::string out = "sources:\n  raw:\n    format: ndjson\n    visitor: who\n    time: when\n    event: what\n    id: nr\n    received: rc\n    merges: mg\n";
  std::string events, all_fields, attributes;
  for (std::size_t i = 0; i < world.events.size(); ++i) {
    events += "      \"E " + std::to_string(i) + "\": " + world.events[i].name + "\n";
    for (const Field& f : world.events[i].fields) all_fields += "      " + world.events[i].name + "." + f.name + ": p." + f.name + "\n";
  }
  for (std::size_t i = 0; i < world.attributes.size(); ++i) {
    const Attribute& a = world.attributes[i];
    if (a.presence != Presence::Derived) attributes += "      " + a.name + ": c.a" + std::to_string(i) + "\n";
  }
  if (world.renamed) out += "    events:\n" + events;
  if (!all_fields.empty()) out += "    fields:\n" + all_fields;
  const bool slots = std::any_of(world.channels.begin(), world.channels.end(), [](const Channel& c) { return !c.slots.empty(); });
  return out + (slots ? "    asked for: wants\n" : "") + "    attributes:\n" + attributes;
}

}  // namespace

std::string print_catalog(const World& world, Random& random) {
  std::string out = "catalog: random\ncurrency: EUR\ntime zone: " + world.zone + "\nhistory: " + length_words(random, world.history) + "\n";
  out += "lateness: " + length_words(random, world.lateness) + "\npatience: " + length_words(random, world.patience) + "\n";
  if (!world.salt.empty()) out += "salt: " + json_text(world.salt) + "\n";
  out += "events:\n";
  for (const Event& e : world.events) out += "  " + e.name + ": " + fields(world, random, e.fields) + "\n";
  out += "visitor:\n";
  std::vector<std::string> lines;
  for (const Attribute& a : world.attributes) lines.push_back("  " + a.name + ": " + attribute(world, random, a) + "\n");
  random.shuffle(lines);
  for (const std::string& line : lines) out += line;
  out += "channels:\n";
  for (const Channel& c : world.channels) {
    std::vector<std::string> keys;
    if (c.needs >= 0) keys.push_back("needs: " + world.attributes[static_cast<std::size_t>(c.needs)].name);
    if (c.reach >= 0) keys.push_back("reach: " + world.attributes[static_cast<std::size_t>(c.reach)].name);
    if (c.limit > 0) keys.push_back("limit: " + std::to_string(c.limit) + " in " + length_words(random, c.within));
    if (c.quiet_from >= 0) keys.push_back("quiet: \"" + clock_words(random, c.quiet_from) + " to " + clock_words(random, c.quiet_to) + "\"");
    if (c.answer >= 0) keys.push_back("answer: " + world.events[static_cast<std::size_t>(c.answer)].name + " within " + length_words(random, c.answered_within));
    if (!c.slots.empty()) keys.push_back("slots: " + list(c.slots));
    const std::string all = list(keys);
    out += "  " + c.name + ": { " + all.substr(1, all.size() - 2) + " }\n";
  }
  out += "templates:\n";
  for (const Template& t : world.templates) {
    std::vector<std::string> by;
    for (int c : t.by) by.push_back(world.channels[static_cast<std::size_t>(c)].name);
    out += "  " + t.name + ": { by: " + list(by) + (t.service ? ", service: true" : "") + (t.params.empty() ? "" : ", with: " + fields(world, random, t.params)) + " }\n";
  }
  out += "tasks:\n";
  for (const Task& t : world.tasks) out += "  " + t.name + ": {" + (t.params.empty() ? "" : " with: " + fields(world, random, t.params) + " ") + "}\n";
  return world.source ? out + source(world) : out;
}

}  // namespace polku::differential
