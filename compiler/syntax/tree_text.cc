#include "compiler/syntax/tree_text.h"

#include <utility>

namespace polku::syntax {

namespace {

class TreeText {
 public:
  std::string of(const File& file) {
    for (const Segment& s : file.segments) line("segment " + s.name.text), expr(s.test);
    for (const Journey& j : file.journeys) journey(j);
    for (const Guarantee& g : file.guarantees) guarantee(g);
    for (const Test& t : file.tests) test(t);
    return std::move(out_);
  }

 private:
  struct In {
    explicit In(TreeText& t) : t_(t) { ++t_.depth_; }
    ~In() { --t_.depth_; }
    TreeText& t_;
  };
  void line(const std::string& text) {
    out_.append(2 * depth_, ' ').append(text).push_back('\n');
  }
  static std::string number(std::int64_t n) { return std::to_string(n); }
  static std::string flag(bool yes) { return yes ? " yes" : " no"; }
  static std::string names(const std::vector<Name>& all) {
    std::string text;
    for (const Name& n : all) text += " <" + n.text + ">";
    return text;
  }
  static std::string path(const Path& p) {
    std::string text;
    for (const std::string& part : p.parts) text += " <" + part + ">";
    return text;
  }

  // ---- expressions ----

  void expr(const ExprPtr& e) {
    In in(*this);
    if (!e) return line("-");
    std::visit([&](const auto& node) { show(node); }, e->node);
  }
  void show(const Literal& l) { line("literal " + number(static_cast<int>(l.kind)) + " " + number(l.value) + " <" + l.text + "> " + l.unit); }
  void show(const Path& p) { line("path" + path(p)); }
  void show(const Now&) { line("now"); }
  void show(const Arith& a) { line("arith " + number(static_cast<int>(a.op))), expr(a.left), expr(a.right); }
  void show(const Negate& n) { line("negate"), expr(n.operand); }
  void show(const Compare& c) { line("compare " + number(static_cast<int>(c.op))), expr(c.left), expr(c.right); }
  void show(const Logic& l) { line(l.op == LogicOp::And ? "and" : "or"), expr(l.left), expr(l.right); }
  void show(const Not& n) { line("not"), expr(n.operand); }
  void show(const Presence& p) { line("given" + flag(p.given)), expr(p.subject); }
  void show(const OneOf& o) {
    line("one of, not:" + flag(o.negated)), expr(o.subject);
    for (const ExprPtr& v : o.values) expr(v);
  }
  void show(const TextTest& t) { line("text " + number(static_cast<int>(t.op))), expr(t.subject), expr(t.argument); }
  void show(const InSegment& s) { line("segment " + s.segment.text + flag(s.negated)); }
  void show(const Happened& h) { line("happened"), occurrence(h.what), window(h.window); }
  void show(const Aggregate& a) { line("aggregate " + number(static_cast<int>(a.kind)) + " " + a.field.text), occurrence(a.what), window(a.window); }
  void show(const Last& l) { line("last " + l.event.text + " . " + l.field.text); }
  void show(const First& f) { line("first " + f.event.text + " . " + f.field.text); }
  void show(const List& l) {
    line("list");
    for (const ExprPtr& v : l.values) expr(v);
  }
  void show(const Otherwise& o) { line("otherwise"), expr(o.subject), expr(o.fallback); }

  void occurrence(const Occurrence& o) {
    In in(*this);
    line("of " + (o.journey ? "<" + o.journey->text + "> " : std::string()) + o.name.text + " " + number(static_cast<int>(o.verb)));
    if (o.where) expr(o.where);
  }
  void window(const Window& w) {
    In in(*this);
    line("window " + number(static_cast<int>(w.kind)) + " " + number(w.length) + " " + w.event.text + flag(w.before_this));
  }

  // ---- clauses ----

  void show(const OneEvent& t) {
    line("when");
    for (const Occurrence& o : t.of) occurrence(o);
  }
  void show(const Repeated& t) {
    line("when " + number(t.count) + " same <" + (t.same ? t.same->text : "") + "> within " + number(t.within.length)), occurrence(t.what);
  }
  void show(const InOrder& t) {
    line("in order within " + number(t.within.length));
    for (const Occurrence& o : t.steps) occurrence(o);
    if (t.without) line("without"), occurrence(*t.without);
  }
  void show(const Membership& t) { line("enters" + flag(t.enters) + " " + t.segment.text); }
  void show(const Asked& t) { line("asked for" + path(t.slot)); }
  void show(const EveryDay& t) { line("every day at " + number(t.of_day)); }
  void show(const OnDate& t) { line("on date at " + number(t.of_day)), expr(t.date); }

