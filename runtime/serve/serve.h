// The service over HTTP: what clients of Segment, RudderStack and CloudEvents send, lines of JSON, requests for decisions, and what an operator asks.
// docs/serve.md has every route.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/operation_log.h"
#include "runtime/shards/service.h"
#include "runtime/sinks/webhook.h"

namespace polku::serve {

struct Options {
  std::string listen = "127.0.0.1:7070";         // host:port; port 0 takes a free one
  std::size_t threads = 1;
  std::vector<std::string> write_keys;           // of those who may send records and ask for decisions; none: everybody may
  std::string admin_listen;                      // host:port of operators' own routes, which are nowhere else then; empty: at `listen`, for who has an admin key
  std::vector<std::string> admin_keys;           // of operators; none: everybody who can reach admin_listen
  std::size_t body_bytes = 4u << 20;             // of a request, as it is sent
  std::size_t inflated_bytes = 16u << 20;        // and as it was before it was compressed
  std::size_t held_bytes = 256u << 20;           // of bodies that are still coming and answers that are still going, of all connections
  std::size_t connections = 10'000;              // at once; beyond it they wait to be accepted
  std::size_t streams = 500;                     // of decisions, at once
  std::uint32_t idle_seconds = 60;               // without a request, with half of one, or with an answer that nobody reads
  std::uint32_t wait_seconds = 10;               // until what a request brought is durable; then 503
  bool trusted_times = false;                    // records carry their times, as in a log (shards::ServiceOptions::Clock::Log)
  base::OperationLog* log = nullptr;             // it must outlive the server; null: nothing is said
  bool log_requests = false;                     // a line each: what it was, not what stood in it
};

// What requests are about. All of it must outlive the server.
struct Behind {
  shards::Service& service;
  std::vector<sinks::Webhook*> webhooks = {};    // whose figures and letters an operator may ask for
  // Puts in the pack as it is on the disk by now, on another thread: said is called once, with an HTTP status and JSON. None: 404.
  std::function<void(std::function<void(int status, std::string json)> said)> reload = {};
};

inline void append_text(std::string& out, std::string_view text) { base::put_json(out, text); }

class Server {
 public:
  // Listens, on threads of its own. Until open() it says that it lives, and to everything else that it is not ready. Null: `error` says why.
  static std::unique_ptr<Server> start(const Options& options, std::string& error);
  void open(Behind behind);                       // once
  ~Server();                                     // as stop()
  const std::string& address() const;             // host:port that it listens on
  const std::string& admin_address() const;       // likewise; empty: none of its own
  void stop();                                    // is not ready, and accepts nobody any more; what has been asked is answered, but no longer than wait_seconds; a backup is made to its end

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::serve
