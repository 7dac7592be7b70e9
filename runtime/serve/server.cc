// Requests from sockets to the Api, and what it says back. The only place that knows Boost.
#include <fmt/format.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
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
constexpr auto kStreamLook = std::chrono::milliseconds(20);   // how often a stream looks for new decisions
constexpr auto kStreamBeat = std::chrono::seconds(15);        // how often it says that it is alive
constexpr std::size_t kStreamed = 256;                        // decisions at once
constexpr std::string_view kMethods = "GET, POST, OPTIONS";
constexpr std::string_view kHeaders = "authorization, content-type, content-encoding, anonymousid, sentat, x-retry-count, x-write-key, traceparent, last-event-id";

// What the connections of one thread share.
struct Worker {
  Worker(shards::Service& s, const Options& o, Counters& n) : service(s), options(o), counters(n), api(s, o, n) {}
  shards::Service& service;
  const Options& options;
  Counters& counters;
  Api api;
  asio::io_context context{1};
  std::thread thread;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket&& socket, Worker& worker, bool inside) : worker_(worker), stream_(std::move(socket)), timer_(worker.context), inside_(inside) { ++worker_.counters.connections; }
  ~Connection() { --worker_.counters.connections; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kHeaderBytes);
    parser_->body_limit(worker_.options.body_bytes);
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    http::async_read(stream_, buffer_, *parser_, beast::bind_front_handler(&Connection::on_read, shared_from_this()));
  }

 private:
  void on_read(beast::error_code error, std::size_t) {
    if (error == http::error::end_of_stream) return close();
    if (error) {
      if (!parser_->is_header_done() && error != http::error::header_limit && error.category() != http::make_error_code(http::error::bad_method).category()) return;  // gone, or too slow
      keep_alive_ = false;
      const int status = error == http::error::body_limit ? 413 : error == http::error::header_limit ? 431 : error == beast::error::timeout ? 408 : 400;
      ++worker_.counters.requests;
      return write(problem(status, status == 413 ? fmt::format("The body is larger than {} bytes.", worker_.options.body_bytes) : error.message()));
    }
    auto& message = parser_->get();
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    origin_ = Api::patient({message.target().data(), message.target().size()}) ? std::string_view() : std::string_view(message[http::field::origin]);  // no page is told what operators are
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
    if (request.method == "OPTIONS") return write({.status = 204});
    if (!Api::patient(request.target)) {
      timer_.expires_after(std::chrono::seconds(worker_.options.wait_seconds));
      timer_.async_wait([self = shared_from_this(), turn](beast::error_code stopped) {
        if (!stopped && self->turn_ == turn) self->answer(turn, problem(503, "It took too long until this was on the disk. Try again."));
      });
    }
    ++worker_.counters.pending;
    worker_.api.handle(request, [self = shared_from_this(), turn](Response response) {
      asio::post(self->worker_.context, [self, turn, r = std::move(response)]() mutable { self->answer(turn, std::move(r)); });
    });
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
    ++worker_.counters.by_status[static_cast<std::size_t>(from.status) % worker_.counters.by_status.size()];
    if (from.status >= 400) ++worker_.counters.refused_requests;
    if (from.stream) return begin_stream(std::move(from));
    response_.emplace(static_cast<http::status>(from.status), version_);
    add_headers(*response_, from);
    response_->keep_alive(keep_alive_);
    response_->body() = std::move(from.body);
    response_->prepare_payload();
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    http::async_write(stream_, *response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error) return;
      if (!self->keep_alive_) return self->close();
      self->read();
    });
  }

  // ---- server-sent events ----

  void begin_stream(Response from) {
    position_ = from.position;
    visitor_ = from.visitor;
    stream_head_.emplace(http::status::ok, version_);
    add_headers(*stream_head_, from);
    stream_head_->chunked(true);
    serializer_.emplace(*stream_head_);
    stream_.expires_after(std::chrono::seconds(worker_.options.idle_seconds));
    http::async_write_header(stream_, *serializer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->look();
    });
  }

  void look() {
    chunk_.clear();
    if (std::string error = worker_.service.read(position_, kStreamed, std::chrono::milliseconds(0), deliveries_); !error.empty()) return close();
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
      if (!error) self->wait();
    });
  }

  void wait() {
    stream_.expires_never();
    timer_.expires_after(kStreamLook);
    timer_.async_wait([self = shared_from_this()](beast::error_code stopped) {
      if (!stopped) self->look();
    });
  }

  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  Worker& worker_;
  beast::tcp_stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
  std::optional<http::response<http::empty_body>> stream_head_;
  std::optional<http::response_serializer<http::empty_body>> serializer_;
  std::string origin_, chunk_, visitor_;
  std::vector<shards::Delivery> deliveries_;
  std::uint64_t position_ = 0, turn_ = 0;
  std::chrono::steady_clock::time_point spoke_ = std::chrono::steady_clock::now();
  unsigned version_ = 11;
  bool keep_alive_ = true;
  const bool inside_;
};

}  // namespace

struct Server::Impl {
  Options options;
  Counters counters;
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
    for (const auto& w : workers) w->api.finish();  // the service is needed until then, and a context to put the answer into
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }

std::unique_ptr<Server> Server::start(shards::Service& service, const Options& options, std::string& error) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) impl->workers.push_back(std::make_unique<Worker>(service, impl->options, impl->counters));
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

const std::string& Server::address() const { return impl_->doors[0]->address; }
const std::string& Server::admin_address() const { return impl_->doors.size() > 1 ? impl_->doors[1]->address : impl_->none; }
void Server::stop() { impl_->stop(); }

}  // namespace polku::serve
