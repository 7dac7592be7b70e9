// Sends a service records and requests for decisions at fixed rates, whether or not it keeps up, and says how long the answers took.
//
// The schedule is fixed beforehand: request n of a kind is due n intervals after the start, and its time counts from then on, also while it waits here for
// a connection. Nothing is sent again. Bodies are made before the start; when one is sent only its visitors and ids are written into it, so that the machine
// that both share is left to the service.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Nanos = std::int64_t;
constexpr std::uint64_t kMostHungUp = 100'000;  // connections that the other side ended; then nobody is there

struct Options {
  int port = 0;
  double events = 50'000, decides = 2'000, seconds = 10, drain = 10;
  std::size_t batch = 64, connections = 64, decide_connections = 64;
  std::uint64_t visitors = 200'000, first = 0, seed = 1;
  std::string form = "segment", draw = "uniform", what = "mixed", json;
};

Nanos now() { return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : at_(seed * 0x9E3779B97F4A7C15u) {}
  std::uint64_t below(std::uint64_t n) { return static_cast<std::uint64_t>(static_cast<unsigned __int128>(next()) * n >> 64); }
  double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  std::uint64_t next() {
    std::uint64_t x = at_ += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
  }

 private:
  std::uint64_t at_;
};

// Counts of times in steps of less than 2 %: 64 for each power of two.
class Histogram {
 public:
  void add(Nanos t) {
    const auto v = static_cast<std::uint64_t>(std::max<Nanos>(t, 0));
    ++counts_[step(v)];
    ++all_;
    most_ = std::max(most_, v);
  }
  double ms(double share) const {              // the time that so many took at most
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if ((seen += counts_[i]) >= wanted && seen > 0) return std::min(static_cast<double>(end(i)), static_cast<double>(most_)) / 1e6;
    return 0;
  }
  double most() const { return static_cast<double>(most_) / 1e6; }

 private:
  static std::size_t step(std::uint64_t v) {
    if (v < 64) return v;
    const int power = std::bit_width(v) - 7;
    return 64 * static_cast<std::size_t>(power) + (v >> power);
  }
  static std::uint64_t end(std::size_t i) { return i < 128 ? i : (64 + i % 64 + 1) << (i / 64 - 1); }
  std::array<std::uint64_t, 64 * 60> counts_{};
  std::uint64_t all_ = 0, most_ = 0;
};

// A whole request, and where in it the visitors' numbers, the records' ids and the time stand.
struct Template {
  std::string bytes;
  std::vector<std::size_t> visitors, ids, times;
};

void digits(char* to, std::uint64_t n, int count) {
  for (char* at = to + count; at != to; n /= 10) *--at = static_cast<char>('0' + n % 10);
}

// The workload of tests/bench/w1_pack.py: 24 events, zipf; attributes of the kinds that its rules ask for.
class Bodies {
 public:
  Bodies(const Options& o, Random& random) : o_(o), random_(random) {}

  Template records() {
    Template t;
    const bool segment = o_.form == "segment";
    if (segment) t.bytes = R"({"batch":[)";
    for (std::size_t i = 0; i < o_.batch; ++i) {
      if (segment && i > 0) t.bytes += ',';
      segment ? in_segment(t) : in_lines(t);
    }
    if (segment) t.bytes += R"(],"sentAt":"2026-11-01T10:00:00.500Z"})";
    return request(segment ? "/v1/batch" : "/v1/events", std::move(t));
  }

  Template decide() {
    static constexpr const char* kSlots[] = {"web.hero", "web.sidebar", "app.home", "web.banner", "app.inbox", "web.footer", "app.card", "web.checkout"};
    Template t;
    t.bytes = R"({"userId":")";
    visitor(t);
    t.bytes += std::string(R"(","slots":[")") + kSlots[random_.below(2) ? 0 : random_.below(8)] + "\"]}";
    return request("/v1/decide", std::move(t));
  }

