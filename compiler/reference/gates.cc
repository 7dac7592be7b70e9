#include "compiler/reference/gates.h"

#include <utility>

#include "compiler/reference/evaluate.h"

namespace polku::reference {

using history::ActionKind;
using history::Datum;
using history::Decision;
using history::Outcome;
using history::Reason;
using history::Seen;

namespace {

Datum text_datum(std::string text) {
  Datum d;
  d.kind = TypeKind::Text;
  d.value = 0;
  d.texts = {std::move(text)};
  return d;
}

// `7 days`, `90 minutes`: the largest unit that divides it.
std::string in_words(Millis length) {
  static constexpr struct { Millis unit; const char* name; } kUnits[] = {
      {kDay, "day"}, {kHour, "hour"}, {kMinute, "minute"}, {kSecond, "second"}, {1, "millisecond"}};
  for (const auto& u : kUnits) {
    if (length % u.unit != 0) continue;
    const Millis n = length / u.unit;
    return std::to_string(n) + " " + u.name + (n == 1 ? "" : "s");
  }
  return {};
}

class Gates {
 public:
  Gates(Story& story, const Firing& firing, std::size_t place_begin, Decision& decision)
      : story_(story), firing_(firing), place_begin_(place_begin), d_(decision),
        ref_(story.rules[static_cast<std::size_t>(firing.rule)]), journey_(*ref_.journey), rule_(*ref_.rule) {
    scope_.journey = &journey_;
    scope_.start = story.records()[firing.start].event;
  }

  // The first gate that refuses gives the outcome.
  Outcome pass() {
    describe_trigger();
    if (const Outcome o = clauses(); o != Outcome::acted) return o;
    if (!parameters()) return Outcome::unknown;
    if (taken()) return Outcome::outranked;
    if (!consent()) return Outcome::no_consent;
    if (!reach()) return Outcome::no_reach;
    if (!limits()) return Outcome::over_limit;
    return Outcome::acted;
  }

 private:
  void refuse(std::string clause, Tri is, std::string name, Datum value) {
    d_.because.push_back({std::move(clause), is, {{std::move(name), std::move(value)}}});
  }

  void describe_trigger() {
    Reason when{rule_.when->text, Tri::Yes, {}};
    if (rule_.when->what.where) {
      Scope own;
      own.own = scope_.start;
      evaluate(story_, own, *rule_.when->what.where, &when.saw);
    }
    d_.because.push_back(std::move(when));
    if (rule_.then) d_.because.push_back({rule_.then->text, Tri::Yes, {}});
  }

  Outcome clauses() {
    bool refused = false, open = false;
    const auto judge = [&](const syntax::Condition& condition) {
      Reason reason{condition.text, Tri::Unknown, {}};
      reason.is = truth(evaluate(story_, scope_, *condition.test, &reason.saw));
      if (reason.is == Tri::Unknown) open = true;
      if (reason.is == (condition.polarity == syntax::Polarity::OnlyIf ? Tri::No : Tri::Yes)) refused = true;
      d_.because.push_back(std::move(reason));
    };
    for (const auto& condition : journey_.conditions) judge(condition);
    for (const auto& condition : rule_.conditions) judge(condition);
    return refused ? Outcome::no_match : open ? Outcome::unknown : Outcome::acted;
  }

  const syntax::Binding* binding(const std::string& name) const {
    for (const auto& b : rule_.action->params)
      if (b.name.text() == name) return &b;
    return nullptr;
  }

  bool parameters() {
    const int index = story_.catalog.template_(rule_.action->template_.text);
    if (index < 0) return true;
    for (const catalog::Field& param : story_.catalog.templates[static_cast<std::size_t>(index)].params) {
      const syntax::Binding* b = binding(param.name);
      std::vector<Seen> saw;
      Typed value = unknown(param.type);
      if (b != nullptr && b->value) value = evaluate_as(story_, scope_, param.type, *b->value, &saw);
      if (value.known()) {
        d_.action.params.push_back({param.name, to_datum(value)});
      } else if (!param.optional) {
        const std::string written = b != nullptr && b->value ? b->value->text : "missing";
        d_.because.push_back({"with " + param.name + " = " + written, Tri::Unknown, std::move(saw)});
        d_.action.params.clear();
        return false;
      }
    }
    return true;
  }

  // A send wants its channel for itself at this instant, a show its slot.
  bool taken() {
    for (std::size_t i = place_begin_; i < story_.records().size(); ++i) {
      const Record& r = story_.records()[i];
      if (r.event != nullptr || r.channel != d_.action.channel || r.slot != d_.action.slot) continue;  // of a send the slot is empty
      const RuleRef& by = story_.rules[static_cast<std::size_t>(r.rule)];
      refuse(r.kind == ActionKind::Send ? "one message by " + r.channel + " at a time"
                                        : "one show in " + r.channel + "." + r.slot + " at a time",
             Tri::No, "taken by", text_datum(by.journey->name.text + " / " + by.rule->name.text));
      return true;
    }
    return false;
  }

