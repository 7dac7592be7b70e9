// What an operator sees of the webhooks, and what he can do about letters that were not taken.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>

#include "runtime/base/time.h"
#include "runtime/serve/api.h"

namespace polku::serve {

namespace {

constexpr std::size_t kAtOnce = 1000;   // letters that are read together

}  // namespace

Response Api::letters(std::size_t most) const {
  std::string before;
  std::vector<shards::Letter> some;
  if (std::string error = service_.letters(most, before, some); !error.empty()) return problem(503, error);
  std::uint64_t all = 0;
  for (const auto& [sink, count] : service_.letter_counts()) all += count;
  Response r{.body = fmt::format("{{\"all\":{},\"letters\":[", all), .headers = {{"Cache-Control", "no-store"}}};
  for (const shards::Letter& l : some) {
    if (r.body.back() != '[') r.body += ',';
    const auto text = [&](std::string_view name, std::string_view value) {
      fmt::format_to(std::back_inserter(r.body), "\"{}\":", name);
      append_text(r.body, value);
      r.body += ',';
    };
    r.body += '{';
    text("sink", l.sink);
    text("id", l.id);
    text("visitor", l.visitor);
    text("when", base::format_instant(l.when));
    text("error", l.error);
    fmt::format_to(std::back_inserter(r.body), "\"status\":{},\"attempts\":{}}}", l.status == 0 ? "null" : std::to_string(l.status), l.attempts);
  }
  r.body += "],\"webhooks\":[";
  for (const sinks::Webhook* w : options_.webhooks) {
    if (r.body.back() != '[') r.body += ',';
    const sinks::WebhookCounts c = w->counts();
    r.body += "{\"sink\":";
    append_text(r.body, w->name());
    fmt::format_to(std::back_inserter(r.body), ",\"behind\":{},\"down\":", c.behind);
    if (c.down.empty()) r.body += "null";
    else append_text(r.body, c.down);
    r.body += '}';
  }
  r.body += "]}";
  return r;
}

// All of them, or those with the ids that the body names.
Response Api::replay(const Request& request) {
  std::set<std::string> ids, found;
  const std::string_view body(request.body.data(), request.body_bytes);
  bool all = true;
  if (body.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    constexpr std::string_view kForm = "The body is empty, for all letters, or names some: {\"ids\": [\"…\"]}.";
    simdjson::dom::parser parser;
    simdjson::dom::element root, list;
    simdjson::dom::array each;
    if (parser.parse(body.data(), body.size()).get(root) || !root.is_object()) return problem(400, kForm);
    simdjson::dom::object object = root.get_object();
    all = object.size() == 0;  // what was misspelt does not mean all of them
    if (!all && (object.size() > 1 || object["ids"].get(list) || list.get(each))) return problem(400, kForm);
    for (const auto id : each) {
      std::string_view text;
      if (id.get(text)) return problem(400, kForm);
      ids.emplace(text);
    }
  }
  std::map<std::string, std::vector<std::string>> keys;  // by sink, the newest first
  std::string before;
  std::vector<shards::Letter> some;
  do {
    if (std::string error = service_.letters(kAtOnce, before, some); !error.empty()) return problem(503, error);
    for (const shards::Letter& l : some) {
      if (!all && !ids.contains(l.id)) continue;
      found.insert(l.id);
      keys[l.sink].push_back(letter_key(l));
    }
  } while (!some.empty());
  std::size_t sent = 0, nobody = 0;
  for (auto& [sink, theirs] : keys) {
    const auto to = std::find_if(options_.webhooks.begin(), options_.webhooks.end(), [&](const sinks::Webhook* w) { return w->name() == sink; });
    std::reverse(theirs.begin(), theirs.end());
    if (to == options_.webhooks.end()) nobody += theirs.size();
    else sent += (*to)->replay(theirs);
  }
  return {.status = 202, .body = fmt::format("{{\"success\":true,\"sent\":{},\"not_found\":{},\"no_webhook\":{}}}", sent, all ? 0 : ids.size() - found.size(), nobody)};
}

// By host and port alone: what else is in a URL may be a secret. Those of one host are counted together.
std::string Api::webhook_metrics() const {
  std::map<std::string, sinks::WebhookCounts> by_host;
  std::map<std::string, std::uint64_t> letters, down;
  const auto written = service_.letter_counts();
  for (const sinks::Webhook* w : options_.webhooks) {
    const sinks::WebhookCounts c = w->counts();
    sinks::WebhookCounts& sum = by_host[w->host()];
    for (const auto n : {&sinks::WebhookCounts::delivered, &sinks::WebhookCounts::retried, &sinks::WebhookCounts::dead, &sinks::WebhookCounts::answered, &sinks::WebhookCounts::in_flight}) sum.*n += c.*n;
    sum.seconds += c.seconds;
    sum.behind = std::max(sum.behind, c.behind);
    const auto there = written.find(w->name());
    letters[w->host()] += there == written.end() ? 0 : there->second;
    down[w->host()] += c.down.empty() ? 0 : 1;
  }
  std::string out;
  if (by_host.empty()) return out;
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    fmt::format_to(std::back_inserter(out), "# HELP polku_webhook_{0} {1}\n# TYPE polku_webhook_{0} {2}\n", name, help, type);
    for (const auto& [host, c] : by_host) fmt::format_to(std::back_inserter(out), "polku_webhook_{}{{sink=\"{}\"}} {}\n", name, host, value(host, c));
  };
  using Of = const sinks::WebhookCounts&;
  using Host = const std::string&;
  each("delivered_total", "counter", "Decisions that a receiver took", [](Host, Of c) { return c.delivered; });
  each("retried_total", "counter", "Attempts that failed and are made again", [](Host, Of c) { return c.retried; });
  each("letters_total", "counter", "Decisions that were given up on", [](Host, Of c) { return c.dead; });
  each("letters", "gauge", "Dead letters that are kept", [&](Host h, Of) { return letters[h]; });
  each("behind", "gauge", "Entries of the log that are not all delivered", [](Host, Of c) { return c.behind; });
  each("in_flight", "gauge", "Requests that are not answered yet", [](Host, Of c) { return c.in_flight; });
  each("down", "gauge", "Receivers that take nothing just now", [&](Host h, Of) { return down[h]; });
  fmt::format_to(std::back_inserter(out), "# HELP polku_webhook_seconds What attempts took, however they ended\n# TYPE polku_webhook_seconds summary\n");
  for (const auto& [host, c] : by_host) fmt::format_to(std::back_inserter(out), "polku_webhook_seconds_sum{{sink=\"{0}\"}} {1:.6f}\npolku_webhook_seconds_count{{sink=\"{0}\"}} {2}\n", host, c.seconds, c.answered);
  return out;
}

}  // namespace polku::serve
