#include "compiler/sema/names.h"

#include <fmt/format.h>

namespace polku::sema {

using diag::Code;

std::string said(const catalog::Type& type) {
  switch (type.kind) {
    case catalog::TypeKind::Money: case catalog::TypeKind::OneOf: return catalog::type_name(type);
    case catalog::TypeKind::Percent: return "a percentage";
    case catalog::TypeKind::YesNo: return "a yes or no";
    case catalog::TypeKind::Whole: case catalog::TypeKind::Number: case catalog::TypeKind::Text: case catalog::TypeKind::Time:
    case catalog::TypeKind::Date: case catalog::TypeKind::Duration: case catalog::TypeKind::TextList: case catalog::TypeKind::Consent:
      return "a " + catalog::type_name(type);
  }
  return "";
}

std::string capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string said(Millis d) {
  for (const auto& [unit, name] : {std::pair{kDay, "day"}, {kHour, "hour"}, {kMinute, "minute"}})
    if (d % unit == 0) return fmt::format("{} {}{}", d / unit, name, d == unit ? "" : "s");
  return fmt::format("{} second{}", d / kSecond, d == kSecond ? "" : "s");
}

bool Does::unit(syntax::LimitUnit unit) const {
  switch (unit) {
    case syntax::LimitUnit::Messages: return messages;
    case syntax::LimitUnit::Shows: return shows;
    case syntax::LimitUnit::Tasks: return tasks;
  }
  return false;
}

std::vector<std::string> Names::event_names() const { return names_of(catalog->events); }
std::vector<std::string> Names::attribute_names() const { return names_of(catalog->attributes); }

std::vector<std::string> Names::segment_names() const {
  std::vector<std::string> out;
  for (const auto& [name, segment] : segments) out.push_back(name);
  return out;
}

std::vector<std::string> Names::journey_names() const {
  std::vector<std::string> out;
  for (const syntax::Journey* j : journeys) out.push_back(j->name.text);
  return out;
}

std::vector<std::string> Names::rule_names(const std::string& journey) const {
  std::vector<std::string> out;
  for (const RuleEntry& r : rules)
    if (r.journey->name.text == journey) out.push_back(r.rule->name.text);
  return out;
}

Names::Names(const catalog::Catalog& of) : catalog(&of), zone(base::Zone::find(of.zone).value_or(base::Zone::utc())) {
  for (std::size_t i = 0; i < of.events.size(); ++i) event_by_name.emplace(of.events[i].name, static_cast<int>(i));
  for (std::size_t i = 0; i < of.attributes.size(); ++i) attribute_by_name.emplace(of.attributes[i].name, static_cast<int>(i));
}

Does does(const catalog::Catalog& catalog, const syntax::Rule& rule) {
  Does out;
  if (!rule.action) return out;
  each_act(*rule.action, [&](const syntax::Act& act) {
    out.anything = true;
    if (const auto* send = std::get_if<syntax::Send>(&act.what)) {
      const int t = catalog.template_(send->template_.text);
      out.sends = true;
      out.messages = out.messages || t < 0 || !catalog.templates[static_cast<std::size_t>(t)].service;
    }
    out.shows = out.shows || std::holds_alternative<syntax::Show>(act.what);
    out.tasks = out.tasks || std::holds_alternative<syntax::RaiseTask>(act.what);
  });
  return out;
}

Names gather(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
             const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d) {
  Names n(catalog);
  n.derived = &derived;
  std::set<std::string> tests, guarantees;
  const auto twice = [&](const char* what, const syntax::Name& name) {
    d.add(Code::DuplicateName, name.span, fmt::format("There is already a {} called `{}`.", what, name.text), "Give one of the two another name.");
  };
  const auto groups = [&](const std::vector<syntax::Limit>& limits) {
    for (const syntax::Limit& l : limits)
      if (l.across) n.groups.insert(l.across->text);
  };
  for (const syntax::File* file : files) {
    for (const syntax::Segment& s : file->segments)
      if (n.segments.emplace(s.name.text, &s).second)
        n.segment_order.emplace(s.name.text, static_cast<int>(n.segment_order.size()));
      else
        twice("segment", s.name);
    for (const syntax::Journey& j : file->journeys) {
      const int index = static_cast<int>(n.journeys.size());
      if (!n.journey_by_name.emplace(j.name.text, index).second) {
        twice("journey", j.name);
        continue;
      }
      n.journeys.push_back(&j);
      groups(j.limits);
      for (const syntax::Rule& r : j.rules) {
        if (!n.rule_by_name.emplace(std::pair(index, std::string_view(r.name.text)), static_cast<int>(n.rules.size())).second) {
          twice("rule of this journey", r.name);
          continue;
        }
        groups(r.limits);
        n.rules.push_back({&j, &r, index, does(catalog, r)});
      }
    }
    for (const syntax::Guarantee& g : file->guarantees) {
      if (guarantees.insert(g.name.text).second)
        n.guarantees.push_back(&g);
      else
        twice("guarantee", g.name);
    }
    for (const syntax::Test& t : file->tests)
      if (!tests.insert(t.name.text).second) twice("test", t.name);
  }
  return n;
}

int find_event(const Names& names, const syntax::Name& name, diag::Diagnostics& d) {
  const int event = names.event(name.text);
  if (event >= 0) return event;
  std::string help = d.full() ? "" : diag::did_you_mean(name.text, names.event_names());
  for (std::size_t i = 0; help.empty() && !d.full() && i < names.rules.size(); ++i)
    if (const RuleEntry& r = names.rules[i]; r.rule->name.text == name.text) help = fmt::format("It is a rule: write `{} {}`.", name.text, r.does.shows ? "shown" : "sent");
  if (help.empty()) help = "Declare it under `events` in the catalog.";
  d.add(Code::UnknownEvent, name.span, fmt::format("There is no event `{}` in the catalog.", name.text), help);
  return -1;
}

int find_field(const Names& names, int event, const syntax::Name& name, diag::Diagnostics& d) {
  const catalog::Event& e = names.event(event);
  const int field = e.field(name.text);
  if (field >= 0) return field;
  const std::string help = d.full() ? "" : diag::did_you_mean(name.text, names_of(e.fields));
  d.add(Code::UnknownField, name.span, fmt::format("`{}` has no field `{}`.", e.name, name.text), help);
  return -1;
}

int find_occurrence(const Names& names, const syntax::Occurrence& what, const std::string& journey, diag::Diagnostics& d) {
  if (what.verb == syntax::Verb::None) return find_event(names, what.name, d);
  const std::string& in = what.journey ? what.journey->text : journey;
  const auto journey_at = names.journey_by_name.find(in);
  if (what.journey && journey_at == names.journey_by_name.end()) {
    d.add(Code::UnknownJourney, what.journey->span, fmt::format("There is no journey \"{}\".", in),
          d.full() ? "" : diag::did_you_mean(in, names.journey_names()));
    return -1;
  }
  const auto it = journey_at == names.journey_by_name.end() ? names.rule_by_name.end() : names.rule_by_name.find({journey_at->second, what.name.text});
  if (it == names.rule_by_name.end()) {
    std::string help = d.full() ? "" : diag::did_you_mean(what.name.text, names.rule_names(in));
    if (help.empty()) help = "A rule of another journey is named with it: `\"Journey\".rule sent`.";
    d.add(Code::UnknownRule, what.name.span,
          in.empty() ? fmt::format("Which journey's rule `{}` is meant?", what.name.text)
                     : fmt::format("There is no rule `{}` in the journey \"{}\".", what.name.text, in),
          help);
    return -1;
  }
  const Does& does = names.rules[static_cast<std::size_t>(it->second)].does;
  if (does.anything && does.shows != (what.verb == syntax::Verb::Shown)) {
    const char* why = does.shows   ? "shows; it does not send"
                      : does.sends ? "sends; it does not show"
                      : does.tasks ? "raises a task; it does not show"
                                   : "does not show";
    d.add(Code::SentOrShown, what.span, fmt::format("The rule `{}` {}.", what.name.text, why),
          fmt::format("Write `{} {}`.", what.name.text, does.shows ? "shown" : "sent"));
    return -1;
  }
  return static_cast<int>(names.catalog->events.size()) + it->second;
}

}  // namespace polku::sema
