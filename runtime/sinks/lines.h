// Decisions as lines of JSON at the end of a file, or to standard output.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "runtime/shards/service.h"

namespace polku::sinks {

// Writes every decision that the service made since the file was last written to, in the order in which they became durable, on a thread of its own. A line is
// on the disk before the service is told that it need not be written again, so after a crash the last ones may stand there twice: their `id` says so.
class Lines {
 public:
  // path `-` is standard output: from now on, as nobody knows what was read of it. service and log must outlive it. Null: `error` says why; not null
  // and an `error`: it works, but something is to be told.
  static std::unique_ptr<Lines> open(shards::Service& service, const std::string& path, std::string& error, base::OperationLog* log = nullptr);
  ~Lines();                            // as stop()
  std::uint64_t written() const;
  std::string fault() const;           // why it cannot write just now; it goes on trying
  void stop();                         // when all that is durable has been written, or cannot be

 private:
  struct Impl;
  explicit Lines(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::sinks
