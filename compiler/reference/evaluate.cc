#include "compiler/reference/evaluate.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "compiler/reference/look_back.h"

namespace polku::reference {

using history::Datum;
using history::Seen;
using syntax::CompareOp;
using syntax::Expr;

namespace {

constexpr std::int64_t kNoCap = std::numeric_limits<std::int64_t>::max();

// One side of a comparison: a value, or (if a count stands there itself) every whole number of a range.
struct Operand {
  Typed value;
  std::optional<Count> range;
  std::vector<Seen> saw;
};

CompareOp mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::Lt: return CompareOp::Gt;
    case CompareOp::Le: return CompareOp::Ge;
    case CompareOp::Gt: return CompareOp::Lt;
    case CompareOp::Ge: return CompareOp::Le;
    case CompareOp::Eq: case CompareOp::Ne: return op;
  }
  return op;
}

std::optional<std::int64_t> whole_constant(const Expr& e) {
  if (const auto* minus = std::get_if<syntax::Negate>(&e.node)) {
    const auto inner = whole_constant(*minus->operand);
    return inner ? negate(plain(TypeKind::Whole, inner)).number : std::nullopt;
  }
  const auto* literal = std::get_if<syntax::Literal>(&e.node);
  if (literal == nullptr || literal->kind != syntax::LiteralKind::Whole) return std::nullopt;
  return from_literal(*literal).number;
}

// How far `count op other` has to be followed until it is decided.
std::int64_t cap(CompareOp op, const Expr& other) {
  const auto n = whole_constant(other);
  if (!n || *n == kNoCap) return kNoCap;
  const bool reached = op == CompareOp::Ge || op == CompareOp::Lt;
  return std::max<std::int64_t>(1, reached ? *n : *n + 1);
}

// `is one of […]`: as far as the largest needs.
std::int64_t cap(const std::vector<syntax::ExprPtr>& values) {
  std::int64_t far = 1;
  for (const auto& value : values) far = std::max(far, cap(CompareOp::Eq, *value));
  return far;
}

// The word, if the expression is one bare word.
const std::string* bare_word(const Expr& e) {
  const auto* path = std::get_if<syntax::Path>(&e.node);
  return path != nullptr && path->parts.size() == 1 ? &path->parts.front() : nullptr;
}

std::string behind_first(const syntax::Path& path) {
  std::string text;
  for (std::size_t i = 1; i < path.parts.size(); ++i) text += (i > 1 ? "." : "") + path.parts[i];
  return text;
}

class Evaluation {
 public:
  Evaluation(const Story& story, const Scope& scope, std::vector<Seen>* saw) : story_(story), scope_(scope), saw_(saw) {}

  Typed of(const Expr& e) const {
    return std::visit([&](const auto& node) { return read(node, e); }, e.node);
  }

  // ---- what is made of values, also by the cells of tables ----

  Tri compared(CompareOp op, const Expr& left_expr, const Expr& right_expr) const {
    Operand left = operand(left_expr, cap(op, right_expr));
    Operand right = operand(right_expr, cap(mirrored(op), left_expr));
    settle_words(left_expr, left, right_expr, right);
    keep(left.saw);
    keep(right.saw);
    return compare_all(op, left, right);
  }

  Tri one_of(const Expr& subject_expr, const std::vector<syntax::ExprPtr>& values) const {
    const Operand subject = operand(subject_expr, cap(values));
    Tri any = Tri::No;
    std::vector<Seen> values_saw;
    bool subject_is_name = false;  // else it is itself a word of a list, each time
    for (const auto& value : values) {
      Operand left = subject;
      Operand right = operand(*value, cap(CompareOp::Eq, subject_expr));
      settle_words(subject_expr, left, *value, right);
      any = tri_or(any, compare_all(CompareOp::Eq, left, right));
      if (!left.saw.empty()) subject_is_name = true;
      values_saw.insert(values_saw.end(), right.saw.begin(), right.saw.end());
    }
    if (subject_is_name) keep(subject.saw);
    keep(values_saw);
    return any;
  }

