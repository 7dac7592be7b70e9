// Polku's side of the matching workload.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/match/kernel.h"
#include "tests/bench/workload.h"

namespace polku::bench {

class Polku {
 public:
  // `pack`: the folder that w1.py made beside the rows. kernel: what match() uses; step() takes the engine's own choice. Throws std::runtime_error with
  // the compiler's messages.
  Polku(const std::string& pack, const Workload& workload, bool interpreted, const match::Kernel& kernel = *match::kernels().front());
  ~Polku();
  std::string tier() const;

  // The rules that hold for row i, as the engine finds them; `ids` has room for all rules.
  std::size_t match(std::size_t i, std::uint32_t* ids);

  // The whole step: the row's event, of a visitor with the row's attributes, through the engine, and its decisions handed out (without reasons).
  void open();                  // makes the visitors
  void step(std::size_t i);
  std::uint64_t passed() const; // judgements since open() that passed their conditions

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::bench
