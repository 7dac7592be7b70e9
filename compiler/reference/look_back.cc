#include "compiler/reference/look_back.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace polku::reference {

namespace {

// The first record that stands at `from` or behind it; records stand in the order of time.
std::size_t first_from(const Story& story, Millis from) {
  const auto& records = story.records();
  const auto older = [&](const Record& r) { return r.at < from; };
  return static_cast<std::size_t>(std::partition_point(records.begin(), records.end(), older) - records.begin());
}

// The first record with now − length < at.
std::size_t first_within(const Story& story, Millis length) {
  const auto& records = story.records();
  const auto outside = [&](const Record& r) { return !story.within(r.at, length); };
  return static_cast<std::size_t>(std::partition_point(records.begin(), records.end(), outside) - records.begin());
}

std::size_t window_begin(const Story& story, const syntax::Window& window) {
  const std::size_t kept = first_within(story, story.catalog.history);
  switch (window.kind) {
    case syntax::WindowKind::Ever: return kept;
    case syntax::WindowKind::Last: return std::max(kept, first_within(story, window.length));
    case syntax::WindowKind::Today: return std::max(kept, first_from(story, base::start_of_day(visitor_zone(story), story.now())));
    case syntax::WindowKind::Week: return std::max(kept, first_from(story, base::start_of_week(visitor_zone(story), story.now())));
    case syntax::WindowKind::Month: return std::max(kept, first_from(story, base::start_of_month(visitor_zone(story), story.now())));
    case syntax::WindowKind::Since: break;
  }
  const auto& records = story.records();
  const int since = story.catalog.event(window.event.text);
  for (std::size_t i = records.size(); i-- > kept;)
    if (since >= 0 && records[i].event != nullptr && records[i].event->type == since) return i + 1;
  return records.size();
}

// Calls `at` with each record of the window that matches, or might, and which of the two it does.
template <class At>
void each(const Story& story, const Scope& scope, const syntax::Occurrence& what, const syntax::Window& window, At at) {
  const Target& wanted = target(story, scope.journey, what);
  const auto& records = story.records();
  const std::size_t end = window.before_this ? std::min(scope.before, records.size()) : records.size();
  for (std::size_t i = window_begin(story, window); i < end; ++i)
    if (const Tri match = matches(story, wanted, records[i]); match != Tri::No) at(records[i], match);
}

}  // namespace

Count count(const Story& story, const Scope& scope, const syntax::Occurrence& what, const syntax::Window& window) {
  Count c;
  each(story, scope, what, window, [&](const Record&, Tri match) { ++(match == Tri::Yes ? c.sure : c.unsure); });
  return c;
}

Typed aggregate(const Story& story, const Scope& scope, const syntax::Aggregate& of) {
  Typed result = unknown_field(story, target(story, scope.journey, of.what).event, of.field.text);
  const bool average_of_whole = of.kind == syntax::AggregateKind::Average && result.kind == TypeKind::Whole;
  std::vector<std::int64_t> values;
  bool all_known = true;
  each(story, scope, of.what, of.window, [&](const Record& record, Tri match) {
    const auto value = record.event != nullptr ? field_of(story, *record.event, of.field.text) : std::nullopt;
    if (match == Tri::Yes && value && value->known()) values.push_back(*value->number);
    else all_known = false;
  });
  const Typed nothing = average_of_whole ? unknown(TypeKind::Number) : result;
  if (!all_known || (values.empty() && of.kind != syntax::AggregateKind::Sum)) return nothing;
  __int128 total = 0;
  for (const std::int64_t v : values) total += v;
  switch (of.kind) {
    case syntax::AggregateKind::Average: return average(result, total, static_cast<std::int64_t>(values.size()));
    case syntax::AggregateKind::Highest: result.number = *std::max_element(values.begin(), values.end()); break;
    case syntax::AggregateKind::Lowest: result.number = *std::min_element(values.begin(), values.end()); break;
    case syntax::AggregateKind::Sum:
    case syntax::AggregateKind::Number:
      if (total > kUnknown && total <= std::numeric_limits<std::int64_t>::max()) result.number = static_cast<std::int64_t>(total);
      break;
  }
  return result;
}

Typed latest(const Story& story, const syntax::Last& last) {
  const int type = story.catalog.event(last.event.text);
  const auto& records = story.records();
  for (std::size_t i = records.size(); i-- > 0 && story.kept(records[i].at);)
    if (records[i].event != nullptr && records[i].event->type == type && type >= 0)
      if (auto value = field_of(story, *records[i].event, last.field.text)) return *value;
  return unknown_field(story, type, last.field.text);
}

Typed earliest(const Story& story, const syntax::First& first) {
  const int type = story.catalog.event(first.event.text);
  const auto& records = story.records();
  for (std::size_t i = first_within(story, story.catalog.history); i < records.size(); ++i)
    if (records[i].event != nullptr && records[i].event->type == type && type >= 0)
      if (auto value = field_of(story, *records[i].event, first.field.text)) return *value;
  return unknown_field(story, type, first.field.text);
}

std::optional<Typed> field_of(const Story& story, const Event& event, const std::string& name) {
  if (event.type < 0) return std::nullopt;
  const catalog::Event& type = story.catalog.events[static_cast<std::size_t>(event.type)];
  const int index = type.field(name);
  if (index < 0) return std::nullopt;
  const auto i = static_cast<std::size_t>(index);
  return from_event(type.fields[i].type, i < event.fields.size() ? event.fields[i] : kUnknown, *event.texts);
}

Typed unknown_field(const Story& story, int event, const std::string& name) {
  if (event < 0) return unknown(TypeKind::Text);
  const catalog::Event& type = story.catalog.events[static_cast<std::size_t>(event)];
  const int index = type.field(name);
  return index < 0 ? unknown(TypeKind::Text) : unknown(type.fields[static_cast<std::size_t>(index)].type);
}

}  // namespace polku::reference
