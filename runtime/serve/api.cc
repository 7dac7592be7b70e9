#include "runtime/serve/api.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "runtime/base/time.h"
#include "runtime/serve/inflate.h"

namespace polku::serve {

namespace {

using ingest::Wire;

constexpr std::size_t kMostTexts = 1'000'000;   // that a thread keeps before it begins anew,
constexpr std::size_t kMostRead = 256 << 20;    // or bytes of the bodies in which they stood
constexpr std::size_t kUsual = 2 << 20;         // bytes of a body; what reading a larger one takes is given back
constexpr std::size_t kLetters = 100;           // that are listed unless somebody asks for more

std::string from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int v = c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 : c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
    if (v < 0) break;
    bits = bits << 6 | static_cast<std::uint32_t>(v);
    if ((have += 6) < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xFF);
  }
  return out;
}

// In a time that says nothing of where they differ.
bool equal(std::string_view a, std::string_view b) {
  unsigned different = a.size() != b.size();
  for (std::size_t i = 0; i < a.size(); ++i) different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  return different == 0;
}

struct Kind { std::string_view path, kind; };
constexpr Kind kSegment[] = {
    {"/v1/batch", ""},    {"/v1/b", ""},           {"/v1/import", ""},  {"/beacon/v1/batch", ""}, {"/v1/track", "track"}, {"/v1/t", "track"},
    {"/v1/identify", "identify"}, {"/v1/i", "identify"},   {"/v1/page", "page"}, {"/v1/p", "page"},      {"/v1/screen", "screen"}, {"/v1/s", "screen"},
    {"/v1/group", "group"}, {"/v1/g", "group"},     {"/v1/alias", "alias"}, {"/v1/a", "alias"},    {"/v1/merge", "alias"},
};

}  // namespace

std::string decoded(std::string_view text, bool plus) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2]));
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t is = pair.find('=');
    if (pair.substr(0, is) == name) return is == std::string_view::npos ? "" : decoded(pair.substr(is + 1), true);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

Response problem(int status, std::string_view what) {
  Response r{.status = status, .body = "{\"success\":false,\"error\":"};
  append_text(r.body, what);
  r.body += "}";
  return r;
}

Response too_much() {
  Response r = problem(429, "More is coming in than can be kept. Try again.");
  r.headers.emplace_back("Retry-After", "1");
  r.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");  // else a page's client cannot read it, and guesses
  return r;
}

struct Api::Reading {
  explicit Reading(const shards::PackPtr& p) : pack(p), catalog(p->plan->catalog), portable(catalog, texts), identity(catalog), wire(catalog, texts) {}
  shards::PackPtr pack;
  const catalog::Catalog& catalog;
  std::size_t read = 0;  // bytes
  base::Texts texts;
  history::Portable portable;
  history::Identity identity;
  Wire wire;
  ingest::Record record;
  ingest::Envelope envelope;
  simdjson::dom::parser parser;
};

Api::Api(const Behind& behind, const Options& options, Counters& counters) : behind_(behind), service_(behind.service), options_(options), counters_(counters) {}
Api::~Api() { finish(); }

void Api::finish() {
  aside_.finish();
  for (std::thread* each : {&backup_, &profile_})
    if (each->joinable()) each->join();
}

constexpr std::string_view kAdmin = "/v1/admin/", kVisitors = "/v1/visitors/";
bool Api::patient(std::string_view target) { return target.starts_with(kAdmin) || target.starts_with(kVisitors); }

Api::Reading& Api::reading(const shards::Service::Use& use, std::size_t bytes) {
  if (!reading_ || reading_->pack != use.pack() || reading_->texts.size() > kMostTexts || reading_->read > kMostRead) reading_ = std::make_unique<Reading>(use.pack());
  reading_->read += bytes;
  return *reading_;
}

