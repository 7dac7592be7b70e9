#include "compiler/sema/actions.h"

#include <fmt/format.h>

#include <algorithm>

namespace polku::sema {

using catalog::TypeKind;
using diag::Code;

namespace {

template <class T>
std::vector<std::string> names(const std::vector<T>& list) {
  std::vector<std::string> out;
  for (const T& t : list) out.push_back(t.name);
  return out;
}

}  // namespace

Target find_target(const catalog::Catalog& c, const syntax::Name& template_, const syntax::Path* target, syntax::ActionKind kind,
                   diag::Span span, diag::Diagnostics& d) {
  Target t;
  t.template_ = c.template_(template_.text);
  if (t.template_ < 0) {
    std::string help = diag::did_you_mean(template_.text, names(c.templates));
    if (help.empty()) help = "Declare it under `templates` in the catalog.";
    d.add(Code::UnknownTemplate, template_.span, fmt::format("There is no template \"{}\" in the catalog.", template_.text), help);
  }
  if (!target) return t;
  const std::string& name = target->parts[0];
  t.channel = c.channel(name);
  if (t.channel < 0) {
    d.add(Code::UnknownChannel, target->span, fmt::format("There is no channel `{}` in the catalog.", name), diag::did_you_mean(name, names(c.channels)));
    return t;
  }
  const catalog::Channel& channel = c.channels[static_cast<std::size_t>(t.channel)];
  if (kind == syntax::ActionKind::Send) {
    if (!channel.slots.empty() || target->parts.size() > 1) {
      d.add(Code::ShowOrSend, span, channel.slots.empty() ? fmt::format("`{}` has no slots; a message is sent by the channel alone.", name)
                                                          : fmt::format("`{}` has slots: things are shown there, not sent.", name),
            channel.slots.empty() ? fmt::format("Write `by {}`.", name) : fmt::format("Write `do show \"{}\" in {}.{}`.", template_.text, name, channel.slots[0]));
      t.channel = -1;
    }
  } else {
    if (channel.slots.empty()) {
      d.add(Code::ShowOrSend, span, fmt::format("`{}` has no slots, so nothing can be shown there.", name), fmt::format("Write `do send \"{}\" by {}`, or give it `slots` in the catalog.", template_.text, name));
      t.channel = -1;
      return t;
    }
    const std::string slot = target->parts.size() > 1 ? target->parts[1] : "";
    const auto it = std::find(channel.slots.begin(), channel.slots.end(), slot);
    if (it == channel.slots.end() || target->parts.size() > 2) {
      std::string help = diag::did_you_mean(slot, channel.slots);
      if (help.empty()) help = fmt::format("Write `in {}.{}`.", name, channel.slots[0]);
      d.add(Code::UnknownSlot, target->span, slot.empty() ? fmt::format("Which slot of `{}`?", name) : fmt::format("`{}` has no slot `{}`.", name, slot), help);
      t.channel = -1;
      return t;
    }
    t.slot = static_cast<int>(it - channel.slots.begin());
  }
  if (t.template_ >= 0 && t.channel >= 0) {
    const catalog::Template& tm = c.templates[static_cast<std::size_t>(t.template_)];
    if (std::find(tm.by.begin(), tm.by.end(), t.channel) == tm.by.end()) {
      std::string by;
      for (int b : tm.by) by += (by.empty() ? "" : ", ") + c.channels[static_cast<std::size_t>(b)].name;
      d.add(Code::ChannelNotAllowed, target->span, fmt::format("The template \"{}\" is not made for `{}`.", template_.text, name), fmt::format("It goes by {}.", by));
    }
  }
  return t;
}

void action(const Names& all, PlanBuilder& plan, const syntax::Action& a, const Scope& scope, plan::Action& out, diag::Diagnostics& d) {
  const catalog::Catalog& c = *all.catalog;
  out.kind = a.kind == syntax::ActionKind::Send ? plan::ActionKind::Send : plan::ActionKind::Show;
  out.name = a.template_.text;
  const Target t = find_target(c, a.template_, &a.target, a.kind, a.span, d);
  out.channel = std::max(t.channel, 0);
  out.slot = t.slot;
  if (t.template_ < 0) return;
  const catalog::Template& tm = c.templates[static_cast<std::size_t>(t.template_)];
  std::vector<const syntax::Binding*> given(tm.params.size(), nullptr);
  for (const syntax::Binding& b : a.params) {
    const std::string name = b.name.text();
    const auto it = std::find_if(tm.params.begin(), tm.params.end(), [&](const catalog::Field& f) { return f.name == name; });
    if (it == tm.params.end()) {
      d.add(Code::UnknownParameter, b.name.span, fmt::format("The template \"{}\" has no parameter `{}`.", tm.name, name), diag::did_you_mean(name, names(tm.params)));
      continue;
    }
    const syntax::Binding*& slot = given[static_cast<std::size_t>(it - tm.params.begin())];
    if (slot) d.add(Code::ParameterTwice, b.span, fmt::format("`{}` is given twice.", name));
    slot = &b;
  }
  for (std::size_t i = 0; i < tm.params.size(); ++i) {
    const catalog::Field& p = tm.params[i];
    plan::Param param{p.name, p.type, p.optional, -1, {}, {}};
    if (!given[i]) {
      if (!p.optional)
        d.add(Code::MissingParameter, a.span, fmt::format("The template \"{}\" needs `{}`.", tm.name, p.name), fmt::format("Add `with {} = …`.", p.name));
    } else if (given[i]->word != syntax::Binding::Word::None) {
      d.add(Code::ParameterType, given[i]->span, fmt::format("A parameter needs a value; `{}` is left out by not naming it.", p.name));
    } else {
      CodeBuilder code;
      Typer typer(all, plan, code, scope, d);
      const Typed v = typer.value(*given[i]->value, &p.type);
      if (v.ok() && v.type != p.type) {
        d.add(Code::ParameterType, given[i]->value->span,
              fmt::format("`{}` is {}, but `{}` is {}.", p.name, said(p.type), given[i]->value->text, said(v.type)));
      } else if (v.ok()) {
        param.code = plan.code(code.slice(v.reg, v.type));
        param.clause = fmt::format("with {} = {}", given[i]->name.text(), given[i]->value->text);
        for (const Leaf& l : typer.take_leaves()) param.leaves.push_back({l.name, plan.code(code.slice(l.value.reg, l.value.type)), l.or_more});
      }
    }
    out.params.push_back(std::move(param));
  }
}

}  // namespace polku::sema
