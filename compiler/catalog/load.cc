// From the tree of the file to the catalog: the keys at the top, then section by section.
#include <algorithm>

#include "compiler/catalog/reader.h"
#include "runtime/base/time.h"

namespace polku::catalog {
namespace {

using diag::Code;

void read_name(Reader& r, const Keys& top, diag::Span first) {
  const Node* name = value_of(top, "catalog");
  if (!name) {
    r.error(Code::CatalogMissingKey, first, "The catalog has no name.",
            "Begin with it, as in `catalog: ferry`.");
    return;
  }
  const Node& node = *name;
  if (!r.expect(node, Shape::Word, "`catalog`", "catalog: ferry")) return;
  r.out.name = nfc(node.text);
  // Like any name, but it never stands in a rule: it may have dashes, and be a word of the language.
  std::string plain = r.out.name;
  std::replace(plain.begin(), plain.end(), '-', '_');
  r.check_letters(node, plain, r.out.name, "a catalog");
}

void read_currency(Reader& r, const Node& node) {
  if (!r.expect(node, Shape::Word, "`currency`", "currency: EUR")) return;
  const bool right = node.text.size() == 3 && std::all_of(node.text.begin(), node.text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (right) r.out.currency = node.text;
  else r.error(Code::CatalogCurrency, node.span, "A currency has three capital letters, and " + quote(node.text) + " is none.",
        "Write it as in `currency: EUR`.");
}

void read_zone(Reader& r, const Node& node) {
  if (r.expect(node, Shape::Word, "`time zone`", "time zone: Europe/Helsinki") && r.check_zone(node)) r.out.zone = node.text;
}

void read_salt(Reader& r, const Node& node) {
  if (!r.expect(node, Shape::Word, "`salt`", "salt: ferry-2026")) return;
  r.out.salt = nfc(node.text);
  // An empty salt is more likely a variable that was not filled in than what was meant.
  if (node.text.empty() || node.null()) {
    r.error(Code::CatalogSalt, node.span, "`salt` says nothing.", "Write any text, as in `salt: ferry-2026`, or take the key out: then it is the name of the catalog.");
  }
}

constexpr Millis kLongest = Millis{366'000} * 86'400'000;  // so that no instant and length together leave the numbers

void read_duration(Reader& r, const Node& node, const char* what, Millis least, Millis& to) {
  const auto length = r.duration(node, what);
  if (!length) return;
  if (*length < least) r.error(Code::CatalogDuration, node.span, std::string(what) + " cannot be nothing.", "Write it as in `400 days`.");
  else if (*length > kLongest) r.error(Code::CatalogDuration, node.span, std::string(what) + " cannot be longer than 366000 days, a thousand years.", "Write it as in `400 days`.");
  else to = *length;
}

}  // namespace

bool Reader::check_zone(const Node& node) {
  if (base::Zone::find(node.text)) return true;
  error(Code::CatalogZone, node.span, "There is no time zone " + quote(node.text) + ".", "Name a zone of the IANA list, as in `Europe/Helsinki`.");
  return false;
}

Catalog load(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d) {
  Catalog out;
  const std::optional<Tree> tree = parse_yaml(sources, file, d);
  if (!tree) return out;
  Reader r(sources, file, d, out);
  if (!r.expect(*tree->root, Shape::Map, "A catalog", "catalog: ferry")) return out;
  const Keys top = r.keys(*tree->root, "a catalog",
                          {"catalog", "currency", "time zone", "salt", "history", "lateness", "patience", "events", "visitor", "channels",
                           "templates", "tasks", "sources"});
  const auto value = [&](std::string_view key) { return value_of(top, key); };
  // Defaults are amounts and times, limits lie within the history: so these come first, wherever they stand.
  read_name(r, top, tree->root->pairs.empty() ? tree->root->span : tree->root->pairs.front().first->span);
  if (const Node* node = value("currency")) read_currency(r, *node);
  if (const Node* node = value("time zone")) read_zone(r, *node);
  r.out.salt = r.out.name;
  if (const Node* node = value("salt")) read_salt(r, *node);
  if (const Node* node = value("history")) read_duration(r, *node, "`history`", 1, out.history);
  if (const Node* node = value("lateness")) read_duration(r, *node, "`lateness`", 0, out.lateness);
  if (const Node* node = value("patience")) read_duration(r, *node, "`patience`", 0, out.patience);
  if (const Node* node = value("events")) read_events(r, *node);
  if (const Node* node = value("visitor")) read_visitor(r, *node);
  if (const Node* node = value("channels")) read_channels(r, *node);
  if (const Node* node = value("templates")) read_templates(r, *node);
  if (const Node* node = value("tasks")) read_tasks(r, *node);
  if (const Node* node = value("sources")) read_sources(r, *node);
  return out;
}

}  // namespace polku::catalog
