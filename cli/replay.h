// A log through an engine into decisions: what `polku run` does, without the command line.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/driver/driver.h"
#include "runtime/base/text.h"
#include "runtime/engine/engine.h"
#include "runtime/ingest/ingest.h"

namespace polku::cli {

enum class EngineKind { Auto, Jit, Interp, Reference };

// The same log once more, as another pack reads it; that pack holds from `from` on (reading 74 of docs/decisions/0004). What was received
// before is left out.
struct Change {
  Millis from = 0;
  const driver::Pack* pack = nullptr;
  ingest::Reader* reader = nullptr;
  base::Texts* texts = nullptr;
  const plan::Evaluator* evaluator = nullptr; // of the pack's plan; else one is made
};

struct Outage { Millis from = 0, to = 0; };   // the engine is down: what was received in (from, to] reaches it at `to` (reading 70)

struct ReplayOptions {
  EngineKind engine = EngineKind::Auto;
  const plan::Evaluator* evaluator = nullptr; // of pack.plan; else one is made as `engine` says
  std::string cache = {};                     // of an evaluator that is made: folder of compiled code; empty: none
  bool count_evaluations = false;             // likewise: for ReplayResult::tiers
  engine::Keep keep = engine::Keep::Acted;
  bool any_order = false;                     // sort the records first: by time, visitor, event in catalog order, content
  bool stream = false;                        // hand out each decision as it is made; else ordered by (at, visitor, …)
  std::function<void()> flush = {};           // with stream: what was handed out should be on its way, as a batch of records is through or the log has to be waited for
  std::optional<Millis> until;                // leave out later records, and run the clocks to here
  std::vector<history::AnswerTable> tables;   // published, in the order of their times
  bool histories = false;                     // records may come late or merge visitors: every visitor's whole history is kept
  std::vector<Change> changes;                // by their instants; needs histories
  std::vector<Outage> outages;                // in order, apart; none holds the instant of a change. Needs histories
  bool afresh = false;                        // with histories: fold anew at every record; slow, for tests
  bool naps = false;                          // with histories: every visitor leaves the engine and comes back after each record; slow, for tests
  bool unknowns = false;                      // count how often each clause was decided by what is not known; every judgement is looked at: slower
  std::size_t sort_memory = 256u << 20;       // bytes; beyond it sorting goes to disk
};

struct ReplayResult {
  std::string error;                          // not empty: the run broke off
  std::string tier;                           // what judged: "jit", "interpreter", "reference"
  plan::Tiers tiers;                          // not of the reference
  double compile_seconds = 0, seconds = 0;    // until the first record could be judged; of the whole replay
  std::uint64_t needs_histories = 0;          // not 0: the line of a record that came late or merges visitors; the run broke off there
  std::uint64_t events = 0;                   // taken in
  std::uint64_t duplicates = 0, out_of_order = 0, after_until = 0;
  std::uint64_t first_out_of_order = 0;       // its line
  std::uint64_t decisions = 0;                // handed out
  std::size_t visitors = 0, record_bytes = 0;
  std::vector<engine::OutcomeCounts> counts;  // per rule; with changes, of the last pack and since it holds
  using Clause = std::tuple<std::string, std::string, std::string>;  // journey, rule, the clause as written
  std::map<Clause, std::uint64_t> unknowns;   // how often it was neither true nor false
};

// line: one decision as JSON, without line end. Valid only during the call.
using Sink = std::function<void(std::string_view line)>;
using Progress = std::function<void(const ingest::Counts&)>;  // called now and then

// pack.plan must be there. Records that come before their visitor's clock (with histories: that were received before the visitor's
// record before them in the log) are left out and counted; then nothing is handed out unless streaming (the decisions would be wrong).
// With histories the log is held in memory, and `until` and order go by when records were received.
ReplayResult replay(const driver::Pack& pack, ingest::Reader& reader, base::Texts& texts, const ReplayOptions& options,
                    const Sink& sink, const Progress& progress = {});

}  // namespace polku::cli
