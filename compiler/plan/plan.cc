#include "compiler/plan/plan.h"

#include <fmt/format.h>

#include "compiler/plan/describe.h"
#include "runtime/base/time.h"

namespace polku::plan {

const char* op_name(Op op) {
  switch (op) {
#define POLKU_OP(name, printed, operands, meaning) \
  case Op::name: return printed;
#include "compiler/plan/ops.def"
#undef POLKU_OP
  }
  return "?";
}

int op_operands(Op op) {
  switch (op) {
#define POLKU_OP(name, printed, operands, meaning) \
  case Op::name: return operands;
#include "compiler/plan/ops.def"
#undef POLKU_OP
  }
  return 0;
}

std::vector<std::int32_t> conjuncts(const Code& code) {
  std::vector<bool> seen(code.instrs.size());
  std::vector<std::int32_t> parts, open{static_cast<std::int32_t>(code.instrs.size()) - 1};
  while (!open.empty()) {
    const std::int32_t n = open.back();
    open.pop_back();
    if (seen[static_cast<std::size_t>(n)]) continue;
    seen[static_cast<std::size_t>(n)] = true;
    const Instr& i = code.instrs[static_cast<std::size_t>(n)];
    if (i.op == Op::And)
      open.insert(open.end(), {i.b, i.a});
    else
      parts.push_back(n);
  }
  return parts;
}

bool op_reads_feature(Op op) {
  switch (op) {
    case Op::LastField: case Op::CountAtLeast: case Op::Count: case Op::CountSeen: case Op::Sum: case Op::Highest: case Op::Lowest:
    case Op::Average: case Op::First: return true;
    case Op::Const: case Op::Now: case Op::Attribute: case Op::Field: case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg:
    case Op::MulDiv: case Op::DivMul: case Op::Eq: case Op::Ne: case Op::Lt: case Op::Le: case Op::Gt: case Op::Ge: case Op::And:
    case Op::Or: case Op::Not: case Op::Given: case Op::Otherwise: case Op::TextContains: case Op::TextStarts: case Op::TextEnds:
    case Op::ListContains: return false;
  }
  return false;
}

namespace {

std::string length(Millis d) {
  for (const auto& [unit, name] : {std::pair{kDay, "d"}, {kHour, "h"}, {kMinute, "m"}, {kSecond, "s"}})
    if (d % unit == 0) return fmt::format("{}{}", d / unit, name);
  return fmt::format("{}ms", d);
}

std::string clock(Millis of_day) {
  const Millis s = of_day / kSecond;
  return fmt::format("{:02}:{:02}", s / 3600, s / 60 % 60) + (s % 60 == 0 ? "" : fmt::format(":{:02}", s % 60));
}

const char* unit_name(const Limit& limit) {
  const bool one = limit.count == 1;
  switch (limit.unit) {
    case LimitUnit::Messages: return one ? "message" : "messages";
    case LimitUnit::Shows: return one ? "show" : "shows";
    case LimitUnit::Tasks: return one ? "task" : "tasks";
  }
  return "?";
}

class Printer {
 public:
  explicit Printer(const Plan& plan) : plan_(plan) {}

  std::string print() {
    header();
    each(plan_.windows, [&](std::size_t i, const Window& w) { line(fmt::format("window {}: {}", i, window(w))); });
    each(plan_.features, [&](std::size_t i, const Feature& f) { line(fmt::format("feature {}: {}", i, feature(f))); });
    each(plan_.memberships, [&](std::size_t i, const Membership& m) { line(fmt::format("membership {}: {}", i, membership(m))); });
    each(plan_.limits, [&](std::size_t i, const Limit& l) {
      line(fmt::format("limit {}: {} {} in {}", i, l.count, unit_name(l), length(l.within)));
    });
    each(plan_.channel_limits, [&](std::size_t i, std::int32_t l) {
      if (l >= 0) line(fmt::format("channel {}: limit {}", channel(static_cast<std::int32_t>(i)), l));
    });
    each(plan_.suppressions, [&](std::size_t i, const std::string& s) { line(fmt::format("suppression {}: \"{}\"", i, s)); });
    each(plan_.hold_outs, [&](std::size_t i, const HoldOut& h) { line(fmt::format("hold out {}: \"{}\" below {}", i, h.name, h.below)); });
    each(plan_.goals, [&](std::size_t i, const Goal& g) { line(fmt::format("goal {}: {}", i, goal(g))); });
    each(plan_.journeys, [&](std::size_t i, const Journey& j) { journey(i, j); });
    each(plan_.guarantees, [&](std::size_t i, const Guarantee& g) { line(fmt::format("guarantee {}: \"{}\" {}", i, g.name, promise(g))); });
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) rule(i);
    if (!plan_.shared.empty()) line("shared tests: code " + join(plan_.shared, ", ", [](CodeId c) { return fmt::format("{}", c); }));
    for (std::size_t i = 0; i < plan_.codes.size(); ++i) code(i);
    return std::move(out_);
  }

