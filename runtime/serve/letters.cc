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
  for (const sinks::Webhook* w : behind_.webhooks) {
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
    const auto to = std::find_if(behind_.webhooks.begin(), behind_.webhooks.end(), [&](const sinks::Webhook* w) { return w->name() == sink; });
    std::reverse(theirs.begin(), theirs.end());
    if (to == behind_.webhooks.end()) nobody += theirs.size();
    else sent += (*to)->replay(theirs);
  }
  return {.status = 202, .body = fmt::format("{{\"success\":true,\"sent\":{},\"not_found\":{},\"no_webhook\":{}}}", sent, all ? 0 : ids.size() - found.size(), nobody)};
}

}  // namespace polku::serve
