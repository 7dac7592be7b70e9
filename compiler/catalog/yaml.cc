// The only file that knows yaml-cpp. It is driven by events, so that depth and size are bounded while it reads, and no key
// that stands twice is lost.
#include "compiler/catalog/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "runtime/base/text.h"

namespace polku::catalog {
namespace {

using diag::Code;
using diag::Span;

constexpr std::size_t kMostBytes = 4u << 20;
constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostNodes = 1'000'000;

struct Fault {
  Code code;
  Span span;
  std::string message, help;
};

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The text of the file, and the way to it from yaml-cpp's marks, which count bytes behind the byte order mark.
class Text {
 public:
  Text(std::string_view bytes, std::uint32_t file) : bytes_(bytes), file_(file), start_(bytes.starts_with("\xEF\xBB\xBF") ? 3 : 0) {}

  std::size_t offset(const YAML::Mark& mark) const {
    return mark.pos < 0 ? bytes_.size() : std::min(start_ + static_cast<std::size_t>(mark.pos), bytes_.size());
  }
  Span span(std::size_t begin, std::size_t end) const {
    return {file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(std::min(end, bytes_.size()))};
  }
  Span here(std::size_t at) const { return span(at, at + 1); }

  // Over `&anchor` and `!tag`, to where the thing itself begins.
  std::size_t content(std::size_t at) const {
    while (at < bytes_.size() && (bytes_[at] == '&' || bytes_[at] == '!')) {
      while (at < bytes_.size() && !blank(bytes_[at])) ++at;
      while (at < bytes_.size() && (blank(bytes_[at]) || bytes_[at] == '#')) {
        if (bytes_[at] == '#') at = std::min(bytes_.find('\n', at), bytes_.size());
        else ++at;
      }
    }
    return at;
  }

  // The first tab that indents the line of `at`.
  std::optional<std::size_t> tab_before(std::size_t at) const {
    const std::size_t end = at == 0 ? std::string_view::npos : bytes_.rfind('\n', at - 1);
    const std::size_t start = end == std::string_view::npos ? start_ : end + 1;
    const std::size_t tab = bytes_.find_first_not_of(' ', start);
    return tab != std::string_view::npos && bytes_[tab] == '\t' ? std::optional(tab) : std::nullopt;
  }

  // Where `words`, which begins at `at`, ends, if the file has it letter by letter, blanks and line ends apart.
  std::optional<std::size_t> match(std::size_t at, std::string_view words) const {
    std::size_t end = at;
    for (const char c : words) {
      if (blank(c)) continue;
      while (at < bytes_.size() && blank(bytes_[at])) ++at;
      if (at >= bytes_.size() || bytes_[at] != c) return std::nullopt;
      end = ++at;
    }
    return end;
  }

  void place(Node& node, const YAML::Mark& mark) const {
    const std::size_t at = content(offset(mark));
    const char first = at < bytes_.size() ? bytes_[at] : '\0';
    if (node.quoted && (first == '"' || first == '\'')) return place_quoted(node, at, first);
    std::size_t begin = at;
    if (node.quoted && (first == '|' || first == '>')) {
      begin = std::min(bytes_.find('\n', at), bytes_.size());
      while (begin < bytes_.size() && blank(bytes_[begin])) ++begin;
    }
    const auto end = match(begin, node.text);
    node.verbatim = end.has_value();
    node.span = node.inner = end && *end > begin ? span(begin, *end) : here(begin);
  }

 private:
  void place_quoted(Node& node, std::size_t at, char quote) const {
    std::size_t close = at + 1;
    while (close < bytes_.size() && bytes_[close] != quote) close += quote == '"' && bytes_[close] == '\\' ? 2 : 1;
    // In single quotes, two stand for one.
    while (quote == '\'' && close + 1 < bytes_.size() && bytes_[close + 1] == quote) {
      close = std::min(bytes_.find(quote, close + 2), bytes_.size());
    }
    // yaml-cpp takes the end of the file for the missing quote, and everything before it for text.
    if (close >= bytes_.size()) throw Fault{Code::CatalogYaml, here(at), "The quote that opens here is never closed.", "Close it on the same line."};
    node.span = span(at, close + 1);
    node.inner = span(at + 1, close);
    const auto end = match(at + 1, node.text);
    node.verbatim = end && std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(*end),
                                       bytes_.begin() + static_cast<std::ptrdiff_t>(close), blank);
  }

