#include "runtime/serve/api.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "runtime/serve/inflate.h"

namespace polku::serve {

namespace {

using ingest::Wire;

constexpr std::size_t kMostTexts = 1'000'000;   // that a thread keeps before it begins anew
constexpr std::size_t kLetters = 100;           // that are listed unless somebody asks for more

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

Response problem(int status, std::string_view what) {
  Response r{.status = status, .body = "{\"success\":false,\"error\":"};
  append_text(r.body, what);
  r.body += "}";
  return r;
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else out += c;
  }
  out += '"';
}

struct Api::Reading {
  explicit Reading(const catalog::Catalog& catalog) : portable(catalog, texts), identity(catalog), wire(catalog, texts) {}
  base::Texts texts;
  history::Portable portable;
  history::Identity identity;
  Wire wire;
  ingest::Record record;
  ingest::Envelope envelope;
  simdjson::dom::parser parser;
};

Api::Api(shards::Service& service, const catalog::Catalog& catalog, const Options& options, Counters& counters)
    : service_(service), catalog_(catalog), options_(options), counters_(counters) {}
Api::~Api() = default;

Api::Reading& Api::reading() {
  if (!reading_ || reading_->texts.size() > kMostTexts) reading_ = std::make_unique<Reading>(catalog_);
  return *reading_;
}

bool Api::allowed(const Request& request, std::string_view query, std::string_view body_key) const {
  if (options_.write_keys.empty()) return true;
  std::vector<std::string> given;
  const std::string_view header = request.header("authorization");
  if (header.starts_with("Basic ")) {
    std::string both = from_base64(header.substr(6));
    given.push_back(both.substr(0, both.find(':')));
  } else if (header.starts_with("Bearer ")) {
    given.emplace_back(header.substr(7));
  } else if (!header.empty()) {
    given.emplace_back(header);
  }
  if (const std::string_view key = request.header("x-write-key"); !key.empty()) given.emplace_back(key.substr(0, key.find(':')));
  if (std::string key = parameter(query, "writeKey"); !key.empty()) given.push_back(std::move(key));
  if (!body_key.empty()) given.emplace_back(body_key);
  bool found = false;
  for (const std::string& key : options_.write_keys)
    for (const std::string& g : given) found |= equal(key, g);
  return found;
}

// Who may see and do what is the operator's alone.
bool Api::admin_allowed(const Request& request, std::string_view query) const { return allowed(request, query, {}); }

shards::Message Api::message(const ingest::Record& record, ingest::Envelope& envelope, Millis received) {
  shards::Message m;
  m.visitor = record.visitor;
  m.also = std::move(envelope.also);
  m.identified = envelope.identified;
  m.has_id = record.has_id;
  m.merges = record.event.type == history::kMerge;
  m.received = received;
  reading_->portable.write(record.event, m.bytes);
  return m;
}

void Api::submit(std::vector<shards::Message>&& messages, std::size_t answers, Reply reply, std::function<Response(const shards::Ticket&)> answer) {
  auto ticket = std::make_shared<shards::Ticket>();
  ticket->open = messages.size();
  ticket->answers.resize(answers);
  ticket->settled = [reply, answer = std::move(answer), raw = ticket.get()] { reply(answer(*raw)); };
  for (shards::Message& m : messages) m.ticket = ticket;
  if (service_.submit(std::move(messages))) return;
  Response busy = problem(429, "More is coming in than can be kept. Try again.");
  busy.headers.emplace_back("Retry-After", "1");
  reply(std::move(busy));
}

// Records of any protocol.
void Api::records(Request& request, std::string_view query, Wire::Form form, std::string_view kind, Reply reply) {
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
    for (const std::string_view name : {"id", "source", "type", "subject", "time", "specversion"}) {
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
  Reading& r = reading();
  const Millis received = service_.now();
  const std::string source = parameter(query, "source");
  std::string error = r.wire.begin({.form = form, .bytes = bytes, .kind = kind, .source = source, .received = received, .trusted = options_.trusted_times});
  if (!allowed(request, query, form == Wire::Form::Segment ? r.wire.write_key() : std::string_view())) return reply(problem(401, "The write key is missing or not known."));
  if (!error.empty()) return reply(problem(400, error));
  std::vector<shards::Message> messages;
  while (r.wire.next(r.record, r.envelope)) messages.push_back(message(r.record, r.envelope, options_.trusted_times ? r.record.event.received : received));
  const ingest::Counts& counts = r.wire.counts();
  counters_.records += counts.records;
  std::string rejected;
  for (std::size_t i = 0; i < ingest::kRejects; ++i) {
    if (counts.by_reject[i] == 0) continue;
    counters_.rejects[i] += counts.by_reject[i];
    rejected += fmt::format("{}\"{}\":{{\"count\":{},\"first\":{},\"what\":", rejected.empty() ? "" : ",", ingest::reject_name(static_cast<ingest::Reject>(i)), counts.by_reject[i], counts.first[i].line);
    append_text(rejected, counts.first[i].what);
    rejected += '}';
  }
  if (!rejected.empty()) rejected = ",\"rejected\":{" + rejected + "}";
  if (messages.empty()) return reply({.body = "{\"success\":true" + rejected + "}"});
  submit(std::move(messages), 0, std::move(reply), [rejected = std::move(rejected)](const shards::Ticket&) { return Response{.body = "{\"success\":true" + rejected + "}"}; });
}

// One request for a decision. Empty; or what is wrong with it.
std::string Api::one_decide(std::string_view json, std::vector<shards::Message>& messages, std::uint32_t place, std::string& visitor) {
  Reading& r = reading();
  simdjson::dom::element root;
  if (r.parser.parse(json.data(), json.size()).get(root) || !root.is_object()) return "A request for a decision is an object: {\"visitor\": \"v1\", \"slots\": [\"web.hero\"]}.";
  const auto text = [&](const char* key) {
    std::string_view out;
    std::int64_t number = 0;
    if (!root[key].get_string().get(out)) return std::string(out);
    return !root[key].get_int64().get(number) ? std::to_string(number) : std::string();
  };
  std::string user = text("userId"), named = text("visitor"), anonymous = text("anonymousId");
  shards::Message m;
  m.identified = !user.empty();
  visitor = !named.empty() ? named : !user.empty() ? user : anonymous;
  if (named.empty() && !user.empty() && anonymous != user) m.also = anonymous;
  const auto normal = base::nfc(visitor);
  if (visitor.empty() || !normal) return "The request names no visitor: give `visitor`, `userId` or `anonymousId`.";
  visitor = *normal;
  m.visitor = visitor;
  history::Event& event = r.record.event;
  event = {};
  event.type = history::kAsked;
  m.received = service_.now();
  event.at = event.received = m.received;
  const auto add = [&](std::string_view name) -> std::string {
    const auto dot = name.find('.');
    const int channel = dot == std::string_view::npos ? -1 : catalog_.channel(name.substr(0, dot));
    const int slot = channel < 0 ? -1 : catalog_.channels[static_cast<std::size_t>(channel)].slot(name.substr(dot + 1));
    if (slot < 0) return fmt::format("The catalog has no slot `{}`.", name);
    const auto same = [&](const history::Place& p) { return p.channel == channel && p.slot == slot; };
    if (std::none_of(event.asked.begin(), event.asked.end(), same)) event.asked.push_back({channel, slot});
    return {};
  };
  std::string_view slot;
  simdjson::dom::array slots;
  if (!root["slot"].get_string().get(slot)) {
    if (std::string error = add(slot); !error.empty()) return error;
  }
  if (!root["slots"].get_array().get(slots)) {
    for (const auto each : slots) {
      if (each.get_string().get(slot)) return "`slots` is a list of names such as \"web.hero\".";
      if (std::string error = add(slot); !error.empty()) return error;
    }
  }
  if (event.asked.empty()) return "The request names no slot: give `slot` or `slots`.";
  std::string_view at;
  if (!root["at"].get_string().get(at)) {
    if (!options_.trusted_times) return "`at` can be given where times are those of records alone (`--clock log`).";
    const auto when = base::parse_instant(at, base::Zone::find(catalog_.zone).value_or(base::Zone::utc()));
    if (!when) return fmt::format("`{}` is not a time.", at);
    event.at = event.received = m.received = *when;
  }
  std::string_view id = {};
  m.has_id = !root["messageId"].get_string().get(id) && !id.empty();
  event.identity = m.has_id ? history::identity_of_id("decide", id) : r.identity.of_content(visitor, event, r.texts);
  m.asks = true;
  m.place = place;
  r.portable.write(event, m.bytes);
  messages.push_back(std::move(m));
  return {};
}

void Api::decide(Request& request, Reply reply) {
  if (!allowed(request, {}, {})) return reply(problem(401, "The write key is missing or not known."));
  ++counters_.decides;
  std::vector<shards::Message> messages;
  std::string visitor;
  if (std::string error = one_decide({request.body.data(), request.body_bytes}, messages, 0, visitor); !error.empty()) return reply(problem(400, error));
  submit(std::move(messages), 1, std::move(reply), [visitor](const shards::Ticket& t) {
    Response r{.body = "{\"visitor\":"};
    append_text(r.body, visitor);
    r.body += ",\"decisions\":[" + t.answers[0] + "]}";
    return r;
  });
}

std::string Api::metrics() const {
  std::string out;
  const auto line = [&](std::string_view name, std::string_view labels, auto value) { fmt::format_to(std::back_inserter(out), "polku_{}{} {}\n", name, labels, value); };
  const auto head = [&](std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(out), "# HELP polku_{} {}\n# TYPE polku_{} {}\n", name, help, name, type);
  };
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    head(name, type, help);
    line(name, "", value);
  };
  const shards::ServiceCounts c = service_.counts();
  one("records_total", "counter", "Records that requests brought", counters_.records.load());
  one("records_taken_total", "counter", "Records that were taken", c.all.taken);
  one("records_duplicate_total", "counter", "Records whose id was taken before", c.all.duplicates);
  head("records_rejected_total", "counter", "Records, or values of them, that could not be taken, by what was wrong");
  for (std::size_t i = 0; i < ingest::kRejects; ++i) line("records_rejected_total", fmt::format("{{reason=\"{}\"}}", ingest::reject_name(static_cast<ingest::Reject>(i))), counters_.rejects[i].load());
  one("decisions_total", "counter", "Decisions that acted", c.all.decisions);
  one("decide_requests_total", "counter", "Requests for a decision", counters_.decides.load());
  head("requests_total", "counter", "Requests answered, by status");
  for (std::size_t s = 0; s < counters_.by_status.size(); ++s)
    if (const std::uint64_t n = counters_.by_status[s]; n > 0) line("requests_total", fmt::format("{{status=\"{}\"}}", s), n);
  one("connections", "gauge", "Open connections", counters_.connections.load());
  one("merges_total", "counter", "Visitors found to be one", c.all.merges);
  one("merges_refused_total", "counter", "Records that named two identified visitors as one", c.all.unmerged);
  one("moves_total", "counter", "Visitors that went from one shard to another", c.all.moves);
  one("visitors_awake", "gauge", "Visitors in memory", c.all.awake);
  one("visitors_unsaved", "gauge", "Visitors who changed since they were written down", c.all.unsaved);
  one("visitors_woken_total", "counter", "Visitors read from the disk", c.all.woken);
  one("visitors_saved_total", "counter", "Visitors written down", c.all.saved);
  one("messages_waiting", "gauge", "Messages that no shard has taken yet", c.waiting);
  one("log_position", "counter", "Entries of the log", c.position);
  one("log_bytes_total", "counter", "Bytes of them since the start", c.log_bytes);
  one("commits_total", "counter", "Groups of changes that became durable", c.commits);
  one("commits_failed_total", "counter", "Times the disk refused", c.failed_commits);
  one("disk_bytes", "gauge", "Bytes of the tables on disk", c.sizes.files);
  one("written_bytes_total", "counter", "Bytes written ahead, flushed and compacted", c.sizes.written_ahead + c.sizes.flushed + c.sizes.compacted);
  return out + webhook_metrics();
}