 private:
  void visitor(Template& t) {
    t.bytes += "user-";
    t.visitors.push_back(t.bytes.size());
    t.bytes += std::string(9, '0');
  }
  void id(Template& t) {
    t.ids.push_back(t.bytes.size());
    t.bytes += std::string(16, '0');
  }
  std::string number(std::uint64_t below) { return std::to_string(random_.below(below)); }
  std::string event() { return std::to_string(std::min<std::uint64_t>(static_cast<std::uint64_t>(std::exp(random_.share() * std::log(25.0))) - 1, 23)); }
  std::string traits() {
    static constexpr std::uint64_t kValues[] = {8, 16, 50, 200, 1000, 2, 5};
    std::string out = "{";
    for (int a = 1; a <= 31; ++a) out += (a > 1 ? ",\"a" : "\"a") + std::to_string(a) + "\":" + (a <= 7 ? "\"k" + number(kValues[a - 1]) + '"' : number(1024));
    return out + '}';
  }
  bool identifies() { return o_.what == "identify" || random_.below(16) == 0; }

  // As analytics-next and its like send them: most of a record is not what the catalog declares.
  void in_segment(Template& t) {
    const bool identify = identifies();
    t.bytes += identify ? R"({"type":"identify","userId":")" : R"({"type":"track","event":"E)" + event() + R"(","userId":")";
    visitor(t);
    t.bytes += R"(","messageId":"load-)";
    id(t);
    t.bytes += R"(","timestamp":"2026-11-01T10:00:00.)" + std::to_string(100 + random_.below(400)) + R"(Z",)";
    t.bytes += identify ? R"("traits":)" + traits() : R"("properties":{"items":)" + number(10) + R"(,"value":")" + number(500) + R"(.50 EUR"})";
    t.bytes += R"(,"context":{"library":{"name":"analytics.js","version":"next-1.84.3"},"page":{"path":"/catalog/)" + number(10'000) + R"(","title":"Catalogue"},"locale":"en-GB","timezone":"Europe/Helsinki"},"integrations":{}})";
  }

  void in_lines(Template& t) {
    const bool identify = identifies();
    t.bytes += R"({"visitor":")";
    visitor(t);
    t.bytes += R"(","at":")";
    t.times.push_back(t.bytes.size());
    t.bytes += "2026-11-01T10:00:00.000Z\",\"id\":\"load-";
    id(t);
    t.bytes += identify ? R"(","event":"visitor updated","fields":)" + traits() : R"(","event":"e)" + event() + R"(","fields":{"items":)" + number(10) + R"(,"value":")" + number(500) + R"(.50 EUR"})";
    t.bytes += "}\n";
  }

  static Template request(const std::string& path, Template t) {
    const std::string head = "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(t.bytes.size()) + "\r\n\r\n";
    for (auto* places : {&t.visitors, &t.ids, &t.times})
      for (std::size_t& at : *places) at += head.size();
    t.bytes.insert(0, head);
    return t;
  }

  const Options& o_;
  Random& random_;
};

struct Kind {
  const char* name;
  std::size_t records;                   // in a request
  double interval;                       // nanoseconds between two
  std::vector<Template> templates;
  std::uint64_t scheduled = 0, sent = 0; // requests: in all; so far
  std::vector<std::size_t> idle = {};    // connections
  std::map<int, std::uint64_t> statuses = {};
  std::uint64_t broken = 0;              // connections that ended without an answer
  std::uint64_t hints = 0;               // of Retry-After
  Nanos latest = 0;                      // answer
  Histogram fine = {}, refused = {};

  Nanos due(Nanos start) const { return start + static_cast<Nanos>(static_cast<double>(sent) * interval); }
};

struct Connection {
  int socket = -1;
  Kind* kind = nullptr;
  Nanos due = 0;                         // of the request that it is busy with
  bool busy = false;
  std::string left = {}, answer = {};    // still to be sent; read so far
};

