// `do`: acts, or one table of them.
#include <algorithm>
#include <utility>

#include "compiler/syntax/builder.h"

namespace polku::syntax {

using diag::Code;

std::optional<Do> Builder::action(P::DoClauseContext* c) {
  Do action;
  action.span = span(c);
  if (c->choose() != nullptr) {
    action.choose = table(c->choose());
    return action.choose ? std::optional(std::move(action)) : std::nullopt;
  }
  return acts(c->act(), action.acts) ? std::optional(std::move(action)) : std::nullopt;
}

// false if any of them was faulty.
bool Builder::acts(const std::vector<P::ActContext*>& from, std::vector<Act>& out) {
  bool good = true;
  for (auto* each : from) {
    auto built = act(each);
    good = good && built.has_value();
    if (built) out.push_back(std::move(*built));
  }
  return good;
}

std::optional<Act> Builder::act(P::ActContext* c) {
  Act act;
  act.span = span(c);
  act.text = words(c);
  if (auto* sent = as<P::SendActContext>(c)) {
    Send send;
    send.template_ = quoted_name(sent->STRING());
    send.best_of = sent->BEST() != nullptr;
    for (auto* channel : sent->name()) send.channels.push_back(name(channel));
    if (!params(sent->params(), send.params)) return std::nullopt;
    act.what = std::move(send);
  } else if (auto* shown = as<P::ShowActContext>(c)) {
    Show show;
    show.template_ = quoted_name(shown->STRING());
    show.slot = path(shown->path());
    if (shown->showFor() != nullptr) show.held = length(shown->showFor()->length());
    const bool good = params(shown->params(), show.params);
    if (!good || (shown->showFor() != nullptr && !show.held)) return std::nullopt;
    act.what = std::move(show);
  } else if (auto* raised = as<P::RaiseActContext>(c)) {
    RaiseTask task;
    task.task = quoted_name(raised->STRING());
    if (!params(raised->params(), task.params)) return std::nullopt;
    act.what = std::move(task);
  } else if (auto* suppressed = as<P::SuppressActContext>(c)) {
    const auto held = length(suppressed->length());
    if (!held) return std::nullopt;
    act.what = Suppress{quoted_name(suppressed->STRING()), *held};
  } else {
    auto shares = split(static_cast<P::SplitActContext*>(c));
    if (!shares) return std::nullopt;
    act.what = std::move(*shares);
  }
  return act;
}

std::optional<Split> Builder::split(P::SplitActContext* c) {
  Split split;
  split.name = quoted_name(c->STRING());
  bool good = true;
  for (auto* each : c->share()) {
    const auto part = share(each->number());
    good = good && part;
    if (part) split.shares.push_back({*part, name(each->name()), span(each)});
  }
  return good ? std::optional(std::move(split)) : std::nullopt;
}

// ---- tables ----

std::optional<Choose> Builder::table(P::ChooseContext* c) {
  Choose choose;
  choose.span = span(c);
  bool good = true;
  for (auto* column : c->head()->operand()) {
    choose.columns.push_back(operand(column));
    good = good && choose.columns.back() != nullptr;
  }
  good = rows_as_long_as_head(c) && good;
  for (auto* each : c->row()) {
    Row row;
    row.span = span(each);
    for (auto* part : each->cell()) {
      auto built = cell(part);
      good = good && built.has_value();
      if (built) row.cells.push_back(std::move(*built));
    }
    good = acts(each->act(), row.acts) && good;
    choose.rows.push_back(std::move(row));
  }
  return good ? std::optional(std::move(choose)) : std::nullopt;
}

// Where all rows differ from the head in the same way it is the head that is wrong, and that is said once.
bool Builder::rows_as_long_as_head(P::ChooseContext* c) {
  const auto columns = c->head()->operand().size();
  const auto rows = c->row();
  const auto count = [](std::size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); };
  const auto first = rows.front()->cell().size();
  const bool all = rows.size() > 1 && std::all_of(rows.begin(), rows.end(), [&](auto* row) { return row->cell().size() == first; });
  if (all && first != columns) {
    in_.error(Code::TableRow, span(c->head()),
              "The head of the table has " + count(columns, "column") + " before `do`, and its rows have " + count(first, "cell") + ".",
              "Every row has as many cells as the head has columns; `-` means any.");
    return false;
  }
  bool good = true;
  for (auto* row : rows) {
    const auto cells = row->cell().size();
    if (cells == columns) continue;
    in_.error(Code::TableRow, span(row),
              "This row of the table has " + count(cells, "cell") + " before what is to be done, and the head has " + count(columns, "column") + ".",
              cells < columns ? "Write `-` where any value will do." : "Is there a `|` too many?");
    good = false;
  }
  return good;
}

std::optional<Cell> Builder::cell(P::CellContext* c) {
  Cell cell;
  cell.span = span(c);
  if (c->MISSING() != nullptr) {
    cell.kind = Cell::Kind::Missing;
  } else if (c->GIVEN() != nullptr) {
    cell.kind = Cell::Kind::Given;
  } else if (c->list() != nullptr) {
    cell.kind = Cell::Kind::OneOf;
    if (!choices(c->list(), cell.values)) return std::nullopt;
  } else if (c->operand() != nullptr) {
    cell.kind = Cell::Kind::Compare;
    if (c->compareOp() != nullptr) cell.op = compare_op(c->compareOp());
    cell.values.push_back(operand(c->operand()));
    if (!cell.values.back()) return std::nullopt;
  }
  return cell;
}

}  // namespace polku::syntax
