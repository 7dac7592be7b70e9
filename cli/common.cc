#include "cli/common.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/base/time.h"

namespace polku::cli {

bool colour() { return isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

void complain(std::string_view message) { fmt::print(stderr, "polku: {}\n", message); }

std::string thousands(std::uint64_t n) {
  std::string s = std::to_string(n);
  for (std::size_t i = s.size(); i > 3; i -= 3) s.insert(i - 3, 1, ',');
  return s;
}

std::string counted(std::uint64_t n, std::string_view what) { return fmt::format("{} {}{}", thousands(n), what, n == 1 ? "" : "s"); }

void print_diagnostics(const driver::Pack& pack) {
  const diag::Diagnostics& d = pack.diagnostics;
  for (const diag::Diagnostic& one : d.all()) fmt::print(stderr, "{}\n", diag::render_text(one, pack.sources, colour()));
  if (d.errors() + d.warnings() > 0)
    fmt::print(stderr, "{} error{}, {} warning{}\n", d.errors(), d.errors() == 1 ? "" : "s", d.warnings(), d.warnings() == 1 ? "" : "s");
}

std::unique_ptr<driver::Pack> open_pack(const std::string& directory, bool with_tests, int& exit) {
  std::string error;
  auto pack = driver::load(directory, with_tests, error);
  if (!pack) {
    complain(error);
    exit = kMisuse;
    return nullptr;
  }
  print_diagnostics(*pack);
  if (pack->plan) return pack;
  exit = kFindings;
  return nullptr;
}

namespace {

// The first character of a regular file that is not blank; nothing is read from pipes.
char first_character(const std::string& path) {
  std::error_code ec;
  if (path == "-" || !std::filesystem::is_regular_file(path, ec)) return 0;
  std::ifstream in(path, std::ios::binary);
  char c = 0;
  while (in.get(c))
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t' && static_cast<unsigned char>(c) < 0x80) return c;
  return 0;
}

// False: there is no such source (said already).
bool choose_source(const std::string& path, const std::string& name, const catalog::Catalog& catalog, const catalog::Source*& out) {
  out = nullptr;
  if (name == "native") return true;
  if (!name.empty()) {
    out = catalog.source(name);
    if (out) return true;
    std::vector<std::string> names{"native"};
    for (const catalog::Source& s : catalog.sources) names.push_back(s.name);
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    complain(fmt::format("the pack has no source `{}`; it has {}. {}", name, all, diag::did_you_mean(name, names)));
    return false;
  }
  const char c = first_character(path);
  if (c == 0) return true;
  const catalog::Format format = c == '{' ? catalog::Format::Ndjson : catalog::Format::Csv;
  int found = 0;
  for (const catalog::Source& s : catalog.sources)
    if (s.format == format && ++found == 1) out = &s;
  if (found != 1) out = nullptr;
  return true;
}

}  // namespace

std::unique_ptr<ingest::Reader> open_events(const std::string& path, const std::string& source, const catalog::Catalog& catalog,
                                            base::Texts& texts, std::uint64_t& size, int& exit) {
  exit = kMisuse;
  const catalog::Source* chosen = nullptr;
  if (!choose_source(path, source, catalog, chosen)) return nullptr;
  ingest::Opened opened = ingest::open(path, catalog, chosen, texts, &size);
  if (!opened.reader) {
    complain(opened.error);
    return nullptr;
  }
  exit = kFine;
  return std::move(opened.reader);
}

bool print_rejects(const ingest::Counts& counts) {
  bool any = false;
  for (std::size_t i = 0; i < ingest::kRejects; ++i) {
    if (counts.by_reject[i] == 0) continue;
    any = true;
    const auto kind = static_cast<ingest::Reject>(i);
    const auto& first = counts.first[i];
    fmt::print(stderr, "  {:>12} {}: {}; the first in line {}: {}\n", thousands(counts.by_reject[i]), ingest::reject_name(kind),
               ingest::reject_words(kind), first.line, first.what);
  }
  return any;
}

bool read_time(const std::string& text, const catalog::Catalog& catalog, const char* flag, Millis& out) {
  const auto zone = base::Zone::find(catalog.zone);
  const auto at = base::parse_instant(text, zone ? *zone : base::Zone::utc());
  if (!at) {
    complain(fmt::format("{} {}: this is not a time. Write it as 2026-11-21T09:30:00Z, or without a zone for the pack's own.", flag, text));
    return false;
  }
  out = *at;
  return true;
}

std::string cache_folder() {
  const auto set = [](const char* name) { const char* value = std::getenv(name); return std::string(value ? value : ""); };
  if (const std::string base = set("XDG_CACHE_HOME"); base.starts_with('/')) return base + "/polku";
  const std::string home = set("HOME");
  return home.empty() ? "" : home + "/.cache/polku";
}

}  // namespace polku::cli
