// The tests of a pack: names and types of what they set and expect.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/sema/sema.h"
#include "compiler/sema/targets.h"
#include "compiler/sema/typer.h"

namespace polku::sema {

using catalog::Type;
using catalog::TypeKind;
using diag::Code;

namespace {

class Tests {
 public:
  Tests(const std::vector<std::string>& outcomes, plan::Plan& plan, diag::Diagnostics& d)
      : outcomes_(outcomes), plan_(plan), d_(d), builder_(plan), names_(plan.catalog) {
    derived_.assign(plan.catalog.attributes.size(), nullptr);
    names_.derived = &derived_;
  }

  Test test(const syntax::Test& t) {
    Test out{t.name.text, {}, false, t.span};
    for (const auto& line : t.lines) {
      if (const auto* set = std::get_if<syntax::TestSet>(&line)) out.steps.push_back(step(set->at, change(*set), set->span));
      if (const auto* event = std::get_if<syntax::TestEvent>(&line)) {
        const int e = find_event(names_, event->event, d_);
        if (e < 0) continue;
        const std::string owner = "event `" + event->event.text + "`";
        out.steps.push_back(step(event->at, TestEvent{e, values(event->fields, names_.event(e).fields, owner, "field")}, event->span));
      }
      if (const auto* asked = std::get_if<syntax::TestAsked>(&line)) {
        const Slot slot = find_slot(plan_.catalog, asked->slot, asked->slot.span, "Only what has `slots` in the catalog can be asked for.", d_);
        if (slot.channel >= 0) out.steps.push_back(step(asked->at, TestAsked{slot.channel, slot.slot}, asked->span));
      }
      if (const auto* expect_ = std::get_if<syntax::Expect>(&line)) {
        out.steps.push_back(step(expect_->at, expect(*expect_), expect_->span));
        out.held_out = out.held_out || (expect_->because && expect_->because->text == "held_out");
      }
    }
    for (std::size_t i = 1; i < out.steps.size(); ++i) {
      const TestStep &a = out.steps[i - 1], &b = out.steps[i];
      if (std::pair(b.day, b.of_day) < std::pair(a.day, a.of_day))
        d_.add(Code::TestOrder, b.span, "This line stands before the one above it in time.",
               "Put the lines of a test in order; `day 2 at …` is the next day.");
    }
    return out;
  }

 private:
  TestStep step(const syntax::VirtualTime& at, std::variant<TestChange, TestEvent, TestAsked, TestExpect> what, diag::Span span) {
    return {at.day, at.of_day, std::move(what), span};
  }

  TestChange change(const syntax::TestSet& set) {
    TestChange out;
    std::set<int> met;
    for (const syntax::Binding& b : set.values) {
      std::string name = b.name.text();
      if (name.starts_with("visitor.")) name = name.substr(8);
      const int a = plan_.catalog.attribute(name);
      if (a < 0) {
        d_.add(Code::UnknownName, b.name.span, fmt::format("The catalog has no visitor attribute `{}`.", name),
               diag::did_you_mean(name, names_.attribute_names()));
        continue;
      }
      const catalog::Attribute& attribute = plan_.catalog.attributes[static_cast<std::size_t>(a)];
      if (attribute.presence == catalog::Presence::Derived) {
        d_.add(Code::SetDerived, b.span, fmt::format("`{}` is derived from events and cannot be set.", name),
               "Let the events happen that it is derived from.");
        continue;
      }
      if (once(b, a, met)) value(b, attribute.type, a, out.values);
    }
    return out;
  }

  std::vector<TestValue> values(const std::vector<syntax::Binding>& bindings, const std::vector<catalog::Field>& fields, const std::string& owner,
                                const char* kind) {
    std::vector<TestValue> out;
    std::set<int> met;
    for (const syntax::Binding& b : bindings) {
      std::string name = b.name.text();
      const auto it = std::find_if(fields.begin(), fields.end(), [&](const catalog::Field& f) { return f.name == name; });
      if (it == fields.end()) {
        d_.add(*kind == 'f' ? Code::UnknownField : Code::UnknownParameter, b.name.span, fmt::format("The {} has no {} `{}`.", owner, kind, name),
               diag::did_you_mean(name, names_of(fields)));
        continue;
      }
      const int target = static_cast<int>(it - fields.begin());
      if (once(b, target, met)) value(b, it->type, target, out);
    }
    return out;
  }

  static std::string form(const Type& type) {
    if (type.kind == TypeKind::Consent) return "A consent is `given`, `refused` or `missing`.";
    if (type.kind == TypeKind::Time) return "Write a day, as in `1 January 2026`: it is the first instant of that day.";
    return "";
  }

