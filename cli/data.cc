// `polku data`: looks after the folder in which a service remembers everything.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "cli/common.h"
#include "cli/live_pack.h"
#include "cli/verbs.h"
#include "runtime/shards/check.h"
#include "runtime/shards/replay.h"

namespace polku::cli {

namespace {

struct Options {
  std::string folder, to;
  bool json = false, replay = false;
};

// To its end; on a terminal it is said how far it is.
template <class Steps>
void go_through(Steps& steps) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  auto said = std::chrono::steady_clock::now();
  if (terminal) fmt::print(stderr, "\r\x1b[Kreading {}", steps.at());
  while (steps.step()) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal || now - said < std::chrono::milliseconds(200)) continue;
    said = now;
    fmt::print(stderr, "\r\x1b[Kreading {}", steps.at());
  }
  if (terminal) fmt::print(stderr, "\r\x1b[K");
}

// All of it read. Null: there is nothing to read.
std::unique_ptr<shards::Check> read_all(const std::string& folder, std::string& error) {
  auto check = shards::Check::begin(folder, error);
  if (check) go_through(*check);
  return check;
}

// As JSON; of a path that is no UTF-8, what is ASCII.
std::string as_json(std::string_view text) {
  const bool utf8 = base::nfc(text).has_value();
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else out += utf8 || static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return out + '"';
}

std::string as_json(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& t : texts) out += (out.empty() ? "" : ",") + as_json(t);
  return "[" + out + "]";
}

// replay: null if there was none.
void print_json(const std::string& folder, const shards::Contents& c, const shards::Replay* replay) {
  fmt::print("{{\"schema\":1,\"folder\":{},\"format\":{},\"pack\":{},\"shards\":{},\"bytes\":{},\"log\":{{\"entries\":{},\"first\":{},\"last\":{},\"bytes\":{},\"records\":{},"
             "\"merges\":{},\"moves\":{},\"decisions\":{}}},\"visitors\":{},\"names\":{},\"deadlines\":{},\"handovers\":{},\"letters\":{},\"faulty\":{},\"faults\":{},\"remarks\":{}",
             as_json(folder), as_json(c.format), as_json(c.pack), c.shards, c.bytes, c.entries, c.first, c.last, c.log_bytes, c.records, c.merges, c.moves, c.decisions, c.visitors, c.names,
             c.deadlines, c.handovers, c.letters, c.faulty, as_json(c.faults), as_json(c.remarks));
  if (replay)
    fmt::print(",\"replay\":{{\"entries\":{},\"decisions\":{},\"visitors\":{},\"different\":{},\"differences\":{}}}", replay->entries(), replay->decisions(), replay->visitors(),
               replay->different(), as_json(replay->differences()));
  fmt::print("}}\n");
}

std::string entries(std::uint64_t n) { return thousands(n) + (n == 1 ? " entry" : " entries"); }

void print_faults(const std::vector<std::string>& faults, std::uint64_t all) {
  for (const std::string& fault : faults) fmt::print("fault: {}\n", fault);
  if (all > faults.size()) fmt::print("… and {} more\n", thousands(all - faults.size()));
}

void print_text(const std::string& folder, const shards::Contents& c, const shards::Replay* replay) {
  if (!c.format.empty()) {
    fmt::print("{}: {}, pack {}, {}, {} bytes\n", folder, c.format, c.pack.empty() ? "unknown" : c.pack, counted(c.shards, "shard"), thousands(c.bytes));
    fmt::print("  log       {}{}: {}, {}, {} of two visitors, {} to another shard\n", entries(c.entries),
               c.entries > 0 ? fmt::format(" from {} to {}, {} bytes", thousands(c.first), thousands(c.last), thousands(c.log_bytes)) : "", counted(c.records, "record"),
               counted(c.decisions, "decision"), counted(c.merges, "merge"), counted(c.moves, "move"));
    fmt::print("  visitors  {} written down, {}, {}, {} on their way, {}\n", thousands(c.visitors), counted(c.names, "other name"), counted(c.deadlines, "deadline"), thousands(c.handovers),
               counted(c.letters, "letter"));
  }
  if (replay) fmt::print("  replay    {} and {} compared with what the log makes from its beginning\n", counted(replay->visitors(), "visitor"), counted(replay->decisions(), "decision"));
  for (const std::string& remark : c.remarks) fmt::print("note: {}\n", remark);
  print_faults(c.faults, c.faulty);
  if (replay) print_faults(replay->differences(), replay->different());
  if (const std::uint64_t faulty = c.faulty + (replay ? replay->different() : 0); faulty > 0) fmt::print("{}\n", counted(faulty, "fault"));
  else fmt::print("{}\n", c.remarks.empty() ? "fine" : "no fault");
}

int refuse(const std::string& why, std::string_view help = {}) {
  complain(help.empty() ? why : fmt::format("{} {}", why, help));
  return kMisuse;
}

