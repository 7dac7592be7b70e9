// What the readers of all sections share: saying what is wrong once, and taking nodes apart. Inside the catalog stage only.
#pragma once
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/catalog/yaml.h"

namespace polku::catalog {

// The text in Unicode normal form C; the reading of the file has made sure that it is UTF-8.
std::string nfc(std::string_view text);

inline constexpr std::string_view kZoneName = "time zone";  // of the attribute that is the visitor's own zone

struct Entry {
  const Node* key;
  const Node* value;
};

// The keys of one map, by name, each there once and known.
using Keys = std::map<std::string, Entry, std::less<>>;
const Node* value_of(const Keys& keys, std::string_view key);  // null if it is not there

class Reader {
 public:
  Reader(const diag::Sources& sources, std::uint32_t file, diag::Diagnostics& d, Catalog& out)
      : out(out), sources_(sources), file_(file), d_(d) {}

  Catalog& out;
  // A section that could not be read says nothing about what is in it: no name is called unknown then.
  bool events_known = true, attributes_known = true, channels_known = true;
  // What has a type or fields that could not be read: nothing more is said of it.
  std::set<int> broken_events, broken_attributes;
  std::set<std::pair<int, int>> broken_fields;

  // The same fault at the same place, reached twice through an alias, is said once.
  void error(diag::Code code, diag::Span span, std::string message, std::string help = {});
  std::string_view bytes(diag::Span span) const;
  std::size_t line(diag::Span span) const { return sources_.position(file_, span.begin).line; }

  // False, and the fault said, unless `node` has the shape. what: "`events`"; example: how it would be right.
  bool expect(const Node& node, Shape shape, const std::string& what, std::string_view example);
  // The keys of `node`, each once and one of `known`. what: "a channel".
  Keys keys(const Node& node, const std::string& what, std::initializer_list<std::string_view> known);
  // Every pair of a map whose keys are free: words, each once. what: "events". text is the key in NFC.
  void each(const Node& node, const std::string& what, const std::function<void(const std::string& text, Entry)>& body);
  // A list of words without repetitions, not empty. what: "`until` of `cart.value`".
  std::vector<const Node*> words(const Node& node, const std::string& what, std::string_view example);
  std::optional<bool> yes_no(const Node& node, const std::string& what);

  // names.cc. Says what is wrong with a name; it is taken all the same, so that what speaks of it is not at fault too.
  void check_name(const Node& node, const std::string& name, const std::string& what, bool dotted = false);
  void check_letters(const Node& node, std::string_view letters, std::string_view name, const std::string& what);  // only what it is made of
  bool check_zone(const Node& node);  // load.cc
  // The index of a name, or -1 with the fault said (if the section it stands in could be read).
  int event(const Node& node) { return event(node.span, nfc(node.text)); }
  int event(diag::Span span, const std::string& name);  // name in NFC
  int attribute(const Node& node);
  int channel(const Node& node);
  // Like diag::did_you_mean, but no more once that has cost much: a large catalog with many mistakes must not take minutes.
  std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);
  template <typename Things>  // the same, among things that have a name
  std::string did_you_mean_one(const std::string& name, const Things& things) {
    std::vector<std::string> names;
    if (hinting()) {
      for (const auto& thing : things) names.push_back(thing.name);
    }
    return did_you_mean(name, names);
  }
  bool hinting() const { return compared_ < 1'000'000 && said_.size() < 1000; }
  std::unordered_map<std::string, int> event_index, attribute_index, channel_index;  // of what stands in `out`
  std::unordered_map<std::string, std::pair<int, int>> field_index;                   // "event.field"

  // types.cc
  struct Typed {
    Type type;
    bool optional = false;
    bool broken = false;
  };
  Typed type(const Node& node, const std::string& what);          // a word or a list, not the map form
  Typed map_or_type(const Node& node, diag::Span key, const std::string& what);  // also `{ type: …, optional: true }`
  // Of an event, a template or a task. what: "the event `x`", part: "field"; broken: the indices of those whose type could not be read.
  std::vector<Field> fields(const Node& node, const std::string& what, const std::string& part, std::vector<int>& broken);

  // constants.cc
  std::optional<Constant> constant(const Node& node, const Type& type, const std::string& what);
  std::optional<Millis> duration(const Node& node, const std::string& what);

 private:
  const diag::Sources& sources_;
  std::uint32_t file_;
  diag::Diagnostics& d_;
  std::set<std::tuple<diag::Code, std::uint32_t, std::uint32_t, std::string>> said_;
  std::size_t compared_ = 0;  // names, in search of the one that was meant
};

std::string cut(std::string_view text);    // to what a message can hold: 60 bytes
std::string quote(std::string_view name);  // the same, in backticks

// "30 minutes"; nullopt if it is not a whole number and a unit, or does not fit.
std::optional<Millis> parse_duration(std::string_view text);
// A decimal of at most `places` places, as a whole number of the last place: ("2.5", 6) is 2,500,000.
std::optional<std::int64_t> parse_decimal(std::string_view text, int places);

// The sections, in the order in which they must be read.
void read_events(Reader& r, const Node& node);
void read_visitor(Reader& r, const Node& node);
void read_channels(Reader& r, const Node& node);
void read_templates(Reader& r, const Node& node);
void read_tasks(Reader& r, const Node& node);
void read_sources(Reader& r, const Node& node);

}  // namespace polku::catalog
