// Conditions: what is yes, no or not known.
#include "tests/differential/expressions.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

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

std::string Expressions::sign(Type type) {
  const std::size_t op = ordered(type.kind) ? random_.below(6) : random_.below(2);
  const bool words = random_.percent(60);
  std::string sign = words ? kSigns[op].words : kSigns[op].sign;
  if (words && op >= 2 && random_.percent(30)) sign.insert(0, random_.percent(30) ? "is not " : "is ");
  ++tally_["compare " + sign];
  ++tally_["compare of " + std::string(catalog::kind_name(type.kind))];
  return sign;
}

Type Expressions::comparable(const Scope& scope) {
  for (int tries = 0; tries < 20; ++tries) {
    Type type = random_.of({kYesNo, kWhole, kWhole, kWhole, kNumber, kMoney, kMoney, kPercent, kText, kText, kTime, kDate, kDuration, Type{TypeKind::OneOf, 0},
                            Type{TypeKind::OneOf, 0}});
    if (type.kind == TypeKind::OneOf) type.list = static_cast<int>(random_.below(world_.lists.size()));
    if (!names(scope, type).empty() || (scope.visitor && (type == kWhole || (type == kTime && scope.now)))) return type;
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
  const std::string op = sign(type);
  const std::string before = in(left, Binding::Add);
  return {before + " " + op + " " + in(right, Binding::Add), Binding::Compare};
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
    const std::vector<std::string> consents = names(scope, kConsent);
    return {random_.of(consents) + verb, Binding::Compare};
  }
  const Type type = random_.of({kWhole, kNumber, kMoney, kPercent, kText, kTime, kDate, kDuration, kTextList, kYesNo});
  const Written subject = make(scope, type, random_.percent(25) ? depth : 0);
  if (subject.text.empty()) return {};
  ++tally_[given ? "is given" : "is missing"];
  return {in(subject, Binding::Add) + verb, Binding::Compare};
}

Written Expressions::happened(const Scope& scope, int) {
  if (scope.visible > 0 && random_.percent(35)) {
    const std::string what = rule_verb(scope);
    return {what + window(scope), Binding::Compare};
  }
  ++tally_["happened"];
  const std::string what = occurrence(static_cast<int>(random_.below(world_.events.size())), 1, 35);
  return {what + " happened" + window(scope), Binding::Compare};
}

Written Expressions::in_segment(const Scope& scope) {
  const bool negated = random_.percent(25);
  ++tally_[negated ? "visitor not in" : "visitor in"];
  const std::string in = std::string(random_.percent(20) ? "visitor is " : "visitor ") + (negated ? "not in s" : "in s");
  return {in + std::to_string(1 + random_.of(scope.segments)), Binding::Compare};
}

// All that a segment may do with `now` which a rule enters or leaves.
Written Expressions::now_and_date() {
  ++tally_["now compared with a constant date"];
  std::string left = "now", right = literal(kDate).text;
  if (random_.percent(25)) std::swap(left, right);
  const std::string op = sign(kTime);
  return {left + " " + op + " " + right, Binding::Compare};
}

Written Expressions::visitor_is(const Scope& scope) {
  std::vector<std::string> names;
  for (const Attribute& a : world_.attributes)
    if (a.type == kYesNo && in_sight(scope, a)) names.push_back(a.name);
  if (names.empty()) return {};
  const bool negated = random_.percent(40);
  ++tally_[negated ? "visitor is not NAME" : "visitor is NAME"];
  return {std::string(negated ? "visitor is not " : "visitor is ") + random_.of(names), Binding::Compare};
}

Written Expressions::yes_no(const Scope& scope, int depth) {
  for (int tries = 0; tries < 6; ++tries) {
    const bool deep = depth > 0, v = scope.visitor;
    Written w;
    const std::vector<int> weights = {30, v ? 16 : 0, 6, 8, 10, v ? 12 : 0, scope.segments.empty() ? 0 : 12, deep ? 16 : 0, deep ? 8 : 0, v ? 3 : 0, v ? 4 : 0, 6};
    switch (random_.weighted(weights)) {
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
      case 9: w = now_and_date(); break;
      case 10: w = visitor_is(scope); break;
      default: w = leaf(scope, kYesNo); break;
    }
    if (!w.text.empty()) return w;
  }
  return literal(kYesNo);
}

std::string Expressions::counted(const Scope& scope) {
  Written w = random_.percent(60) ? compare_count(scope, 0) : happened(scope, 0);
  if (random_.percent(15)) w.text.insert(0, "not ");
  return w.text;
}

std::string Expressions::condition(const Scope& scope, int depth) { return yes_no(scope, depth).text; }

}  // namespace polku::differential