namespace {

// The keys that a request carries in its headers.
std::vector<std::string> keys_of(const Request& request) {
  std::vector<std::string> given;
  const std::string_view header = request.header("authorization");
  if (header.starts_with("Basic ")) {
    const std::string both = from_base64(header.substr(6));
    given.push_back(both.substr(0, both.find(':')));
  } else if (header.starts_with("Bearer ")) {
    given.emplace_back(header.substr(7));
  }
  return given;
}

bool any(const std::vector<std::string>& known, const std::vector<std::string>& given) {
  bool found = false;
  for (const std::string& key : known)
    for (const std::string& g : given) found |= equal(key, g);
  return found;
}

}  // namespace

bool Api::allowed(const Request& request, std::string_view query, std::string_view body_key) const {
  if (options_.write_keys.empty()) return true;
  std::vector<std::string> given = keys_of(request);
  if (const std::string_view key = request.header("authorization"); !key.empty()) given.emplace_back(key);
  if (const std::string_view key = request.header("x-write-key"); !key.empty()) given.emplace_back(key.substr(0, key.find(':')));
  if (std::string key = parameter(query, "writeKey"); !key.empty()) given.push_back(std::move(key));
  if (!body_key.empty()) given.emplace_back(body_key);
  return any(options_.write_keys, given);
}

bool Api::admin_allowed(const Request& request) const {
  if (options_.admin_keys.empty()) return request.inside;
  return (request.inside || options_.admin_listen.empty()) && any(options_.admin_keys, keys_of(request));
}

// Who may see and do what is the operator's alone.
std::optional<Response> Api::admin_refused(const Request& request) const {
  if (!request.header("origin").empty()) return problem(403, "Operators' routes are not for web pages.");
  if (admin_allowed(request)) return std::nullopt;
  return options_.admin_keys.empty() ? problem(403, "Operators' routes are open at an address of their own (`--admin-listen`) or with a key (`--admin-key`).")
                                     : problem(401, "The admin key is missing or not known.");
}

shards::Message Api::message(const ingest::Record& record, ingest::Envelope& envelope, Millis received, const shards::Trace& trace) {
  shards::Message m;
  m.trace = trace;
  if (!envelope.trace.empty())
    if (const shards::Trace own = shards::read_trace(envelope.trace)) m.trace = own;  // nearer than that of the request, which may bring several
  m.visitor = record.visitor;
  m.also = std::move(envelope.also);
  m.identified = envelope.identified;
  m.has_id = record.has_id;
  m.merges = record.event.type == history::kMerge;
  m.received = received;
  reading_->portable.write(record.event, m.bytes);
  return m;
}

bool Api::ask(std::vector<shards::Message>&& messages, std::size_t answers, const Reply& reply, std::function<void(const shards::Ticket&)> then) {
  auto ticket = std::make_shared<shards::Ticket>();
  ticket->open = messages.size();
  ticket->answers.resize(answers);
  ticket->settled = [then = std::move(then), raw = ticket.get()] { then(*raw); };
  for (shards::Message& m : messages) m.ticket = ticket;
  const bool taken = service_.submit(std::move(messages));
  if (!taken) reply(too_much());
  return taken;
}

bool Api::submit(std::vector<shards::Message>&& messages, std::size_t answers, Reply reply, std::function<Response(const shards::Ticket&)> answer) {
  return ask(std::move(messages), answers, reply, [reply, answer = std::move(answer)](const shards::Ticket& t) { reply(answer(t)); });
}

void Api::Rejected::add(const ingest::Counts& more) {
  for (std::size_t i = 0; i < ingest::kRejects; ++i) {
    if (more.by_reject[i] == 0) continue;
    counts[i] += more.by_reject[i];
    json += fmt::format("{}\"{}\":{{\"count\":{},\"first\":{},\"what\":", json.empty() ? "" : ",", ingest::reject_name(static_cast<ingest::Reject>(i)), more.by_reject[i], more.first[i].line);
    append_text(json, more.first[i].what);
    json += '}';
  }
}

