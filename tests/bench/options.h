// The options of a benchmark program: declared once, read, told by --help.
#pragma once
#include <CLI/CLI.hpp>

#include <cstdlib>
#include <string>

namespace polku::bench {

// What is not a number or a file is added by CLI::App's own add_option.
class Options : public CLI::App {
 public:
  Options(const std::string& about, const std::string& example) : CLI::App(about) {
    footer("Example: " + example);
    option_defaults()->always_capture_default();
  }

  // least <= to <= most, or it is misuse. For an unsigned number `most` is less than 2^63, so that "-1" is none.
  template <class Number>
  CLI::Option* number(const char* name, Number& to, Number least, Number most, const char* what) {
    return add_option(name, to, what)->check(CLI::Range(least, most));
  }
  CLI::Option* folder(const char* name, std::string& to, const char* what) { return add_option(name, to, what)->required()->check(CLI::ExistingDirectory); }
  CLI::Option* json(std::string& to) { return add_option("--json", to, "File that the figures go to as well")->option_text("FILE"); }

  // Ends the process after --help (0), and if the words are not those declared (2), which it says on standard error.
  void read(int argc, char** argv) try {
    parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(exit(e) == 0 ? 0 : 2);
  }
};

}  // namespace polku::bench
