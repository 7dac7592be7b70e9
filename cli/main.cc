#include <CLI/CLI.hpp>

#include "cli/verbs.h"
#include "cli/version.h"

int main(int argc, char** argv) {
  CLI::App app{"Polku chooses the next action for a customer by the rules you write."};
  app.name("polku");
  app.require_subcommand(1);
  app.set_version_flag("--version", polku::cli::version, "The version in the first line, then what is in it and which formats it has");
  app.footer("Example:\n  polku run rules/ferry --events rules/ferry/events.ndjson --out decisions.ndjson\n"
             "Exit codes: 0 fine, 1 findings, 2 misuse.");
  int exit = 0;
  polku::cli::add_check(app, exit);
  polku::cli::add_run(app, exit);
  polku::cli::add_test(app, exit);
  polku::cli::add_explain(app, exit);
  polku::cli::add_plan(app, exit);
  polku::cli::add_fmt(app, exit);
#ifdef POLKU_HAS_SERVE
  polku::cli::add_serve(app, exit);
  polku::cli::add_data(app, exit);
#endif
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::exception& e) {
    std::cerr << "polku: " << e.what() << "\n";
    return 2;
  }
  return exit;
}
