// The clauses that a journey or rule may have beside its trigger and actions, and guarantees.
#include <utility>

#include "compiler/syntax/builder.h"

namespace polku::syntax {

using diag::Code;

std::optional<Condition> Builder::condition(Polarity polarity, P::ClauseContext* c, P::ExprContext* test) {
  ExprPtr built = expr(test);
  if (!built) return std::nullopt;
  return Condition{polarity, std::move(built), span(c), words(c)};
}

std::optional<Condition> Builder::condition(Polarity polarity, Piece clause, const std::vector<Piece>& parts,
                                            const std::function<P::NotExprContext*(Piece)>& tree) {
  std::vector<Operand> operands;
  for (const Piece part : parts) operands.push_back({not_expr(tree(part)), part.begin, part.end - 1});
  ExprPtr built = join(LogicOp::And, operands);
  if (!built) return std::nullopt;
  return Condition{polarity, std::move(built), in_.span(clause.begin, clause.end - 1), in_.words(clause.begin, clause.end - 1)};
}

std::optional<Limit> Builder::limit(P::LimitClauseContext* c) {
  const auto count = whole(c->INT());
  const auto within = length(c->length());
  if (!count || !within) return std::nullopt;
  Limit limit{*count, unit(c->countedUnit()), *within, {}, span(c), words(c)};
  if (c->across() != nullptr) limit.across = quoted_name(c->across()->STRING());
  return limit;
}

std::optional<Quiet> Builder::quiet(P::QuietClauseContext* c) {
  const auto from = time(c->TIME(0)), to = time(c->TIME(1));
  if (!from || !to) return std::nullopt;
  return Quiet{*from, *to, c->SKIPPED() != nullptr ? InQuiet::Skip : InQuiet::Wait, span(c), words(c)};
}

std::optional<Once> Builder::once(P::OnceClauseContext* c) {
  Once once{{}, span(c), words(c)};
  if (c->length() == nullptr) return once;
  once.within = length(c->length());
  return once.within ? std::optional(std::move(once)) : std::nullopt;
}

std::optional<Dates> Builder::dates(P::FromClauseContext* c) {
  const auto from = day(c->date(0));
  std::optional<std::int64_t> until;
  if (c->UNTIL() != nullptr) until = day(c->date(1));
  if (!from || (c->UNTIL() != nullptr && !until)) return std::nullopt;
  return Dates{*from, until, span(c), words(c)};
}

std::optional<Goal> Builder::goal(P::GoalClauseContext* c) {
  auto what = occurrence(c->occurrence());
  const auto within = length(c->length());
  ExprPtr worth = c->expr() != nullptr ? expr(c->expr()) : nullptr;
  if (!what || !within || (c->expr() != nullptr && !worth)) return std::nullopt;
  return Goal{std::move(*what), *within, std::move(worth), span(c), words(c)};
}

std::optional<StopWhen> Builder::stop_when(P::StopClauseContext* c) {
  auto what = occurrence(c->occurrence());
  if (!what) return std::nullopt;
  return StopWhen{std::move(*what), span(c), words(c)};
}

std::optional<HoldOut> Builder::hold_out(P::HoldOutClauseContext* c) {
  const auto held = share(c->number());
  if (!held) return std::nullopt;
  HoldOut hold_out{*held, {}, span(c), words(c)};
  if (c->STRING() != nullptr) hold_out.name = quoted_name(c->STRING());
  return hold_out;
}

std::optional<Priority> Builder::priority(P::PriorityClauseContext* c) {
  const auto value = whole(c->INT());
  if (!value) return std::nullopt;
  return Priority{c->DASH() != nullptr ? -*value : *value, span(c)};
}

std::optional<Owner> Builder::owner(P::OwnerClauseContext* c) { return Owner{string_text(c->STRING()), span(c)}; }

std::optional<Guarantee> Builder::guarantee(P::GuaranteeBlockContext* c) {
  Guarantee guarantee;
  guarantee.name = quoted_name(c->STRING());
  guarantee.span = in_.span(first_token(c), token_index(c->STRING()));
  guarantee.text = words(c->promise());
  if (auto* never = as<P::NeverPromiseContext>(c->promise())) {
    Never promise;
    promise.kind = never->SEND() != nullptr ? ActionKind::Send : ActionKind::Show;
    for (auto* channel : never->name()) promise.channels.push_back(name(channel));
    promise.unless = expr(never->expr());
    if (!promise.unless) return std::nullopt;
    guarantee.promise = std::move(promise);
  } else {
    auto* most = static_cast<P::AtMostPromiseContext*>(c->promise());
    const auto count = whole(most->INT());
    const auto within = length(most->length());
    if (!count || !within) return std::nullopt;
    guarantee.promise = AtMost{*count, unit(most->countedUnit()), *within, span(most)};
  }
  return guarantee;
}

}  // namespace polku::syntax
