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
};

// All decisions of one visitor, in the order of the decision file: (at, place, conversions, round, written order), `no_match` included.
// visitor: in NFC; also the person of holdouts and splits. history: in order, without duplicates, nothing after `until`. texts: the
// table that the events' values refer to.
std::vector<history::Decision> judge(const Pack& pack, const std::string& visitor, std::span<const history::Event> history,
                                     Millis until, const base::Texts& texts, const Options& options = {});

}  // namespace polku::reference
