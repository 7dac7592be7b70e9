// What may be a name, and finding the one that is meant.
#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "compiler/catalog/reader.h"

namespace polku::catalog {
namespace {

using diag::Code;

// LANGUAGE.md section 1: these begin a block, a clause or an action, or say what is known.
constexpr std::array<std::string_view, 27> kHardWords{
    "journey", "rule", "segment", "guarantee", "test", "end", "when", "then", "only", "not", "limit", "once", "quiet", "hold",
    "stop", "goal", "owner", "priority", "do", "send", "show", "raise", "suppress", "choose", "split", "given", "missing"};
constexpr std::array<std::string_view, 2> kHardWordsOfNothing{"unknown", "nothing"};
constexpr std::array<std::string_view, 4> kReserved{"visitor", "now", "yes", "no"};

template <typename Words>
bool among(const Words& words, std::string_view name) {
  return std::find(words.begin(), words.end(), name) != words.end();
}

bool identifier(std::string_view name) {
  if (name.empty()) return false;
  for (std::size_t i = 0; i < name.size();) {
    utf8proc_int32_t character = 0;
    const auto step = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(name.data()) + i,
                                       static_cast<utf8proc_ssize_t>(name.size() - i), &character);
    if (step <= 0) return false;
    const auto category = utf8proc_category(character);
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    const bool inside = (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_MC) || category == UTF8PROC_CATEGORY_ND;
    if (!letter && character != '_' && (i == 0 || !inside)) return false;
    i += static_cast<std::size_t>(step);
  }
  return true;
}

std::vector<std::string> parts(std::string_view name, bool dotted) {
  std::vector<std::string> out;
  for (std::size_t dot; dotted && (dot = name.find('.')) != std::string_view::npos; name.remove_prefix(dot + 1)) {
    out.emplace_back(name.substr(0, dot));
  }
  out.emplace_back(name);
  return out;
}

template <typename Things>
int index_of(const Things& things, std::string_view name) {
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (things[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

void Reader::check_letters(const Node& node, std::string_view letters, std::string_view name, const std::string& what) {
  if (identifier(letters)) return;
  error(Code::CatalogBadName, node.span, quote(name) + " cannot be the name of " + what + ".",
        "A name is made of letters, digits and `_`, and does not begin with a digit.");
}

void Reader::check_name(const Node& node, const std::string& name, const std::string& what, bool dotted) {
  const std::vector<std::string> all = parts(name, dotted);
  if (!std::all_of(all.begin(), all.end(), identifier)) {
    error(Code::CatalogBadName, node.span, quote(name) + " cannot be the name of " + what + ".",
          std::string("A name is made of letters, digits and `_`, and does not begin with a digit") +
              (dotted ? "; it may have parts with dots between them." : "."));
  } else if (among(kHardWords, all.front()) || among(kHardWordsOfNothing, all.front())) {
    error(Code::CatalogHardWord, node.span, quote(all.front()) + " is a word of the language, so it cannot " +
          (all.size() > 1 ? "begin" : "be") + " the name of " + what + ".",
          "Choose another, as in `" + all.front() + "_" + (all.size() > 1 ? "1." + cut(all[1]) : "1") + "`.");
  } else if (among(kReserved, all.front())) {
    error(Code::CatalogReservedName, node.span, quote(all.front()) + " already has a meaning in rules, so it cannot " +
          (all.size() > 1 ? "begin" : "be") + " the name of " + what + ".",
          all.front() == "yes" || all.front() == "no" ? "For what is either yes or no there is the type `yes/no`." : "Choose another.");
  }
}

std::string Reader::did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  if (!hinting()) return {};
  compared_ += candidates.size();
  return diag::did_you_mean(name, candidates);
}

int Reader::event(diag::Span span, const std::string& name) {
  if (const auto found = event_index.find(name); found != event_index.end()) return found->second;
  if (events_known) {
    error(Code::CatalogUnknownEvent, span, "There is no event " + quote(name) + " in the catalog.", did_you_mean_one(name, out.events));
  }
  return -1;
}

int Reader::attribute(const Node& node) {
  const std::string name = nfc(node.text);
  if (const auto found = attribute_index.find(name); found != attribute_index.end()) return found->second;
  if (attributes_known) {
    error(Code::CatalogUnknownAttribute, node.span, "The visitor has no attribute " + quote(name) + ".",
          did_you_mean_one(name, out.attributes));
  }
  return -1;
}

int Reader::channel(const Node& node) {
  const std::string name = nfc(node.text);
  if (const auto found = channel_index.find(name); found != channel_index.end()) return found->second;
  if (channels_known) {
    error(Code::CatalogUnknownChannel, node.span, "There is no channel " + quote(name) + " in the catalog.",
          did_you_mean_one(name, out.channels));
  }
  return -1;
}

int Event::field(std::string_view wanted) const { return index_of(fields, wanted); }
int Catalog::event(std::string_view wanted) const { return index_of(events, wanted); }
int Catalog::attribute(std::string_view wanted) const { return index_of(attributes, wanted); }
int Catalog::channel(std::string_view wanted) const { return index_of(channels, wanted); }
int Catalog::template_(std::string_view wanted) const { return index_of(templates, wanted); }
int Catalog::task(std::string_view wanted) const { return index_of(tasks, wanted); }
int Catalog::visitor_zone() const { return index_of(attributes, kZoneName); }
int Channel::slot(std::string_view wanted) const {
  const auto found = std::find(slots.begin(), slots.end(), wanted);
  return found == slots.end() ? -1 : static_cast<int>(found - slots.begin());
}
const Source* Catalog::source(std::string_view wanted) const {
  const int found = index_of(sources, wanted);
  return found < 0 ? nullptr : &sources[static_cast<std::size_t>(found)];
}

}  // namespace polku::catalog
