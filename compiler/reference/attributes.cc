// The attributes of a visitor as they stand now (readings 3–6), and the visitor's zone.
#include <algorithm>
#include <variant>

#include "compiler/reference/evaluate.h"

namespace polku::reference {

namespace {

// `last E.f` with `until: [F, …]`: is there an F behind the latest E?
bool ended(const Story& story, const catalog::Attribute& attribute, const syntax::Expr& expr) {
  const auto* last = std::get_if<syntax::Last>(&expr.node);
  if (last == nullptr) return false;
  const int start = story.catalog.event(last->event.text);
  const auto& records = story.records();
  for (std::size_t i = records.size(); i-- > 0;) {
    if (records[i].event == nullptr || records[i].event->type < 0) continue;
    if (records[i].event->type == start) return false;
    const std::string& name = story.catalog.events[static_cast<std::size_t>(records[i].event->type)].name;
    if (std::find(attribute.until.begin(), attribute.until.end(), name) != attribute.until.end()) return true;
  }
  return false;
}

Typed derived_value(const Story& story, std::size_t index) {
  const catalog::Attribute& attribute = story.catalog.attributes[index];
  const syntax::Expr* expr = index < story.pack.derived.size() ? story.pack.derived[index] : nullptr;
  if (expr == nullptr || ended(story, attribute, *expr)) return unknown(attribute.type);
  const auto memo = story.read_now.find(expr);
  if (memo != story.read_now.end()) return memo->second;
  const Typed value = evaluate_as(story, Scope{}, attribute.type, *expr, nullptr);
  return story.read_now.emplace(expr, value).first->second;
}

}  // namespace

int attribute_named(const catalog::Catalog& catalog, const syntax::Path& path) {
  const std::string text = path.text();
  const int attribute = catalog.attribute(text);
  return attribute < 0 && path.parts.front() == "visitor" && path.parts.size() > 1 ? catalog.attribute(text.substr(8)) : attribute;
}

const base::Zone& visitor_zone(const Story& story) {
  if (story.zone_now) return *story.zone_now;
  story.zone_now = story.zone;  // also for a derived zone that would look at its own calendar
  const int attribute = story.catalog.visitor_zone();
  const Typed name = attribute < 0 ? unknown(TypeKind::Text) : attribute_value(story, attribute);
  if (name.known() && !name.texts.empty())
    if (auto zone = base::Zone::find(name.texts.front())) story.zone_now = *zone;
  return *story.zone_now;
}

Typed attribute_value(const Story& story, int index) {
  const catalog::Attribute& attribute = story.catalog.attributes[static_cast<std::size_t>(index)];
  if (attribute.presence == catalog::Presence::Derived) return derived_value(story, static_cast<std::size_t>(index));
  Typed value = unknown(attribute.type);
  bool set = false;
  for (std::size_t i = story.records().size(); i-- > 0 && !set;) {
    const Event* event = story.records()[i].event;
    if (event == nullptr) continue;
    for (const history::AttributeChange& change : event->changes) {
      if (change.attribute != index) continue;  // the last change of one record stands
      value = from_event(attribute.type, change.value, *event->texts);
      set = true;
    }
  }
  if (!value.known() && attribute.presence == catalog::Presence::Default)
    return from_constant(attribute.type, attribute.default_value);
  return value;
}

}  // namespace polku::reference
