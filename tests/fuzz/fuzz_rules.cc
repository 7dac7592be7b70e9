// A rule file beside a fixed catalog: what is said about it, its layout, and what it decides over fixed logs, one of which has late records, merges
// and down-time.
#include <optional>

#include "cli/replay.h"
#include "compiler/driver/driver.h"
#include "compiler/format/format.h"
#include "compiler/syntax/syntax.h"
#include "compiler/syntax/tree_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/words.h"

namespace polku::fuzz {
namespace {

// What the text says, or nothing if it has faults.
std::optional<std::string> meaning(const std::string& text) {
  diag::Sources sources;
  diag::Diagnostics d;
  const syntax::File file = syntax::parse(sources, sources.add("rules.polku", text), d);
  check(d, sources);
  return d.ok() ? std::optional(syntax::tree_text(file)) : std::nullopt;
}

std::optional<std::string> formatted(const std::string& text) {
  diag::Sources sources;
  diag::Diagnostics d;
  auto made = format::format(sources, sources.add("rules.polku", text), d);
  check(d, sources);
  must(made.has_value() == d.ok(), "a file is laid out, or its faults are told");
  return made;
}

std::string comments_of(const std::string& text) {
  std::string all;
  bool quoted = false, ticked = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') quoted = ticked = false;
    if (quoted && text[i] == '\\') ++i;
    else if (text[i] == '"' && !ticked) quoted = !quoted;
    else if (text[i] == '`' && !quoted) ticked = !ticked;
    else if (text[i] == '#' && !quoted && !ticked) {
      const std::size_t end = std::min(text.find_first_of("\r\n", i), text.size());
      std::string comment = text.substr(i, end - i);
      while (comment.ends_with(' ') || comment.ends_with('\t')) comment.pop_back();
      all.append(comment).append("\n");
      i = end - 1;
    }
  }
  return all;
}

void check_layout(const std::string& text, const std::optional<std::string>& before) {
  const std::optional<std::string> made = formatted(text);
  must(made.has_value() == before.has_value(), "a file is laid out if it can be parsed");
  if (!made) return;
  must(meaning(*made) == before, "the layout means the same", *made);
  must(comments_of(text) == comments_of(*made), "the layout has the same comments", *made);
  const std::optional<std::string> again = formatted(*made);
  must(again == made, "formatting twice is formatting once", *made + "\n----\n" + again.value_or(""));
}

// What happens to two visitors in some days: one of whom everything is known, and one of whom little is.
constexpr std::string_view kLog = R"LOG({"visitor":"v","at":"2026-03-02T08:00:00Z","event":"visitor updated","fields":{"consent.marketing":"given","consent.app":"given","time zone":"Europe/Helsinki","contact.email":"v@mail.example","contact.phone":"1","app.device":"d","birthday":"1990-03-04","anonymous":false,"club":"gold","age":41,"score":-1.5,"seen":"2026-02-01T00:00:00Z","stay":"1 day","tags":["a","c"],"credit":"1234.56 EUR"}}
{"visitor":"v","at":"2026-03-02T08:00:00Z","event":"sample","fields":{"flag":true,"whole":3,"number":0.333333,"money":"55.50 EUR","share":"12.5%","text":"xyz","one":"small","at":"2026-03-02T07:00:00Z","day":"2026-03-02","length":"90 seconds","tags":["a"]}}
{"visitor":"w","at":"2026-03-02T08:10:00Z","event":"sample","fields":{"whole":9223372036854775807,"number":"-9223372036854.775807","text":"","tags":[]}}
{"visitor":"v","at":"2026-03-02T08:30:00Z","asked_for":["web.hero","web.product"]}
{"visitor":"v","at":"2026-03-02T09:00:00Z","event":"a","fields":{"n":1,"s":"x","m":"5 EUR"}}
{"visitor":"v","at":"2026-03-02T09:00:00Z","event":"b","fields":{"n":2}}
{"visitor":"v","at":"2026-03-02T09:00:00Z","event":"c"}
{"visitor":"w","at":"2026-03-02T09:10:00Z","event":"a","fields":{"n":-1}}
{"visitor":"v","at":"2026-03-02T10:00:00Z","event":"cart_updated","fields":{"items":2,"value":"120 EUR","top_item":"Tent"}}
{"visitor":"v","at":"2026-03-02T10:04:00Z","event":"sample","fields":{"flag":false,"whole":-4,"money":"-0.01 EUR","one":"small","text":"a"}}
{"visitor":"v","at":"2026-03-02T10:09:59Z","event":"sample","fields":{"one":"small","text":"xa","whole":0}}
{"visitor":"v","at":"2026-03-02T20:30:00Z","event":"product_viewed","fields":{"product":"Tent","category":"tents","price":"99 EUR"}}
{"visitor":"v","at":"2026-03-02T23:30:00Z","event":"order_placed","id":"o1","fields":{"number":"O-1","total":"120 EUR","items":2}}
{"visitor":"w","at":"2026-03-03T08:00:00Z","event":"visitor updated","fields":{"consent.marketing":"refused","club":"member","contact.email":"w@mail.example"}}
{"visitor":"w","at":"2026-03-03T08:00:00Z","event":"cart_updated","fields":{"items":0}}
{"visitor":"v","at":"2026-03-03T12:00:00Z","event":"email_opened"}
{"visitor":"v","at":"2026-03-03T12:00:00Z","event":"a","fields":{"n":1,"s":"y"}}
{"visitor":"v","at":"2026-03-04T12:00:00Z","event":"b"}
{"visitor":"v","at":"2026-03-04T12:00:01Z","event":"c"}
{"visitor":"w","at":"2026-03-05T12:00:00Z","event":"call_ended","fields":{"topic":"complaint","lasted":"10 minutes","solved":false}}
{"visitor":"v","at":"2026-03-06T12:00:00Z","event":"cart_emptied"}
{"visitor":"v","at":"2026-03-28T22:30:00Z","asked_for":"web.hero"}
{"visitor":"v","at":"2026-03-29T01:30:00Z","event":"order_returned","fields":{"number":"O-1","refund":"20 EUR","reason":"size"}}
)LOG";
constexpr Millis kEnd = 1775001600000;  // 2026-04-01T00:00:00Z: there are clocks to run after the last record