void Api::count(const Rejected& rejected) {
  for (std::size_t i = 0; i < ingest::kRejects; ++i) counters_.rejects[i] += rejected.counts[i];
}

// Records of any protocol.
void Api::records(Request& request, std::string_view query, Wire::Form form, std::string_view kind, Reply reply) {
  if (service_.full()) return reply(too_much());  // before work is put into what cannot be taken
  std::string_view bytes(request.body.data(), request.body_bytes);
  std::string inflated;
  if (is_gzip(bytes)) {
    switch (inflate(bytes, options_.inflated_bytes, inflated)) {
      case Inflated::Fine: break;
      case Inflated::Damaged: return reply(problem(400, "The body is not what gzip makes."));
      case Inflated::TooLarge: return reply(problem(413, fmt::format("The body is larger than {} bytes when it is unpacked.", options_.inflated_bytes)));
    }
    const std::size_t size = inflated.size();
    inflated.append(ingest::kBodyPadding, ' ');
    bytes = std::string_view(inflated).substr(0, size);
  }
  std::string enveloped;
  if (form == Wire::Form::CloudEvents && !request.header("ce-id").empty()) {  // the event stands in the headers, and the body is its data
    for (const std::string_view name : {"id", "source", "type", "subject", "time", "specversion", "traceparent"}) {
      const std::string_view value = request.header("ce-" + std::string(name));
      if (value.empty()) continue;
      enveloped += enveloped.empty() ? "{" : ",";
      append_text(enveloped, name);
      enveloped += ':';
      append_text(enveloped, decoded(value, false));
    }
    if (bytes.find_first_not_of(" \t\r\n") != std::string_view::npos) {
      enveloped += ",\"data\":";
      enveloped += bytes;
    }
    enveloped += '}';
    const std::size_t size = enveloped.size();
    enveloped.append(ingest::kBodyPadding, ' ');
    bytes = std::string_view(enveloped).substr(0, size);
  }
  const shards::Service::Use use(service_);
  if (!use.pack()) return reply(problem(503, "The pack is being replaced. Try again."));
  Reading& r = reading(use, bytes.size());
  const Millis received = service_.now();
  const std::string source = parameter(query, "source");
  std::string error = r.wire.begin({.form = form, .bytes = bytes, .kind = kind, .source = source, .received = received, .trusted = options_.trusted_times});
  if (!allowed(request, query, form == Wire::Form::Segment ? r.wire.write_key() : std::string_view())) return reply(problem(401, "The write key is missing or not known."));
  if (!error.empty()) return reply(problem(400, error));
  std::vector<shards::Message> messages;
  while (r.wire.next(r.record, r.envelope)) messages.push_back(message(r.record, r.envelope, options_.trusted_times ? r.record.event.received : received, request.trace));
  counters_.records += r.wire.counts().records;
  Rejected rejected;
  rejected.add(r.wire.counts());
  if (bytes.size() > kUsual) reading_.reset();
  std::string body = "{\"success\":true" + (rejected.json.empty() ? "" : ",\"rejected\":{" + rejected.json + "}") + "}";
  if (messages.empty()) reply({.body = std::move(body)});
  else if (!submit(std::move(messages), 0, std::move(reply), [body = std::move(body)](const shards::Ticket&) { return Response{.body = body}; })) return;
  count(rejected);
}

struct Api::Asked {
  std::string visitor, error;
  Rejected rejected;
  std::uint32_t place = 0;
  shards::Trace trace = {};
};

