// Types as the catalog spells them.
#include <array>
#include <utility>

#include "compiler/catalog/reader.h"

namespace polku::catalog {
namespace {

using diag::Code;

constexpr std::array kKinds{TypeKind::YesNo, TypeKind::Whole, TypeKind::Number,   TypeKind::Money,    TypeKind::Percent, TypeKind::Text,
                            TypeKind::Time,  TypeKind::Date,  TypeKind::Duration, TypeKind::TextList, TypeKind::Consent};

// What engineers call types elsewhere.
struct Foreign { std::string_view word, help; };
constexpr Foreign kForeign[] = {
    {"string", "Say `text`."},         {"str", "Say `text`."},           {"bool", "Say `yes/no`."},
    {"boolean", "Say `yes/no`."},      {"int", "Say `whole number`."},   {"integer", "Say `whole number`."},
    {"long", "Say `whole number`."},   {"whole", "Say `whole number`."}, {"float", "Say `number`; it has six exact places."},
    {"double", "Say `number`; it has six exact places."},                {"decimal", "Say `number`; it has six exact places."},
    {"timestamp", "Say `time`."},      {"datetime", "Say `time`."},      {"enum", "Write the list of values itself, as in `[silver, gold]`."},
    {"list", "Say `list of text`, or write the list of values itself, as in `[silver, gold]`."},
};

constexpr std::string_view kOptional = " optional";

}  // namespace

std::string_view kind_name(TypeKind kind) {
  switch (kind) {
    case TypeKind::YesNo: return "yes/no";
    case TypeKind::Whole: return "whole number";
    case TypeKind::Number: return "number";
    case TypeKind::Money: return "money";
    case TypeKind::Percent: return "percent";
    case TypeKind::Text: return "text";
    case TypeKind::OneOf: return "one of";
    case TypeKind::Time: return "time";
    case TypeKind::Date: return "date";
    case TypeKind::Duration: return "duration";
    case TypeKind::TextList: return "list of text";
    case TypeKind::Consent: return "consent";
  }
  return {};
}

Values::Values(std::vector<std::string> all) {
  if (all.empty()) return;
  auto made = std::make_shared<Shared>();
  made->all = std::move(all);
  for (std::size_t i = 0; i < made->all.size(); ++i) made->position.emplace(made->all[i], static_cast<int>(i));
  shared_ = std::move(made);
}

const std::vector<std::string>& Values::all() const {
  static const std::vector<std::string> none;
  return shared_ ? shared_->all : none;
}

int Values::find(std::string_view value) const {
  if (!shared_) return -1;
  const auto it = shared_->position.find(value);
  return it == shared_->position.end() ? -1 : it->second;
}

std::string type_name(const Type& type) {
  std::string out(kind_name(type.kind));
  for (std::size_t i = 0; i < type.values.size(); ++i) out += (i == 0 ? " " : ", ") + type.values[i];
  return out;
}

Reader::Typed Reader::type(const Node& node, const std::string& what) {
  Typed typed;
  if (node.shape == Shape::List) {
    typed.type.kind = TypeKind::OneOf;
    std::vector<std::string> values;
    for (const Node* value : words(node, "The list of " + what, "[silver, gold]")) {
      values.push_back(nfc(value->text));
      check_name(*value, values.back(), "a value of " + what);
    }
    typed.type.values = std::move(values);
    typed.broken = typed.type.values.empty();
    return typed;
  }
  typed.broken = true;
  if (!expect(node, Shape::Word, "The type of " + what, "whole number")) return typed;
  std::string_view word = node.text;
  if (word.ends_with(kOptional)) {
    typed.optional = true;
    word.remove_suffix(kOptional.size());
  }
  for (const TypeKind kind : kKinds) {
    if (kind_name(kind) != word) continue;
    typed.type.kind = kind;
    typed.broken = false;
    return typed;
  }
  std::string help;
  for (const Foreign& foreign : kForeign) {
    if (foreign.word == word) help = foreign.help;
  }
  if (word.starts_with("one of")) help = "Write the list of values itself, as in `[silver, gold]`.";
  std::vector<std::string> names;
  for (const TypeKind kind : kKinds) {
    if (hinting()) names.emplace_back(kind_name(kind));
  }
  if (help.empty()) help = did_you_mean(std::string(word), names);
  if (help.empty() && hinting()) {
    help = "The types are ";
    for (const std::string& name : names) help += quote(name) + ", ";
    help += "and a list of values, as in `[silver, gold]`.";
  }
  error(Code::CatalogUnknownType, node.span, "There is no type " + quote(word) + ".", help);
  return typed;
}

Reader::Typed Reader::map_or_type(const Node& node, diag::Span key, const std::string& what) {
  if (node.shape != Shape::Map) return type(node, what);
  Typed typed;
  typed.broken = true;
  const Keys found = keys(node, "the type of " + what, {"type", "optional"});
  if (const auto entry = found.find("type"); entry != found.end()) {
    typed = type(*entry->second.value, what);
  } else {
    error(Code::CatalogMissingKey, key, what + " has no `type`.", "Write it as in `{ type: text, optional: true }`.");
  }
  if (const auto entry = found.find("optional"); entry != found.end()) {
    if (const auto yes = yes_no(*entry->second.value, "`optional`")) typed.optional = typed.optional || *yes;
  }
  return typed;
}

std::vector<Field> Reader::fields(const Node& node, const std::string& what, const std::string& part, std::vector<int>& broken) {
  std::vector<Field> out;
  each(node, what, [&](const std::string& name, Entry entry) {
    check_name(*entry.key, name, "a " + part + " of " + what);
    Typed typed = map_or_type(*entry.value, entry.key->span, quote(name));
    if (typed.type.kind == TypeKind::Consent) {
      error(Code::CatalogConsent, entry.value->span, "A consent belongs to the visitor, not to " + what + ".",
            "Declare it under `visitor`, as in `consent.marketing: consent`.");
      typed.broken = true;
    }
    if (typed.broken) broken.push_back(static_cast<int>(out.size()));
    out.push_back({name, std::move(typed.type), typed.optional, entry.key->span});
  });
  return out;
}

}  // namespace polku::catalog
