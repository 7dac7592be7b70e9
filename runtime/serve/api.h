// What each route does, without a word of how requests arrive. Private to the stage.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/histogram.h"
#include "runtime/base/text.h"
#include "runtime/history/portable.h"
#include "runtime/ingest/wire.h"
#include "runtime/serve/aside.h"
#include "runtime/serve/serve.h"

namespace polku::serve {

inline constexpr const char* kUp = R"({"status":"up"})";   // of /healthz

// What requests are told apart by where they are counted.
enum class Route : std::uint8_t { Records, Decide, Admin, Other };
inline constexpr std::array<std::string_view, 4> kRoutes{"records", "decide", "admin", "other"};

struct Request {
  std::string method, target;                 // target: path and query, as sent
  std::string body;                           // with ingest::kBodyPadding bytes behind that are none of it
  std::size_t body_bytes = 0;
  std::function<std::string_view(std::string_view name)> header;   // by its name in small letters; empty if it was not sent
  bool inside = false;                        // it came to the address of operators
  Route route = Route::Other;                 // these two: once it was handled
  shards::Trace trace = {};
};

struct Response {
  int status = 200;
  std::string body = {}, type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  bool stream = false;                        // the body never ends: decisions behind `position`
  std::uint64_t position = 0;
  std::string visitor = {};                   // of whom; empty: of all
};

// Why a connection ended before everything was said. These are their names in the metrics.
enum class Closed {
  idle,    // no request came any more
  slow,    // half a request came, and not the rest in time
  gone,    // the client hung up in the middle of a request, or of its answer
  unread,  // an answer, or a stream, was not read in time
};
inline constexpr std::string_view kClosed[] = {"idle", "slow", "gone", "unread"};

// Of all threads.
struct Counters {
  using Durations = std::array<base::Histogram, kRoutes.size()>;  // from when a request was there as a whole until its answer was
  explicit Counters(std::size_t threads) : durations(threads) {}
  std::vector<Durations> durations;                         // of each thread, which alone adds to it
  std::atomic<std::uint64_t> requests = 0, refused_requests = 0;
  std::array<std::atomic<std::uint64_t>, 600> by_status{};
  std::array<std::atomic<std::uint64_t>, ingest::kRejects> rejects{};
  std::array<std::atomic<std::uint64_t>, std::size(kClosed)> closed{};
  std::atomic<std::uint64_t> records = 0, decides = 0, refused_decides = 0;
  std::atomic<std::uint64_t> held = 0;                      // bytes, as Options::held_bytes
  std::atomic<std::size_t> streams = 0;
  std::atomic<std::int64_t> connections = 0, pending = 0;   // pending: requests that are not answered yet
  std::atomic<bool> backing_up = false, profiling = false;  // one at a time
  std::atomic<bool> stopping = false;
};

// One thread at a time.
class Api {
 public:
  using Reply = std::function<void(Response)>;   // may be called by another thread, once
  Api(const Behind& behind, const Options& options, Counters& counters);
  ~Api();
  void handle(Request& request, Reply reply);
  void finish();                                 // waits for what is being done beside
  static bool patient(std::string_view target);  // what is asked may take longer than the disk

 private:
  struct Reading;                                // of one pack, and what texts it has met; made anew before it grows too large
  struct Rejected {                              // of one request: as members of an object, and how many of each kind
    std::string json;
    std::array<std::uint64_t, ingest::kRejects> counts{};
    void add(const ingest::Counts& more);
  };
  Reading& reading(const shards::Service::Use& use, std::size_t bytes);   // for a body of so many
  void records(Request& request, std::string_view query, ingest::Wire::Form form, std::string_view kind, Reply reply);
  void decide(Request& request, Reply reply);
  struct Asked;                                  // one request for a decision: who it is of, or what is wrong with it
  void one_decide(const void* object, Reading& r, std::vector<shards::Message>& messages, Asked& asked);
  std::string first(Reading& r, const std::string& line, std::string_view what, std::string_view id, const shards::Message& asks, std::vector<shards::Message>& messages, Rejected& rejected);
  // False: they were not taken, and it has been said. then: on another thread, once all is durable; must be quick. submit: it is the answer that is made there.
  bool ask(std::vector<shards::Message>&& messages, std::size_t answers, const Reply& reply, std::function<void(const shards::Ticket&)> then);
  bool submit(std::vector<shards::Message>&& messages, std::size_t answers, Reply reply, std::function<Response(const shards::Ticket&)> answer);
  bool allowed(const Request& request, std::string_view query, std::string_view body_key) const;
  bool admin_allowed(const Request& request) const;
  std::optional<Response> admin_refused(const Request& request) const;
  void admin(Request& request, std::string_view path, std::string_view query, Reply reply);
  Response letters(std::size_t most) const;      // these two: letters.cc
  Response replay(const Request& request);
  void visitor(Request& request, std::string_view rest, std::string_view query, Reply reply);   // these three: visitors.cc
  Response exported(const shards::Pack& pack, const std::string& state) const;
  Response explained(const shards::Pack& pack, const std::string& state, const std::string& rule, std::optional<Millis> until, bool plain) const;
  void count(const Rejected& rejected);          // as the answer says them
  shards::Message message(const ingest::Record& record, ingest::Envelope& envelope, Millis received, const shards::Trace& trace);
  void backup(Request& request, Reply reply);
  void profile(std::string_view query, Reply reply);   // profile.cc
  Response ready() const;
  std::string metrics() const;                   // these two: metrics.cc
  void webhook_metrics(class Exposition& out) const;

  const Behind& behind_;
  shards::Service& service_;
  const Options& options_;
  Counters& counters_;
  std::unique_ptr<Reading> reading_;
  std::thread backup_, profile_;
  Aside aside_;
};

Response problem(int status, std::string_view what);      // {"error":"…"}
Response too_much();                                      // 429: later
std::string decoded(std::string_view text, bool plus);    // %41 is A; plus: + is a blank
std::string parameter(std::string_view query, std::string_view name);   // decoded; empty: it is not there

}  // namespace polku::serve
