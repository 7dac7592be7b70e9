// A file of cases, as it is written (README.md has the format).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace polku::conformance {

struct Line {
  std::size_t number = 0;     // in the file, from 1
  std::string text;           // without line end
};

struct RuleFile { std::string name, text; };

struct Case {
  std::size_t line = 0;       // of its title
  std::string title;
  std::string catalog;        // YAML
  std::int64_t day = 0;       // day 1, as days since 1970-01-01
  std::vector<RuleFile> rules;
  std::optional<std::vector<Line>> events;  // none: what is expected is what the compiler says
  std::vector<Line> expected;
};

struct CaseFile {
  std::string path;
  std::vector<Case> cases;
  std::vector<std::string> faults;  // "12: …": the file itself is wrong
};

CaseFile read_cases(const std::string& path);

// The words of a line; what stands in quotes or brackets is not parted.
std::vector<std::string> words_of(const std::string& line);
std::string collapsed(const std::string& text);  // blanks in a row are one, none at the ends

}  // namespace polku::conformance