class Load {
 public:
  explicit Load(const Options& o) : o_(o), random_(o.seed), next_id_(o.seed << 48) {
    Bodies bodies(o_, random_);
    const auto kind = [&](const char* name, std::size_t records, double rate, auto make) {
      if (rate <= 0) return;
      Kind& k = kinds_.emplace_back(Kind{name, records, 1e9 * static_cast<double>(records) / rate, {}});
      k.scheduled = static_cast<std::uint64_t>(o_.seconds * 1e9 / k.interval);
      for (int i = 0; i < 128; ++i) k.templates.push_back(make());
    };
    kinds_.reserve(2);
    kind("events", o.batch, o.events, [&] { return bodies.records(); });
    kind("decide", 1, o.decides, [&] { return bodies.decide(); });
    epoll_ = epoll_create1(0);
    for (Kind& k : kinds_)
      for (std::size_t n = k.records > 1 ? o.connections : o.decide_connections; n > 0; --n) connections_.push_back({.kind = &k});
    for (std::size_t i = 0; i < connections_.size(); ++i) open(i);
  }

  void run() {
    std::array<epoll_event, 256> events;
    start_ = now();
    const Nanos end = start_ + static_cast<Nanos>((o_.seconds + o_.drain) * 1e9);
    for (;;) {
      Nanos t = now(), next = end;
      bool done = true;
      for (Kind& k : kinds_) {
        while (k.sent < k.scheduled && !k.idle.empty() && k.due(start_) <= t) send(k);
        if (k.sent < k.scheduled && !k.idle.empty()) next = std::min(next, k.due(start_));
        done = done && k.sent == k.scheduled;
      }
      if ((done && busy_ == 0) || t >= end) break;
      const Nanos wait = std::max<Nanos>(next - now(), 0);
      const timespec how_long{wait / 1'000'000'000, wait % 1'000'000'000};
      const int n = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &how_long, nullptr);
      for (int i = 0; i < n; ++i) {
        Connection& c = connections_[events[static_cast<std::size_t>(i)].data.u64];
        if (events[static_cast<std::size_t>(i)].events & EPOLLOUT) push(c);
        if (events[static_cast<std::size_t>(i)].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
      }
    }
    end_ = now();
  }

  std::string report() const {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    std::string out = "{";
    const auto add = [&](const char* form, auto... values) {
      char text[512];
      std::snprintf(text, sizeof text, form, values...);
      out += text;
    };
    for (const Kind& k : kinds_) {
      std::uint64_t answered = 0;
      for (const auto& [status, n] : k.statuses) answered += n;
      const auto ok = k.statuses.find(200);
      const std::uint64_t fine = ok == k.statuses.end() ? 0 : ok->second;
      const double took = static_cast<double>(std::max(k.latest - start_, static_cast<Nanos>(o_.seconds * 1e9))) / 1e9;
      add("\"%s\":{\"wanted_per_s\":%.0f,\"achieved_per_s\":%.0f,\"records_acknowledged\":%llu,\"requests_scheduled\":%llu,\"requests_sent\":%llu,\"unanswered\":%llu,\"broken\":%llu,\"retry_after\":%llu,\"bytes_a_record\":%zu,\"statuses\":{", k.name,
          static_cast<double>(k.records) * 1e9 / k.interval, static_cast<double>(fine * k.records) / took, static_cast<unsigned long long>(fine * k.records), static_cast<unsigned long long>(k.scheduled),
          static_cast<unsigned long long>(k.sent), static_cast<unsigned long long>(k.sent - answered), static_cast<unsigned long long>(k.broken), static_cast<unsigned long long>(k.hints), k.templates[0].bytes.size() / k.records);
      for (auto s = k.statuses.begin(); s != k.statuses.end(); ++s) add("%s\"%d\":%llu", s == k.statuses.begin() ? "" : ",", s->first, static_cast<unsigned long long>(s->second));
      add("},\"ms\":{\"p50\":%.3f,\"p99\":%.3f,\"p99.9\":%.3f,\"max\":%.3f},\"refused_ms\":{\"p50\":%.3f,\"p99\":%.3f}},", k.fine.ms(0.5), k.fine.ms(0.99), k.fine.ms(0.999), k.fine.most(), k.refused.ms(0.5), k.refused.ms(0.99));
    }
    add("\"seconds\":%.2f,\"cpu\":%.3f}", static_cast<double>(end_ - start_) / 1e9, (seconds(use.ru_utime) + seconds(use.ru_stime)) * 1e9 / static_cast<double>(end_ - start_));
    return out;
  }

