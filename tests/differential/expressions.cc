#include "tests/differential/expressions.h"

#include "tests/differential/values.h"

namespace polku::differential {

namespace {

constexpr Type kYesNo{TypeKind::YesNo, -1}, kWhole{TypeKind::Whole, -1}, kNumber{TypeKind::Number, -1}, kMoney{TypeKind::Money, -1},
    kPercent{TypeKind::Percent, -1}, kText{TypeKind::Text, -1}, kTime{TypeKind::Time, -1}, kDate{TypeKind::Date, -1},
    kDuration{TypeKind::Duration, -1}, kTextList{TypeKind::TextList, -1};

bool ordered(TypeKind kind) {
  switch (kind) {
    case TypeKind::Whole: case TypeKind::Number: case TypeKind::Money: case TypeKind::Percent: case TypeKind::Time: case TypeKind::Date:
    case TypeKind::Duration: return true;
    case TypeKind::YesNo: case TypeKind::Text: case TypeKind::OneOf: case TypeKind::TextList: case TypeKind::Consent: return false;
  }
  return false;
}

struct Sign { const char* words; const char* sign; };
constexpr Sign kSigns[] = {{"is", "="}, {"is not", "!="}, {"at least", ">="}, {"at most", "<="}, {"more than", ">"}, {"less than", "<"}};

}  // namespace

std::string Expressions::in(const Written& w, Binding least) {
  if (w.binding < least || random_.percent(3)) return "(" + w.text + ")";
  return w.text;
}

std::string Expressions::length(Millis longest) { return length_words(random_, lattice_length(world_, random_, longest)); }

std::string Expressions::rule_verb(const Scope& scope, const RuleName& rule) {
  const bool other = rule.journey != scope.journey;
  ++tally_[rule.sends ? (other ? "other journey's R sent" : "R sent") : (other ? "other journey's R shown" : "R shown")];
  const std::string journey = other || random_.percent(20) ? quoted(rule.journey) + "." : "";
  return journey + rule.rule + (rule.sends ? " sent" : " shown");
}

std::string Expressions::occurrence(int event, int depth, int where_percent) {
  const Event& e = world_.events[static_cast<std::size_t>(event)];
  if (!random_.percent(where_percent)) return e.name;
  ++tally_["where"];
  const Scope scope{.visitor = false, .own = event, .journey = {}};
  return e.name + " where " + condition(scope, depth);
}

std::string Expressions::window() {
  switch (random_.weighted({60, 20, 20})) {
    case 0: ++tally_["window in the last"]; return " in the last " + length(world_.history);
    case 1: ++tally_["window since"]; return " since " + random_.of(world_.events).name;
    default: ++tally_["window ever"]; return " ever";
  }
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
    if (a.type == type && (scope.derived || a.presence != catalog::Presence::Derived)) {
      if (a.presence == catalog::Presence::Derived) ++tally_["derived attribute in sight"];
      out.push_back(attribute_path(a.name));
    }
  if (scope.trigger >= 0) {
    const Event& e = world_.events[static_cast<std::size_t>(scope.trigger)];
    for (const Field& f : e.fields)
      if (f.type == type) out.push_back(e.name + "." + f.name);
  }
  return out;
}

std::string Expressions::last_of(const Scope&, Type type) {
  const std::vector<int> events = world_.events_with(type);
  if (events.empty()) return {};
  const Event& e = world_.events[static_cast<std::size_t>(random_.of(events))];
  std::vector<std::string> fields;
  for (const Field& f : e.fields)
    if (f.type == type) fields.push_back(f.name);
  ++tally_["last E.f"];
  return "last " + e.name + "." + random_.of(fields);
}

std::string Expressions::count(const Scope& scope, int depth) {
  ++tally_["number of"];
  std::string what;
  if (scope.rules && !scope.rules->empty() && random_.percent(25)) what = rule_verb(scope, random_.of(*scope.rules));
  else what = occurrence(static_cast<int>(random_.below(world_.events.size())), depth < 1 ? 0 : 1, 35);
  return "number of " + what + window();
}

std::string Expressions::sum(const Scope&, Type type, int depth) {
  const std::vector<int> events = world_.events_with(type);
  if (events.empty()) return {};
  const int event = random_.of(events);
  const Event& e = world_.events[static_cast<std::size_t>(event)];
  std::vector<std::string> fields;
  for (const Field& f : e.fields)
    if (f.type == type) fields.push_back(f.name);
  const std::string kind = type == kTime || type == kDate || random_.percent(40) ? (random_.percent(50) ? "highest of " : "lowest of ") : "sum of ";
  ++tally_[kind.substr(0, kind.size() - 1)];
  std::string text = kind + e.name + "." + random_.of(fields);
  if (random_.percent(35)) text += " where " + condition({.visitor = false, .own = event, .journey = {}}, depth < 1 ? 0 : 1);
  return text + window();
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
  for (int tries = 0; tries < 4; ++tries) {
    switch (random_.weighted({45, 12, 12, 10, 10, 11})) {
      case 0: if (!known.empty()) return {random_.of(known)}; break;
      case 1: if (scope.visitor && type == kTime) { ++tally_["now"]; return {"now"}; } break;
      case 2: if (scope.visitor) if (std::string s = last_of(scope, type); !s.empty()) return {s}; break;
      case 3: if (scope.visitor && type == kWhole) return {.text = count(scope, 1), .binding = Binding::Atom, .count = true}; break;
      case 4: if (scope.visitor && can_sum) if (std::string s = sum(scope, type, 1); !s.empty()) return {s}; break;
      default: if (has_literal(type.kind)) return literal(type); break;
    }
  }
  if (!known.empty()) return {random_.of(known)};
  if (has_literal(type.kind)) return literal(type);
  if (scope.visitor && type == kTime) return {"now"};
  if (scope.visitor) return {last_of(scope, type)};
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

Type Expressions::comparable(const Scope& scope) {
  for (int tries = 0; tries < 20; ++tries) {
    Type type = random_.of({kYesNo, kWhole, kWhole, kWhole, kNumber, kMoney, kMoney, kPercent, kText, kText, kTime, kDate, kDuration, Type{TypeKind::OneOf, 0},
                            Type{TypeKind::OneOf, 0}});
    if (type.kind == TypeKind::OneOf) type.list = static_cast<int>(random_.below(world_.lists.size()));
    if (!names(scope, type).empty() || (scope.visitor && (type == kWhole || type == kTime))) return type;
  }
  return kWhole;
}

Written Expressions::compare(const Scope& scope, int depth) {
  const Type type = comparable(scope);
  Written left = make(scope, type, depth), right = random_.percent(60) && has_literal(type.kind) ? literal(type) : make(scope, type, depth);
  if (type == kTime && random_.percent(30)) {
    right = literal(kDate);
    ++tally_["time compared with date"];
  }
  if (left.text.empty() || right.text.empty()) return {};
  // One of two bare words cannot be told from a name.
  if (type.kind == TypeKind::OneOf && left.literal && right.literal) return {};
  if (type == kNumber && (left.count || right.count)) return {};  // a count is compared with whole numbers only
  if (random_.percent(12)) std::swap(left, right);
  const std::size_t op = ordered(type.kind) ? random_.below(6) : random_.below(2);
  const bool words = random_.percent(60);
  std::string sign = words ? kSigns[op].words : kSigns[op].sign;
  if (words && op >= 2 && random_.percent(30)) sign = (random_.percent(30) ? "is not " : "is ") + sign;
  ++tally_["compare " + sign];
  ++tally_["compare of " + std::string(catalog::kind_name(type.kind))];
  const std::string before = in(left, Binding::Add);
  return {before + " " + sign + " " + in(right, Binding::Add), Binding::Compare};
}

// A count on its own on one side, followed as far as the other side decides.
Written Expressions::compare_count(const Scope& scope, int depth) {
  std::string left = count(scope, 1), right;
  if (random_.percent(70)) {
    right = std::to_string(random_.of({0, 1, 1, 2, 2, 3, 3, 4, 5, 8, -1, 70}));
    ++tally_["count compared with a constant"];
  } else {
    right = in(make(scope, kWhole, depth), Binding::Add);
    ++tally_["count compared with a value"];
  }
  if (random_.percent(25)) {
    std::swap(left, right);
    ++tally_["count on the right side"];
  }
  const std::size_t op = random_.weighted({15, 10, 35, 13, 14, 13});
  std::string sign = random_.percent(70) ? kSigns[op].words : kSigns[op].sign;
  ++tally_["compare " + sign];
  return {left + " " + sign + " " + right, Binding::Compare};
}

Written Expressions::one_of(const Scope& scope, int depth) {
  const Type type = comparable(scope);
  if (!has_literal(type.kind) || type == kYesNo) return {};
  const Written subject = make(scope, type, depth);
  if (subject.text.empty() || subject.literal || (subject.count && type == kNumber)) return {};
  const bool negated = random_.percent(30);
  std::string text = in(subject, Binding::Add) + (negated ? " is not one of [" : " is one of [");
  for (std::size_t i = 0, n = 1 + random_.below(3); i < n; ++i) {
    const Written value = random_.percent(85) ? literal(type) : leaf(scope, type);
    if (value.count) return {};
    text += (i == 0 ? "" : ", ") + value.text;
  }
  ++tally_[negated ? "is not one of" : "is one of"];
  return {text + "]", Binding::Compare};
}

Written Expressions::text_test(const Scope& scope, int depth) {
  const bool list = random_.percent(35);
  const Written subject = make(scope, list ? kTextList : kText, depth), argument = random_.percent(75) ? literal(kText) : leaf(scope, kText);
  if (subject.text.empty() || argument.text.empty()) return {};
  const std::string op = list ? "contains" : random_.of({"contains", "starts with", "ends with"});
  ++tally_[op + (list ? " (list)" : "")];
  const std::string before = in(subject, Binding::Add);
  return {before + " " + op + " " + in(argument, Binding::Add), Binding::Compare};
}

Written Expressions::presence(const Scope& scope, int depth) {
  const bool given = random_.percent(60);
  const bool negated = random_.percent(20);
  const std::string verb = std::string(negated ? " is not" : " is") + (given ? " given" : " missing");
  if (negated) ++tally_["is not given, is not missing"];
  if (scope.visitor && random_.percent(30)) {
    ++tally_[given ? "consent is given" : "consent is missing"];
    const std::vector<std::string> consents = names(scope, {TypeKind::Consent, -1});
    return {random_.of(consents) + verb, Binding::Compare};
  }
  const Type type = random_.of({kWhole, kNumber, kMoney, kPercent, kText, kTime, kDate, kDuration, kTextList, kYesNo});
  const Written subject = make(scope, type, random_.percent(25) ? depth : 0);
  if (subject.text.empty()) return {};
  ++tally_[given ? "is given" : "is missing"];
  return {in(subject, Binding::Add) + verb, Binding::Compare};
}

Written Expressions::happened(const Scope& scope, int) {
  if (scope.rules && !scope.rules->empty() && random_.percent(35)) {
    const std::string what = rule_verb(scope, random_.of(*scope.rules));
    return {what + window(), Binding::Compare};
  }
  ++tally_["happened"];
  const std::string what = occurrence(static_cast<int>(random_.below(world_.events.size())), 1, 35);
  return {what + " happened" + window(), Binding::Compare};
}

Written Expressions::in_segment(const Scope& scope) {
  const bool negated = random_.percent(25);
  ++tally_[negated ? "visitor not in" : "visitor in"];
  const std::string in = std::string(random_.percent(20) ? "visitor is " : "visitor ") + (negated ? "not in s" : "in s");
  return {in + std::to_string(1 + random_.below(scope.segments)), Binding::Compare};
}

Written Expressions::yes_no(const Scope& scope, int depth) {
  for (int tries = 0; tries < 6; ++tries) {
    const bool deep = depth > 0, v = scope.visitor;
    Written w;
    switch (random_.weighted({30, v ? 16 : 0, 6, 8, 10, v ? 12 : 0, v && scope.segments > 0 ? 12 : 0, deep ? 16 : 0, deep ? 8 : 0, 6})) {
      case 0: w = compare(scope, depth); break;
      case 1: w = compare_count(scope, depth); break;
      case 2: w = one_of(scope, depth); break;
      case 3: w = text_test(scope, depth); break;
      case 4: w = presence(scope, depth); break;
      case 5: w = happened(scope, depth); break;
      case 6: w = in_segment(scope); break;
      case 7: {
        const bool both = random_.percent(50);
        const Written l = yes_no(scope, depth - 1), r = yes_no(scope, depth - 1);
        ++tally_[both ? "and" : "or"];
        const Binding binding = both ? Binding::And : Binding::Or;
        const std::string before = in(l, binding);
        return {before + (both ? " and " : " or ") + in(r, both ? Binding::Not : Binding::And), binding};
      }
      case 8:
        ++tally_["not"];
        return {"not " + in(yes_no(scope, depth - 1), Binding::Not), Binding::Not};
      default: w = leaf(scope, kYesNo); break;
    }
    if (!w.text.empty()) return w;
  }
  return literal(kYesNo);
}

std::string Expressions::condition(const Scope& scope, int depth) { return yes_no(scope, depth).text; }

std::string Expressions::value(const Scope& scope, Type type, int depth) {
  const Written w = make(scope, type, depth);
  return w.text;
}

}  // namespace polku::differential
