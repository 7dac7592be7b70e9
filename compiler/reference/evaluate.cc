#include "compiler/reference/evaluate.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

namespace polku::reference {

using history::Datum;
using history::Seen;
using syntax::CompareOp;
using syntax::Expr;

namespace {

constexpr std::int64_t kNoCap = std::numeric_limits<std::int64_t>::max();

struct Count { std::int64_t sure = 0, unsure = 0; };

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

  // Is this bare word or path the name of anything here?
  std::optional<Typed> look_up(const syntax::Path& path) const {
    const bool own = scope_.own != nullptr;
    const history::Event* event = own ? scope_.own : scope_.start;
    if (event != nullptr && event->type >= 0) {
      const catalog::Event& type = story_.catalog.events[static_cast<std::size_t>(event->type)];
      if (own && path.parts.size() == 1) return field(*event, path.parts.front());
      if (path.parts.size() > 1 && path.parts.front() == type.name)
        if (auto value = field(*event, behind_first(path))) return value;
    }
    if (own) return std::nullopt;
    int attribute = story_.catalog.attribute(path.text());
    if (attribute < 0 && path.parts.front() == "visitor") attribute = story_.catalog.attribute(behind_first(path));
    if (attribute < 0) return std::nullopt;
    return attribute_value(story_, attribute);
  }

 private:
  std::optional<Typed> field(const history::Event& event, const std::string& name) const {
    const catalog::Event& type = story_.catalog.events[static_cast<std::size_t>(event.type)];
    const int index = type.field(name);
    if (index < 0) return std::nullopt;
    const auto i = static_cast<std::size_t>(index);
    return from_event(type.fields[i].type, i < event.fields.size() ? event.fields[i] : kUnknown, story_.texts);
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

  Typed read(const syntax::Last& last, const Expr& e) const {
    const int type = story_.catalog.event(last.event.text);
    const auto& records = story_.records();
    for (std::size_t i = records.size(); i-- > 0;) {
      if (records[i].event == nullptr || records[i].event->type != type || type < 0) continue;
      if (!story_.kept(records[i].at)) break;
      auto value = field(*records[i].event, last.field.text);
      return found(e, value ? *value : unknown(TypeKind::Text));
    }
    return found(e, unknown_field(type, last.field.text));
  }

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
    const Count c = count(happened.what, happened.window);
    return found(e, yes_no(c.sure >= 1 ? Tri::Yes : c.sure + c.unsure < 1 ? Tri::No : Tri::Unknown));
  }

  Typed read(const syntax::Aggregate& aggregate, const Expr& e) const {
    switch (aggregate.kind) {
      case syntax::AggregateKind::Sum: return found(e, sum(aggregate));
      case syntax::AggregateKind::Highest:
      case syntax::AggregateKind::Lowest: return found(e, extreme(aggregate));
      case syntax::AggregateKind::Number: break;
    }
    const Count c = count(aggregate.what, aggregate.window);
    return found(e, plain(TypeKind::Whole, c.unsure == 0 ? std::optional(c.sure) : std::nullopt));
  }

  // ---- what is made of them ----

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

  Typed read(const syntax::Presence& presence, const Expr&) const {
    const Typed subject = of(*presence.subject);
    if (subject.kind == TypeKind::Consent && presence.given) return yes_no(tri(subject.known() && *subject.number == kYes));
    return yes_no(tri(subject.known() == presence.given));
  }

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

  Typed read(const syntax::Compare& comparison, const Expr&) const {
    Operand left = operand(*comparison.left, cap(comparison.op, *comparison.right));
    Operand right = operand(*comparison.right, cap(mirrored(comparison.op), *comparison.left));
    settle_words(*comparison.left, left, *comparison.right, right);
    keep(left.saw);
    keep(right.saw);
    return yes_no(compare_all(comparison.op, left, right));
  }

  Typed read(const syntax::OneOf& one_of, const Expr&) const {
    std::int64_t far = 1;  // a count is followed until every value of the list is decided
    for (const auto& value : one_of.values) far = std::max(far, cap(CompareOp::Eq, *value));
    const Operand subject = operand(*one_of.subject, far);
    Tri any = Tri::No;
    std::vector<Seen> values_saw;
    bool subject_is_name = false;  // else it is itself a word of a list, each time
    for (const auto& value : one_of.values) {
      Operand left = subject;
      Operand right = operand(*value, cap(CompareOp::Eq, *one_of.subject));
      settle_words(*one_of.subject, left, *value, right);
      any = tri_or(any, compare_all(CompareOp::Eq, left, right));
      if (!left.saw.empty()) subject_is_name = true;
      values_saw.insert(values_saw.end(), right.saw.begin(), right.saw.end());
    }
    if (subject_is_name) keep(subject.saw);
    keep(values_saw);
    return yes_no(one_of.negated ? tri_not(any) : any);
  }

  // ---- comparisons ----

  Operand operand(const Expr& e, std::int64_t enough) const {
    Operand o;
    const auto* aggregate = std::get_if<syntax::Aggregate>(&e.node);
    if (aggregate == nullptr || aggregate->kind != syntax::AggregateKind::Number) {
      o.value = Evaluation(story_, scope_, saw_ != nullptr ? &o.saw : nullptr).of(e);
      return o;
    }
    o.range = count(aggregate->what, aggregate->window);
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
    return all.value_or(Tri::Unknown);
  }

