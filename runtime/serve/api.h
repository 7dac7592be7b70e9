// What each route does, without a word of how requests arrive. Private to the stage.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/history/portable.h"
#include "runtime/ingest/wire.h"
#include "runtime/serve/serve.h"

namespace polku::serve {

struct Request {
  std::string method, target;                 // target: path and query, as sent
  std::string body;                           // with ingest::kBodyPadding bytes behind that are none of it
  std::size_t body_bytes = 0;
  std::function<std::string_view(std::string_view name)> header;   // by its name in small letters; empty if it was not sent
  bool inside = false;                        // it came to the address of operators
};

struct Response {
  int status = 200;
  std::string body = {}, type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool stream = false;                        // the body never ends: decisions behind `position`
  std::uint64_t position = 0;
  std::string visitor = {};                   // of whom; empty: of all
};

// Of all threads.
struct Counters {
  std::atomic<std::uint64_t> requests = 0, refused_requests = 0;
  std::array<std::atomic<std::uint64_t>, 600> by_status{};
  std::array<std::atomic<std::uint64_t>, ingest::kRejects> rejects{};
  std::atomic<std::uint64_t> records = 0, decides = 0;
  std::atomic<std::int64_t> connections = 0, pending = 0;   // pending: requests that are not answered yet
  std::atomic<bool> backing_up = false;                     // one at a time
};

// One thread at a time.
class Api {
 public:
  using Reply = std::function<void(Response)>;   // may be called by another thread, once
  Api(shards::Service& service, const Options& options, Counters& counters);
  ~Api();
  void handle(Request& request, Reply reply);
  void finish();                                 // waits for a backup that is being made
  static bool patient(std::string_view target);  // what is asked may take longer than the disk

 private:
  struct Reading;                                // of one pack, and what texts it has met; made anew before it grows too large
  Reading& reading(const shards::Service::Use& use);
  void records(Request& request, std::string_view query, ingest::Wire::Form form, std::string_view kind, Reply reply);
  void decide(Request& request, Reply reply);
  struct Asked;                                  // one request for a decision: who it is of, or what is wrong with it
  void one_decide(const void* object, Reading& r, std::vector<shards::Message>& messages, Asked& asked);
  std::string first(Reading& r, const std::string& line, std::string_view what, std::string_view id, const shards::Message& asks, std::vector<shards::Message>& messages, std::string& rejected);
  static Response busy();                          // 429
  void submit(std::vector<shards::Message>&& messages, std::size_t answers, Reply reply, std::function<Response(const shards::Ticket&)> answer);
  bool allowed(const Request& request, std::string_view query, std::string_view body_key) const;
  bool admin_allowed(const Request& request) const;
  void admin(Request& request, std::string_view path, std::string_view query, Reply reply);
  Response letters(std::size_t most) const;      // these three: letters.cc
  Response replay(const Request& request);
  std::string webhook_metrics() const;
  std::string rejects(const ingest::Counts& counts);   // counts them, and says them as members of an object
  shards::Message message(const ingest::Record& record, ingest::Envelope& envelope, Millis received);
  void backup(Request& request, Reply reply);
  std::string metrics() const;

  shards::Service& service_;
  const Options& options_;
  Counters& counters_;
  std::unique_ptr<Reading> reading_;
  std::thread backup_;
};

Response problem(int status, std::string_view what);      // {"error":"…"}

}  // namespace polku::serve
