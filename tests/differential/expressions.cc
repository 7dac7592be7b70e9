#include "tests/differential/expressions.h"

#include "tests/differential/values.h"

namespace polku::differential {

std::string Expressions::in(const Written& w, Binding least) {
  if (w.binding < least || random_.percent(3)) return "(" + w.text + ")";
  return w.text;
}

std::string Expressions::length(Millis longest) { return length_words(random_, lattice_length(world_, random_, longest)); }

std::string Expressions::clock() { return clock_words(random_, clock_time(world_, random_)); }

std::string Expressions::rule_verb(const Scope& scope) { return rule_verb(scope, (*scope.rules)[random_.below(scope.visible)]); }

std::string Expressions::rule_verb(const Scope& scope, const RuleName& rule) {
  const bool other = rule.journey != scope.journey;
  ++tally_[rule.sends ? (other ? "other journey's R sent" : "R sent") : (other ? "other journey's R shown" : "R shown")];
  const std::string journey = other || random_.percent(20) ? quoted(rule.journey) + "." : "";
  return journey + rule.rule + (rule.sends ? " sent" : " shown");
}

std::string Expressions::occurrence(int event, int depth, int where_percent) {
  const Event& e = world_.events[static_cast<std::size_t>(event)];
  if (!random_.percent(e.fields.empty() ? where_percent / 10 : where_percent)) return e.name;
  ++tally_["where"];
  const Scope scope{.visitor = false, .own = event, .triggers = {}, .journey = {}, .segments = {}};
  return e.name + " where " + condition(scope, depth);
}

std::string Expressions::window(const Scope& scope) {
  const int calendar = scope.calendar ? 20 : 1;
  const auto holds = [&](Millis length, int weight) { return world_.history >= length ? weight * calendar : 0; };
  std::string text;
  switch (random_.weighted({52, 16, 16, holds(kDay, 8), holds(7 * kDay, 6), holds(31 * kDay, 6), scope.before_this ? 5 : 0})) {
    case 0: ++tally_["window in the last"]; text = " in the last " + length(world_.history); break;
    case 1: ++tally_["window since"]; text = " since " + random_.of(world_.events).name; break;
    case 2: ++tally_["window ever"]; text = " ever"; break;
    case 3: ++tally_["window today"]; text = " today"; break;
    case 4: ++tally_["window this week"]; text = " this week"; break;
    case 5: ++tally_["window this month"]; text = " this month"; break;
    default: ++tally_["window before this"]; return " before this";
  }
  if (scope.before_this && random_.percent(15)) {
    ++tally_["window … before this"];
    text += " before this";
  }
  return text;
}

std::string Expressions::attribute_path(const std::string& name) {
  std::string text;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    const std::string part = name.substr(at, dot - at);
    text += at == 0 ? "" : ".";
    text += part.find(' ') != std::string::npos || random_.percent(6) ? "`" + part + "`" : part;
    at = dot + 1;
  }
  if (!random_.percent(15)) return text;
  ++tally_["visitor. before an attribute"];
  return "visitor." + text;
}

bool Expressions::in_sight(const Scope& scope, const Attribute& a) const {
  return (scope.now || !a.now) && (!a.rules || scope.sees_all_rules());
}

// Every plain name in sight that has the type.
std::vector<std::string> Expressions::names(const Scope& scope, Type type) {
  std::vector<std::string> out;
  if (!scope.visitor) {
    if (scope.own < 0) return out;
    const Event& e = world_.events[static_cast<std::size_t>(scope.own)];
    for (const Field& f : e.fields)
      if (f.type == type) {
        // A name that is also a value of the list would be read as the value.
        bool value = false;
        for (const auto& list : world_.lists)
          for (const std::string& v : list) value = value || v == f.name;
        const bool bare = !value && random_.percent(70);
        ++tally_[bare ? "field by bare name" : "field by event.name"];
        out.push_back(bare ? (random_.percent(12) ? "`" + f.name + "`" : f.name) : e.name + "." + f.name);
      }
    return out;
  }
  for (const Attribute& a : world_.attributes)
    if (a.type == type && in_sight(scope, a)) {
      if (a.presence == catalog::Presence::Derived) ++tally_["derived attribute in sight"];
      out.push_back(attribute_path(a.name));
    }
  for (int event : scope.triggers) {
    const Event& e = world_.events[static_cast<std::size_t>(event)];
    for (const Field& f : e.fields)
      if (f.type == type) out.push_back(e.name + "." + f.name);
  }
  return out;
}