  void keep(const std::vector<Seen>& seen) const {
    for (const Seen& s : seen) see(saw_, s.name, s.value);
  }

  // ---- scans of the history ----

  // The first record of the window; those from there on to the end are in it.
  std::size_t window_begin(const syntax::Window& window) const {
    const auto& records = story_.records();
    const Millis kept = story_.catalog.history;
    switch (window.kind) {
      case syntax::WindowKind::Ever: return first_within(kept);
      case syntax::WindowKind::Last: return first_within(std::min(window.length, kept));
      case syntax::WindowKind::Since: {
        const int since = story_.catalog.event(window.event.text);
        const std::size_t oldest = first_within(kept);
        for (std::size_t i = records.size(); i-- > oldest;)
          if (since >= 0 && records[i].event != nullptr && records[i].event->type == since) return i + 1;
        return records.size();
      }
    }
    return records.size();
  }

  // The first record with now − length < at; they stand in the order of time.
  std::size_t first_within(Millis length) const {
    const auto& records = story_.records();
    const auto outside = [&](const Record& r) { return !story_.within(r.at, length); };
    return static_cast<std::size_t>(std::partition_point(records.begin(), records.end(), outside) - records.begin());
  }

  Count count(const syntax::Occurrence& what, const syntax::Window& window) const {
    const Target wanted = target(story_, scope_.journey, what);
    const auto& records = story_.records();
    Count c;
    for (std::size_t i = window_begin(window); i < records.size(); ++i) {
      const Tri match = matches(story_, wanted, records[i]);
      if (match == Tri::Yes) ++c.sure;
      if (match == Tri::Unknown) ++c.unsure;
    }
    return c;
  }

  // Every value that matches, or might; nothing if one of them is not known.
  std::optional<std::vector<std::int64_t>> values(const syntax::Aggregate& aggregate) const {
    const Target wanted = target(story_, scope_.journey, aggregate.what);
    const auto& records = story_.records();
    std::vector<std::int64_t> all;
    for (std::size_t i = window_begin(aggregate.window); i < records.size(); ++i) {
      const Tri match = matches(story_, wanted, records[i]);
      if (match == Tri::No) continue;
      const auto value = field(*records[i].event, aggregate.field.text);
      if (match == Tri::Unknown || !value || !value->known()) return std::nullopt;
      all.push_back(*value->number);
    }
    return all;
  }

  Typed sum(const syntax::Aggregate& aggregate) const {
    Typed result = unknown_field(target(story_, scope_.journey, aggregate.what).event, aggregate.field.text);
    const auto all = values(aggregate);
    if (!all) return result;
    __int128 total = 0;
    for (const std::int64_t v : *all) total += v;
    if (total > kUnknown && total <= std::numeric_limits<std::int64_t>::max()) result.number = static_cast<std::int64_t>(total);
    return result;
  }

  Typed extreme(const syntax::Aggregate& aggregate) const {
    Typed result = unknown_field(target(story_, scope_.journey, aggregate.what).event, aggregate.field.text);
    const auto all = values(aggregate);
    if (!all || all->empty()) return result;
    const auto [lowest, highest] = std::minmax_element(all->begin(), all->end());
    result.number = aggregate.kind == syntax::AggregateKind::Highest ? *highest : *lowest;
    return result;
  }

  Typed unknown_field(int event, const std::string& name) const {
    if (event < 0) return unknown(TypeKind::Text);
    const catalog::Event& type = story_.catalog.events[static_cast<std::size_t>(event)];
    const int index = type.field(name);
    return index < 0 ? unknown(TypeKind::Text) : unknown(type.fields[static_cast<std::size_t>(index)].type);
  }

  const Story& story_;
  const Scope& scope_;
  std::vector<Seen>* saw_;
};

}  // namespace

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

Target target(const Story& story, const syntax::Journey* journey, const syntax::Occurrence& what) {
  Target t;
  t.where = what.where.get();
  if (what.verb == syntax::Verb::None) {
    t.event = story.catalog.event(what.name.text);
    return t;
  }
  t.kind = what.verb == syntax::Verb::Sent ? history::ActionKind::Send : history::ActionKind::Show;
  if (what.journey) t.rule = story.rule(what.journey->text, what.name.text);
  else if (journey != nullptr) t.rule = story.rule(journey->name.text, what.name.text);
  return t;
}

Tri matches(const Story& story, const Target& target, const Record& record) {
  if (record.event == nullptr) return tri(target.rule >= 0 && record.rule == target.rule && record.kind == target.kind);
  if (target.event < 0 || record.event->type != target.event) return Tri::No;
  if (target.where == nullptr) return Tri::Yes;
  for (const auto& [where, match] : record.where)
    if (where == target.where) return match;
  Scope scope;
  scope.own = record.event;
  const Tri match = truth(evaluate(story, scope, *target.where, nullptr));
  record.where.emplace_back(target.where, match);
  return match;
}

void see(std::vector<Seen>* saw, const std::string& name, Datum value) {
  if (saw == nullptr) return;
  for (const Seen& s : *saw)
    if (s.name == name) return;
  saw->push_back({name, std::move(value)});
}

}  // namespace polku::reference
