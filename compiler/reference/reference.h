// The second pair of eyes: judges rules straight from their definition over the raw history. It scans, it remembers nothing
// between instants that the definition does not name, and it shares no code with the compiler after the syntax tree.
// For tests, `run --engine reference` and disputes; speed does not matter here.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "compiler/catalog/catalog.h"
#include "compiler/syntax/ast.h"
#include "runtime/base/text.h"
#include "runtime/history/decision.h"
#include "runtime/history/event.h"
#include "runtime/history/table.h"

namespace polku::reference {

// A pack that has passed sema without errors. All of it must outlive the calls.
struct Pack {
  const catalog::Catalog* catalog = nullptr;
  std::vector<const syntax::File*> files;             // in written order: by file name
  std::vector<const syntax::Expr*> derived;           // per catalog attribute; nullptr unless derived
};

enum class HoldOuts { ByHash, Nobody, Everybody };    // Nobody and Everybody: in tests (reading 59)

struct Options {
  std::span<const history::AnswerTable> tables;       // published; the latest at an instant is the one that holds
  HoldOuts hold_outs = HoldOuts::ByHash;
  bool afresh = false;                                // fold the whole history anew at every step, as reading 66 has it; slow
};

// A record as it reached us. Its values are of the catalog, and its texts ids in the texts, of the era in which it was received.
struct Arrival {
  std::string visitor;                                // the name it came under, in NFC
  history::Event event;
  std::size_t era = 0;
};

// A pack that holds from an instant on (reading 74); that of the first era holds from the beginning.
struct Era {
  Pack pack;
  const base::Texts* texts = nullptr;
  Millis from = 0;
};

// Nothing is judged in between; what was received in (from, to] reaches the engine at `to` (reading 70).
struct Outage { Millis from = 0, to = 0; };

// The records of visitors whom merges make one, directly or not, and of nobody else.
struct Log {
  std::span<const Era> eras;                          // by their instants
  std::span<const Arrival> arrivals;                  // in the order in which they were received, without duplicates
  std::span<const Outage> outages;                    // in order; they neither overlap nor hold the beginning of an era
  Millis until = 0;                                   // the clocks run to here, timers due then included; nothing was received later
};

// All decisions in the order in which they were made; of one visitor that is the order of the decision file: (at, place, conversions,
// round, written order), `no_match` included. The name of whom records came under first, or were merged into, is the visitor's.
std::vector<history::Decision> judge(const Log& log, const Options& options = {});

}  // namespace polku::reference
