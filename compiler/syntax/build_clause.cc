// The clauses of journeys and rules.
#include <utility>

#include "compiler/syntax/builder.h"

namespace polku::syntax {

using diag::Code;

std::optional<When> Builder::when(P::WhenClauseContext* c) {
  auto* plain = as<P::EventTriggerContext>(c->trigger());
  if (plain == nullptr) {
    unbuilt_trigger(c->trigger());
    return std::nullopt;
  }
  auto what = occurrence(plain->occurrence());
  if (!what) return std::nullopt;
  return When{std::move(*what), span(c), words(c)};
}

void Builder::unbuilt_trigger(P::TriggerContext* c) {
  const Span place = span(c);
  if (as<P::AnyTriggerContext>(c) != nullptr)
    in_.not_built(Code::AnyOfNotBuilt, place, "`when any of` several events is not built yet.", "Write one rule for each event.");
  else if (as<P::CountTriggerContext>(c) != nullptr)
    in_.not_built(Code::RepeatedNotBuilt, place, "A trigger that waits for several events of one kind is not built yet.",
                  "Use `when EVENT` with `only if number of EVENT in the last 10 minutes at least 3`.");
  else if (as<P::OrderTriggerContext>(c) != nullptr)
    in_.not_built(Code::InOrderNotBuilt, place, "`when in order` is not built yet.",
                  "Use `when` with the last event, and `happened` conditions for the ones before it.");
  else if (as<P::MemberTriggerContext>(c) != nullptr)
    in_.not_built(Code::EntersNotBuilt, place, "`when visitor enters` or `leaves` a segment is not built yet.",
                  "Use `when EVENT` with `only if visitor in SEGMENT`.");
  else if (as<P::AskedTriggerContext>(c) != nullptr)
    in_.not_built(Code::AskedForNotBuilt, place, "`asked for` a slot is not built yet.", "Use `when` with an event.");
  else if (as<P::EveryTriggerContext>(c) != nullptr)
    in_.not_built(Code::ScheduleNotBuilt, place, "`every day` and other schedules are not built yet.", "Use `when EVENT` with `then wait`.");
  else
    in_.not_built(Code::OnDateNotBuilt, place, "`on` a date of the visitor is not built yet.", "Use `when EVENT` with `then wait`.");
}

std::optional<Then> Builder::then_no(P::ThenNoClauseContext* c) {
  Then then;
  bool good = true;
  for (auto* each : c->occurrence()) {
    auto what = occurrence(each);
    good = good && what.has_value();
    if (what) then.stops.push_back(std::move(*what));
  }
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

std::optional<Condition> Builder::condition(Polarity polarity, P::ClauseContext* c, P::ExprContext* test) {
  ExprPtr built = expr(test);
  if (!built) return std::nullopt;
  return Condition{polarity, std::move(built), span(c), words(c)};
}

std::optional<Limit> Builder::limit(P::LimitClauseContext* c) {
  if (c->across() != nullptr) {
    in_.not_built(Code::AcrossNotBuilt, span(c->across()), "A limit `across` several journeys is not built yet.",
                  "Limits of a rule, a journey, or a channel of the catalog are.");
    return std::nullopt;
  }
  const auto count = whole(c->INT());
  const auto within = length(c->length());
  if (!count || !within) return std::nullopt;
  return Limit{*count, c->MESSAGES() != nullptr ? LimitUnit::Messages : LimitUnit::Shows, *within, span(c), words(c)};
}

std::optional<Priority> Builder::priority(P::PriorityClauseContext* c) {
  const auto value = whole(c->INT());
  if (!value) return std::nullopt;
  return Priority{c->DASH() != nullptr ? -*value : *value, span(c)};
}

std::optional<Owner> Builder::owner(P::OwnerClauseContext* c) { return Owner{string_text(c->STRING()), span(c)}; }

// ---- actions ----

std::optional<Action> Builder::action(P::DoClauseContext* c) {
  std::optional<Action> first;
  bool several = false;
  for (auto* each : c->act()) {
    auto built = act(each);
    if (!built) continue;
    if (!first) {
      first = std::move(built);
    } else if (!several) {
      several = true;
      in_.not_built(Code::SeveralActionsNotBuilt, span(each), "Several actions in one `do` are not built yet.", "Write a rule for each action.");
    }
  }
  return first;
}

std::optional<Action> Builder::act(P::ActContext* c) {
  Action action;
  if (auto* send = as<P::SendActContext>(c)) {
    action.template_ = quoted_name(send->STRING());
    if (send->BEST() != nullptr) {
      const auto channels = send->name();
      in_.not_built(Code::BestOfNotBuilt, in_.span(token_index(send->BEST()), last_token(channels.back())), "`best of` several channels is not built yet.",
                    "Name one channel: `by " + words(channels.front()) + "`.");
      std::vector<Binding> checked;
      params(send->params(), checked);
      return std::nullopt;
    }
    action.kind = ActionKind::Send;
    const Name channel = name(send->name(0));
    action.target = Path{{channel.text}, channel.span};
    if (!params(send->params(), action.params)) return std::nullopt;
  } else if (auto* show = as<P::ShowActContext>(c)) {
    action.kind = ActionKind::Show;
    action.template_ = quoted_name(show->STRING());
    action.target = path(show->path());
    const bool good = params(show->params(), action.params);
    if (show->showFor() != nullptr) {
      in_.not_built(Code::ShowForNotBuilt, span(show->showFor()), "`for` how long something is shown is not built yet.", "Leave it out.");
      return std::nullopt;
    }
    if (!good) return std::nullopt;
  } else if (auto* raise = as<P::RaiseActContext>(c)) {
    in_.not_built(Code::RaiseNotBuilt, in_.span(first_token(raise), token_index(raise->STRING())), "`raise task` is not built yet.",
                  "`send` and `show` are.");
    return std::nullopt;
  } else if (auto* suppress = as<P::SuppressActContext>(c)) {
    in_.not_built(Code::SuppressNotBuilt, span(suppress), "`suppress` is not built yet.",
                  "In the other journey, write `not if` with what happened here: `not if \"Journey\".rule sent in the last 14 days`.");
    return std::nullopt;
  } else if (auto* choose = as<P::ChooseActContext>(c)) {
    in_.not_built(Code::ChooseNotBuilt, span(choose->CHOOSE()), "`choose` tables are not built yet.",
                  "Write a rule for each row, with the row's cells as `only if`.");
    return std::nullopt;
  } else {
    auto* split = static_cast<P::SplitActContext*>(c);
    in_.not_built(Code::SplitNotBuilt, in_.span(first_token(split), token_index(split->STRING())), "`split` is not built yet.");
    return std::nullopt;
  }
  action.span = span(c);
  action.text = words(c);
  return action;
}

// ---- clauses of the language that are not built ----

bool Builder::unbuilt_clause(P::ClauseContext* c) {
  const Span place = span(c);
  if (as<P::GoalClauseContext>(c) != nullptr) {
    in_.not_built(Code::GoalNotBuilt, place, "`goal` is not built yet.");
  } else if (as<P::StopClauseContext>(c) != nullptr) {
    in_.not_built(Code::StopNotBuilt, place, "`stop when` is not built yet.", "In the rules, write `then no EVENT for ...`, or `not if EVENT happened ...`.");
  } else if (as<P::QuietClauseContext>(c) != nullptr) {
    in_.not_built(Code::QuietNotBuilt, place, "`quiet` hours are not built yet.");
  } else if (as<P::HoldOutClauseContext>(c) != nullptr) {
    in_.not_built(Code::HoldOutNotBuilt, place, "`hold out` is not built yet.");
  } else if (auto* once = as<P::OnceClauseContext>(c)) {
    const std::string in = once->length() != nullptr ? " in " + words(once->length()) : std::string(" in 365 days");
    in_.not_built(Code::OnceNotBuilt, place, "`once` is not built yet.", "Use `limit 1 message" + in + "`, or `limit 1 show" + in + "` for what is shown.");
  } else if (as<P::FromClauseContext>(c) != nullptr) {
    in_.not_built(Code::FromNotBuilt, place, "`from` and `until` dates of a rule are not built yet.",
                  "Compare with the time: `only if now at least 1 December 2026 and now less than 24 December 2026`.");
  } else {
    return false;
  }
  return true;
}

}  // namespace polku::syntax