// A line of a request for a decision that is taken before it, as a record of the same visitor; id: the request's, if it has one, for who asks again. Empty; or what is wrong.
std::string Api::first(Reading& r, const std::string& line, std::string_view what, std::string_view id, const shards::Message& asks, std::vector<shards::Message>& messages, Rejected& rejected) {
  std::string bytes = line;
  bytes.append(ingest::kBodyPadding, ' ');
  const std::string error = r.wire.begin({.form = Wire::Form::Lines, .bytes = {bytes.data(), line.size()}, .received = asks.received, .trusted = options_.trusted_times});
  if (!error.empty()) return error;
  while (r.wire.next(r.record, r.envelope)) {
    if (r.record.event.type < 0 && r.record.event.type != history::kVisitorUpdated) return "A `record` is of an event of the catalog, or a change of attributes.";
    if (!r.record.has_id && !id.empty()) {
      r.record.has_id = true;
      r.record.event.identity = history::identity_of_id(what, id);
    }
    shards::Message m = message(r.record, r.envelope, asks.received, asks.trace);
    m.visitor = asks.visitor;
    m.also = asks.also;
    m.identified = asks.identified;
    messages.push_back(std::move(m));
  }
  counters_.records += r.wire.counts().records;
  rejected.add(r.wire.counts());
  return {};
}

// One request for a decision, object: simdjson's. What is wrong with it is in `asked`, and then it sends nothing.
void Api::one_decide(const void* object, Reading& r, std::vector<shards::Message>& messages, Asked& asked) {
  const auto& root = *static_cast<const simdjson::dom::element*>(object);
  const auto wrong = [&](std::string what) { asked.error = std::move(what); };
  if (!root.is_object()) return wrong("A request for a decision is an object: {\"visitor\": \"v1\", \"slots\": [\"web.hero\"]}.");
  const auto text = [&](const char* key) {
    std::string_view out;
    std::int64_t number = 0;
    if (!root[key].get_string().get(out)) return std::string(out);
    return !root[key].get_int64().get(number) ? std::to_string(number) : std::string();
  };
  const auto name = [&](const char* key) {
    return Wire::somebody(text(key)).value_or("");
  };
  const std::string user = name("userId"), named = name("visitor"), anonymous = name("anonymousId");
  shards::Message m;
  m.identified = named.empty() && !user.empty();
  asked.visitor = !named.empty() ? named : !user.empty() ? user : anonymous;
  if (named.empty() && !user.empty() && anonymous != user) m.also = anonymous;
  if (asked.visitor.empty()) return wrong("The request names no visitor: give `visitor`, `userId` or `anonymousId`.");
  if (std::max(asked.visitor.size(), m.also.size()) > ingest::kLongestName) return wrong(fmt::format("A visitor's name has at most {} bytes.", ingest::kLongestName));
  m.visitor = asked.visitor;
  m.trace = asked.trace;
  m.received = service_.now();
  std::string_view at;
  if (!root["at"].get_string().get(at)) {
    if (!options_.trusted_times) return wrong("`at` can be given where times are those of records alone (`--clock log`).");
    const auto when = base::parse_instant(at, base::Zone::find(r.catalog.zone).value_or(base::Zone::utc()));
    if (!when) return wrong(fmt::format("`{}` is not a time.", at));
    m.received = *when;
  }
  history::Event event;
  event.type = history::kAsked;
  event.at = event.received = m.received;
  const auto add = [&](std::string_view slot_name) {
    const auto dot = slot_name.find('.');
    const int channel = dot == std::string_view::npos ? -1 : r.catalog.channel(slot_name.substr(0, dot));
    const int slot = channel < 0 ? -1 : r.catalog.channels[static_cast<std::size_t>(channel)].slot(slot_name.substr(dot + 1));
    if (slot < 0) return wrong(fmt::format("The catalog has no slot `{}`.", slot_name));
    const auto same = [&](const history::Place& p) { return p.channel == channel && p.slot == slot; };
    if (std::none_of(event.asked.begin(), event.asked.end(), same)) event.asked.push_back({channel, slot});
  };
  std::string_view slot;
  simdjson::dom::array slots;
  if (!root["slot"].get_string().get(slot)) add(slot);
  if (!root["slots"].get_array().get(slots))
    for (const auto each : slots) {
      if (each.get_string().get(slot)) return wrong("`slots` is a list of names such as \"web.hero\".");
      add(slot);
    }
  if (!asked.error.empty()) return;
  if (event.asked.empty()) return wrong("The request names no slot: give `slot` or `slots`.");
  // What is known by now, and what happens with the request.
  std::string head = "{\"visitor\":";
  append_text(head, m.visitor);
  head += ",\"at\":\"" + base::format_instant(m.received) + '"';
  std::vector<std::pair<std::string_view, std::string>> lines;
  simdjson::dom::object members;
  if (!root["context"].get(members)) lines.emplace_back("decide context", head + ",\"event\":\"visitor updated\",\"fields\":" + simdjson::minify(members) + '}');
  else if (root["context"].error() == simdjson::SUCCESS) return wrong("`context` is an object of the visitor's attributes: {\"page\": \"/cart\"}.");
  if (!root["record"].get(members)) {
    if (members["visitor"].error() == simdjson::SUCCESS || members["at"].error() == simdjson::SUCCESS) return wrong("`record` is of the visitor and the time of the request: it has no `visitor` and no `at` of its own.");
    if (members["event"].error() != simdjson::SUCCESS) return wrong("`record` has no `event`: {\"event\": \"cart_emptied\", \"fields\": {}}.");
    lines.emplace_back("decide record", head + ',' + simdjson::minify(members).substr(1));
  } else if (root["record"].error() == simdjson::SUCCESS) {
    return wrong("`record` is an object: {\"event\": \"cart_emptied\", \"fields\": {}}.");
  }
  std::string_view id = {};
  m.has_id = !root["messageId"].get_string().get(id) && !id.empty();
  const std::size_t before = messages.size();
  for (const auto& [what, line] : lines) {
    if (std::string error = first(r, line, what, m.has_id ? id : std::string_view(), m, messages, asked.rejected); error.empty()) continue;
    else wrong(std::move(error));
    messages.erase(messages.begin() + static_cast<std::ptrdiff_t>(before), messages.end());
    return;
  }
  event.identity = m.has_id ? history::identity_of_id("decide", id) : r.identity.of_content(m.visitor, event, r.texts);
  m.asks = true;
  m.place = asked.place;
  r.portable.write(event, m.bytes);
  messages.push_back(std::move(m));
}

