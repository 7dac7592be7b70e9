// What each route does, without a word of how requests arrive. Private to the stage.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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
};

// One thread at a time.
class Api {
 public:
  using Reply = std::function<void(Response)>;   // may be called by another thread, once
  Api(shards::Service& service, const catalog::Catalog& catalog, const Options& options, Counters& counters);
  ~Api();
  void handle(Request& request, Reply reply);

 private:
  struct Reading;                                // what texts it has met; made anew before it grows too large
  Reading& reading();
  void records(Request& request, std::string_view query, ingest::Wire::Form form, std::string_view kind, Reply reply);
  void decide(Request& request, Reply reply);
  std::string one_decide(std::string_view json, std::vector<shards::Message>& messages, std::uint32_t place, std::string& visitor);
  void submit(std::vector<shards::Message>&& messages, std::size_t answers, Reply reply, std::function<Response(const shards::Ticket&)> answer);
  bool allowed(const Request& request, std::string_view query, std::string_view body_key) const;
  bool admin_allowed(const Request& request, std::string_view query) const;
  Response letters(std::size_t most) const;      // these three: letters.cc
  Response replay(const Request& request);
  std::string webhook_metrics() const;
  shards::Message message(const ingest::Record& record, ingest::Envelope& envelope, Millis received);
  std::string metrics() const;

  shards::Service& service_;
  const catalog::Catalog& catalog_;
  const Options& options_;
  Counters& counters_;
  std::unique_ptr<Reading> reading_;
};

Response problem(int status, std::string_view what);      // {"error":"…"}
void append_text(std::string& out, std::string_view text);  // as JSON

}  // namespace polku::serve
