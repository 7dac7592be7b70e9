#include "compiler/reference/memberships.h"

#include <algorithm>
#include <limits>
#include <variant>

namespace polku::reference {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

// Calls `child` with each part of an expression. What a `where` says does not depend on the time.
template <class Child>
void each_part(const syntax::Expr& expr, Child child) {
  const auto all = [&](const std::vector<syntax::ExprPtr>& some) {
    for (const auto& e : some) child(*e);
  };
  std::visit(Overloaded{
                 [](const syntax::Literal&) {}, [](const syntax::Path&) {}, [](const syntax::Now&) {}, [](const syntax::InSegment&) {},
                 [](const syntax::Happened&) {}, [](const syntax::Aggregate&) {}, [](const syntax::Last&) {}, [](const syntax::First&) {},
                 [&](const syntax::Arith& e) { child(*e.left), child(*e.right); },
                 [&](const syntax::Compare& e) { child(*e.left), child(*e.right); },
                 [&](const syntax::Logic& e) { child(*e.left), child(*e.right); },
                 [&](const syntax::Negate& e) { child(*e.operand); },
                 [&](const syntax::Not& e) { child(*e.operand); },
                 [&](const syntax::Presence& e) { child(*e.subject); },
                 [&](const syntax::OneOf& e) { child(*e.subject), all(e.values); },
                 [&](const syntax::TextTest& e) { child(*e.subject), child(*e.argument); },
                 [&](const syntax::List& e) { all(e.values); },
                 [&](const syntax::Otherwise& e) { child(*e.subject), child(*e.fallback); },
             },
             expr.node);
}

}  // namespace

Memberships::Memberships(const Story& story) : story_(story) {
  for (const RuleRef& ref : story.rules) {
    const auto* change = std::get_if<syntax::Membership>(&ref.rule->when->trigger);
    const syntax::Segment* segment = change != nullptr ? story.segment(change->segment.text) : nullptr;
    const auto same = [&](const Watched& w) { return w.segment == segment; };
    if (segment == nullptr || std::any_of(watched_.begin(), watched_.end(), same)) continue;
    watched_.push_back({segment});
    scan(*segment->test);
  }
  // A zone that is derived may change without a record too, and all that is local with it.
  const int zone = story.catalog.visitor_zone();
  if (zone >= 0 && static_cast<std::size_t>(zone) < story.pack.derived.size())
    if (const syntax::Expr* derived = story.pack.derived[static_cast<std::size_t>(zone)]) scan(*derived);
  if (!watched_.empty() || !lengths_.empty()) lengths_.insert(story.catalog.history);
}

std::vector<Memberships::Change> Memberships::look() {
  std::vector<Change> changes;
  for (Watched& w : watched_) {
    const Tri member = truth(evaluate(story_, Scope{}, *w.segment->test, nullptr));
    if (member == Tri::Unknown || (member == Tri::Yes) == w.member) continue;
    w.member = member == Tri::Yes;
    changes.push_back({w.segment->name.text, w.member});
  }
  return changes;
}

void Memberships::scan(const syntax::Expr& expr) {
  if (!scanned_.insert(&expr).second) return;
  if (const auto* path = std::get_if<syntax::Path>(&expr.node)) {
    const int attribute = attribute_named(story_.catalog, *path);
    const auto i = static_cast<std::size_t>(attribute);
    if (attribute >= 0 && i < story_.pack.derived.size() && story_.pack.derived[i] != nullptr) scan(*story_.pack.derived[i]);
  } else if (const auto* in = std::get_if<syntax::InSegment>(&expr.node)) {
    if (const syntax::Segment* segment = story_.segment(in->segment.text)) scan(*segment->test);
  } else if (const auto* happened = std::get_if<syntax::Happened>(&expr.node)) {
    scan(happened->window);
  } else if (const auto* aggregate = std::get_if<syntax::Aggregate>(&expr.node)) {
    scan(aggregate->window);
  } else if (const auto* literal = std::get_if<syntax::Literal>(&expr.node); literal != nullptr && literal->kind == syntax::LiteralKind::Date) {
    // `now` compared with it turns at its first instant, or directly behind (`now more than`, `now is`).
    const __int128 local = static_cast<__int128>(literal->value) * kDay;
    if (local > std::numeric_limits<Millis>::min() / 2 && local < std::numeric_limits<Millis>::max() / 2) {
      const Millis first = story_.zone.to_instant(static_cast<Millis>(local));
      instants_.insert(first);
      instants_.insert(first + 1);
    }
  }
  each_part(expr, [&](const syntax::Expr& part) { scan(part); });
}

void Memberships::scan(const syntax::Window& window) {
  switch (window.kind) {
    case syntax::WindowKind::Last: lengths_.insert(window.length); break;
    case syntax::WindowKind::Today: case syntax::WindowKind::Week: case syntax::WindowKind::Month: by_calendar_ = true; break;
    case syntax::WindowKind::Ever: case syntax::WindowKind::Since: break;
  }
}

}  // namespace polku::reference