void Api::decide(Request& request, Reply reply) {
  if (!allowed(request, {}, {})) return reply(problem(401, "The write key is missing or not known."));
  constexpr std::size_t kMostAsked = 1000;
  const shards::Service::Use use(service_);
  if (!use.pack()) return reply(problem(503, "The pack is being replaced. Try again."));
  Reading& r = reading(use, request.body_bytes);
  simdjson::dom::element root;
  if (r.parser.parse(request.body.data(), request.body_bytes).get(root)) return reply(problem(400, "A request for a decision is JSON: {\"visitor\": \"v1\", \"slots\": [\"web.hero\"]}."));
  simdjson::dom::array list;
  const bool batch = !root.get_array().get(list);
  std::vector<Asked> asked;
  std::vector<shards::Message> messages;
  const auto one = [&](const simdjson::dom::element& object) {
    Asked& now = asked.emplace_back();
    now.place = static_cast<std::uint32_t>(asked.size() - 1);
    now.trace = request.trace;
    one_decide(&object, r, messages, now);
    ++counters_.decides;
    if (!now.error.empty()) ++counters_.refused_decides;
  };
  if (batch && list.size() > kMostAsked) return reply(problem(413, fmt::format("A list has at most {} requests for a decision.", kMostAsked)));
  if (batch) for (const simdjson::dom::element object : list) one(object);
  else one(root);
  if (!batch && !asked[0].error.empty()) return reply(problem(400, asked[0].error));
  Rejected rejected;
  for (const Asked& a : asked)
    for (std::size_t i = 0; a.error.empty() && i < ingest::kRejects; ++i) rejected.counts[i] += a.rejected.counts[i];
  auto answer = [batch, asked = std::move(asked)](const std::vector<std::string>& answers) {
    Response out;
    for (const Asked& a : asked) {
      if (!out.body.empty()) out.body += ',';
      if (!a.error.empty()) {
        out.body += problem(400, a.error).body;
        continue;
      }
      out.body += "{\"visitor\":";
      append_text(out.body, a.visitor);
      out.body += ",\"decisions\":[" + answers[a.place] + ']';
      if (!a.rejected.json.empty()) out.body += ",\"rejected\":{" + a.rejected.json + '}';
      out.body += '}';
    }
    if (batch) out.body = '[' + out.body + ']';
    return out;
  };
  const std::size_t places = batch ? list.size() : 1;
  if (request.body_bytes > kUsual) reading_.reset();
  if (messages.empty()) return reply(answer(std::vector<std::string>(places)));
  if (submit(std::move(messages), places, std::move(reply), [answer = std::move(answer)](const shards::Ticket& t) { return answer(t.answers); })) count(rejected);
}