  std::string feature(const Feature& f) const {
    switch (f.kind) {
      case FeatureKind::Count:
        return fmt::format("count {} within {}, {}", match(f.match), length(f.horizon), f.keep > 0 ? fmt::format("latest {}", f.keep) : "all");
      case FeatureKind::Values: return fmt::format("values {} of {} within {}", field(f.match.what, f.columns[0]), match(f.match), length(f.horizon));
      case FeatureKind::Last: break;
    }
    std::string s = fmt::format("last {} within {}:", match(f.match), length(f.horizon));
    for (std::int32_t c : f.columns) s += " " + field(f.match.what, c);
    for (OccurrenceId r : f.resets) s += ", until " + occurrence(r);
    return s;
  }

 private:
  void line(const std::string& s) { out_ += s + "\n"; }

  template <class T, class Use>
  static void each(const std::vector<T>& list, Use use) {
    for (std::size_t i = 0; i < list.size(); ++i) use(i, list[i]);
  }
  // Each as `word` says it, with `between` between them.
  template <class T, class Word>
  static std::string join(const std::vector<T>& list, const char* between, Word word) {
    std::string s;
    for (const T& t : list) s.append(s.empty() ? "" : between).append(word(t));
    return s;
  }

  void header() {
    line(fmt::format("pack {}: {} events, {} attributes, {} rules, {} bytes, up to {} units and {} lists a visitor", plan_.catalog.name,
                     plan_.catalog.events.size(), plan_.catalog.attributes.size(), plan_.rules.size(), plan_.layout.bytes,
                     plan_.layout.units, plan_.layout.lists));
  }

  const std::string& channel(std::int32_t c) const { return plan_.catalog.channels[static_cast<std::size_t>(c)].name; }
  std::string place(std::int32_t c, std::int32_t slot) const {
    return channel(c) + "." + plan_.catalog.channels[static_cast<std::size_t>(c)].slots[static_cast<std::size_t>(slot)];
  }
  std::string channels(const std::vector<std::int32_t>& list) const {
    return join(list, ", ", [&](std::int32_t c) { return channel(c); });
  }

  std::string occurrence(OccurrenceId what) const {
    const auto events = static_cast<OccurrenceId>(plan_.catalog.events.size());
    if (what < events) return plan_.catalog.events[static_cast<std::size_t>(what)].name;
    const Rule& r = plan_.rules[static_cast<std::size_t>(what - events)];
    return fmt::format("\"{}\".{} acted", r.journey, r.name);
  }
  std::string field(OccurrenceId event, std::int32_t f) const {
    return plan_.catalog.events[static_cast<std::size_t>(event)].fields[static_cast<std::size_t>(f)].name;
  }
  std::string match(const Match& m) const {
    return occurrence(m.what) + (m.filter < 0 ? "" : fmt::format(" if code {}", m.filter));
  }
  std::string matches(const std::vector<Match>& list, const char* between) const {
    return join(list, between, [&](const Match& m) { return match(m); });
  }
  std::string captures(const std::vector<Capture>& list) const {
    return join(list, ", ", [&](const Capture& c) { return occurrence(c.event) + "." + field(c.event, c.field); });
  }

  std::string window(const Window& w) const {
    std::string s;
    switch (w.kind) {
      case WindowKind::Rolling: s = length(w.length); break;
      case WindowKind::Today: s = "today"; break;
      case WindowKind::Week: s = "this week"; break;
      case WindowKind::Month: s = "this month"; break;
    }
    if (w.since >= 0) s += " since " + occurrence(w.since);
    return s + (w.before_this ? " before this" : "");
  }