int verify(const Options& o) {
  std::string error;
  auto check = read_all(o.folder, error);
  if (!check) return refuse(error, error.ends_with("in use by a service.") ? "Stop it first; or verify a backup that it makes (`POST /v1/admin/backup`)." : "");
  const shards::Contents c = check->contents();
  check.reset();
  std::unique_ptr<shards::Replay> replay;
  if (o.replay && c.faulty == 0) {  // of what is damaged nothing is to be made
    replay = shards::Replay::begin(o.folder, packs_of_texts({}), error);
    if (!replay) return refuse(error);
    go_through(*replay);
  }
  if (o.json) print_json(o.folder, c, replay.get());
  else print_text(o.folder, c, replay.get());
  return c.faulty > 0 || !c.remarks.empty() || (replay && replay->different() > 0) ? kFindings : kFine;
}

// False, with all that was found: it is damaged. What a crash left is no damage.
bool sound(const shards::Check& check, const std::string& folder, std::string_view then) {
  for (const std::string& remark : check.contents().remarks) fmt::print(stderr, "note: {}\n", remark);
  for (const std::string& fault : check.contents().faults) fmt::print(stderr, "fault: {}\n", fault);
  if (check.contents().faulty > 0) complain(fmt::format("`{}` is damaged. {}", folder, then));
  return check.contents().faulty == 0;
}

// A copy that stands under its name only if it is sound.
int copy(const Options& o, bool restore) {
  std::string error = store::no_store(o.folder);
  if (!error.empty()) return refuse(error);
  const auto place = shards::Place::beside(o.to, restore, error);
  if (!place) return refuse(error);
  if (restore) {
    const auto check = read_all(o.folder, error);
    if (!check) return refuse(error);
    if (!sound(*check, o.folder, "Nothing was restored; take another backup.")) return kFindings;
  }
  {
    const auto hold = store::Hold::take(o.folder, error);
    if (!hold) return refuse(error, error.ends_with("in use by a service.") ? "Let it make the backup itself (`POST /v1/admin/backup`), or stop it first." : "");
    if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1b[Kcopying");
    error = store::copy_files(o.folder, place->path());
    if (!error.empty()) return refuse(error, "There is no copy.");
  }
  const auto check = read_all(place->path(), error);
  if (!check) return refuse(error);
  if (!sound(*check, restore ? o.to : o.folder, restore ? "Nothing was restored: the disk does not give back what was written." : "There is no backup. `polku data verify` tells more.")) return kFindings;
  const shards::Contents& c = check->contents();
  if (error = place->finish(); !error.empty()) return refuse(error);
  fmt::print("{} and {} of the log in `{}`, {} bytes: read again and found sound\n", counted(c.visitors, "visitor"), entries(c.entries), o.to, thousands(c.bytes));
  if (restore) fmt::print("Give `{}` to the user of the service, if that is another, and start it: polku serve PACK --data {} --shards {}\n", o.to, o.to, c.shards);
  return kFine;
}

}  // namespace

void add_data(CLI::App& app, int& exit) {
  CLI::App* data = app.add_subcommand("data", "Verify, back up and restore the folder of a service");
  data->require_subcommand(1);
  data->footer("Example:\n  polku data verify /var/lib/polku\n"
               "Exit codes: 0 fine, 1 findings, 2 misuse.");

  auto v = std::make_shared<Options>();
  CLI::App* verb = data->add_subcommand("verify", "Read everything in a data folder that no service uses just now, and say what it holds and what is wrong with it");
  verb->add_option("folder", v->folder, "The folder (--data of `polku serve`), or a backup")->required();
  verb->add_flag("--json", v->json, "Print what was found as a line of JSON");
  verb->add_flag("--replay", v->replay, "Also read the log again from its beginning: every decision and every visitor must come of it as they are there. For folders of a service that was stopped, "
                                        "has had one pack, and keeps its whole log (the first 7 days)");
  verb->footer("Example:\n  polku data verify /var/lib/polku\n"
               "Exit codes: 0 fine, 1 something is damaged, looks as after a crash, or is not what the log makes, 2 misuse: no data folder, a service has it, or its log cannot be read from the beginning.");
  verb->callback([v, &exit] { exit = verify(*v); });

  auto b = std::make_shared<Options>();
  verb = data->add_subcommand("backup", "Copy a data folder that no service uses just now; a running service makes its own backups (POST /v1/admin/backup)");
  verb->add_option("folder", b->folder, "The folder (--data of `polku serve`)")->required();
  verb->add_option("to", b->to, "The backup: a folder that does not exist yet, best on another disk")->required();
  verb->footer("Example:\n  polku data backup /var/lib/polku /var/backups/polku-monday\n"
               "Exit codes: 0 there is a backup, verified; 1 there is none, as the folder is damaged; 2 misuse: no data folder, a service has it, or the backup cannot be written.");
  verb->callback([b, &exit] { exit = copy(*b, false); });

  auto r = std::make_shared<Options>();
  verb = data->add_subcommand("restore", "Make a data folder from a backup, which is verified before and after");
  verb->add_option("backup", r->folder, "A backup")->required();
  verb->add_option("to", r->to, "The folder for `polku serve --data`: one that does not exist yet, or an empty one, whose owner stays")->required();
  verb->footer("Example:\n  polku data restore /var/backups/polku-monday /var/lib/polku\n"
               "Exit codes: 0 restored; 1 not, as the backup is damaged; 2 misuse: no backup, or the folder cannot be written.");
  verb->callback([r, &exit] { exit = copy(*r, true); });
}

}  // namespace polku::cli