void Api::handle(Request& request, Reply reply) {
  ++counters_.requests;
  const std::string_view target = request.target;
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark), query = mark < target.size() ? target.substr(mark + 1) : std::string_view();
  const bool post = request.method == "POST", get = request.method == "GET";
  for (const Kind& k : kSegment)
    if (path == k.path) return post ? records(request, query, Wire::Form::Segment, k.kind, std::move(reply)) : reply(problem(405, "This route takes POST."));
  if (path == "/ce") return post ? records(request, query, Wire::Form::CloudEvents, {}, std::move(reply)) : reply(problem(405, "This route takes POST."));
  if (path == "/v1/events") return post ? records(request, query, Wire::Form::Lines, {}, std::move(reply)) : reply(problem(405, "This route takes POST."));
  if (path == "/v1/decide") return post ? decide(request, std::move(reply)) : reply(problem(405, "This route takes POST."));
  constexpr std::string_view kProjects = "/v1/projects/", kSettings = "/settings";
  if (get && path.starts_with(kProjects) && path.ends_with(kSettings) && path.size() > kProjects.size() + kSettings.size()) {
    const std::string key = decoded(path.substr(kProjects.size(), path.size() - kProjects.size() - kSettings.size()), false);
    const std::string_view host = request.header("host"), scheme = request.header("x-forwarded-proto");
    Response r{.body = "{\"integrations\":{\"Segment.io\":{\"apiKey\":"};
    append_text(r.body, key);
    r.body += ",\"apiHost\":";
    append_text(r.body, std::string(host) + "/v1");
    r.body += scheme == "https" ? ",\"protocol\":\"https\"}}}" : ",\"protocol\":\"http\"}}}";
    return reply(std::move(r));
  }
  if (get && path == "/v1/decisions/stream") {
    if (!allowed(request, query, {})) return reply(problem(401, "The write key is missing or not known."));
    Response r{.type = "text/event-stream", .headers = {{"Cache-Control", "no-store"}}, .stream = true, .position = service_.position(), .visitor = parameter(query, "visitor")};
    const std::string_view last = request.header("last-event-id");
    if (!last.empty() && last.size() < 19 && last.find_first_not_of("0123456789") == std::string_view::npos) r.position = std::stoull(std::string(last));
    return reply(std::move(r));
  }
  constexpr std::string_view kAdmin = "/v1/admin/letters";
  if (path == kAdmin || path == "/v1/admin/letters/replay") {
    const bool list = path == kAdmin;
    if (list ? !get : !post) return reply(problem(405, list ? "This route takes GET." : "This route takes POST."));
    if (!admin_allowed(request, query)) return reply(problem(401, "The write key is missing or not known."));
    if (!list) return reply(replay(request));
    const std::string limit = parameter(query, "limit");
    if (limit.size() > 4 || limit.find_first_not_of("0123456789") != std::string::npos) return reply(problem(400, "`limit` is a number up to 9999."));
    return reply(letters(limit.empty() ? kLetters : std::stoul(limit)));
  }
  if (get && path == "/healthz") return reply({.body = "{\"status\":\"up\"}"});
  if (get && path == "/readyz") {
    const shards::ServiceCounts c = service_.counts();
    return reply(c.fault.empty() ? Response{.body = "{\"status\":\"ready\"}"} : problem(503, c.fault));
  }
  if (get && path == "/metrics") return reply({.body = metrics(), .type = "text/plain; version=0.0.4"});
  reply(problem(404, "There is no such route."));
}

}  // namespace polku::serve