// In the order in which they were received, which differs from their own: within the lateness of the catalog (5 minutes) and beyond, before
// everything, before and behind what was due meanwhile, and some while the engine was down. Three names become one person.
constexpr std::string_view kLate = R"LOG({"visitor":"v","at":"2026-03-02T08:00:00Z","event":"visitor updated","fields":{"consent.marketing":"given","consent.app":"given","contact.email":"v@mail.example","contact.phone":"1","app.device":"d","club":"gold","age":41}}
{"visitor":"v","at":"2026-03-02T09:00:00Z","event":"a","fields":{"n":1,"s":"x","m":"5 EUR"}}
{"visitor":"w","at":"2026-03-02T09:00:00Z","event":"a","fields":{"n":1,"s":"y"}}
{"visitor":"v","at":"2026-03-02T08:58:00Z","received":"2026-03-02T09:02:00Z","event":"b","fields":{"n":2}}
{"visitor":"v","at":"2026-03-02T08:30:00Z","received":"2026-03-02T09:02:00Z","event":"c"}
{"visitor":"v","at":"2026-03-02T09:01:00Z","received":"2026-03-02T09:03:00Z","asked_for":["web.hero","web.product"]}
{"visitor":"v","at":"2026-03-02T10:00:00Z","received":"2026-03-02T10:01:00Z","event":"cart_updated","fields":{"items":2,"value":"120 EUR","top_item":"Tent"}}
{"visitor":"w","at":"2026-03-02T10:00:00Z","received":"2026-03-02T10:00:30Z","event":"cart_updated","fields":{"items":0}}
{"visitor":"x","at":"2026-03-02T10:00:00Z","event":"cart_updated","fields":{"items":1,"value":"7 EUR"}}
{"visitor":"v","at":"2026-03-02T10:30:00Z","merges":"w"}
{"visitor":"w","at":"2026-03-02T09:59:00Z","received":"2026-03-02T10:31:00Z","event":"order_placed","fields":{"number":"O-1","total":"20 EUR","items":2}}
{"visitor":"w","at":"2026-03-02T10:29:00Z","received":"2026-03-02T10:32:00Z","event":"a","fields":{"n":1,"s":"x"}}
{"visitor":"v","at":"2026-03-02T07:00:00Z","received":"2026-03-02T20:00:00Z","event":"visitor updated","fields":{"time zone":"Europe/Helsinki","birthday":"1990-03-04"}}
{"visitor":"v","at":"2026-03-02T19:57:00Z","received":"2026-03-02T20:00:00Z","event":"product_viewed","fields":{"product":"Tent","category":"tents","price":"99 EUR"}}
{"visitor":"v","at":"2026-03-02T21:01:00Z","event":"a","fields":{"n":3}}
{"visitor":"x","at":"2026-03-02T21:02:00Z","received":"2026-03-02T21:20:00Z","event":"b"}
{"visitor":"x","at":"2026-03-02T21:18:00Z","received":"2026-03-02T21:21:00Z","event":"a","fields":{"n":1,"s":"x"}}
{"visitor":"v","at":"2026-03-02T21:30:00Z","asked_for":"web.hero"}
{"visitor":"x","at":"2026-03-02T21:40:00Z","merges":"v"}
{"visitor":"w","at":"2026-03-02T21:45:00Z","event":"order_placed","fields":{"number":"O-2","total":"120 EUR","items":2}}
{"visitor":"x","at":"2026-03-03T12:00:00Z","received":"2026-03-03T12:05:00Z","event":"a","fields":{"n":1,"s":"x"}}
{"visitor":"v","at":"2026-03-03T12:00:00Z","received":"2026-03-03T12:05:00.001Z","event":"c"}
{"visitor":"v","at":"2026-03-29T01:30:00Z","received":"2026-03-29T01:31:00Z","event":"a","fields":{"n":1}}
)LOG";
constexpr cli::Outage kDown{1772485200000, 1772488800000};  // 2026-03-02T21:00:00Z to 22:00:00Z