  Tri present(const Expr& subject_expr, bool given) const {
    const Typed subject = of(subject_expr);
    if (subject.kind == TypeKind::Consent && given) return tri(subject.known() && *subject.number == kYes);
    return tri(subject.known() == given);
  }

  // A count that stands there itself is a range, and shown as far as it is followed.
  Operand operand(const Expr& e, std::int64_t enough) const {
    Operand o;
    const auto* number_of = std::get_if<syntax::Aggregate>(&e.node);
    if (number_of == nullptr || number_of->kind != syntax::AggregateKind::Number) {
      o.value = Evaluation(story_, scope_, saw_ != nullptr ? &o.saw : nullptr).of(e);
      return o;
    }
    o.range = count(story_, scope_, number_of->what, number_of->window);
    Datum shown = to_datum(unknown(TypeKind::Whole));
    if (o.range->sure >= enough) {
      shown.value = enough;
      shown.or_more = true;
    } else if (o.range->unsure == 0) {
      shown.value = o.range->sure;
    }
    see(&o.saw, e.text, shown);
    o.value = unknown(TypeKind::Whole);
    return o;
  }

 private:
  // What is this path the name of?
  std::optional<Typed> look_up(const syntax::Path& path) const {
    const auto& first = path.parts.front();
    if (scope_.own != nullptr) {
      if (path.parts.size() == 1) return field_of(story_, *scope_.own, first);
      return story_.catalog.event(first) == scope_.own->type ? field_of(story_, *scope_.own, behind_first(path)) : std::nullopt;
    }
    if (const int event = path.parts.size() > 1 ? story_.catalog.event(first) : -1; event >= 0 && could_start_with(event)) {
      const std::string name = behind_first(path);
      if (story_.catalog.events[static_cast<std::size_t>(event)].field(name) >= 0)
        return scope_.start != nullptr && scope_.start->type == event ? field_of(story_, *scope_.start, name) : unknown_field(story_, event, name);
    }
    const int attribute = attribute_named(story_.catalog, path);
    return attribute < 0 ? std::nullopt : std::optional(attribute_value(story_, attribute));
  }

  bool could_start_with(int event) const {
    return scope_.starters != nullptr && std::find(scope_.starters->begin(), scope_.starters->end(), event) != scope_.starters->end();
  }

  Typed found(const Expr& e, Typed value) const {
    if (saw_ != nullptr) see(saw_, e.text, to_datum(value));
    return value;
  }

  // ---- leaves ----

  Typed read(const syntax::Literal& literal, const Expr&) const { return from_literal(literal); }
  Typed read(const syntax::Path& path, const Expr& e) const {
    auto value = look_up(path);
    return found(e, value ? *value : unknown(TypeKind::Text));
  }
  Typed read(const syntax::Now&, const Expr& e) const { return found(e, plain(TypeKind::Time, story_.now())); }
  Typed read(const syntax::Last& last, const Expr& e) const { return found(e, latest(story_, last)); }
  Typed read(const syntax::First& first, const Expr& e) const { return found(e, earliest(story_, first)); }

  Typed read(const syntax::InSegment& in, const Expr&) const {
    const syntax::Segment* segment = story_.segment(in.segment.text);
    Tri member = Tri::Unknown;
    if (segment != nullptr) {
      auto memo = story_.read_now.find(segment->test.get());
      if (memo == story_.read_now.end())
        memo = story_.read_now.emplace(segment->test.get(), evaluate(story_, Scope{}, *segment->test, nullptr)).first;
      member = truth(memo->second);
    }
    see(saw_, "visitor in " + in.segment.text, to_datum(yes_no(member)));
    return yes_no(in.negated ? tri_not(member) : member);
  }

  Typed read(const syntax::Happened& happened, const Expr& e) const {
    const Count c = count(story_, scope_, happened.what, happened.window);
    return found(e, yes_no(c.sure >= 1 ? Tri::Yes : c.sure + c.unsure < 1 ? Tri::No : Tri::Unknown));
  }

