// Tables: `choose` (readings 47, 48).
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/actions.h"

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;
using plan::Op;
using syntax::Cell;

namespace {

bool compares(const Cell& c) { return c.kind == Cell::Kind::Compare || c.kind == Cell::Kind::OneOf; }

// Rows that no visitor comes to: everything below a row of nothing but `-`, and a row for a missing value below one that asks
// for that value alone, since the upper one is unknown then and decides (reading 47). counts: columns that are known as ranges.
void check_reached(const Work& work, const syntax::Choose& t, const std::vector<bool>& counts) {
  std::vector<int> asked_alone(t.columns.size(), -1);  // the first row that compares this column and nothing else
  for (std::size_t r = 0; r < t.rows.size(); ++r) {
    const std::vector<Cell>& cells = t.rows[r].cells;
    int set = 0;
    std::size_t last = 0;
    for (std::size_t c = 0; c < cells.size(); ++c)
      if (cells[c].kind != Cell::Kind::Any) ++set, last = c;
    if (set == 0) {
      if (r + 1 < t.rows.size())
        work.d.add(Code::RowNeverReached, t.rows[r + 1].span, fmt::format("No visitor comes to this row: row {} above it takes all.", r + 1),
                   "Move the row that takes all to the end.");
      return;
    }
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (cells[c].kind != Cell::Kind::Missing || asked_alone[c] < 0) continue;
      work.d.add(Code::RowNeverReached, cells[c].span,
                 fmt::format("No visitor comes to this row: row {} asks for `{}` first, and where it is missing nothing is done.", asked_alone[c] + 1,
                             t.columns[c]->text),
                 "Move this row above it.");
      break;
    }
    if (set == 1 && compares(cells[last]) && !counts[last] && asked_alone[last] < 0) asked_alone[last] = static_cast<int>(r);
  }
}

// Either every row that does anything shows, or none does.
void check_alike(const Work& work, const syntax::Choose& t) {
  const auto shows = [](const syntax::Row& row) {
    return std::any_of(row.acts.begin(), row.acts.end(), [](const syntax::Act& a) { return std::holds_alternative<syntax::Show>(a.what); });
  };
  const syntax::Row* first = nullptr;
  for (const syntax::Row& row : t.rows) {
    if (row.acts.empty()) continue;
    if (!first) first = &row;
    if (shows(row) == shows(*first)) continue;
    work.d.add(Code::RowsDiffer, row.span,
               shows(row) ? "This row shows, and a row above it does not." : "This row does not show, and a row above it does.",
               "What is shown waits for its slot: make two rules of this table.");
    return;
  }
}

}  // namespace

Typed Typer::column(const syntax::Expr& e, std::set<std::string>* optional) {
  ++negated_;  // so that optional values are noted
  const Typed t = value(e);
  --negated_;
  if (optional)
    for (const auto& [name, span] : optional_)
      if (!guarded_.contains(name)) optional->insert(name);
  optional_.clear();
  guarded_.clear();
  leaves_.clear();
  return t;
}

Typed Typer::cell(const syntax::Expr& column, const syntax::Cell& cell) {
  Typed t;
  switch (cell.kind) {
    case syntax::Cell::Kind::Any: break;
    case syntax::Cell::Kind::Missing: t = presence(column, false); break;
    case syntax::Cell::Kind::Given: t = presence(column, true); break;
    case syntax::Cell::Kind::Compare: t = compare(cell.op, column, *cell.values[0], cell.span); break;
    case syntax::Cell::Kind::OneOf: t = any_of(column, cell.values); break;
  }
  optional_.clear();
  guarded_.clear();
  leaves_.clear();
  return t;
}

void table(const Work& work, const syntax::Choose& t, const Scope& scope, Acts& acts, plan::Rule& out) {
  CodeBuilder code;
  Typer typer(work, code, scope);
  std::vector<bool> right(t.columns.size()), counts(t.columns.size()), consents(t.columns.size());
  for (std::size_t c = 0; c < t.columns.size(); ++c) {
    const syntax::Expr& column = *t.columns[c];
    std::vector<const Cell*> cells;
    for (const syntax::Row& row : t.rows) cells.push_back(&row.cells[c]);
    Leaf leaf{0, column.text, {}, 0};
    if (const auto count = typer.count_column(column, cells)) {
      counts[c] = true;
      leaf = *count;
    } else {
      std::set<std::string> optional;
      leaf.value = typer.column(column, &optional);
      const bool compared = std::any_of(cells.begin(), cells.end(), [](const Cell* x) { return compares(*x); });
      const bool missing = std::any_of(cells.begin(), cells.end(), [](const Cell* x) { return x->kind == Cell::Kind::Missing; });
      for (const std::string& name : optional)
        if (leaf.value.ok() && compared && !missing)
          work.d.add(Code::ColumnWithoutMissing, column.span,
                     fmt::format("What about visitors whose `{}` is not known? Nothing is done for them here.", name),
                     fmt::format("Add a row with `missing` in this column above the others, or head it `{} otherwise …`.", name));
    }
    right[c] = leaf.value.ok();
    consents[c] = leaf.value.type.kind == TypeKind::Consent;
    const auto same = [&](const plan::Leaf& l) { return l.name == leaf.name; };
    if (right[c] && std::none_of(out.columns.begin(), out.columns.end(), same))
      out.columns.push_back({leaf.name, typer.code(leaf.value), leaf.or_more});
  }
  out.table = true;
  out.rows.clear();
  for (const syntax::Row& row : t.rows) {
    Typed all;
    for (std::size_t c = 0; c < t.columns.size(); ++c) {
      if (!right[c] || row.cells[c].kind == Cell::Kind::Any) continue;
      if (consents[c] && compares(row.cells[c])) {
        work.d.add(Code::ConsentUse, row.cells[c].span, fmt::format("`{}` is a consent and cannot be compared.", t.columns[c]->text),
                   "Its cells are `given`, `missing` or `-`.");
        continue;
      }
      const Typed one = typer.cell(*t.columns[c], row.cells[c]);
      if (one.ok()) all = {all.ok() ? code.binary(Op::And, all.reg, one.reg) : one.reg, {TypeKind::YesNo, {}}};
    }
    plan::Row made;
    if (all.ok()) made.code = typer.code(all);
    made.actions = acts.list(row.acts, row.span);
    out.rows.push_back(std::move(made));
  }
  check_reached(work, t, counts);
  check_alike(work, t);
}

}  // namespace polku::sema
