#include "compiler/sema/targets.h"

#include <fmt/format.h>

#include <algorithm>

namespace polku::sema {

using diag::Code;

namespace {

template <class T>
std::string nearest(const std::string& name, const std::vector<T>& list, const diag::Diagnostics& d) {
  return d.full() ? "" : diag::did_you_mean(name, names_of(list));
}

int find_channel(const catalog::Catalog& c, const std::string& name, diag::Span span, diag::Diagnostics& d) {
  const int channel = c.channel(name);
  if (channel < 0) d.add(Code::UnknownChannel, span, fmt::format("There is no channel `{}` in the catalog.", name), nearest(name, c.channels, d));
  return channel;
}

}  // namespace

int find_template(const catalog::Catalog& c, const syntax::Name& name, diag::Diagnostics& d) {
  const int t = c.template_(name.text);
  if (t >= 0) return t;
  std::string help = nearest(name.text, c.templates, d);
  if (help.empty()) help = "Declare it under `templates` in the catalog.";
  d.add(Code::UnknownTemplate, name.span, fmt::format("There is no template \"{}\" in the catalog.", name.text), help);
  return -1;
}

int find_task(const catalog::Catalog& c, const syntax::Name& name, diag::Diagnostics& d) {
  const int t = c.task(name.text);
  if (t >= 0) return t;
  std::string help = nearest(name.text, c.tasks, d);
  if (help.empty()) help = "Declare it under `tasks` in the catalog.";
  d.add(Code::UnknownTask, name.span, fmt::format("There is no task \"{}\" in the catalog.", name.text), help);
  return -1;
}

int find_sender(const catalog::Catalog& c, const std::string& name, diag::Span span, const std::string& template_, diag::Span whole,
                diag::Diagnostics& d) {
  const int channel = find_channel(c, name, span, d);
  if (channel < 0) return -1;
  const std::vector<std::string>& slots = c.channels[static_cast<std::size_t>(channel)].slots;
  if (slots.empty()) return channel;
  d.add(Code::ShowOrSend, whole, fmt::format("`{}` has slots: things are shown there, not sent.", name),
        template_.empty() ? "" : fmt::format("Write `show \"{}\" in {}.{}`.", template_, name, slots[0]));
  return -1;
}

int find_shower(const catalog::Catalog& c, const std::string& name, diag::Span span, diag::Span whole, const std::string& help,
                diag::Diagnostics& d) {
  const int channel = find_channel(c, name, span, d);
  if (channel < 0 || !c.channels[static_cast<std::size_t>(channel)].slots.empty()) return channel;
  d.add(Code::ShowOrSend, whole, fmt::format("`{}` has no slots, so nothing can be shown there.", name), help);
  return -1;
}

Slot find_slot(const catalog::Catalog& c, const syntax::Path& path, diag::Span whole, const std::string& help, diag::Diagnostics& d) {
  const std::string& name = path.parts[0];
  const int channel = find_shower(c, name, path.span, whole, help, d);
  if (channel < 0) return {};
  const std::vector<std::string>& slots = c.channels[static_cast<std::size_t>(channel)].slots;
  const std::string slot = path.parts.size() < 2 ? "" : path.text().substr(name.size() + 1);
  const auto it = std::find(slots.begin(), slots.end(), slot);
  if (it != slots.end()) return {channel, static_cast<int>(it - slots.begin())};
  std::string which = slot.empty() || d.full() ? "" : diag::did_you_mean(slot, slots);
  if (which.empty()) which = fmt::format("Write `{}.{}`.", name, slots[0]);
  d.add(Code::UnknownSlot, path.span,
        slot.empty() ? fmt::format("Which slot of `{}`?", name) : fmt::format("`{}` has no slot `{}`.", name, slot), which);
  return {};
}

void check_carried(const catalog::Catalog& c, int template_, int channel, diag::Span span, diag::Diagnostics& d) {
  if (template_ < 0 || channel < 0) return;
  const catalog::Template& t = c.templates[static_cast<std::size_t>(template_)];
  if (std::find(t.by.begin(), t.by.end(), channel) != t.by.end()) return;
  std::string by;
  for (int b : t.by) by.append(by.empty() ? "" : ", ").append(c.channels[static_cast<std::size_t>(b)].name);
  d.add(Code::ChannelNotAllowed, span,
        fmt::format("The template \"{}\" is not made for `{}`.", t.name, c.channels[static_cast<std::size_t>(channel)].name),
        fmt::format("It goes by {}.", by));
}

}  // namespace polku::sema
