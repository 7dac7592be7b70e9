// The lines of a test.
#include <limits>
#include <utility>

#include "compiler/syntax/builder.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

using diag::Code;

std::optional<VirtualTime> Builder::moment(P::MomentContext* c) {
  VirtualTime at;
  at.span = span(c);
  if (c->INT() != nullptr) {
    const auto day = whole(c->INT());
    if (!day) return std::nullopt;
    if (*day < 1 || *day > std::numeric_limits<int>::max()) {
      in_.error(Code::InvalidTime, span(c->INT()), "There is no day " + ticked(text(c->INT())) + " of a test.", "Days count from 1.");
      return std::nullopt;
    }
    at.day = static_cast<int>(*day);
  }
  const auto of_day = time(c->TIME());
  if (!of_day) return std::nullopt;
  at.of_day = *of_day;
  return at;
}

void Builder::test_line(P::TestLineContext* c, Test& test) {
  if (auto* start = as<P::StartLineContext>(c)) {
    TestSet set;
    set.at.span = span(start->VISITOR());
    set.span = span(c);
    if (bindings(start->bindings(), set.values)) test.lines.emplace_back(std::move(set));
  } else if (auto* change = as<P::SetLineContext>(c)) {
    TestSet set;
    set.span = span(c);
    const auto at = moment(change->moment());
    const bool good = bindings(change->bindings(), set.values) && at;
    if (!good || until_misused(change->moment())) return;
    set.at = *at;
    test.lines.emplace_back(std::move(set));
  } else if (auto* event = as<P::EventLineContext>(c)) {
    TestEvent line;
    line.event = name(event->name());
    line.span = span(c);
    const auto at = moment(event->moment());
    const bool good = (event->bindings() == nullptr || bindings(event->bindings(), line.fields)) && at;
    if (!good || until_misused(event->moment())) return;
    line.at = *at;
    test.lines.emplace_back(std::move(line));
  } else if (auto* asked = as<P::AskedLineContext>(c)) {
    TestAsked line;
    line.slot = path(asked->path());
    line.span = span(c);
    const auto at = moment(asked->moment());
    if (!at || until_misused(asked->moment())) return;
    line.at = *at;
    test.lines.emplace_back(std::move(line));
  } else {
    expect_line(static_cast<P::ExpectLineContext*>(c), test);
  }
}

// Only `expect nothing` speaks of a stretch of time; everything else has its moment.
bool Builder::until_misused(P::MomentContext* c) {
  if (c->UNTIL() == nullptr) return false;
  in_.error(Code::UntilMisused, span(c), "`until` goes only with `expect nothing`.", "Write `at " + std::string(text(c->TIME())) + "`.");
  return true;
}

void Builder::expect_line(P::ExpectLineContext* c, Test& test) {
  Expect expect;
  expect.span = span(c);
  expect.until = c->moment()->UNTIL() != nullptr;
  bool good = true;
  if (const auto at = moment(c->moment()))
    expect.at = *at;
  else
    good = false;
  if (auto* outcome = c->because()) expect.because = Name{name_text(last_token(outcome)), in_.span(last_token(outcome))};

  if (as<P::ExpectNothingContext>(c->expected()) != nullptr) {
    expect.nothing = true;
  } else if (auto* send = as<P::ExpectSendContext>(c->expected())) {
    expect.kind = ActionKind::Send;
    expect.template_ = quoted_name(send->STRING());
    if (send->name() != nullptr) {
      const Name channel = name(send->name());
      expect.target = Path{{channel.text}, channel.span};
    }
    good = params(send->params(), expect.params) && good;
  } else if (auto* show = as<P::ExpectShowContext>(c->expected())) {
    expect.kind = ActionKind::Show;
    expect.template_ = quoted_name(show->STRING());
    if (show->path() != nullptr) expect.target = path(show->path());
    good = params(show->params(), expect.params) && good;
  } else {
    auto* raise = static_cast<P::ExpectRaiseContext*>(c->expected());
    expect.kind = ActionKind::Task;
    expect.template_ = quoted_name(raise->STRING());
    good = params(raise->params(), expect.params) && good;
  }
  if (!good) return;
  if (!expect.nothing && until_misused(c->moment())) return;
  test.lines.emplace_back(std::move(expect));
}

}  // namespace polku::syntax
