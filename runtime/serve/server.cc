// Requests from sockets to the Api, and what it says back. The only place that knows Boost.
#include <fmt/format.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <latch>
#include <optional>
#include <thread>
#include <utility>

#include "runtime/base/thread_name.h"
#include "runtime/serve/api.h"

namespace polku::serve {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::uint32_t kHeaderBytes = 32 << 10;
constexpr std::size_t kUnread = 128 << 10;                    // bytes that have come and are not understood yet: more than a header, or a chunk's first line, may have
constexpr std::size_t kSmall = 16 << 10;                      // bytes of a body or an answer that are always there to be had
constexpr auto kLinger = std::chrono::seconds(2);             // for who still sends, so that the answer is read before the connection breaks
constexpr auto kStreamLook = std::chrono::milliseconds(20);   // how often a stream looks for new decisions
constexpr auto kStreamBeat = std::chrono::seconds(15);        // how often it says that it is alive
constexpr std::size_t kStreamed = 256;                        // decisions at once
constexpr std::uint64_t kToldRequests = 1000;                 // in a second
constexpr std::string_view kMethods = "GET, POST, OPTIONS";
constexpr std::string_view kHeaders = "authorization, content-type, content-encoding, anonymousid, sentat, x-retry-count, x-write-key, traceparent, last-event-id";

// What the connections of one thread share.
struct Worker {
  Worker(const Options& o, Counters& n, Counters::Durations& d) : options(o), counters(n), durations(d) {}
  const Options& options;
  Counters& counters;
  Counters::Durations& durations;
  std::optional<Api> api;                                     // both of the thread; none: the service is not there yet
  shards::Service* service = nullptr;
  asio::io_context context{1};
  std::thread thread;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket&& socket, Worker& worker, bool inside) : worker_(worker), stream_(std::move(socket)), timer_(worker.context), inside_(inside) { ++worker_.counters.connections; }
  ~Connection() {
    hold(0);
    --worker_.counters.connections;
    if (streams_) --worker_.counters.streams;
  }

  void read() {
    response_.reset();
    hold(0);
    parser_.emplace();
    parser_->header_limit(kHeaderBytes);
    parser_->body_limit(worker_.options.body_bytes);
    parser_->eager(true);
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    read_more();
  }

 private:
  void read_more() { http::async_read_some(stream_, buffer_, *parser_, beast::bind_front_handler(&Connection::on_read, shared_from_this())); }

  void on_read(beast::error_code error, std::size_t) {
    if (error == http::error::end_of_stream) return close();
    if (error) return cannot_read(error);
    if (!hold(parser_->get().body().size())) return refuse(too_much());
    if (!parser_->is_done()) return read_more();
    take();
  }

  void cannot_read(beast::error_code error) {
    if (error == beast::error::timeout) return closed(parser_->got_some() ? Closed::slow : Closed::idle);
    if (error.category() != http::make_error_code(http::error::bad_method).category()) return parser_->got_some() ? closed(Closed::gone) : void();
    const bool head = !parser_->is_header_done();
    if (error == http::error::body_limit) return refuse(problem(413, fmt::format("The body is larger than {} bytes.", worker_.options.body_bytes)));
    refuse(problem(error == http::error::header_limit || (head && error == http::error::buffer_overflow) ? 431 : 400, error.message()));
  }

  // What is wrong with a request whose end nobody knows.
  void refuse(Response why) {
    begun_ = std::chrono::steady_clock::now();
    about_ = {};
    keep_alive_ = false;
    write(std::move(why));
  }

  // The connection ends, and something that was owed is not said.
  void closed(Closed why) { ++worker_.counters.closed[static_cast<std::size_t>(why)]; }

  // So many bytes of a body, or of an answer, are kept for the client just now. False: together with all others', that is too much.
  bool hold(std::size_t bytes) {
    std::atomic<std::uint64_t>& all = worker_.counters.held;
    all += bytes;
    const std::uint64_t now = all -= std::exchange(held_, bytes);
    return bytes <= kSmall || now <= worker_.options.held_bytes;
  }

