#include "compiler/reference/passage.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace polku::reference {

using history::Action;
using history::ActionKind;

namespace {

// The variant whose part of 0 … 9,999 the bucket falls into.
std::string variant_of(const Story& story, const syntax::Split& split) {
  const std::int64_t bucket = history::bucket(story.catalog.salt, split.name.text, *story.person);
  std::int64_t end = 0;
  for (const syntax::Share& share : split.shares) {
    end += share.share / (kMillion / 10'000);
    if (bucket < end) return share.variant.text;
  }
  return {};
}

Action action_of(const Story& story, const syntax::Act& act) {
  Action action;
  if (const auto* send = as_send(act)) {
    action.name = send->template_.text;
    if (!send->best_of) action.channel = send->channels.front().text;
  } else if (const auto* show = as_show(act)) {
    action.kind = ActionKind::Show;
    action.name = show->template_.text;
    action.channel = show->slot.parts.front();
    action.slot = slot_name(show->slot);
  } else if (const auto* task = std::get_if<syntax::RaiseTask>(&act.what)) {
    action.kind = ActionKind::Task;
    action.name = task->task.text;
  } else if (const auto* suppress = std::get_if<syntax::Suppress>(&act.what)) {
    action.kind = ActionKind::Suppress;
    action.name = suppress->what.text;
    action.length = suppress->length.length;
  } else if (const auto* split = std::get_if<syntax::Split>(&act.what)) {
    action.kind = ActionKind::Split;
    action.name = split->name.text;
    action.variant = variant_of(story, *split);
  }
  return action;
}

ActionKind kind_of(syntax::LimitUnit unit) {
  switch (unit) {
    case syntax::LimitUnit::Messages: return ActionKind::Send;
    case syntax::LimitUnit::Shows: return ActionKind::Show;
    case syntax::LimitUnit::Tasks: return ActionKind::Task;
  }
  return ActionKind::Send;
}

}  // namespace

void about_to_do(Passage& p, const std::vector<syntax::Act>& acts) {
  p.acts = &acts;
  p.d.actions.clear();
  for (const auto& act : acts) p.d.actions.push_back(action_of(p.story, act));
}

const syntax::Send* as_send(const syntax::Act& act) { return std::get_if<syntax::Send>(&act.what); }
const syntax::Show* as_show(const syntax::Act& act) { return std::get_if<syntax::Show>(&act.what); }

bool is_service(const catalog::Catalog& catalog, const syntax::Send& send) {
  const int index = catalog.template_(send.template_.text);
  return index >= 0 && catalog.templates[static_cast<std::size_t>(index)].service;
}

std::string slot_name(const syntax::Path& slot) {
  std::string name;
  for (std::size_t i = 1; i < slot.parts.size(); ++i) name += (i > 1 ? "." : "") + slot.parts[i];
  return name;
}

const catalog::Channel* channel_named(const catalog::Catalog& catalog, const std::string& name) {
  const int index = catalog.channel(name);
  return index < 0 ? nullptr : &catalog.channels[static_cast<std::size_t>(index)];
}

std::int64_t units(const Record& record, syntax::LimitUnit unit) {
  return std::count_if(record.done.begin(), record.done.end(), [&](const Done& d) { return d.kind == kind_of(unit) && !d.service; });
}

std::int64_t units(const Passage& p, syntax::LimitUnit unit) {
  std::int64_t n = 0;
  for (std::size_t i = 0; i < p.d.actions.size(); ++i) {
    const auto* send = as_send((*p.acts)[i]);
    if (p.d.actions[i].kind == kind_of(unit) && (send == nullptr || !is_service(p.story.catalog, *send))) ++n;
  }
  return n;
}

std::string_view unit_name(syntax::LimitUnit unit) {
  switch (unit) {
    case syntax::LimitUnit::Messages: return "messages";
    case syntax::LimitUnit::Shows: return "shows";
    case syntax::LimitUnit::Tasks: return "tasks";
  }
  return "";
}

history::Datum text_datum(std::string text) {
  history::Datum d;
  d.kind = TypeKind::Text;
  d.value = 0;
  d.texts = {std::move(text)};
  return d;
}

history::Datum whole_datum(std::int64_t number) { return to_datum(plain(TypeKind::Whole, number)); }
history::Datum time_datum(Millis at) { return to_datum(plain(TypeKind::Time, at)); }

}  // namespace polku::reference
