#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/common.h"
#include "cli/verbs.h"
#include "compiler/format/format.h"

namespace polku::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kLargestRead = 64u << 20;  // above the limit of a rule file, for which the parser has its own words

struct Options {
  std::vector<std::string> paths;
  bool check = false;
};

// The rule files that the paths name; false, with everything said, if one of them names none.
bool rule_files(const std::vector<std::string>& paths, std::vector<fs::path>& out) {
  for (const std::string& path : paths) {
    std::error_code ec;
    if (!fs::is_directory(path, ec)) {
      if (!fs::is_regular_file(path, ec)) return complain(fmt::format("there is no file or folder {}", path)), false;
      if (fs::path(path).extension() != ".polku") return complain(fmt::format("{} is no rule file: its name does not end in .polku", path)), false;
      out.emplace_back(path);
      continue;
    }
    std::vector<fs::path> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(path, ec))
      if (entry.path().extension() == ".polku" && fs::is_regular_file(entry.path())) found.push_back(entry.path());
    if (ec) return complain(fmt::format("cannot read the folder {}", path)), false;
    if (found.empty()) return complain(fmt::format("{} has no .polku file, so there is nothing to do", path)), false;
    std::sort(found.begin(), found.end());
    out.insert(out.end(), found.begin(), found.end());
  }
  return true;
}

std::optional<std::string> read(const fs::path& path) {
  std::error_code ec;
  const std::uintmax_t size = fs::file_size(path, ec);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!ec && in && size > 0 && size <= kLargestRead) text << in.rdbuf();
  if (ec || !in) return complain(fmt::format("cannot read {}", path.string())), std::nullopt;
  if (size > kLargestRead) return complain(fmt::format("{} is larger than 64 MiB", path.string())), std::nullopt;
  return std::move(text).str();
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The whole new text or the whole old one, whatever happens: a file beside it is written and takes its place.
bool replace(const fs::path& path, const std::string& text) {
  std::error_code ec;
  const fs::path target = fs::canonical(path, ec);  // a link stays a link
  struct stat old {};
  std::string beside = target.string() + ".XXXXXX";
  const int file = ec || ::stat(target.c_str(), &old) != 0 ? -1 : ::mkstemp(beside.data());
  if (file < 0) return complain(fmt::format("cannot write {}: {}", path.string(), ec ? ec.message() : std::strerror(errno))), false;
  const bool written = write_all(file, text) && ::fchmod(file, old.st_mode & 07777) == 0 && ::fsync(file) == 0;
  const int fault = errno;
  if (::close(file) == 0 && written && ::rename(beside.c_str(), target.c_str()) == 0) return true;
  const int last = written ? errno : fault;
  ::unlink(beside.c_str());
  return complain(fmt::format("cannot write {}: {}", path.string(), std::strerror(last))), false;
}

int format(const Options& o) {
  std::vector<fs::path> files;
  if (!rule_files(o.paths, files)) return kMisuse;
  std::size_t errors = 0, changed = 0;
  for (const fs::path& path : files) {
    const auto text = read(path);
    if (!text) return kMisuse;
    diag::Sources sources;
    diag::Diagnostics d;
    const auto made = format::format(sources, sources.add(path.string(), *text), d);
    d.sort(sources);
    for (const diag::Diagnostic& one : d.all()) fmt::print(stderr, "{}\n", diag::render_text(one, sources, colour()));
    errors += d.errors();
    if (!made || *made == *text) continue;
    ++changed;
    if (!o.check && !replace(path, *made)) return kMisuse;
    fmt::print("{}\n", path.string());
  }
  if (errors > 0) fmt::print(stderr, "{}; a file with errors is left as it is\n", counted(errors, "error"));
  return errors > 0 || (o.check && changed > 0) ? kFindings : kFine;
}

}  // namespace

void add_fmt(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("fmt", "Lay out rule files; the names of those that change are printed");
  verb->add_option("paths", o->paths, "Rule files, or folders of which every .polku file is taken")->required();
  verb->add_flag("--check", o->check, "Change nothing; only tell which files would change");
  verb->footer("Example:\n  polku fmt rules/ferry rules/loans/offers.polku\n"
               "Exit codes: 0 fine, 1 errors in a file, or with --check files that would change, 2 no such file, or one that cannot be written.");
  verb->callback([o, &exit] { exit = format(*o); });
}

}  // namespace polku::cli