  void take() {
    begun_ = std::chrono::steady_clock::now();
    about_ = {};
    auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    head_ = message.method() == http::verb::head;
    origin_ = Api::patient({message.target().data(), message.target().size()}) ? std::string_view() : std::string_view(message[http::field::origin]);  // no page is told what operators are
    about_.method = message.method_string();
    about_.bytes = message.body().size();
    // Where a body ends is not for two programs to read differently.
    if (message.count(http::field::transfer_encoding) > 0 && (!message.chunked() || version_ < 11)) return refuse(problem(400, "The only transfer encoding is `chunked`, from HTTP/1.1 on."));
    Request request;
    request.inside = inside_;
    request.method = message.method_string();
    request.target = message.target();
    request.body = std::move(message.body());
    request.body_bytes = request.body.size();
    request.body.append(ingest::kBodyPadding, ' ');
    request.header = [&message](std::string_view name) -> std::string_view {
      const auto field = message.find(boost::beast::string_view(name.data(), name.size()));
      return field == message.end() ? std::string_view() : std::string_view(field->value().data(), field->value().size());
    };
    const std::uint64_t turn = ++turn_;
    stream_.expires_never();
    hold(0);
    if (request.method == "OPTIONS") return write({.status = 204});
    if (!worker_.api) return write(not_ready(request.target));
    if (!Api::patient(request.target)) {
      timer_.expires_after(std::chrono::seconds(worker_.options.wait_seconds));
      timer_.async_wait([self = shared_from_this(), turn](beast::error_code stopped) {
        if (!stopped && self->turn_ == turn) self->answer(turn, problem(503, "It took too long until this was on the disk. Try again."));
      });
    }
    ++worker_.counters.pending;
    worker_.api->handle(request, [self = shared_from_this(), turn](Response response) {
      asio::post(self->worker_.context, [self, turn, r = std::move(response)]() mutable { self->answer(turn, std::move(r)); });
    });
    about_.route = request.route;
    about_.trace = request.trace;
  }

  static Response not_ready(std::string_view target) {
    if (target == "/healthz") return {.body = kUp};
    Response wait = problem(503, "The service is starting: it reads what the log holds.");
    wait.headers.emplace_back("Retry-After", "1");
    return wait;
  }

  void answer(std::uint64_t turn, Response response) {
    if (turn != turn_) return;  // it was given up on
    ++turn_;
    --worker_.counters.pending;
    timer_.cancel();
    write(std::move(response));
  }

  template <class Message>
  void add_headers(Message& message, const Response& from) {
    message.set(http::field::server, "polku");
    message.set(http::field::content_type, from.type);
    for (const auto& [name, value] : from.headers) message.set(name, value);
    if (!origin_.empty()) {
      message.set(http::field::access_control_allow_origin, origin_);
      message.set(http::field::access_control_allow_credentials, "true");
      message.set(http::field::vary, "Origin");
      if (from.status == 204) {
        message.set(http::field::access_control_allow_methods, beast::string_view(kMethods.data(), kMethods.size()));
        message.set(http::field::access_control_allow_headers, beast::string_view(kHeaders.data(), kHeaders.size()));
        message.set(http::field::access_control_max_age, "900");
      }
    }
  }

