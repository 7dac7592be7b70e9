#include "compiler/sema/names.h"

#include <fmt/format.h>

#include <set>

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

std::vector<std::string> names_of(const std::vector<catalog::Field>& fields) {
  std::vector<std::string> out;
  for (const catalog::Field& f : fields) out.push_back(f.name);
  return out;
}

std::vector<std::string> Names::event_names() const {
  std::vector<std::string> out;
  for (const catalog::Event& e : catalog->events) out.push_back(e.name);
  return out;
}

std::vector<std::string> Names::attribute_names() const {
  std::vector<std::string> out;
  for (const catalog::Attribute& a : catalog->attributes) out.push_back(a.name);
  return out;
}

std::vector<std::string> Names::segment_names() const {
  std::vector<std::string> out;
  for (const auto& [name, segment] : segments) out.push_back(name);
  return out;
}

std::vector<std::string> Names::rule_names(const std::string& journey) const {
  std::vector<std::string> out;
  for (const RuleEntry& r : rules)
    if (r.journey->name.text == journey) out.push_back(r.rule->name.text);
  return out;
}

Names gather(const catalog::Catalog& catalog, const std::vector<const syntax::File*>& files,
             const std::vector<const syntax::Expr*>& derived, diag::Diagnostics& d) {
  Names n;
  n.catalog = &catalog;
  n.derived = &derived;
  std::set<std::string> journeys, tests;
  const auto twice = [&](const char* what, const syntax::Name& name) {
    d.add(Code::DuplicateName, name.span, fmt::format("There is already a {} called `{}`.", what, name.text), "Give one of the two another name.");
  };
  for (const syntax::File* file : files) {
    for (const syntax::Segment& s : file->segments)
      if (!n.segments.emplace(s.name.text, &s).second) twice("segment", s.name);
    for (const syntax::Journey& j : file->journeys) {
      if (!journeys.insert(j.name.text).second) {
        twice("journey", j.name);
        continue;
      }
      n.journeys.push_back(&j);
      for (const syntax::Rule& r : j.rules) {
        if (!n.rule_by_name.emplace(std::pair(j.name.text, r.name.text), static_cast<int>(n.rules.size())).second) {
          twice("rule of this journey", r.name);
          continue;
        }
        n.rules.push_back({&j, &r, static_cast<int>(n.journeys.size()) - 1});
      }
    }
    for (const syntax::Test& t : file->tests)
      if (!tests.insert(t.name.text).second) twice("test", t.name);
  }
  return n;
}

int find_event(const Names& names, const syntax::Name& name, diag::Diagnostics& d) {
  const int event = names.catalog->event(name.text);
  if (event >= 0) return event;
  std::string help = d.full() ? "" : diag::did_you_mean(name.text, names.event_names());
  if (help.empty()) help = "Declare it under `events` in the catalog.";
  d.add(Code::UnknownEvent, name.span, fmt::format("There is no event `{}` in the catalog.", name.text), help);
  return -1;
}

int find_occurrence(const Names& names, const syntax::Occurrence& what, const std::string& journey, diag::Diagnostics& d) {
  if (what.verb == syntax::Verb::None) return find_event(names, what.name, d);
  const std::string& in = what.journey ? what.journey->text : journey;
  if (what.journey) {
    std::vector<std::string> journeys;
    bool found = false;
    for (const syntax::Journey* j : names.journeys) {
      journeys.push_back(j->name.text);
      found = found || j->name.text == in;
    }
    if (!found) {
      d.add(Code::UnknownJourney, what.journey->span, fmt::format("There is no journey \"{}\".", in), diag::did_you_mean(in, journeys));
      return -1;
    }
  }
  const auto it = names.rule_by_name.find({in, what.name.text});
  if (it == names.rule_by_name.end()) {
    std::string help = diag::did_you_mean(what.name.text, names.rule_names(in));
    if (help.empty()) help = "A rule of another journey is named with it: `\"Journey\".rule sent`.";
    d.add(Code::UnknownRule, what.name.span,
          in.empty() ? fmt::format("Which journey's rule `{}` is meant?", what.name.text)
                     : fmt::format("There is no rule `{}` in the journey \"{}\".", what.name.text, in),
          help);
    return -1;
  }
  const syntax::Rule& rule = *names.rules[static_cast<std::size_t>(it->second)].rule;
  if (rule.action) {
    const bool sends = rule.action->kind == syntax::ActionKind::Send;
    if (sends != (what.verb == syntax::Verb::Sent)) {
      d.add(Code::SentOrShown, what.span,
            sends ? fmt::format("The rule `{}` sends; it does not show.", what.name.text)
                  : fmt::format("The rule `{}` shows; it does not send.", what.name.text),
            fmt::format("Write `{} {}`.", what.name.text, sends ? "sent" : "shown"));
      return -1;
    }
  }
  return static_cast<int>(names.catalog->events.size()) + it->second;
}

}  // namespace polku::sema