std::string Expressions::field_of(Type type, int& event) {
  const std::vector<int> events = world_.events_with(type);
  if (events.empty()) return {};
  event = random_.of(events);
  const Event& e = world_.events[static_cast<std::size_t>(event)];
  std::vector<std::string> fields;
  for (const Field& f : e.fields)
    if (f.type == type) fields.push_back(f.name);
  return e.name + "." + random_.of(fields);
}

std::string Expressions::last_of(Type type, bool first) {
  int event = -1;
  const std::string field = field_of(type, event);
  if (field.empty()) return {};
  ++tally_[first ? "first E.f" : "last E.f"];
  return (first ? "first " : "last ") + field;
}

std::string Expressions::count(const Scope& scope, int depth) {
  ++tally_["number of"];
  std::string what;
  if (scope.visible > 0 && random_.percent(25)) what = rule_verb(scope);
  else what = occurrence(static_cast<int>(random_.below(world_.events.size())), depth < 1 ? 0 : 1, 35);
  return "number of " + what + window(scope);
}

std::string Expressions::sum(const Scope& scope, Type type, int depth) {
  const bool point = type == kTime || type == kDate;
  const bool average = !point && type != kWhole && random_.percent(30);
  int event = -1;
  const std::string field = field_of(average && type == kNumber && random_.percent(50) ? kWhole : type, event);
  if (field.empty()) return {};
  const std::string kind = average ? "average of " : point || random_.percent(40) ? (random_.percent(50) ? "highest of " : "lowest of ") : "sum of ";
  ++tally_[kind + std::string(catalog::kind_name(type.kind))];
  std::string text = kind + field;
  if (random_.percent(35)) {
    text += " where " + condition({.visitor = false, .own = event, .triggers = {}, .journey = {}, .segments = {}}, depth < 1 ? 0 : 1);
  }
  return text + window(scope);
}

Written Expressions::literal(Type type) {
  const Drawn drawn = draw(world_, random_, type, random_.percent(4));
  ++tally_["literal " + std::string(catalog::kind_name(type.kind))];
  std::string text = rule_literal(world_, random_, drawn);
  return {.text = text, .binding = text[0] == '-' ? Binding::Minus : Binding::Atom, .literal = true};
}

Written Expressions::leaf(const Scope& scope, Type type) {
  const std::vector<std::string> known = names(scope, type);
  const bool can_sum = type == kWhole || type == kNumber || type == kMoney || type == kPercent || type == kDuration || type == kTime || type == kDate;
  const bool now = scope.visitor && scope.now && type == kTime;
  for (int tries = 0; tries < 4; ++tries) {
    switch (random_.weighted({45, 12, 12, 10, 10, 11})) {
      case 0: if (!known.empty()) return {random_.of(known)}; break;
      case 1: if (now) { ++tally_["now"]; return {"now"}; } break;
      case 2: if (scope.visitor) if (std::string s = last_of(type, random_.percent(30)); !s.empty()) return {s}; break;
      case 3: if (scope.visitor && type == kWhole) return {.text = count(scope, 1), .binding = Binding::Atom, .count = true}; break;
      case 4: if (scope.visitor && can_sum) if (std::string s = sum(scope, type, 1); !s.empty()) return {s}; break;
      default: if (has_literal(type.kind)) return literal(type); break;
    }
  }
  if (!known.empty()) return {random_.of(known)};
  if (has_literal(type.kind)) return literal(type);
  if (now) return {"now"};
  if (scope.visitor) return {last_of(type)};
  return {};
}

Written Expressions::looked_up(const Scope& scope, Type type, int depth) {
  for (int tries = 0; tries < 8; ++tries)
    if (const Written w = make(scope, type, depth); !w.text.empty() && !w.literal) return {in(w, Binding::Add), Binding::Atom, w.count, false};
  return {};
}