  void write(Response from) {
    if (from.stream && !head_ && ++worker_.counters.streams > worker_.options.streams) {
      --worker_.counters.streams;
      from = too_much();
    }
    if (!hold(from.body.size())) from = problem(503, "Too many answers have not been read yet. Try again.");
    ++worker_.counters.by_status[static_cast<std::size_t>(from.status) % worker_.counters.by_status.size()];
    if (from.status >= 400) ++worker_.counters.refused_requests;
    const auto took = std::chrono::steady_clock::now() - begun_;
    worker_.durations[static_cast<std::size_t>(about_.route)].add(took);
    if (worker_.options.log && worker_.options.log_requests) tell(from, took);
    if (from.stream && !head_) return begin_stream(std::move(from));
    response_.emplace(static_cast<http::status>(from.status), version_);
    add_headers(*response_, from);
    response_->keep_alive(keep_alive_);
    response_->body() = std::move(from.body);
    response_->prepare_payload();
    if (head_) response_->body().clear();  // its length is said all the same
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    http::async_write(stream_, *response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return self->closed(error == beast::error::timeout ? Closed::unread : Closed::gone);
      if (!self->keep_alive_) return self->close();
      self->read();
    });
  }

  // What it was; nothing of what stood in it, or in its path and query.
  void tell(const Response& from, std::chrono::nanoseconds took) const {
    const double seconds = std::chrono::duration<double>(took).count();
    const std::string_view route = kRoutes[static_cast<std::size_t>(about_.route)];
    const std::string trace = about_.trace ? shards::trace_id(about_.trace) : "";
    const auto status = static_cast<std::uint64_t>(from.status);
    worker_.options.log->say(base::OperationLog::Level::Info, "request",
                             fmt::format("{} {} {} in {:.3f} ms, {} bytes{}{}", about_.method, route, status, seconds * 1000, about_.bytes, trace.empty() ? "" : ", trace ", trace),
                             {{"method", std::string_view(about_.method)}, {"route", route}, {"status", status}, {"seconds", seconds}, {"bytes", std::uint64_t{about_.bytes}}, {"answer_bytes", std::uint64_t{from.body.size()}}, {"trace_id", std::string_view(trace)}},
                             kToldRequests);
  }

  // ---- server-sent events ----

  void begin_stream(Response from) {
    streams_ = true;
    position_ = from.position;
    visitor_ = from.visitor;
    stream_head_.emplace(http::status::ok, version_);
    add_headers(*stream_head_, from);
    stream_head_->chunked(true);
    serializer_.emplace(*stream_head_);
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    http::async_write_header(stream_, *serializer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return;
      self->stream_.expires_never();
      self->listen();
      self->look();
    });
  }

  // Who follows a stream has nothing more to say, but may hang up.
  void listen() {
    stream_.socket().async_read_some(asio::buffer(said_), [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) return self->listen();
      self->timer_.cancel();
      self->stream_.close();
    });
  }

  void look() {
    chunk_.clear();
    if (std::string error = worker_.service->read(position_, kStreamed, std::chrono::milliseconds(0), deliveries_); !error.empty()) return stream_.close();
    for (std::size_t i = 0; i < deliveries_.size(); ++i) {
      const shards::Delivery& d = deliveries_[i];
      const bool last = i + 1 == deliveries_.size() || deliveries_[i + 1].position != d.position;  // who goes on from here has seen all of the entry
      if (!visitor_.empty() && d.visitor != visitor_) continue;
      fmt::format_to(std::back_inserter(chunk_), "id: {}\nevent: decision\ndata: {}\n\n", last ? d.position : d.position - 1, d.json);
    }
    const auto now = std::chrono::steady_clock::now();
    if (chunk_.empty() && now - spoke_ > kStreamBeat) chunk_ = ": alive\n\n";
    if (chunk_.empty()) return wait();
    spoke_ = now;
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    asio::async_write(stream_, http::make_chunk(asio::buffer(chunk_)), [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) return self->wait();
      if (error == beast::error::timeout) self->closed(Closed::unread);
      self->stream_.close();
    });
  }

  void wait() {
    if (!stream_.socket().is_open()) return;
    timer_.expires_after(kStreamLook);
    timer_.async_wait([self = shared_from_this()](beast::error_code stopped) {
      if (!stopped) self->look();
    });
  }

  // The client closes as well, or has some time to: else what it still sends would tear the connection down before it has read the last answer.
  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(kLinger);
    pour_away();
  }

  void pour_away() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kUnread), [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->pour_away();
    });
  }

  Worker& worker_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{kUnread};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response<http::empty_body>> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> serializer_;
  std::string origin_, chunk_, visitor_;
  std::vector<shards::Delivery> deliveries_;
  std::uint64_t position_ = 0, turn_ = 0;
  std::chrono::steady_clock::time_point spoke_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point begun_;                 // when the request at hand was there
  struct About { std::string method; std::size_t bytes = 0; Route route = Route::Other; shards::Trace trace; } about_;   // of it
  std::size_t held_ = 0;
  std::array<char, 256> said_;
  unsigned version_ = 11;
  bool keep_alive_ = true, head_ = false, streams_ = false;
  const bool inside_;
};

}  // namespace

struct Server::Impl {
  explicit Impl(const Options& o) : options(o), counters(std::max<std::size_t>(o.threads, 1)) {}
  const Options options;
  Counters counters;
  std::optional<Behind> behind;
  std::vector<std::unique_ptr<Worker>> workers;
  // Where requests come in.
  struct Door {
    explicit Door(asio::io_context& context, bool operators) : acceptor(context), pause(context), inside(operators) {}
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    const bool inside;
    std::string address;
  };
  std::vector<std::unique_ptr<Door>> doors;      // all of the first worker's thread
  std::string none;
  std::size_t next = 0;
  bool stopped = false;