  const catalog::Channel* channel() const {
    const int index = story_.catalog.channel(d_.action.channel);
    return index < 0 ? nullptr : &story_.catalog.channels[static_cast<std::size_t>(index)];
  }

  const std::string& attribute_name(int index) const { return story_.catalog.attributes[static_cast<std::size_t>(index)].name; }

  bool consent() {
    const catalog::Channel* c = channel();
    if (c == nullptr || c->needs < 0) return true;
    const Typed value = attribute_value(story_, c->needs);
    if (value.known() && *value.number == kYes) return true;
    const std::string& name = attribute_name(c->needs);
    refuse(c->name + " needs " + name, value.known() ? Tri::No : Tri::Unknown, name, to_datum(value));
    return false;
  }

  bool reach() {
    const catalog::Channel* c = channel();
    if (c == nullptr || c->reach < 0) return true;
    const Typed value = attribute_value(story_, c->reach);
    if (value.known()) return true;
    const std::string& name = attribute_name(c->reach);
    refuse(c->name + " needs " + name, Tri::Unknown, name, to_datum(value));
    return false;
  }

  // How many acted decisions of the same kind as this one stand in the window and belong to the scope.
  template <class InScope>
  bool room(std::int64_t count, Millis within, const std::string& clause, InScope in_scope) {
    std::int64_t found = 0;
    for (const Record& r : story_.records())
      if (r.event == nullptr && r.kind == d_.action.kind && story_.within(r.at, within) && in_scope(r)) ++found;
    if (found < count) return true;
    Datum counted;
    counted.kind = TypeKind::Whole;
    counted.value = found;
    refuse(clause, Tri::No, d_.action.kind == ActionKind::Send ? "messages" : "shows", counted);
    return false;
  }

  bool concerns(const syntax::Limit& limit) const {
    return (limit.unit == syntax::LimitUnit::Messages) == (d_.action.kind == ActionKind::Send);
  }

  bool limits() {
    for (const auto& limit : rule_.limits)
      if (concerns(limit) && !room(limit.count, limit.within.length, limit.text, [&](const Record& r) { return r.rule == firing_.rule; }))
        return false;
    for (const auto& limit : journey_.limits)
      if (concerns(limit) && !room(limit.count, limit.within.length, limit.text, [&](const Record& r) {
            return story_.rules[static_cast<std::size_t>(r.rule)].journey == &journey_;
          }))
        return false;
    const catalog::Channel* c = channel();
    if (c == nullptr || !c->limit || d_.action.kind != ActionKind::Send) return true;
    const std::string clause =
        "at most " + std::to_string(c->limit->count) + " messages by " + c->name + " in " + in_words(c->limit->within);
    return room(c->limit->count, c->limit->within, clause, [&](const Record& r) { return r.channel == c->name; });
  }

  Story& story_;
  const Firing& firing_;
  const std::size_t place_begin_;
  Decision& d_;
  const RuleRef ref_;
  const syntax::Journey& journey_;
  const syntax::Rule& rule_;
  Scope scope_;
};

history::Action action_of(const syntax::Action& written) {
  history::Action action;
  action.kind = written.kind == syntax::ActionKind::Send ? ActionKind::Send : ActionKind::Show;
  action.name = written.template_.text;
  for (std::size_t i = 0; i < written.target.parts.size(); ++i) {
    if (i == 0) action.channel = written.target.parts[i];
    else action.slot += (i > 1 ? "." : "") + written.target.parts[i];
  }
  return action;
}

}  // namespace

Decision pass_gates(Story& story, const std::string& visitor, const Firing& firing, std::size_t place_begin) {
  const RuleRef& ref = story.rules[static_cast<std::size_t>(firing.rule)];
  Decision d;
  d.at = story.now();
  d.visitor = visitor;
  d.journey = ref.journey->name.text;
  d.rule = ref.rule->name.text;
  d.id = history::firing_id(story.records()[firing.start].identity, d.journey, d.rule);
  d.action = action_of(*ref.rule->action);
  d.outcome = Gates(story, firing, place_begin, d).pass();
  if (d.outcome != Outcome::acted) return d;
  Record record;
  record.at = d.at;
  record.identity = history::identity_of_decision(d.id);
  record.rule = firing.rule;
  record.kind = d.action.kind;
  record.channel = d.action.channel;
  record.slot = d.action.slot;
  story.append(std::move(record));
  return d;
}

}  // namespace polku::reference
