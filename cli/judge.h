// The two ways to judge a log, behind one face. Private to replay.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/replay.h"

namespace polku::cli {

// A pack and when it begins to hold; that of the first is not asked. All outlives the judge.
struct Holding {
  Millis from = 0;
  const driver::Pack* pack = nullptr;
  base::Texts* texts = nullptr;
  const plan::Evaluator* evaluator = nullptr;  // not for the reference
};

struct Made { history::Decision decision; std::size_t era = 0; };  // by which of the packs

// Told of everything in the order in which it reached the engine.
class Judge {
 public:
  using Waiting = std::vector<std::pair<std::string, history::Event>>;
  virtual ~Judge() = default;
  virtual void expect(std::span<const engine::Engine::Coming>) {}  // these will be taken next
  virtual engine::Taken take(std::string_view visitor, const history::Event& event) = 0;
  virtual bool reach(Millis until) = 0;                          // time goes on; false: drain, and once more
  virtual void resume(Millis at, const Waiting& waiting) = 0;    // it was down since it was reached last
  virtual void change(std::size_t era) = 0;                      // this pack holds from now on; what lies before is reached and drained
  virtual void finish(Millis end) = 0;                           // which is reached
  virtual std::vector<Made> drain() = 0;
  virtual void report(ReplayResult& result) const = 0;
};

bool handed_out(history::Outcome outcome, engine::Keep keep);

std::unique_ptr<Judge> plan_judge(const std::vector<Holding>& packs, const ReplayOptions& options);
std::unique_ptr<Judge> reference_judge(const std::vector<Holding>& packs, const ReplayOptions& options);

}  // namespace polku::cli