  std::string membership(const Membership& m) const {
    std::string s = fmt::format("{} = code {}", m.segment, m.code);
    for (const Membership::Reading& r : m.readings)
      s += fmt::format(", feature {}", r.feature) + (r.window < 0 ? "" : fmt::format(" window {}", r.window));
    for (Millis at : m.instants) s += ", at " + base::format_instant(at);
    return s;
  }

  std::string goal(const Goal& g) const {
    std::string s = fmt::format("\"{}\" {} within {}", plan_.journeys[static_cast<std::size_t>(g.journey)].name, match(g.match), length(g.within));
    if (g.worth >= 0) s += fmt::format(", worth code {}", g.worth);
    return g.captures.empty() ? s : s + ", captures " + captures(g.captures);
  }

  void journey(std::size_t i, const Journey& j) {
    std::string s = fmt::format("journey {}: \"{}\"", i, j.name);
    if (j.version) s += fmt::format(" version {}", *j.version);
    if (j.goal >= 0) s += fmt::format(", goal {}", j.goal);
    if (!j.stops.empty()) s += ", stops at " + matches(j.stops, ", ");
    line(s);
  }

  std::string promise(const Guarantee& g) const {
    if (g.limit >= 0) return fmt::format("limit {}", g.limit);
    return fmt::format("never {} by {} unless code {}", g.kind == ActionKind::Send ? "send" : "show", channels(g.channels), g.code);
  }

  std::string starts(const Trigger& t) const {
    switch (t.start) {
      case StartKind::Event: return "with " + matches(t.on, " or ");
      case StartKind::Count:
        return fmt::format("with {} {}{} within {}", t.count, match(t.on[0]), t.same < 0 ? "" : " with the same " + field(t.on[0].what, t.same),
                           length(t.within));
      case StartKind::Order:
        return "in order " + matches(t.on, ", ") + (t.without.empty() ? "" : " without " + matches(t.without, ", ")) + " within " + length(t.within);
      case StartKind::Member: return fmt::format("{} membership {}", t.enters ? "entering" : "leaving", t.membership);
      case StartKind::Asked: return "asked for " + place(t.channel, t.slot);
      case StartKind::Daily: return "every day at " + clock(t.of_day);
      case StartKind::Yearly: return fmt::format("on code {} at {}", t.date, clock(t.of_day));
    }
    return "";
  }

  void rule(std::size_t i) {
    const Rule& r = plan_.rules[i];
    line(fmt::format("rule {}: \"{}\".{} priority {}", i, r.journey, r.name, r.priority));
    std::string s = "  starts " + starts(r.trigger);
    switch (r.trigger.then) {
      case DelayKind::None: break;
      case DelayKind::Absence: s += fmt::format(", {} after, unless {}", length(r.trigger.delay), matches(r.trigger.stops, ", ")); break;
      case DelayKind::Wait: s += fmt::format(", {} after, each", length(r.trigger.delay)); break;
    }
    line(s);
    if (!r.captures.empty()) line("  captures " + captures(r.captures));
    for (const Dates& d : r.dates)
      line("  from " + base::format_instant(d.from) +
           (d.until == std::numeric_limits<Millis>::max() ? "" : " until " + base::format_instant(d.until)));
    for (const Once& o : r.once) line("  once " + (o.within ? "in " + length(*o.within) : "per visitor"));
    if (r.gate >= 0) line(fmt::format("  gate code {}", r.gate));
    for (const Condition& c : r.conditions) line(fmt::format("  {} = code {}", c.clause.text, c.clause.code));
    const auto numbers = [&](const char* word, const std::vector<std::int32_t>& list) {
      if (!list.empty()) line(fmt::format("  {} {}", word, join(list, ", ", [](std::int32_t n) { return fmt::format("{}", n); })));
    };
    numbers("suppressed by", r.suppressed_by);
    for (const Quiet& q : r.quiet) line(fmt::format("  quiet {} to {}, {}", clock(q.from), clock(q.to), q.wait ? "wait" : "skip"));
    numbers("limit", r.limits);
    numbers("counted in limit", r.counted_in);
    if (r.hold_out >= 0) line(fmt::format("  hold out {}", r.hold_out));
    if (r.offers) line("  offered for " + length(r.held));
    for (const Leaf& c : r.columns) line(fmt::format("  column {} = code {}", c.name, c.code));
    each(r.rows, [&](std::size_t n, const Row& row) {
      const std::string when = row.code < 0 ? "" : fmt::format(" if code {}", row.code);
      if (r.table) line(fmt::format("  row {}{}{}", n + 1, when, row.actions.empty() ? ": nothing" : ""));
      for (const Action& a : row.actions) line((r.table ? "    " : "  ") + action(a));
    });
  }

