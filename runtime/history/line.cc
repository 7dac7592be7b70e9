#include "runtime/history/line.h"

#include "runtime/base/time.h"
#include "runtime/history/decision.h"

namespace polku::history {

std::vector<std::string> lines(std::string_view visitor, const Event& event, const catalog::Catalog& catalog, const base::Texts& texts) {
  std::vector<std::string> out;
  const auto begin = [&] {
    std::string& line = out.emplace_back("{\"visitor\":");
    append_json(line, visitor);
    line += ",\"at\":\"" + base::format_instant(event.at) + '"';
    if (event.received != kUnknown && event.received != event.at) line += ",\"received\":\"" + base::format_instant(event.received) + '"';
  };
  const auto member = [&](std::string_view name, const catalog::Type& type, Value value) {
    std::string& line = out.back();
    if (line.back() != '{') line += ',';
    append_json(line, name);
    line += ':';
    append_json(line, datum(type, value, texts), catalog.currency);
  };
  const auto at = [](auto& list, int i) -> const auto& { return list[static_cast<std::size_t>(i)]; };
  if (!event.changes.empty() || event.type == kVisitorUpdated) {
    begin();
    out.back() += ",\"event\":\"visitor updated\",\"fields\":{";
    for (const AttributeChange& c : event.changes) member(at(catalog.attributes, c.attribute).name, at(catalog.attributes, c.attribute).type, c.value);
    out.back() += "}}";
  }
  if (event.type == kVisitorUpdated) return out;
  begin();
  std::string& line = out.back();
  if (event.type == kMerge) {
    line += ",\"merges\":";
    append_json(line, event.merges);
  } else if (event.type == kAsked) {
    line += ",\"asked_for\":[";
    for (const Place& p : event.asked) {
      if (line.back() != '[') line += ',';
      append_json(line, at(catalog.channels, p.channel).name + "." + at(at(catalog.channels, p.channel).slots, p.slot));
    }
    line += ']';
  } else {
    const catalog::Event& type = at(catalog.events, event.type);
    line += ",\"event\":";
    append_json(line, type.name);
    line += ",\"fields\":{";
    for (std::size_t f = 0; f < type.fields.size(); ++f)
      if (event.fields[f] != kUnknown) member(type.fields[f].name, type.fields[f].type, event.fields[f]);
    line += '}';
  }
  line += '}';
  return out;
}

}  // namespace polku::history