Written Expressions::binary(const Scope& scope, const char* op, Type left, Type right, int depth) {
  const bool multiply = *op == '*' || *op == '/';
  const Binding binding = multiply ? Binding::Multiply : Binding::Add;
  ++tally_[std::string("arithmetic ") + op + " of " + std::string(catalog::kind_name(left.kind)) + " and " + std::string(catalog::kind_name(right.kind))];
  const Written l = make(scope, left, depth - 1), r = make(scope, right, depth - 1);
  if (l.text.empty() || r.text.empty()) return {};
  // Left-associative: a right side of the same strength needs brackets.
  const std::string before = in(l, binding);
  return {before + " " + op + " " + in(r, multiply ? Binding::Minus : Binding::Multiply), binding};
}

Written Expressions::operation(const Scope& scope, Type type, int depth) {
  struct Row { const char* op; Type left, right, result; };
  static const std::vector<Row> rows = {
      {"+", kWhole, kWhole, kWhole}, {"-", kWhole, kWhole, kWhole}, {"*", kWhole, kWhole, kWhole}, {"/", kWhole, kWhole, kNumber},
      {"+", kNumber, kNumber, kNumber}, {"-", kNumber, kNumber, kNumber}, {"*", kNumber, kNumber, kNumber}, {"/", kNumber, kNumber, kNumber},
      {"+", kMoney, kMoney, kMoney}, {"-", kMoney, kMoney, kMoney}, {"*", kMoney, kWhole, kMoney}, {"*", kMoney, kNumber, kMoney},
      {"*", kMoney, kPercent, kMoney}, {"*", kPercent, kMoney, kMoney}, {"*", kWhole, kMoney, kMoney}, {"/", kMoney, kWhole, kMoney},
      {"/", kMoney, kNumber, kMoney}, {"/", kMoney, kMoney, kNumber}, {"+", kPercent, kPercent, kPercent},
      {"-", kPercent, kPercent, kPercent}, {"*", kNumber, kPercent, kNumber}, {"*", kWhole, kPercent, kNumber},
      {"*", kPercent, kWhole, kPercent}, {"*", kPercent, kNumber, kPercent}, {"+", kDuration, kDuration, kDuration},
      {"-", kDuration, kDuration, kDuration}, {"*", kDuration, kWhole, kDuration}, {"/", kDuration, kDuration, kNumber},
      {"+", kTime, kDuration, kTime}, {"-", kTime, kDuration, kTime}, {"-", kTime, kTime, kDuration}, {"-", kDate, kDate, kDuration}};
  std::vector<const Row*> fitting;
  for (const Row& row : rows)
    if (row.result == type) fitting.push_back(&row);
  const bool negative = type == kWhole || type == kNumber || type == kMoney || type == kPercent || type == kDuration;
  if (negative && random_.percent(8)) {
    ++tally_["unary minus"];
    const Written w = make(scope, type, depth - 1);
    return w.text.empty() ? w : Written{"-" + in(w, Binding::Minus), Binding::Minus};
  }
  if (fitting.empty()) return {};
  const Row& row = *random_.of(fitting);
  return binary(scope, row.op, row.left, row.right, depth);
}

Written Expressions::otherwise(const Scope& scope, Type type, int depth) {
  const Written subject = leaf(scope, type);
  const Written fallback = make(scope, type, depth - 1);
  if (subject.text.empty() || subject.literal || fallback.text.empty()) return {};
  ++tally_["otherwise"];
  const std::string before = in(subject, Binding::Atom);
  return {before + " otherwise " + in(fallback, fallback.literal ? Binding::Minus : Binding::Atom), Binding::Otherwise};
}

Written Expressions::make(const Scope& scope, Type type, int depth) {
  if (type == kYesNo) return depth > 0 && random_.percent(60) ? yes_no(scope, depth - 1) : leaf(scope, type);
  if (type == kNumber && random_.percent(12)) return make(scope, kWhole, depth);  // a whole number beside a number becomes one
  if (depth > 0) {
    const std::size_t how = random_.weighted({45, 40, 15});
    Written w;
    if (how == 1) w = operation(scope, type, depth);
    if (how == 2) w = otherwise(scope, type, depth);
    if (!w.text.empty()) return w;
  }
  return leaf(scope, type);
}

std::string Expressions::value(const Scope& scope, Type type, int depth) {
  const Written w = make(scope, type, depth);
  return w.text;
}

}  // namespace polku::differential