  Typed read(const syntax::Aggregate& of, const Expr& e) const {
    if (of.kind != syntax::AggregateKind::Number) return found(e, aggregate(story_, scope_, of));
    const Count c = count(story_, scope_, of.what, of.window);
    return found(e, plain(TypeKind::Whole, c.unsure == 0 ? std::optional(c.sure) : std::nullopt));
  }

  // ---- what is made of them ----

  Typed read(const syntax::List& list, const Expr&) const {
    std::vector<Typed> values;
    for (const auto& value : list.values) values.push_back(of(*value));
    return list_of(values);
  }

  Typed read(const syntax::Arith& arith, const Expr&) const {
    const Typed left = of(*arith.left);
    return arithmetic(arith.op, left, of(*arith.right));
  }
  Typed read(const syntax::Negate& minus, const Expr&) const { return negate(of(*minus.operand)); }
  Typed read(const syntax::Not& no, const Expr&) const { return yes_no(tri_not(truth(of(*no.operand)))); }

  Typed read(const syntax::Logic& logic, const Expr&) const {
    const Tri left = truth(of(*logic.left));
    const Tri right = truth(of(*logic.right));  // always both: what is seen does not depend on what is true
    return yes_no(logic.op == syntax::LogicOp::And ? tri_and(left, right) : tri_or(left, right));
  }

  Typed read(const syntax::Presence& presence, const Expr&) const { return yes_no(present(*presence.subject, presence.given)); }

  Typed read(const syntax::Otherwise& otherwise, const Expr&) const {
    Typed subject = of(*otherwise.subject);
    catalog::Type wanted{subject.kind, {}};
    if (subject.values != nullptr) wanted.values = *subject.values;
    Typed fallback = evaluate_as(story_, scope_, wanted, *otherwise.fallback, saw_);
    if (fallback.kind == TypeKind::OneOf) fallback.values = subject.values;  // `wanted` ends here
    if (fallback.kind == TypeKind::Number) subject = to_number(subject);
    return subject.known() ? subject : fallback;
  }

  Typed read(const syntax::TextTest& test, const Expr&) const {
    const Typed subject = of(*test.subject);
    return yes_no(test_text(test.op, subject, of(*test.argument)));
  }

  Typed read(const syntax::Compare& comparison, const Expr&) const { return yes_no(compared(comparison.op, *comparison.left, *comparison.right)); }

  Typed read(const syntax::OneOf& of, const Expr&) const {
    const Tri any = one_of(*of.subject, of.values);
    return yes_no(of.negated ? tri_not(any) : any);
  }

  // ---- comparisons ----

  // A bare word beside a one-of value is that value, and then nothing was looked up.
  static void settle_words(const Expr& left_expr, Operand& left, const Expr& right_expr, Operand& right) {
    const std::string* word = bare_word(right_expr);
    auto value = word != nullptr ? one_of_word(*word, left.value) : std::nullopt;
    if (value) {
      right = {*value, {}, {}};
      return;
    }
    word = bare_word(left_expr);
    value = word != nullptr ? one_of_word(*word, right.value) : std::nullopt;
    if (value) left = {*value, {}, {}};
  }

  // True or false if it is so for every number of the ranges.
  Tri compare_all(CompareOp op, const Operand& left, const Operand& right) const {
    const Count a = left.range.value_or(Count{}), b = right.range.value_or(Count{});
    if (left.range && right.range) {  // of two counts each must be known
      const auto known = [](const Count& c) { return c.unsure == 0 ? plain(TypeKind::Whole, c.sure) : unknown(TypeKind::Whole); };
      return compare(op, known(a), known(b), story_.zone);
    }
    std::optional<Tri> all;
    for (std::int64_t i = a.sure; i <= a.sure + a.unsure; ++i) {
      for (std::int64_t j = b.sure; j <= b.sure + b.unsure; ++j) {
        const Tri one = compare(op, left.range ? plain(TypeKind::Whole, i) : left.value,
                                right.range ? plain(TypeKind::Whole, j) : right.value, story_.zone);
        if (one == Tri::Unknown || (all && *all != one)) return Tri::Unknown;
        all = one;
      }
    }
    return *all;
  }