  std::string_view bytes_;
  std::uint32_t file_;
  std::size_t start_;
};

class Builder final : public YAML::EventHandler {
 public:
  Builder(const Text& text, Tree& tree) : text_(text), tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (tree_.root) {
      throw Fault{Code::CatalogDocuments, text_.here(text_.offset(mark)), "A second document begins here, but a catalog is one.",
                  "Take out the line `---`."};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node& node = make(anchor);
    node.weight = 1;
    node.span = text_.here(text_.offset(mark));
    // `null` and `~` are words like any other; only nothing at all is nothing.
    const std::size_t at = text_.content(text_.offset(mark));
    for (const char* word : {"null", "Null", "NULL", "~"}) {
      if (const auto end = text_.match(at, word); end && *end == at + std::string_view(word).size()) {
        node.shape = Shape::Word;
        node.text = word;
        node.verbatim = true;
        node.span = node.inner = text_.span(at, *end);
      }
    }
    attach(node, 1);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    const std::size_t at = text_.offset(mark);
    if (found == anchors_.end() || found->second->weight == 0) {
      throw Fault{Code::CatalogAlias, text_.here(at), "This alias stands inside the part that it repeats.", "Write the part out."};
    }
    attach(*found->second, found->second->weight);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    check_tag(mark, tag);
    Node& node = make(anchor);
    node.shape = Shape::Word;
    node.text = value;
    node.quoted = tag == "!";
    node.weight = 1;
    text_.place(node, mark);
    attach(node, 1);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Shape::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(Shape::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node* node;
    const Node* key = nullptr;  // of a map: read, its value is not
    std::size_t count_before;
  };

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    const std::size_t at = text_.offset(mark);
    throw Fault{Code::CatalogTag, text_.here(at), "A catalog has no use for tags (`!…`).", "Take it out; a word is read as what its place asks for."};
  }