  // Each is set, or expected, once.
  bool once(const syntax::Binding& b, int target, std::set<int>& met) {
    if (met.insert(target).second) return true;
    d_.add(Code::ParameterTwice, b.span, fmt::format("`{}` is given twice.", b.name.text()), "Leave one out.");
    return false;
  }

  void value(const syntax::Binding& b, const Type& type, int target, std::vector<TestValue>& out) {
    CodeBuilder code;
    Typed v;
    switch (b.word) {
      case syntax::Binding::Word::Missing:
        out.push_back({b.name.text(), target, -1});
        return;
      case syntax::Binding::Word::Given:
        if (type.kind == TypeKind::Consent) v = {code.constant(kYes), type};
        break;
      case syntax::Binding::Word::None:
        if (type.kind == TypeKind::Consent) {
          const auto* p = std::get_if<syntax::Path>(&b.value->node);
          if (p && p->text() == "refused") v = {code.constant(kNo), type};
          break;
        }
        v = Typer({names_, builder_, d_}, code, {.sight = Sight::Constant}).value(*b.value, &type);
        if (!v.ok()) return;
        if (type.kind == TypeKind::Time && v.type.kind == TypeKind::Date && code.at(v.reg).op == plan::Op::Const)  // a date is its first instant, as beside `now`
          v = {code.constant(names_.zone.to_instant(code.at(v.reg).imm * kDay)), type};
        break;
    }
    if (!v.ok() || v.type != type) {
      d_.add(Code::ParameterType, b.value ? b.value->span : b.span, fmt::format("`{}` is {}, and this is not one.", b.name.text(), said(type)), form(type));
      return;
    }
    out.push_back({b.name.text(), target, builder_.code(code.slice(v.reg, v.type))});
  }

  // Some outcomes no such line can ever meet.
  void check_met(const syntax::Expect& e) {
    const auto never = [&](const char* message, const char* help) { d_.add(Code::ExpectNever, e.because->span, message, help); };
    const std::string& because = e.because->text;
    if (because == "too_late") never("Nothing is too late in a test: its clock never stands still.", "Expect what is done then.");
    if (e.nothing && because == "acted") never("`acted` says that something was done.", "Leave `because acted` out, or expect what was done.");
    if (!e.nothing && (because == "nothing" || because == "converted"))
      never(because == "nothing" ? "A table that says to do nothing holds nothing back." : "A goal that is reached holds nothing back.", "Write `expect nothing because …`.");
  }

  TestExpect expect(const syntax::Expect& e) {
    TestExpect out;
    out.until = e.until;
    out.nothing = e.nothing;
    if (e.because) {
      out.because = e.because->text;
      if (std::find(outcomes_.begin(), outcomes_.end(), out.because) == outcomes_.end())
        d_.add(Code::UnknownOutcome, e.because->span, fmt::format("There is no outcome `{}`.", out.because),
               diag::did_you_mean(out.because, outcomes_));
      else
        check_met(e);
    }
    if (e.nothing) return out;
    const catalog::Catalog& c = plan_.catalog;
    const std::string& name = e.template_.text;
    out.template_ = name;
    if (e.kind == syntax::ActionKind::Task) {
      out.kind = plan::ActionKind::Task;
      const int t = find_task(c, e.template_, d_);
      if (t >= 0) out.params = values(e.params, c.tasks[static_cast<std::size_t>(t)].params, "task \"" + name + "\"", "parameter");
      return out;
    }
    const int t = find_template(c, e.template_, d_);
    if (e.kind == syntax::ActionKind::Show) {
      out.kind = plan::ActionKind::Show;
      const Slot slot = e.target ? find_slot(c, *e.target, e.span, "Write a slot, as in `in web.hero`.", d_) : Slot{};
      out.channel = slot.channel;
      out.slot = slot.slot;
    } else if (e.target) {
      out.channel = find_sender(c, e.target->text(), e.target->span, name, e.span, d_);
    }
    if (e.target) check_carried(c, t, out.channel, e.target->span, d_);
    if (t >= 0) out.params = values(e.params, c.templates[static_cast<std::size_t>(t)].params, "template \"" + name + "\"", "parameter");
    return out;
  }

  const std::vector<std::string>& outcomes_;
  plan::Plan& plan_;
  diag::Diagnostics& d_;
  PlanBuilder builder_;
  Names names_;
  std::vector<const syntax::Expr*> derived_;
};

}  // namespace

std::vector<Test> analyse_tests(const std::vector<const syntax::File*>& files, const std::vector<std::string>& outcomes, plan::Plan& plan,
                                diag::Diagnostics& d) {
  Tests tests(outcomes, plan, d);
  std::vector<Test> out;
  for (const syntax::File* file : files)
    for (const syntax::Test& t : file->tests) out.push_back(tests.test(t));
  return out;
}

}  // namespace polku::sema