  void keep(const std::vector<Seen>& seen) const {
    for (const Seen& s : seen) see(saw_, s.name, s.value);
  }

  const Story& story_;
  const Scope& scope_;
  std::vector<Seen>* saw_;
};

}  // namespace

Scope scope_of(const Story& story, int rule, const Start& start) {
  Scope scope;
  scope.journey = story.at(rule).journey;
  scope.start = story.event(start);
  scope.starters = &story.at(rule).starters;
  scope.before = start.position;
  return scope;
}

Typed evaluate(const Story& story, const Scope& scope, const Expr& expr, std::vector<Seen>* saw) {
  return Evaluation(story, scope, saw).of(expr);
}

Typed evaluate_as(const Story& story, const Scope& scope, const catalog::Type& type, const Expr& expr, std::vector<Seen>* saw) {
  const Evaluation evaluation(story, scope, saw);
  const std::string* word = bare_word(expr);
  if (word != nullptr && type.kind == TypeKind::OneOf)
    if (auto value = one_of_word(*word, unknown(type))) return *value;
  const Typed value = evaluation.of(expr);
  return type.kind == TypeKind::Number ? to_number(value) : value;
}

Tri cell_holds(const Story& story, const Scope& scope, const Expr& column, const syntax::Cell& cell) {
  const Evaluation evaluation(story, scope, nullptr);
  switch (cell.kind) {
    case syntax::Cell::Kind::Any: return Tri::Yes;
    case syntax::Cell::Kind::Given: return evaluation.present(column, true);
    case syntax::Cell::Kind::Missing: return evaluation.present(column, false);
    case syntax::Cell::Kind::Compare: return evaluation.compared(cell.op, column, *cell.values.front());
    case syntax::Cell::Kind::OneOf: return evaluation.one_of(column, cell.values);
  }
  return Tri::Unknown;
}

Datum column_seen(const Story& story, const Scope& scope, const Expr& column, const std::vector<const syntax::Cell*>& cells) {
  std::int64_t far = 1;  // of a count: as far as the cell that needs most
  for (const syntax::Cell* cell : cells) {
    switch (cell->kind) {
      case syntax::Cell::Kind::Any: break;
      case syntax::Cell::Kind::Given: case syntax::Cell::Kind::Missing: far = kNoCap; break;
      case syntax::Cell::Kind::Compare: far = std::max(far, cap(cell->op, *cell->values.front())); break;
      case syntax::Cell::Kind::OneOf: far = std::max(far, cap(cell->values)); break;
    }
  }
  const Operand o = Evaluation(story, scope, nullptr).operand(column, far);
  return o.range ? o.saw.front().value : to_datum(o.value);
}

const Target& target(const Story& story, const syntax::Journey* journey, const syntax::Occurrence& what) {
  const auto [at, added] = story.book.targets.try_emplace(&what);
  Target& t = at->second;
  if (!added) return t;
  t.where = what.where.get();
  if (what.verb == syntax::Verb::None) t.event = story.catalog.event(what.name.text);
  else if (what.journey) t.rule = story.book.rule(what.journey->text, what.name.text);
  else if (journey != nullptr) t.rule = story.book.rule(journey->name.text, what.name.text);
  return t;
}

Tri matches(const Story& story, const Target& target, const Record& record) {
  if (record.event == nullptr) return tri(target.rule >= 0 && record.rule == target.rule);  // whatever it did: readings 36, 74
  if (target.event < 0 || record.event->type != target.event) return Tri::No;
  if (target.where == nullptr) return Tri::Yes;
  if (const auto memo = record.event->where.find(target.where); memo != record.event->where.end()) return memo->second;
  Scope scope;
  scope.own = record.event;
  const Tri match = truth(evaluate(story, scope, *target.where, nullptr));
  record.event->where.emplace(target.where, match);
  return match;
}

void see(std::vector<Seen>* saw, const std::string& name, Datum value) {
  if (saw == nullptr) return;
  for (const Seen& s : *saw)
    if (s.name == name) return;
  saw->push_back({name, std::move(value)});
}

}  // namespace polku::reference
