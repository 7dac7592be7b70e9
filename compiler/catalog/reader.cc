#include "compiler/catalog/reader.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "runtime/base/text.h"

namespace polku::catalog {

using diag::Code;

std::string nfc(std::string_view text) { return base::nfc(text).value_or(std::string(text)); }

std::string cut(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return std::string(text);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string quote(std::string_view name) { return "`" + cut(name) + "`"; }

namespace {

std::string shape_name(Shape shape) {
  switch (shape) {
    case Shape::Empty: return "nothing";
    case Shape::Word: return "a word";
    case Shape::List: return "a list";
    case Shape::Map: return "a map of keys and values";
  }
  return {};
}

}  // namespace

void Reader::error(Code code, diag::Span span, std::string message, std::string help) {
  if (!said_.emplace(code, span.begin, span.end, message).second) return;
  d_.add(code, span, std::move(message), std::move(help));
}

std::string_view Reader::bytes(diag::Span span) const {
  return std::string_view(sources_.text(file_)).substr(span.begin, span.end - span.begin);
}

bool Reader::expect(const Node& node, Shape shape, const std::string& what, std::string_view example) {
  if (node.shape == shape) return true;
  error(Code::CatalogShape, node.span, what + " must be " + shape_name(shape) + ", and here stands " + shape_name(node.shape) + ".",
        example.empty() ? "" : "Write it as in `" + std::string(example) + "`.");
  return false;
}

void Reader::each(const Node& node, const std::string& what, const std::function<void(const std::string&, Entry)>& body) {
  std::unordered_map<std::string, const Node*> seen;
  for (const auto& [key, value] : node.pairs) {
    if (key->shape != Shape::Word) {
      error(Code::CatalogShape, key->span, "A key of " + what + " must be a word, and here stands " + shape_name(key->shape) + ".");
      continue;
    }
    if (key->text == "<<" && !key->quoted) {
      error(Code::CatalogBadName, key->span, "A catalog has no merge keys (`<<`).", "Write the keys out, or repeat a whole part by an alias.");
      continue;
    }
    std::string text = nfc(key->text);
    const auto [first, added] = seen.emplace(text, key);
    if (!added) {
      error(Code::CatalogDuplicateKey, key->span,
            quote(text) + " stands twice in " + what + "; it was already said in line " + std::to_string(line(first->second->span)) + ".",
            "Keep one of them.");
      continue;
    }
    body(text, {key, value});
  }
}

Keys Reader::keys(const Node& node, const std::string& what, std::initializer_list<std::string_view> known) {
  Keys found;
  each(node, what, [&](const std::string& text, Entry entry) {
    if (std::find(known.begin(), known.end(), text) != known.end()) {
      found.emplace(text, entry);
      return;
    }
    const std::vector<std::string> candidates(known.begin(), known.end());
    std::string help = did_you_mean(text, candidates);
    if (help.empty()) {
      help = candidates.size() == 1 ? "The only key of " + what + " is " : "The keys of " + what + " are ";
      for (std::size_t i = 0; i < candidates.size(); ++i) help += (i == 0 ? "" : ", ") + quote(candidates[i]);
      help += ".";
    }
    error(Code::CatalogUnknownKey, entry.key->span, "There is no key " + quote(text) + " in " + what + ".", std::move(help));
  });
  return found;
}

const Node* value_of(const Keys& keys, std::string_view key) {
  const auto found = keys.find(key);
  return found == keys.end() ? nullptr : found->second.value;
}

std::vector<const Node*> Reader::words(const Node& node, const std::string& what, std::string_view example) {
  std::vector<const Node*> found;
  if (!expect(node, Shape::List, what, example)) return found;
  if (node.items.empty()) error(Code::CatalogBadList, node.span, what + " is an empty list.", "Write it as in `" + std::string(example) + "`.");
  std::set<std::string> seen;
  for (const Node* item : node.items) {
    if (!expect(*item, Shape::Word, "Each entry of " + what, example)) continue;
    if (!seen.insert(nfc(item->text)).second) {
      error(Code::CatalogBadList, item->span, what + " says " + quote(nfc(item->text)) + " twice.", "Keep one of them.");
      continue;
    }
    found.push_back(item);
  }
  return found;
}

std::optional<bool> Reader::yes_no(const Node& node, const std::string& what) {
  if (node.shape == Shape::Word && (node.text == "true" || node.text == "yes")) return true;
  if (node.shape == Shape::Word && (node.text == "false" || node.text == "no")) return false;
  error(Code::CatalogYesNo, node.span, what + " can only be `true` or `false`.");
  return std::nullopt;
}

}  // namespace polku::catalog