struct Way { std::string_view log; bool histories = false, afresh = false; };

std::string decisions(const driver::Pack& pack, cli::EngineKind engine, const Way& way) {
  base::Texts texts;
  plan::preload(texts, *pack.plan);
  ingest::Opened opened = ingest::open_text(way.log, pack.catalog, nullptr, texts);
  must(opened.reader != nullptr, "the fixed log can be read", opened.error);
  cli::ReplayOptions options;
  options.engine = engine;
  options.histories = way.histories;
  options.afresh = way.afresh;
  if (way.log == kLate) options.outages = {kDown};
  options.keep = engine::Keep::All;
  options.until = kEnd;
  options.sort_memory = 1u << 20;
  std::string out;
  const cli::ReplayResult result = cli::replay(pack, *opened.reader, texts, options, [&](std::string_view line) { out.append(line).append("\n"); });
  must(result.error.empty() && result.needs_histories == 0 && result.out_of_order == 0, "the fixed log is run to its end", result.error);
  const ingest::Counts& counts = opened.reader->counts();
  must(counts.faults() == 0 && counts.accepted == result.events, "the fixed log has no faults");
  return out;
}

// The first lines that differ.
std::string difference(std::string_view name_a, std::string_view a, std::string_view name_b, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view l = a.substr(0, a.find('\n')), m = b.substr(0, b.find('\n'));
    if (l != m) break;
    a.remove_prefix(l.size() + 1);
    b.remove_prefix(m.size() + 1);
  }
  std::string out;
  return out.append(name_a).append(": ").append(a.substr(0, a.find('\n'))).append("\n").append(name_b).append(": ").append(b.substr(0, b.find('\n')));
}

void check_decisions(const driver::Pack& pack) {
  const auto same = [](std::string_view promise, std::string_view name_a, const std::string& a, std::string_view name_b, const std::string& b) {
    must(a == b, promise, difference(name_a, a, name_b, b));
  };
  const std::string reference = decisions(pack, cli::EngineKind::Reference, {kLog});
  same("every engine decides the same", "reference", reference, "interpreter", decisions(pack, cli::EngineKind::Interp, {kLog}));
  same("keeping histories changes nothing in order", "reference", reference, "with histories", decisions(pack, cli::EngineKind::Interp, {kLog, true}));
  const std::string late = decisions(pack, cli::EngineKind::Interp, {kLate, true});
  same("every engine decides the same, late or not", "reference", decisions(pack, cli::EngineKind::Reference, {kLate, true}), "interpreter", late);
  same("the short way is that of the fold", "afresh", decisions(pack, cli::EngineKind::Interp, {kLate, true, true}), "interpreter", late);
}

}  // namespace
}  // namespace polku::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace polku;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::optional<std::string> meaning = fuzz::meaning(text);
  fuzz::check_layout(text, meaning);
  if (!meaning) return 0;  // compiling says no more than parsing has said
  const auto pack = driver::compile({"catalog.yaml", std::string(fuzz::kCatalog)}, {{"rules.polku", text}}, true);
  fuzz::check(pack->diagnostics, pack->sources);
  fuzz::must(pack->plan.has_value() == pack->diagnostics.ok(), "there is a plan, or an error");
  if (!pack->plan) return 0;
  fuzz::must(!plan::print(*pack->plan).empty(), "a plan can be shown");
  plan::footprint(*pack->plan);
  fuzz::check_decisions(*pack);
  return 0;
}
