// Decisions as requests to somebody's HTTP server, signed, one decision a request.
//
// At least once: what was sent and not confirmed before a crash is sent again, under the same id. One visitor's decisions come in their order, each only when
// the one before it was taken or given up on; those of several visitors come side by side. Nobody waits for a receiver: what it has not taken stays in the log.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/shards/service.h"

namespace polku::sinks {

struct WebhookOptions {
  std::string url;                                 // http or https; may name a user, who is nowhere shown
  std::vector<std::string> keys;                   // that sign (signature.h); none: nothing is signed
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // of a request, from connecting to the end of the answer
  std::uint64_t attempts = 10;                     // of one decision that fail while the receiver takes others; then it is a dead letter
  std::chrono::milliseconds retry_for = std::chrono::hours(24);  // since its turn could have come; then it is one whatever the receiver does
  base::OperationLog* log = nullptr;               // it must outlive the webhook; null: nothing is said
};

struct WebhookCounts {
  std::uint64_t delivered = 0;
  std::uint64_t retried = 0;                       // attempts that failed and were to be made again
  std::uint64_t dead = 0;                          // given up on since the start
  std::uint64_t answered = 0;                      // attempts that ended, however
  double seconds = 0;                              // that these took together
  std::uint64_t in_flight = 0;
  std::uint64_t behind = 0;                        // entries of the log
  std::string down;                                // why nothing is taken just now; empty: it is, as far as is known
};

// What of a URL may be shown: `name`, without user and query, by which receivers and their letters are told apart; and host:port. Empty; or what is wrong with it.
std::string read_url(const std::string& url, std::string& name, std::string& host);

// A thread of its own. All functions are safe from several threads.
class Webhook {
 public:
  // Goes on from where the last process stopped; the first time, from where the log ended when the service was opened. service must outlive it.
  // Null: `error` says why; not null and an `error`: it works, but something is to be told.
  static std::unique_ptr<Webhook> open(shards::Service& service, const WebhookOptions& options, std::string& error);
  ~Webhook();                                      // as stop()

  const std::string& name() const;
  const std::string& host() const;
  WebhookCounts counts() const;
  // Sends dead letters again, by their keys, behind what waits for their visitors. They are letters until they are taken. How many were not on their way already.
  std::size_t replay(const std::vector<std::string>& letters);

  void ask_to_stop();                              // returns at once; nothing is sent any more
  void stop();                                     // waits for the answers to what was sent, 5 seconds at most

 private:
  struct Impl;
  explicit Webhook(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::sinks