// What operators ask for.
void Api::admin(Request& request, std::string_view path, std::string_view query, Reply reply) {
  if (std::optional<Response> no = admin_refused(request)) return reply(std::move(*no));
  if (path == "/v1/admin/pack") {
    if (request.method == "GET") {
      const shards::ServiceCounts c = service_.counts();
      return reply({.body = fmt::format("{{\"pack\":\"{}\",\"number\":{},\"refolding\":{}}}", c.pack, c.packs, !c.all.swept)});
    }
    if (request.method != "POST") return reply(problem(405, "This route takes GET and POST."));
    if (!behind_.reload) return reply(problem(404, "There is no such route."));
    return behind_.reload([reply](int status, std::string json) { reply({.status = status, .body = std::move(json)}); });
  }
  if (path == "/v1/admin/letters") {
    if (request.method != "GET") return reply(problem(405, "This route takes GET."));
    const std::string limit = parameter(query, "limit");
    if (limit.size() > 4 || limit.find_first_not_of("0123456789") != std::string::npos) return reply(problem(400, "`limit` is a number up to 9999."));
    return reply(letters(limit.empty() ? kLetters : std::stoul(limit)));
  }
  if (path == "/v1/admin/letters/replay") return reply(request.method == "POST" ? replay(request) : problem(405, "This route takes POST."));
  if (path == "/v1/admin/profile") return request.method == "GET" ? profile(query, std::move(reply)) : reply(problem(405, "This route takes GET."));
  if (path == "/v1/admin/backup") return request.method == "POST" ? backup(request, std::move(reply)) : reply(problem(405, "This route takes POST."));
  reply(problem(404, "There is no such route."));
}

// On a thread of its own: requests go on meanwhile.
void Api::backup(Request& request, Reply reply) {
  simdjson::dom::element root;
  std::string_view folder;
  simdjson::dom::parser parser;
  if (parser.parse(request.body.data(), request.body_bytes).get(root) || root["folder"].get_string().get(folder) || !folder.starts_with('/') || folder.find('\0') != std::string_view::npos)
    return reply(problem(400, "The body says where: {\"folder\": \"/var/backups/polku-monday\"}, a whole path of the service's machine that does not exist yet."));
  if (counters_.backing_up.exchange(true)) return reply(problem(409, "A backup is being made just now."));
  if (backup_.joinable()) backup_.join();  // of the one before, which has been answered
  backup_ = std::thread([this, to = std::string(folder), reply = std::move(reply)] {
    const auto begun = std::chrono::steady_clock::now();
    const std::string error = service_.backup(to);
    counters_.backing_up = false;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    if (options_.log && error.empty()) options_.log->say(base::OperationLog::Level::Info, "backup_made", fmt::format("backup in {}", to), {{"folder", std::string_view(to)}, {"seconds", seconds}});
    else if (options_.log) options_.log->say(base::OperationLog::Level::Error, "backup_failed", fmt::format("no backup in {}: {}", to, error), {{"folder", std::string_view(to)}, {"seconds", seconds}});
    Response done{.body = "{\"success\":true,\"folder\":"};
    append_text(done.body, to);
    done.body += '}';
    reply(error.empty() ? std::move(done) : problem(500, error));
  });
}

