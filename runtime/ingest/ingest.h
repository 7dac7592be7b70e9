// Raw records to typed events: CSV and NDJSON, by what the catalog's sources say.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/history/event.h"

namespace polku::ingest {

// What can be wrong with a record: rows of rejects.def, POLKU_REJECT(name, refuses, "what an engineer is told").
// refuses: the whole record is left out; else one value of it was unusable and counts as missing.
enum class Reject {
#define POLKU_REJECT(name, refuses, words) name,
#include "runtime/ingest/rejects.def"
#undef POLKU_REJECT
};
std::string_view reject_name(Reject r);
std::string_view reject_words(Reject r);
bool reject_refuses(Reject r);
inline constexpr std::size_t kRejects = 0
#define POLKU_REJECT(name, refuses, words) +1
#include "runtime/ingest/rejects.def"
#undef POLKU_REJECT
    ;

struct Counts {
  std::uint64_t records = 0;                       // read, refused ones included
  std::uint64_t accepted = 0;
  std::uint64_t bytes = 0;
  std::uint64_t by_reject[kRejects] = {};
  struct Example { std::uint64_t line = 0; std::string what; };  // the first of each kind: line of the file and the text at fault (cut at 60 characters)
  Example first[kRejects];
  std::string stopped;                             // not empty: the input could not be read to its end, and why
  std::uint64_t faults() const;                    // sum of by_reject
};

// One accepted record. Views and the event are valid until the next call of next().
struct Record {
  std::string_view visitor;
  history::Event event;                            // identity set, except for how many equal ones came before (see History)
  bool has_id = false;                             // the source gave it an id: equal identities are one event
  std::uint64_t line = 0;
};

// The records of one input. Not thread-safe; uses `texts` for every text value.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual bool next(Record& record) = 0;           // false at the end
  // The next records, at most kBatch; none at the end. A batch ends where the input would have to be waited for, so that nobody waits with what is
  // there already. Good until the next call of either.
  static constexpr std::size_t kBatch = 64;
  std::span<const Record> next_batch();
  virtual const Counts& counts() const = 0;        // of a batch: with all its records

 protected:
  virtual bool at_hand() = 0;                      // the next line has been read to its end
  // next() must not go on to another line that it would have to wait for: behind one that is no record it says false instead.
  bool must_wait() { return !waits_ && !at_hand(); }

 private:
  bool waits_ = true;
  std::vector<Record> batch_;                      // which keeps its memory,
  std::vector<std::string> visitors_;              // and what its views point at
};

struct Opened {
  std::unique_ptr<Reader> reader;                  // null if it cannot be read at all
  std::string error;                               // then: why, with what to do ("The header has no column `case_id` …")
};

// Opens `path` ("-" is standard input, which may be a pipe). source: what sources the record names map to; nullptr: the native
// form (docs/catalog.md), whose format is told by the first byte that is not blank (`{`: NDJSON, else CSV with a header).
// A column or path the source names but the header lacks: an error for visitor, time and event; else counted as
// missing_column once (the native form may lack the event if it has `asked_for` or `merges`; a source of nothing but requests and merges needs one of
// their columns). size, if known, comes back for progress.
Opened open(const std::string& path, const catalog::Catalog& catalog, const catalog::Source* source, base::Texts& texts,
            std::uint64_t* size = nullptr);

// The same over memory that outlives the reader.
Opened open_text(std::string_view text, const catalog::Catalog& catalog, const catalog::Source* source, base::Texts& texts);

}  // namespace polku::ingest