  std::string action(const Action& a) const {
    std::string s;
    switch (a.kind) {
      case ActionKind::Send:
        s = fmt::format("send \"{}\"{} by {}{}", a.name, a.service ? ", service," : "", a.best_of.empty() ? "" : "best of ", channels(a.channels));
        break;
      case ActionKind::Show: s = fmt::format("show \"{}\" in {}", a.name, place(a.channels[0], a.slot)); break;
      case ActionKind::Task: s = fmt::format("raise task \"{}\"", a.name); break;
      case ActionKind::Suppress: s = fmt::format("suppress {} for {}", a.suppression, length(a.length)); break;
      case ActionKind::Split:
        s = fmt::format("split \"{}\":", a.name);
        for (const Share& share : a.shares) s += fmt::format(" below {} {}", share.below, share.variant);
        break;
    }
    for (const Param& p : a.params)
      if (p.code >= 0) s += fmt::format(" {} = code {}", p.name, p.code);
    return s;
  }

  void code(std::size_t i) {
    const Code& c = plan_.codes[i];
    line(fmt::format("code {}: {}", i, catalog::type_name(c.type)));
    for (std::size_t n = 0; n < c.instrs.size(); ++n) {
      const Instr& in = c.instrs[n];
      std::string s = fmt::format("  %{} = {}", n, op_name(in.op));
      const int operands = op_operands(in.op);
      if (operands >= 1) s += fmt::format(" %{}", in.a);
      if (operands >= 2) s += fmt::format(", %{}", in.b);
      switch (in.op) {
        case Op::Const: s += in.imm == kUnknown ? " unknown" : fmt::format(" {}", in.imm); break;
        case Op::Attribute: s += " " + plan_.catalog.attributes[static_cast<std::size_t>(in.aux)].name; break;
        case Op::Field: s += fmt::format(" {}", in.aux); break;
        case Op::LastField: s += fmt::format(" feature {} column {}", in.aux, in.imm); break;
        case Op::CountAtLeast:
        case Op::Count:
        case Op::Sum:
        case Op::Highest:
        case Op::Lowest:
        case Op::First: s += fmt::format(" feature {} window {}", in.aux, in.imm); break;
        case Op::Average: s += fmt::format(" feature {} window {} by {}", in.aux, in.imm, in.b); break;
        case Op::CountSeen: s += fmt::format(" feature {} window {} up to {}", in.aux, in.imm, in.b); break;
        case Op::MulDiv:
        case Op::DivMul: s += fmt::format(" by {}", in.imm); break;
        case Op::Now: case Op::Add: case Op::Sub: case Op::Mul: case Op::Neg: case Op::Eq: case Op::Ne: case Op::Lt:
        case Op::Le: case Op::Gt: case Op::Ge: case Op::And: case Op::Or: case Op::Not: case Op::Given: case Op::Otherwise:
        case Op::TextContains: case Op::TextStarts: case Op::TextEnds: case Op::ListContains: break;
      }
      line(s);
    }
  }

  const Plan& plan_;
  std::string out_;
};

}  // namespace

std::string print(const Plan& plan) { return Printer(plan).print(); }
std::string describe_feature(const Plan& plan, std::size_t feature) { return Printer(plan).feature(plan.features[feature]); }

void Evaluator::grow(std::size_t codes, Function first) {
  if (codes > room_) {
    room_ = codes_ == 0 ? codes : codes + codes / 4;
    Functions more = std::make_unique<std::atomic<Function>[]>(room_);
    for (std::size_t i = 0; i < codes_; ++i) more[i].store(functions_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
    functions_ = std::move(more);
  }
  for (; codes_ < codes; ++codes_) functions_[codes_].store(first, std::memory_order_relaxed);
}

}  // namespace polku::plan