  std::string listen(const std::string& where, bool inside) {
    const std::size_t colon = where.rfind(':');
    const std::string host = where.substr(0, colon), port = colon == std::string::npos ? "" : where.substr(colon + 1);
    if (host.empty() || port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos || std::stoul(port) > 65535)
      return fmt::format("`{}` is no address: it is a host and a port, as in 127.0.0.1:7070.", where);
    beast::error_code error;
    tcp::resolver resolver(workers[0]->context);
    const auto found = resolver.resolve(host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host, port, tcp::resolver::passive, error);
    if (error) return fmt::format("`{}` is no host that this machine knows: {}.", host, error.message());
    const tcp::endpoint endpoint = found.begin()->endpoint();
    Door& door = *doors.emplace_back(std::make_unique<Door>(workers[0]->context, inside));
    door.acceptor.open(endpoint.protocol(), error);
    if (!error) door.acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) door.acceptor.bind(endpoint, error);
    if (!error) door.acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fmt::format("Nothing can listen on `{}`: {}.", where, error.message());
    door.address = fmt::format("{}:{}", host, door.acceptor.local_endpoint().port());
    accept(door);
    return {};
  }

  void accept(Door& door) {
    if (!door.inside && static_cast<std::size_t>(counters.connections.load()) >= options.connections) return later(door);
    Worker& worker = *workers[next++ % workers.size()];
    door.acceptor.async_accept(worker.context, [this, &worker, &door](beast::error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return later(door);  // there are no descriptors left, say
      beast::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      asio::post(worker.context, [&worker, inside = door.inside, s = std::move(socket)]() mutable { std::make_shared<Connection>(std::move(s), worker, inside)->read(); });
      accept(door);
    });
  }

  void later(Door& door) {
    door.pause.expires_after(std::chrono::milliseconds(50));
    door.pause.async_wait([this, &door](beast::error_code error) {
      if (!error) accept(door);
    });
  }

  void stop() {
    if (std::exchange(stopped, true)) return;
    counters.stopping = true;
    asio::post(workers[0]->context, [this] {
      for (const auto& door : doors) {
        beast::error_code ignored;
        door->acceptor.close(ignored);
        door->pause.cancel();
      }
    });
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait_seconds);
    while (counters.pending > 0 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the last answers are on their way to their sockets
    for (const auto& w : workers) w->context.stop();
    for (const auto& w : workers)
      if (w->thread.joinable()) w->thread.join();
    for (const auto& w : workers)
      if (w->api) w->api->finish();  // the service is needed until then, and a context to put the answer into
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }

std::unique_ptr<Server> Server::start(const Options& options, std::string& error) {
  auto impl = std::make_unique<Impl>(options);
  for (Counters::Durations& durations : impl->counters.durations) impl->workers.push_back(std::make_unique<Worker>(impl->options, impl->counters, durations));
  error = impl->listen(options.listen, false);
  if (error.empty() && !options.admin_listen.empty()) error = impl->listen(options.admin_listen, true);
  if (!error.empty()) return nullptr;
  for (const auto& w : impl->workers) {
    w->thread = std::thread([worker = w.get()] {
      base::name_thread("http");
      const auto work = asio::make_work_guard(worker->context);
      worker->context.run();
    });
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::open(Behind behind) {
  impl_->behind.emplace(std::move(behind));
  std::latch there(static_cast<std::ptrdiff_t>(impl_->workers.size()));
  for (const auto& w : impl_->workers)
    asio::post(w->context, [&, worker = w.get()] {
      worker->service = &impl_->behind->service;
      worker->api.emplace(*impl_->behind, impl_->options, impl_->counters);
      there.count_down();
    });
  there.wait();
}

const std::string& Server::address() const { return impl_->doors[0]->address; }
const std::string& Server::admin_address() const { return impl_->doors.size() > 1 ? impl_->doors[1]->address : impl_->none; }
void Server::stop() { impl_->stop(); }

}  // namespace polku::serve
