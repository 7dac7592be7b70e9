// What several verbs need.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "compiler/driver/driver.h"
#include "runtime/base/text.h"
#include "runtime/history/decision.h"
#include "runtime/ingest/ingest.h"

namespace polku::cli {

inline constexpr int kFine = 0, kFindings = 1, kMisuse = 2;

bool colour();                                     // standard error is a terminal and NO_COLOR is not set
void complain(std::string_view message);           // "polku: …" on standard error

// The compiled pack; null, with everything said on standard error and `exit` set, if it cannot be run. Warnings are shown.
std::unique_ptr<driver::Pack> open_pack(const std::string& directory, bool with_tests, int& exit);

// All diagnostics as text on standard error, then a line that counts them (nothing if there are none).
void print_diagnostics(const driver::Pack& pack);

// The reader of an event file. source: a name; empty: the pack's only source of the file's format, if it has just one, else the
// native form; "native": the native form. Null, with everything said and `exit` set, after an error.
std::unique_ptr<ingest::Reader> open_events(const std::string& path, const std::string& source, const catalog::Catalog& catalog,
                                            base::Texts& texts, std::uint64_t& size, int& exit);

// Which records were faulty, by kind, with the first of each; on standard error. True if there were any.
bool print_rejects(const ingest::Counts& counts);

// "1,234,567"
std::string thousands(std::uint64_t n);

// "1 rule", "1,234 rules"
std::string counted(std::uint64_t n, std::string_view what);

// `--at`, `--until`: an instant as RFC 3339, or a local time in the pack's zone. False, with everything said, if it is neither.
bool read_time(const std::string& text, const catalog::Catalog& catalog, const char* flag, Millis& out);

// Where compiled code is kept unless somebody says otherwise: $XDG_CACHE_HOME/polku, else ~/.cache/polku; empty if there is neither.
std::string cache_folder();

}  // namespace polku::cli
