#include "compiler/plan/plan.h"

#include <fmt/format.h>

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

namespace {

std::string length(Millis d) {
  for (const auto& [unit, name] : {std::pair{kDay, "d"}, {kHour, "h"}, {kMinute, "m"}, {kSecond, "s"}})
    if (d % unit == 0) return fmt::format("{}{}", d / unit, name);
  return fmt::format("{}ms", d);
}

class Printer {
 public:
  explicit Printer(const Plan& plan) : plan_(plan) {}

  std::string print() {
    header();
    for (std::size_t i = 0; i < plan_.windows.size(); ++i) {
      const Window& w = plan_.windows[i];
      line(fmt::format("window {}: {}{}", i, length(w.length), w.since < 0 ? "" : " since " + occurrence(w.since)));
    }
    for (std::size_t i = 0; i < plan_.features.size(); ++i) feature(i);
    for (std::size_t i = 0; i < plan_.limits.size(); ++i) {
      const Limit& l = plan_.limits[i];
      line(fmt::format("limit {}: {} {} in {}", i, l.count, l.unit == LimitUnit::Messages ? "messages" : "shows", length(l.within)));
    }
    for (std::size_t i = 0; i < plan_.rules.size(); ++i) rule(i);
    for (std::size_t i = 0; i < plan_.codes.size(); ++i) code(i);
    return std::move(out_);
  }

 private:
  void line(const std::string& s) { out_ += s + "\n"; }

  void header() {
    line(fmt::format("pack {}: {} events, {} attributes, {} rules, {} words and {} lists a visitor", plan_.catalog.name,
                     plan_.catalog.events.size(), plan_.catalog.attributes.size(), plan_.rules.size(), plan_.layout.words,
                     plan_.layout.lists));
  }

  std::string occurrence(OccurrenceId what) const {
    const auto events = static_cast<OccurrenceId>(plan_.catalog.events.size());
    if (what < events) return plan_.catalog.events[static_cast<std::size_t>(what)].name;
    const Rule& r = plan_.rules[static_cast<std::size_t>(what - events)];
    return fmt::format("\"{}\".{} acted", r.journey, r.name);
  }

  std::string match(const Match& m) const {
    return occurrence(m.what) + (m.filter < 0 ? "" : fmt::format(" if code {}", m.filter));
  }

  void feature(std::size_t i) {
    const Feature& f = plan_.features[i];
    std::string s = fmt::format("feature {}: ", i);
    const auto column = [&](std::int32_t c) {
      return plan_.catalog.events[static_cast<std::size_t>(f.match.what)].fields[static_cast<std::size_t>(c)].name;
    };
    switch (f.kind) {
      case FeatureKind::Count:
        s += fmt::format("count {} within {}, {}", match(f.match), length(f.horizon),
                         f.keep > 0 ? fmt::format("latest {}", f.keep) : "all");
        break;
      case FeatureKind::Values: s += fmt::format("values {} of {} within {}", column(f.columns[0]), match(f.match), length(f.horizon)); break;
      case FeatureKind::Last:
        s += fmt::format("last {} within {}:", match(f.match), length(f.horizon));
        for (std::int32_t c : f.columns) s += " " + column(c);
        for (OccurrenceId r : f.resets) s += ", until " + occurrence(r);
        break;
    }
    line(s);
  }

  void rule(std::size_t i) {
    const Rule& r = plan_.rules[i];
    line(fmt::format("rule {}: \"{}\".{} priority {}", i, r.journey, r.name, r.priority));
    const Trigger& t = r.trigger;
    std::string s = "  starts with " + match(t.start);
    switch (t.kind) {
      case TriggerKind::At: break;
      case TriggerKind::Absence:
        s += fmt::format(", {} after, unless", length(t.delay));
        for (const Match& stop : t.stops) s += " " + match(stop);
        break;
      case TriggerKind::Wait: s += fmt::format(", {} after, each", length(t.delay)); break;
    }
    line(s);
    if (r.gate >= 0) line(fmt::format("  gate code {}", r.gate));
    for (const Condition& c : r.conditions) line(fmt::format("  {} = code {}", c.clause.text, c.clause.code));
    for (std::int32_t l : r.limits) line(fmt::format("  limit {}", l));
    const catalog::Channel& channel = plan_.catalog.channels[static_cast<std::size_t>(r.action.channel)];
    s = fmt::format("  {} \"{}\" {} {}", r.action.kind == ActionKind::Send ? "send" : "show", r.action.name,
                    r.action.kind == ActionKind::Send ? "by" : "in", channel.name);
    if (r.action.slot >= 0) s += "." + channel.slots[static_cast<std::size_t>(r.action.slot)];
    for (const Param& p : r.action.params)
      if (p.code >= 0) s += fmt::format(" {} = code {}", p.name, p.code);
    line(s);
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
        case Op::Lowest: s += fmt::format(" feature {} window {}", in.aux, in.imm); break;
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

}  // namespace polku::plan
