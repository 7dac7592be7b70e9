// Usage: polku_docs_examples PAGE
// Compiles every example of the page, plays its tests, and sees to it that no place of the grammar is without an example: no word, sign
// or part, wherever one of its rules asks for it (places.h).
//
// An example is a fenced block whose first word is `polku`; the one block marked `yaml` is the catalog of all. What follows `polku` says
// what stands in it:
//   polku             whole blocks of the language; they stand alone
//   polku world       the same; all fragments see it as well (their segments and journeys)
//   polku journey     clauses of a journey           polku rule        rules, from `rule NAME` on
//   polku clause      clauses of a rule: `when cart_updated` and a `do` are added if it has none
//   polku condition   a condition a line             polku value       a value a line
// A line that begins with a blank continues the one above it. An example fails with any error or warning, and so does one of its tests.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/scenario.h"
#include "compiler/driver/driver.h"
#include "tests/docs/places.h"

using namespace polku;

namespace {

struct Block {
  std::string info;          // what stands behind the three backticks
  std::size_t line = 0;      // of the fence, from 1
  std::string text;          // with its line ends
};

struct Page {
  std::string name;
  std::vector<Block> blocks;
  std::size_t unclosed = 0;  // line of a fence without end, or 0
};

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Page read_page(const std::string& path) {
  Page page{path, {}, 0};
  const std::vector<std::string> lines = lines_of(read(path));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("```")) continue;
    Block block{lines[i].substr(3), i + 1, {}};
    while (++i < lines.size() && !lines[i].starts_with("```")) (block.text += lines[i]) += '\n';
    if (i == lines.size()) page.unclosed = block.line;
    page.blocks.push_back(std::move(block));
  }
  return page;
}

bool begins(const std::vector<std::string>& lines, std::string_view word) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& l) { return l.starts_with(word) && l.substr(word.size()).starts_with(" "); });
}

// The text that is compiled. What is added stands on the lines of the two fences, so that every line keeps its number in the page.
bool complete(const Block& block, std::string& out) {
  static const std::string rule = R"(journey "Example" rule example )", start = "when cart_updated ", act = R"(do send "news" by push )";
  const std::vector<std::string> lines = lines_of(block.text);
  out.assign(block.line - 1, '\n');
  if (block.info == "polku" || block.info == "polku world") {
    out += "\n" + block.text;
  } else if (block.info == "polku journey") {
    out += "journey \"Example\"\n" + block.text + "rule example " + start + act + "end\n";
  } else if (block.info == "polku rule") {
    out += "journey \"Example\"\n" + block.text + "end\n";
  } else if (block.info == "polku clause") {
    out += rule + (begins(lines, "when") ? "\n" : start + "\n") + block.text + (begins(lines, "do") ? "end\n" : act + "end\n");
  } else if (block.info == "polku condition" || block.info == "polku value") {
    const std::string behind = block.info == "polku value" ? ") is given" : ")";
    out += rule + start + "\n";
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string said = lines[i].substr(0, lines[i].starts_with("#") ? 0 : lines[i].find("  #"));
      const bool first = !said.empty() && said[0] != ' ', last = !said.empty() && !(i + 1 < lines.size() && lines[i + 1].starts_with(" "));
      out += (first ? "only if (" : "") + said + (last ? behind : "") + "\n";
    }
    out += act + "end\n";
  } else {
    return false;
  }
  return true;
}

class Examples {
 public:
  explicit Examples(Page page) : page_(std::move(page)) {}

  void run() {
    if (page_.unclosed != 0) fail(page_.unclosed, "this block has no end");
    for (const Block& b : page_.blocks) {
      if (b.info == "yaml" && !catalog_) catalog_ = &b;
      else if (b.info == "yaml") fail(b.line, "a second catalog");
      if (b.info == "polku world") complete(b, world_);
    }
    if (!catalog_) return fail(1, "the page has no catalog (```yaml)");
    for (const Block& b : page_.blocks)
      if (b.info.starts_with("polku")) one(b);
  }

  void places() {
    if (places_.met() < 300) return fail(1, fmt::format("the examples go through only {} places of the grammar", places_.met()));
    for (const std::string& place : places_.missing()) fail(1, "the grammar has a place that no example goes through, in " + place);
  }

  int finish() const {
    fmt::print("{} examples, {} tests in them; {} failed\n", examples_, tests_, failed_);
    return failed_ > 0 || examples_ == 0 ? 1 : 0;
  }

 private:
  void one(const Block& block) {
    std::string text;
    if (!complete(block, text)) return fail(block.line, fmt::format("nothing is known of blocks called `{}`", block.info));
    ++examples_;
    std::vector<driver::File> rules{{page_.name, text}};
    if (!block.info.ends_with("polku") && !block.info.ends_with("world")) rules.push_back({"the world of " + page_.name, world_});
    const auto pack = driver::compile({page_.name + " (catalog)", std::string(catalog_->line, '\n') + catalog_->text}, std::move(rules), true);
    if (!pack->diagnostics.all().empty()) {
      std::string said = "does not compile without a word:\n";
      for (const diag::Diagnostic& d : pack->diagnostics.all()) said += diag::render_text(d, pack->sources, false);
      return fail(block.line, said);
    }
    const auto lines = static_cast<std::size_t>(std::count(block.text.begin(), block.text.end(), '\n'));
    if (!places_.note(text, nth_line(text, block.line + 1), nth_line(text, block.line + 1 + lines)))
      fail(block.line, "the grammar does not read these pieces one by one");
    std::string error;
    const auto evaluator = driver::evaluator(*pack->plan, {}, error);
    if (!evaluator) return fail(block.line, error);
    for (const sema::Test& test : pack->tests) {
      if (pack->sources.name(test.span.file) != page_.name) continue;
      ++tests_;
      const cli::Verdict verdict = cli::play(*pack, test, *evaluator);
      for (const cli::Complaint& c : verdict.failures) fail(line(*pack, c), fmt::format("test \"{}\": {}", test.name, c.message));
      for (const cli::Complaint& c : verdict.warnings) fail(line(*pack, c), fmt::format("test \"{}\": {}", test.name, c.message));
    }
  }

  static std::size_t line(const driver::Pack& pack, const cli::Complaint& c) { return pack.sources.position(c.span.file, c.span.begin).line; }

  static std::size_t nth_line(const std::string& text, std::size_t line) {
    std::size_t at = 0;
    while (--line > 0) at = text.find('\n', at) + 1;
    return at;
  }

  void fail(std::size_t line, const std::string& why) {
    ++failed_;
    fmt::print("FAIL {}:{}: {}\n", page_.name, line, why);
  }

  const Page page_;
  const Block* catalog_ = nullptr;
  std::string world_;
  Places places_;
  std::size_t examples_ = 0, tests_ = 0, failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: polku_docs_examples PAGE\n");
    return 2;
  }
  if (!std::ifstream(argv[1])) {
    fmt::print(stderr, "{} cannot be read\n", argv[1]);
    return 2;
  }
  Examples examples(read_page(argv[1]));
  examples.run();
  examples.places();
  return examples.finish();
}
