#include "runtime/ingest/layout.h"

#include <algorithm>

namespace polku::ingest {
namespace {

std::size_t slot(Layout& layout, const std::string& raw, bool named) {
  auto [at, added] = layout.slot_of.try_emplace(raw, layout.slots.size());
  if (added) {
    layout.slots.push_back(raw);
    layout.named.push_back(false);
  }
  if (named) layout.named[at->second] = true;
  return at->second;
}

bool derived(const catalog::Attribute& attribute) { return attribute.presence == catalog::Presence::Derived; }

Layout of_source(const catalog::Catalog& catalog, const catalog::Source& source) {
  Layout layout;
  layout.source = source.name;
  layout.visitor = slot(layout, source.visitor, true);
  layout.time = slot(layout, source.time, true);
  if (!source.event.empty()) layout.event = slot(layout, source.event, true);
  for (const std::string& raw : source.id) layout.id.push_back(slot(layout, raw, true));
  if (!source.asked.empty()) layout.asked = slot(layout, source.asked, true);
  if (!source.received.empty()) layout.received = slot(layout, source.received, true);
  if (!source.merges.empty()) layout.merges = slot(layout, source.merges, true);
  for (const auto& [attribute, raw] : source.attributes) {
    const auto& declared = catalog.attributes[static_cast<std::size_t>(attribute)];
    const auto bind = [&](const std::string& path) { layout.attributes.push_back({slot(layout, path, true), attribute, derived(declared), ValueReader(declared.type, nullptr)}); };
    if (source.format == catalog::Format::Segment && raw.starts_with("traits.")) bind("context." + raw);  // where some clients put them; the nearer ones win
    bind(raw);
  }
  layout.fields.resize(catalog.events.size());
  if (source.event.empty()) return layout;
  const std::string within = source.format == catalog::Format::Segment ? "properties." : source.format == catalog::Format::CloudEvents ? "data." : "";
  if (source.format == catalog::Format::Segment) {
    layout.type = slot(layout, "type", false);
    layout.anonymous = slot(layout, "anonymousId", false);
    layout.previous = slot(layout, "previousId", false);
    layout.original = slot(layout, "originalTimestamp", false);
    layout.sent = slot(layout, "sentAt", false);
    layout.received_at = slot(layout, "receivedAt", false);
  }
  if (source.format == catalog::Format::CloudEvents) layout.trace = slot(layout, "traceparent", false);
  std::vector<bool> made(catalog.events.size(), !source.events_listed);
  for (const auto& [raw, event] : source.events) {
    layout.events.add(raw, event);
    made[static_cast<std::size_t>(event)] = true;
  }
  for (std::size_t e = 0; e < catalog.events.size(); ++e) {
    if (!made[e]) continue;
    if (!source.events_listed) layout.events.add(catalog.events[e].name, static_cast<int>(e));
    for (std::size_t f = 0; f < catalog.events[e].fields.size(); ++f) {
      const auto& field = catalog.events[e].fields[f];
      const std::pair place(static_cast<int>(e), static_cast<int>(f));
      const auto raw = source.fields.find(place);
      const auto values = source.values.find(place);
      // A field that is only named like its column may well be absent, unless the source says that it makes this event.
      const bool named = raw != source.fields.end() || (source.events_listed && !field.optional);
      layout.fields[e].push_back({slot(layout, raw == source.fields.end() ? within + field.name : raw->second, named), place.second, false,
                                  ValueReader(field.type, values == source.values.end() ? nullptr : &values->second)});
    }
  }
  return layout;
}

Layout of_native(const catalog::Catalog& catalog) {
  Layout layout;
  layout.native = true;
  layout.visitor = slot(layout, "visitor", true);
  layout.time = slot(layout, "at", true);
  layout.event = slot(layout, "event", true);
  layout.id = {slot(layout, "id", false)};
  layout.asked = slot(layout, "asked_for", false);
  layout.received = slot(layout, "received", false);
  layout.merges = slot(layout, "merges", false);
  layout.fields.resize(catalog.events.size());
  layout.events.add("visitor updated", history::kVisitorUpdated);
  for (std::size_t a = 0; a < catalog.attributes.size(); ++a) {
    const auto& attribute = catalog.attributes[a];
    layout.attributes.push_back({slot(layout, std::string(kFields) + attribute.name, false), static_cast<int>(a), derived(attribute), ValueReader(attribute.type, nullptr)});
  }
  for (std::size_t e = 0; e < catalog.events.size(); ++e) {
    layout.events.add(catalog.events[e].name, static_cast<int>(e));
    for (std::size_t f = 0; f < catalog.events[e].fields.size(); ++f) {
      const auto& field = catalog.events[e].fields[f];
      layout.fields[e].push_back({slot(layout, std::string(kFields) + field.name, false), static_cast<int>(f), false, ValueReader(field.type, nullptr)});
    }
  }
  const int events = static_cast<int>(catalog.events.size());
  for (int type = history::kMerge; type < events; ++type) {
    auto& expected = layout.expected.emplace_back(layout.slots.size());
    for (auto reserved : {layout.visitor, layout.time, layout.received, layout.event, layout.id[0], layout.asked, layout.merges}) expected[reserved] = true;
    if (type == history::kVisitorUpdated)
      for (const Bind& bind : layout.attributes) expected[bind.slot] = true;
    if (type >= 0)
      for (const Bind& bind : layout.fields[static_cast<std::size_t>(type)]) expected[bind.slot] = true;
  }
  return layout;
}

std::string normal(std::string_view name) { return base::nfc(name).value_or(std::string(name)); }

}  // namespace

Layout layout_of(const catalog::Catalog& catalog, const catalog::Source* source) {
  Layout layout = source ? of_source(catalog, *source) : of_native(catalog);
  layout.texts.resize(layout.slots.size());
  const auto mark = [&](const std::vector<Bind>& binds) {
    for (const Bind& bind : binds)
      if (bind.reader.is_text()) layout.texts[bind.slot] = true;
  };
  mark(layout.attributes);
  for (const auto& binds : layout.fields) mark(binds);
  for (std::size_t c = 0; c < catalog.channels.size(); ++c) {
    for (std::size_t s = 0; s < catalog.channels[c].slots.size(); ++s) {
      layout.place_names.add(catalog.channels[c].name + "." + catalog.channels[c].slots[s], static_cast<int>(layout.places.size()));
      layout.places.push_back({static_cast<int>(c), static_cast<int>(s)});
    }
  }
  return layout;
}

Header fit_to_header(const Layout& layout, const std::vector<std::string_view>& cells) {
  Header header;
  // The name as it stands in the catalog wins over the one that is equal only in NFC.
  std::unordered_map<std::string, std::size_t> exact, similar;
  for (std::size_t s = 0; s < layout.slots.size(); ++s) {
    std::string name = layout.slots[s];
    if (layout.native && name.starts_with(kFields)) name.erase(0, kFields.size());
    exact.try_emplace(name, s);  // native: `visitor`, `at` and the like come before all fields
    similar.try_emplace(normal(name), s);
  }
  std::vector<bool> there(layout.slots.size());
  std::vector<std::string> names;
  for (std::string_view cell : cells) {
    const std::string& name = names.emplace_back(cell);
    auto found = exact.find(name);
    if (found == exact.end()) {
      found = similar.find(normal(name));
      if (found == similar.end()) found = exact.end();
    }
    const std::size_t slot = found == exact.end() ? kNoSlot : found->second;
    header.columns.push_back(slot);
    if (slot == kNoSlot) continue;
    if (there[slot]) {
      header.error = "The header has the column `" + name + "` twice. Give one of them another name.";
      return header;
    }
    there[slot] = true;
  }
  // Records of the native form may all be requests or merges; a source of nothing else needs the column of one of them.
  const auto has = [&](std::size_t slot) { return slot != kNoSlot && there[slot]; };
  const bool others = has(layout.asked) || has(layout.merges);
  const bool nothing_else = layout.event == kNoSlot && layout.attributes.empty() && !others;
  for (std::size_t s = 0; s < layout.slots.size(); ++s) {
    if (there[s] || !layout.named[s]) continue;
    const char* what = s == layout.visitor ? "the visitor" : s == layout.time ? "the time" : s == layout.event ? "the event" : nullptr;
    if (s == layout.event && layout.native && others) continue;
    if (s == layout.asked && nothing_else) what = "the slots asked for";
    if (s == layout.merges && nothing_else) what = "the visitor to merge with";
    if (!what) {
      header.missing.push_back(layout.slots[s]);
      continue;
    }
    header.error = "The header has no column `" + layout.slots[s] + "`, where " + what + " should stand.";
    for (std::string& name : names) name = excerpt(name);  // a header can be any bytes
    std::string help = diag::did_you_mean(layout.slots[s], names);
    if (help.empty()) {
      help = "The columns are ";
      for (std::size_t i = 0; i < names.size() && i < 20; ++i) help += (i ? ", `" : "`") + names[i] + "`";
      help += names.size() > 20 ? " …" : ".";
    }
    header.error += " " + help;
    return header;
  }
  return header;
}

}  // namespace polku::ingest