  template <class Holder>
  void clauses(const Holder& h) {
    for (const Condition& c : h.conditions) line(c.polarity == Polarity::OnlyIf ? "only if" : "not if"), expr(c.test);
    for (const Limit& l : h.limits)
      line("limit " + number(l.count) + " " + number(static_cast<int>(l.unit)) + " in " + number(l.within.length) + " <" + (l.across ? l.across->text : "") + ">");
    if (h.quiet) line("quiet " + number(h.quiet->from) + " " + number(h.quiet->to) + " " + number(static_cast<int>(h.quiet->then)));
    if (h.once) line("once " + (h.once->within ? number(h.once->within->length) : std::string("ever")));
    if (h.dates) line("from " + number(h.dates->from) + " until " + (h.dates->until ? number(*h.dates->until) : std::string("ever")));
    if (h.priority) line("priority " + number(h.priority->value));
    if (h.owner) line("owner " + h.owner->text);
  }

  void binding(const Binding& b) {
    In in(*this);
    line("with" + path(b.name) + " word " + number(static_cast<int>(b.word)));
    if (b.value) expr(b.value);
  }
  void bindings(const std::vector<Binding>& all) {
    for (const Binding& b : all) binding(b);
  }
  void show(const Send& s) { line("send <" + s.template_.text + "> best:" + flag(s.best_of) + names(s.channels)), bindings(s.params); }
  void show(const Show& s) {
    line("show <" + s.template_.text + "> in" + path(s.slot) + " for " + (s.held ? number(s.held->length) : std::string("-"))), bindings(s.params);
  }
  void show(const RaiseTask& t) { line("raise <" + t.task.text + ">"), bindings(t.params); }
  void show(const Suppress& s) { line("suppress <" + s.what.text + "> " + number(s.length.length)); }
  void show(const Split& s) {
    line("split <" + s.name.text + ">");
    for (const Share& each : s.shares) line("  " + number(each.share) + " " + each.variant.text);
  }
  void acts(const std::vector<Act>& all) {
    In in(*this);
    for (const Act& a : all) std::visit([&](const auto& what) { show(what); }, a.what);
  }
  void table(const Choose& c) {
    In in(*this);
    line("choose");
    for (const ExprPtr& e : c.columns) expr(e);
    for (const Row& r : c.rows) {
      line("row");
      for (const Cell& cell : r.cells) {
        line("cell " + number(static_cast<int>(cell.kind)) + " " + number(static_cast<int>(cell.op)));
        for (const ExprPtr& v : cell.values) expr(v);
      }
      acts(r.acts);
    }
  }

  void journey(const Journey& j) {
    line("journey <" + j.name.text + "> " + (j.version ? number(*j.version) : std::string("-")));
    In in(*this);
    clauses(j);
    if (j.goal) line("goal within " + number(j.goal->within.length)), occurrence(j.goal->what), expr(j.goal->worth);
    for (const StopWhen& s : j.stops) line("stop when"), occurrence(s.what);
    if (j.hold_out) line("hold out " + number(j.hold_out->share) + " <" + (j.hold_out->name ? j.hold_out->name->text : "") + ">");
    for (const Rule& r : j.rules) rule(r);
  }
  void rule(const Rule& r) {
    line("rule " + r.name.text);
    In in(*this);
    if (r.when) std::visit([&](const auto& t) { show(t); }, r.when->trigger);
    if (r.then) {
      line("then " + number(r.then->length.length));
      for (const Occurrence& o : r.then->stops) occurrence(o);
    }
    clauses(r);
    if (r.action) {
      line("do"), acts(r.action->acts);
      if (r.action->choose) table(*r.action->choose);
    }
  }

  // ---- guarantees and tests ----

  void show(const Never& n) { line("never " + number(static_cast<int>(n.kind)) + names(n.channels)), expr(n.unless); }
  void show(const AtMost& m) { line("at most " + number(m.count) + " " + number(static_cast<int>(m.unit)) + " in " + number(m.within.length)); }
  void guarantee(const Guarantee& g) {
    line("guarantee <" + g.name.text + ">");
    std::visit([&](const auto& promise) { show(promise); }, g.promise);
  }
  static std::string at(const VirtualTime& t) { return number(t.day) + " " + number(t.of_day); }
  void show(const TestSet& s) { line("set " + at(s.at)), bindings(s.values); }
  void show(const TestEvent& e) { line("event " + at(e.at) + " " + e.event.text), bindings(e.fields); }
  void show(const TestAsked& a) { line("asked " + at(a.at) + path(a.slot)); }
  void show(const Expect& e) {
    line("expect " + at(e.at) + flag(e.until) + flag(e.nothing) + " " + number(static_cast<int>(e.kind)) + " <" + e.template_.text + ">" +
         (e.target ? path(*e.target) : std::string()) + " because " + (e.because ? e.because->text : "-"));
    bindings(e.params);
  }
  void test(const Test& t) {
    line("test <" + t.name.text + ">");
    In in(*this);
    for (const auto& l : t.lines) std::visit([&](const auto& each) { show(each); }, l);
  }

  std::string out_;
  std::size_t depth_ = 0;
};

}  // namespace

std::string tree_text(const File& file) { return TreeText().of(file); }

}  // namespace polku::syntax
