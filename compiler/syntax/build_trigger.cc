// `when` and `then`: what starts a rule.
#include <utility>

#include "compiler/syntax/builder.h"

namespace polku::syntax {

// false if any of them was faulty.
bool Builder::occurrences(const std::vector<P::OccurrenceContext*>& from, std::vector<Occurrence>& out) {
  bool good = true;
  for (auto* each : from) {
    auto what = occurrence(each);
    good = good && what.has_value();
    if (what) out.push_back(std::move(*what));
  }
  return good;
}

std::optional<When> Builder::when(P::WhenClauseContext* c) {
  auto built = trigger(c->trigger());
  if (!built) return std::nullopt;
  return When{std::move(*built), span(c), words(c)};
}

std::optional<Builder::Trigger> Builder::trigger(P::TriggerContext* c) {
  if (auto* plain = as<P::EventTriggerContext>(c)) {
    OneEvent one;
    return occurrences({plain->occurrence()}, one.of) ? std::optional<Trigger>(std::move(one)) : std::nullopt;
  }
  if (auto* any = as<P::AnyTriggerContext>(c)) {
    OneEvent one;
    return occurrences(any->occurrence(), one.of) ? std::optional<Trigger>(std::move(one)) : std::nullopt;
  }
  if (auto* count = as<P::CountTriggerContext>(c)) return repeated(count);
  if (auto* order = as<P::OrderTriggerContext>(c)) return in_order(order);
  if (auto* member = as<P::MemberTriggerContext>(c)) return Membership{member->ENTERS() != nullptr, name(member->name())};
  if (auto* asked = as<P::AskedTriggerContext>(c)) return Asked{path(asked->path())};
  if (auto* every = as<P::EveryTriggerContext>(c)) {
    const auto of_day = time(every->TIME());
    return of_day ? std::optional<Trigger>(EveryDay{*of_day}) : std::nullopt;
  }
  auto* on = static_cast<P::OnTriggerContext*>(c);
  const auto of_day = time(on->TIME());
  if (!of_day) return std::nullopt;
  return OnDate{make(path(on->path()), on->path()), *of_day};
}

std::optional<Builder::Trigger> Builder::repeated(P::CountTriggerContext* c) {
  Repeated trigger;
  const auto count = whole(c->INT());
  auto what = occurrence(c->occurrence());
  if (c->name() != nullptr) trigger.same = name(c->name());
  const auto within = length(c->length());
  if (!count || !what || !within) return std::nullopt;
  trigger.count = *count;
  trigger.count_span = span(c->INT());
  trigger.what = std::move(*what);
  trigger.within = *within;
  return trigger;
}

std::optional<Builder::Trigger> Builder::in_order(P::OrderTriggerContext* c) {
  InOrder trigger;
  const auto within = length(c->length());
  bool good = occurrences(c->occurrence(), trigger.steps) && within;
  if (c->WITHOUT() != nullptr && trigger.steps.size() == c->occurrence().size()) {  // the last of them is the one behind `without`
    trigger.without = std::move(trigger.steps.back());
    trigger.steps.pop_back();
  }
  if (!good) return std::nullopt;
  trigger.within = *within;
  return trigger;
}

std::optional<Then> Builder::then_no(P::ThenNoClauseContext* c) {
  Then then;
  const bool good = occurrences(c->occurrence(), then.stops);
  const auto wait = length(c->length());
  if (!good || !wait) return std::nullopt;
  then.length = *wait;
  then.span = span(c);
  then.text = words(c);
  return then;
}

std::optional<Then> Builder::then_wait(P::ThenWaitClauseContext* c) {
  const auto wait = length(c->length());
  if (!wait) return std::nullopt;
  return Then{{}, *wait, span(c), words(c)};
}

}  // namespace polku::syntax
