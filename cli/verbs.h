// The verbs of the `polku` command, one file each. Each adds its subcommand; `exit` gets the exit code when it ran:
// 0 fine, 1 findings (errors in rules or records, failed tests), 2 misuse (flags, files that are not there).
#pragma once

namespace CLI {
class App;
}

namespace polku::cli {

void add_check(CLI::App& app, int& exit);
void add_run(CLI::App& app, int& exit);
void add_test(CLI::App& app, int& exit);
void add_explain(CLI::App& app, int& exit);
void add_plan(CLI::App& app, int& exit);
void add_fmt(CLI::App& app, int& exit);
void add_serve(CLI::App& app, int& exit);  // this and the next where they are built in (POLKU_SERVE)
void add_data(CLI::App& app, int& exit);

}  // namespace polku::cli