  void print() const {
    for (const Kind& k : kinds_) {
      std::printf("%-7s p50 %.2f ms, p99 %.2f, p99.9 %.2f, max %.2f;", k.name, k.fine.ms(0.5), k.fine.ms(0.99), k.fine.ms(0.999), k.fine.most());
      for (const auto& [status, n] : k.statuses) std::printf(" %d: %llu", status, static_cast<unsigned long long>(n));
      std::printf("; %llu of %llu sent\n", static_cast<unsigned long long>(k.sent), static_cast<unsigned long long>(k.scheduled));
    }
  }

 private:
  void open(std::size_t i) {
    Connection& c = connections_[i];
    if (c.socket >= 0) close(c.socket);
    c.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int yes = 1, large = 1 << 20;
    setsockopt(c.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(c.socket, SOL_SOCKET, SO_SNDBUF, &large, sizeof large);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(o_.port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c.socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS) throw std::runtime_error("nothing listens on that port");
    c.busy = false;
    c.left.clear();
    c.answer.clear();
    watch(i, EPOLL_CTL_ADD, false);
    c.kind->idle.push_back(i);
  }

  void watch(std::size_t i, int how, bool writing) {
    epoll_event e{};
    e.events = EPOLLIN | (writing ? static_cast<std::uint32_t>(EPOLLOUT) : 0u);
    e.data.u64 = i;
    epoll_ctl(epoll_, how, connections_[i].socket, &e);
  }

  std::uint64_t someone() {
    if (o_.what == "identify") return o_.first + next_visitor_++ % o_.visitors;
    if (o_.draw == "uniform") return o_.first + random_.below(o_.visitors);
    return o_.first + std::min(static_cast<std::uint64_t>(std::exp(random_.share() * std::log(static_cast<double>(o_.visitors) + 1))) - 1, o_.visitors - 1);
  }

  void send(Kind& k) {
    Connection& c = connections_[k.idle.back()];
    k.idle.pop_back();
    Template& t = k.templates[k.sent % k.templates.size()];
    for (const std::size_t at : t.visitors) digits(&t.bytes[at], someone(), 9);
    for (const std::size_t at : t.ids) digits(&t.bytes[at], next_id_++ % 10'000'000'000'000'000u, 16);
    if (!t.times.empty()) {
      const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
      const std::time_t second = wall / 1000;
      std::tm utc{};
      gmtime_r(&second, &utc);
      char text[32];
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
      for (const std::size_t at : t.times) {
        std::memcpy(&t.bytes[at], text, 19);
        digits(&t.bytes[at + 20], static_cast<std::uint64_t>(wall % 1000), 3);
      }
    }
    c.due = k.due(start_);
    c.busy = true;
    ++busy_;
    ++k.sent;
    ssize_t n = ::send(c.socket, t.bytes.data(), t.bytes.size(), MSG_NOSIGNAL);
    if (n < 0) n = 0;  // what broke is told when it is read
    if (static_cast<std::size_t>(n) == t.bytes.size()) return;
    c.left = t.bytes.substr(static_cast<std::size_t>(n));
    watch(static_cast<std::size_t>(&c - connections_.data()), EPOLL_CTL_MOD, true);
  }

  void push(Connection& c) {
    const ssize_t n = ::send(c.socket, c.left.data(), c.left.size(), MSG_NOSIGNAL);
    if (n > 0) c.left.erase(0, static_cast<std::size_t>(n));
    if (c.left.empty() || (n < 0 && errno != EAGAIN)) watch(static_cast<std::size_t>(&c - connections_.data()), EPOLL_CTL_MOD, false);
  }

  void receive(Connection& c) {
    char bytes[64 << 10];
    const ssize_t n = recv(c.socket, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      if (c.busy) {
        --busy_;
        ++c.kind->broken;
      } else {  // it was not needed for a minute
        std::erase(c.kind->idle, static_cast<std::size_t>(&c - connections_.data()));
      }
      if (++hung_up_ > kMostHungUp) throw std::runtime_error("the service hangs up again and again");
      return open(static_cast<std::size_t>(&c - connections_.data()));
    }
    c.answer.append(bytes, static_cast<std::size_t>(n));
    const std::size_t end = c.answer.find("\r\n\r\n");
    if (end == std::string::npos || c.answer.size() < 12) return;
    const std::string_view head = std::string_view(c.answer).substr(0, end);
    const std::size_t length = head.find("Content-Length: ");
    if (length == std::string_view::npos || c.answer.size() < end + 4 + std::strtoul(head.data() + length + 16, nullptr, 10)) return;
    const int status = std::atoi(c.answer.data() + 9);
    if (head.find("Retry-After: ") != std::string_view::npos) ++c.kind->hints;
    const Nanos t = now();
    (status == 200 ? c.kind->fine : c.kind->refused).add(t - c.due);
    ++c.kind->statuses[status];
    c.kind->latest = t;
    c.answer.clear();
    c.busy = false;
    --busy_;
    c.kind->idle.push_back(static_cast<std::size_t>(&c - connections_.data()));
  }

  const Options& o_;
  Random random_;
  std::uint64_t next_id_, next_visitor_ = 0;
  std::vector<Kind> kinds_;
  std::vector<Connection> connections_;
  std::size_t busy_ = 0;
  std::uint64_t hung_up_ = 0;
  int epoll_ = -1;
  Nanos start_ = 0, end_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Open-loop load for `polku serve` with the pack of tests/bench/w1_pack.py");
  app.add_option("--port", o.port, "Of the service, on this machine")->required();
  app.add_option("--events", o.events, "Records a second")->capture_default_str();
  app.add_option("--decides", o.decides, "Requests for a decision a second")->capture_default_str();
  app.add_option("--seconds", o.seconds)->capture_default_str();
  app.add_option("--drain", o.drain, "Seconds that are waited for the last answers")->capture_default_str();
  app.add_option("--batch", o.batch, "Records in a request")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--connections", o.connections, "For records")->capture_default_str();
  app.add_option("--decide-connections", o.decide_connections)->capture_default_str();
  app.add_option("--visitors", o.visitors)->check(CLI::Range(1, 900'000'000))->capture_default_str();
  app.add_option("--first", o.first, "Number of the first of them")->capture_default_str();
  app.add_option("--draw", o.draw, "Who it is")->check(CLI::IsMember({"uniform", "zipf"}))->capture_default_str();
  app.add_option("--form", o.form, "segment: /v1/batch; lines: /v1/events")->check(CLI::IsMember({"segment", "lines"}))->capture_default_str();
  app.add_option("--what", o.what, "mixed: events, and what is known of a visitor in one record of 16; identify: that alone, of one visitor after the other")->check(CLI::IsMember({"mixed", "identify"}))->capture_default_str();
  app.add_option("--seed", o.seed, "Another seed has other ids")->check(CLI::Range(1, 9999))->capture_default_str();
  app.add_option("--json", o.json, "File for the figures")->type_name("FILE");
  CLI11_PARSE(app, argc, argv);
  try {
    Load load(o);
    load.run();
    load.print();
    const std::string report = load.report() + '\n';
    if (o.json.empty()) return std::fputs(report.c_str(), stdout) < 0;
    std::FILE* const file = std::fopen(o.json.c_str(), "w");
    const bool written = file && std::fputs(report.c_str(), file) >= 0 && std::fclose(file) == 0;
    if (!written) std::fprintf(stderr, "polku_load: cannot write %s\n", o.json.c_str());
    return !written;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "polku_load: %s\n", e.what());
    return 1;
  }
}