Response Api::ready() const {
  if (counters_.stopping) return problem(503, "The service is stopping.");
  const shards::ServiceCounts c = service_.counts();
  return c.fault.empty() ? Response{.body = "{\"status\":\"ready\"}"} : problem(503, c.fault);
}

void Api::handle(Request& request, Reply reply) {
  ++counters_.requests;
  const std::string_view target = request.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark), query = mark < target.size() ? target.substr(mark + 1) : std::string_view();
  const bool post = request.method == "POST", get = request.method == "GET" || request.method == "HEAD";
  const auto take = [&](Wire::Form form, std::string_view kind) {
    request.route = Route::Records;
    return post ? records(request, query, form, kind, std::move(reply)) : reply(problem(405, "This route takes POST."));
  };
  if (const std::string_view trace = request.header("traceparent"); !trace.empty()) request.trace = shards::read_trace(trace);
  for (const Kind& k : kSegment)
    if (path == k.path) return take(Wire::Form::Segment, k.kind);
  if (path == "/ce") return take(Wire::Form::CloudEvents, {});
  if (path == "/v1/events") return take(Wire::Form::Lines, {});
  if (path == "/v1/decide") {
    request.route = Route::Decide;
    return post ? decide(request, std::move(reply)) : reply(problem(405, "This route takes POST."));
  }
  constexpr std::string_view kProjects = "/v1/projects/", kSettings = "/settings";
  if (get && path.starts_with(kProjects) && path.ends_with(kSettings) && path.size() > kProjects.size() + kSettings.size()) {
    const std::string key = decoded(path.substr(kProjects.size(), path.size() - kProjects.size() - kSettings.size()), false);
    const std::string_view host = request.header("host"), scheme = request.header("x-forwarded-proto");
    Response r{.body = "{\"integrations\":{\"Segment.io\":{\"apiKey\":"};
    append_text(r.body, key);
    r.body += ",\"apiHost\":";
    append_text(r.body, std::string(host) + "/v1");
    r.body += scheme == "https" ? ",\"protocol\":\"https\"}}" : ",\"protocol\":\"http\"}}";
    r.body += ",\"metrics\":{\"sampleRate\":0}}";  // else analytics-next counts its own calls, and tells Segment
    return reply(std::move(r));
  }
  if (get && path == "/v1/decisions/stream") {
    if (!allowed(request, query, {})) return reply(problem(401, "The write key is missing or not known."));
    Response r{.type = "text/event-stream", .headers = {{"Cache-Control", "no-store"}}, .stream = true, .position = service_.position(), .visitor = parameter(query, "visitor")};
    const std::string_view last = request.header("last-event-id");
    if (!last.empty() && last.size() < 19 && last.find_first_not_of("0123456789") == std::string_view::npos) r.position = std::stoull(std::string(last));
    return reply(std::move(r));
  }
  if (path.starts_with(kVisitors)) {
    request.route = Route::Admin;
    return visitor(request, path.substr(kVisitors.size()), query, std::move(reply));
  }
  if (path.starts_with(kAdmin)) {
    request.route = Route::Admin;
    return admin(request, path, query, std::move(reply));
  }
  if (get && path == "/healthz") return reply({.body = kUp});
  if (get && path == "/readyz") return reply(ready());
  if (get && path == "/metrics") return reply({.body = metrics(), .type = "text/plain; version=0.0.4; charset=utf-8"});
  reply(problem(404, "There is no such route."));
}

}  // namespace polku::serve