  Node& make(YAML::anchor_t anchor) {
    Node& node = tree_.nodes.emplace_back();
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void open(Shape shape, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const std::size_t at = text_.content(text_.offset(mark));
    if (stack_.size() >= kMostDepth) {
      throw Fault{Code::CatalogTooDeep, text_.here(at), "This is nested more than 64 deep.", "A catalog needs no more than six levels."};
    }
    check_tag(mark, tag);
    Node& node = make(anchor);
    node.shape = shape;
    node.span = text_.here(at);
    const std::size_t before = count_;
    attach(node, 1);
    stack_.push_back({&node, nullptr, before});
  }

  void close() {
    stack_.back().node->weight = count_ - stack_.back().count_before;
    stack_.pop_back();
  }

  void attach(Node& node, std::size_t weight) {
    count_ += weight;
    if (count_ > kMostNodes) {
      throw Fault{Code::CatalogTooMany, node.span,
            "From here on this catalog has more than a million parts (what an alias repeats counts each time).",
                  "Make it smaller."};
    }
    if (stack_.empty()) {
      tree_.root = &node;
      return;
    }
    Open& in = stack_.back();
    if (in.node->shape == Shape::List) {
      in.node->items.push_back(&node);
    } else if (!in.key) {
      in.key = &node;
    } else {
      if (node.shape == Shape::Empty) node.span = in.key->span;  // where nothing stands there is nothing to underline
      in.node->pairs.emplace_back(in.key, &node);
      in.key = nullptr;
    }
  }

  const Text& text_;
  Tree& tree_;
  std::unordered_map<YAML::anchor_t, Node*> anchors_;
  std::vector<Open> stack_;
  std::size_t count_ = 0;
};

// yaml-cpp's words (the beginning of them) in ours.
struct Wording { std::string_view theirs, message, help; };
constexpr Wording kWordings[] = {
    {"end of map flow not found", "The `{` before this place is never closed.", "Close it with `}`, and part what stands in it by commas."},
    {"end of sequence flow not found", "The `[` before this place is never closed.", "Close it with `]`, and part what stands in it by commas."},
    {"end of map not found", "The indentation does not fit the lines above.", "Lines of one map begin in the same column."},
    {"end of sequence not found", "The indentation does not fit the lines above.", "Entries of one list begin in the same column."},
    {"illegal tab", "This line is indented by a tab.", "Indent with blanks."},
    {"illegal map key", "A key cannot stand here.", "Lines of one map begin in the same column, and a key has one `:`."},
    {"illegal map value", "A `:` cannot stand here.", "Begin a key in the column of the keys beside it; put text that holds `: ` in quotes."},
    {"illegal block entry", "A `-` cannot begin an entry of a list here.",
          "Begin it on a line of its own, or write the list in brackets, as in `[a, b]`."},
    {"illegal flow end", "This bracket closes nothing.", "Take it out, or add the one that opens."},
    {"illegal EOF in scalar", "The file ends inside quotes.", "Close them."},
    {"illegal document indicator in scalar", "A line `---` or `...` stands inside quotes.", "Close the quotes before it."},
    {"the referenced anchor is not defined", "A word that begins with `*` repeats an `&` of the same name, and there is none.",
     "Put names that begin with `*` in quotes, as in `\"*.total\"`."},
    {"alias not found after *", "A word that begins with `*` must stand in quotes.", "Write it as in `\"*.total\"`."},
    {"illegal character found while scanning alias", "A word that begins with `*` must stand in quotes.", "Write it as in `\"*.total\"`."},
    {"anchor not found after &", "A word that begins with `&` must stand in quotes.", ""},
    {"illegal character found while scanning anchor", "A word that begins with `&` must stand in quotes.", ""},
    {"unknown escape character", "After `\\` in double quotes this letter means nothing.", "Write `\\\\` for one backslash, or use single quotes."},
    {"bad character found while scanning hex", "After `\\x`, `\\u` or `\\U` in double quotes a number must follow.",
          "Write `\\\\` for one backslash, or use single quotes."},
    {"invalid unicode", "There is no character of this number.", ""},
    {"unknown token", "A word cannot begin with this character.", "Put it in quotes."},
    {"tag handle with no suffix", "A word that begins with `!` must stand in quotes.", ""},
    {"end of verbatim tag not found", "A word that begins with `!` must stand in quotes.", ""},
    {"illegal character found while scanning tag", "A word that begins with `!` must stand in quotes.", ""},
    {"YAML directives", "A line that begins with `%` has no place in a catalog.", "Take it out."},
    {"bad YAML version", "A line that begins with `%` has no place in a catalog.", "Take it out."},
    {"YAML major version", "A line that begins with `%` has no place in a catalog.", "Take it out."},
    {"repeated ", "A line that begins with `%` has no place in a catalog.", "Take it out."},
    {"TAG directives", "A line that begins with `%` has no place in a catalog.", "Take it out."},
    {"cannot assign multiple anchors", "This has two names after `&`.", "Keep one of them."},
    {"unexpected character in block scalar", "After `|` or `>` the text begins on the next line.", ""},
};

Fault from_yaml(const YAML::Exception& e, const Text& text) {
  const std::size_t at = text.offset(e.mark);
  if (const auto tab = text.tab_before(at)) return {Code::CatalogYaml, text.here(*tab), "This line is indented by a tab.", "Indent with blanks."};
  const Span span = text.here(at);
  for (const Wording& w : kWordings) {
    if (std::string_view(e.msg).starts_with(w.theirs)) return {Code::CatalogYaml, span, std::string(w.message), std::string(w.help)};
  }
  return {Code::CatalogYaml, span, "This is not valid YAML: " + e.msg + ".", ""};
}

// What yaml-cpp would take amiss without a word: its own end mark is the control character 4.
std::optional<Fault> check_bytes(std::string_view bytes, std::uint32_t file) {
  const auto at = [&](std::size_t i) { return Span{file, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i + 1)}; };
  if (bytes.size() > kMostBytes) {
    return Fault{Code::CatalogTooBig, at(0), "This catalog is larger than 4 MiB.", "A catalog describes data and holds none; make it smaller."};
  }
  std::size_t bad = 0;
  if (!base::valid_utf8(bytes, &bad)) return Fault{Code::CatalogNotUtf8, at(bad), "This byte is not UTF-8 text.", "Save the file as UTF-8."};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const bool line_end = c == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n';
    if ((c < 0x20 && c != '\t' && c != '\n' && !line_end) || c == 0x7F) {
      return Fault{Code::CatalogControl, at(i), "A control character stands here.", "Take it out; lines end with a line feed."};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Tree> parse_yaml(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d) {
  const std::string& bytes = sources.text(file);
  const auto fail = [&](const Fault& fault) {
    d.add(fault.code, fault.span, fault.message, fault.help);
    return std::nullopt;
  };
  if (const auto fault = check_bytes(bytes, file)) return fail(*fault);
  const Text text(bytes, file);
  Tree tree;
  try {
    std::istringstream stream(bytes);
    YAML::Parser parser(stream);
    Builder builder(text, tree);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Fault& fault) {
    return fail(fault);
  } catch (const YAML::Exception& e) {
    return fail(from_yaml(e, text));
  }
  if (!tree.root || tree.root->shape == Shape::Empty) {
    return fail({Code::CatalogEmpty, text.span(0, 0), "This catalog says nothing.", "Begin with its name, as in `catalog: ferry`."});
  }
  return tree;
}

}  // namespace polku::catalog
