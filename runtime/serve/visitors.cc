// What operators ask about one visitor: their story, all that is kept of them, and that nothing be kept any more.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "runtime/base/time.h"
#include "runtime/engine/engine.h"
#include "runtime/history/decision.h"
#include "runtime/history/line.h"
#include "runtime/serve/api.h"
#include "runtime/story/story.h"

namespace polku::serve {

namespace {

constexpr std::size_t kAtOnce = 1000;

// A visitor's state, readable.
struct Kept {
  Kept(const shards::Pack& pack, std::string bytes) : state(std::move(bytes)) {
    plan::preload(texts, *pack.plan);
    whole = engine::read_saved(state, saved);
    base::Bytes in(saved.past);
    history::Portable(pack.plan->catalog, texts).read(in, past);
    whole = whole && in.done();
    names.insert(std::string(saved.key));
    for (const std::string_view alias : saved.aliases) names.insert(std::string(alias));
  }
  const std::string state;
  engine::Saved saved;
  base::Texts texts;
  history::Past past;
  std::set<std::string> names;
  bool whole = false;
};

// `"name":["a","b"]` of whatever can be walked through.
template <class All, class Append>
void list(std::string& out, std::string_view name, const All& all, Append append) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":[", name);
  for (const auto& each : all) {
    if (out.back() != '[') out += ',';
    append(each);
  }
  out += ']';
}

void head(std::string& out, const shards::Pack& pack, const Kept& kept) {
  out += "{\"visitor\":";
  append_text(out, kept.saved.key);
  list(out, "names", kept.names, [&](const std::string& n) { append_text(out, n); });
  out += ",\"pack\":";
  append_text(out, pack.name);
}

std::string_view kind_of(history::Deed::Kind kind) {
  switch (kind) {
    case history::Deed::Kind::Acted: return "acted";
    case history::Deed::Kind::HeldOut: return "held_out";
    case history::Deed::Kind::Waiting: return "waiting";
    case history::Deed::Kind::Offered: return "offered";
    case history::Deed::Kind::Dropped: return "dropped";
  }
  return "";
}

void deed(std::string& out, const history::Entry& entry, const history::Deed& d) {
  out += "{\"at\":\"" + base::format_instant(entry.at) + "\",\"journey\":";
  append_text(out, d.journey);
  out += ",\"rule\":";
  append_text(out, d.rule);
  fmt::format_to(std::back_inserter(out), ",\"outcome\":\"{}\"", kind_of(d.kind));
  if (d.kind == history::Deed::Kind::Acted || d.kind == history::Deed::Kind::HeldOut) {
    const auto id = history::digits(d.id);
    out.append(",\"id\":\"").append(id.data(), id.size()) += '"';
  }
  out += '}';
}

Response damaged() { return problem(500, "What is kept of the visitor cannot be read. Restore the latest backup (`polku data restore`)."); }

}  // namespace

// GET /v1/visitors/ID: all that is kept.
Response Api::exported(const shards::Pack& pack, const std::string& state) const {
  const Kept kept(pack, state);
  if (!kept.whole) return damaged();
  Response r{.headers = {{"Cache-Control", "no-store"}}};
  head(r.body, pack, kept);
  r.body += ",\"latest\":\"" + base::format_instant(kept.saved.received) + '"';
  std::vector<std::string> records;
  for (const story::Arrival& a : story::arrivals(kept.past))
    for (std::string& line : history::lines(a.name, a.event, pack.plan->catalog, kept.texts)) records.push_back(std::move(line));
  list(r.body, "records", records, [&](const std::string& line) { r.body += line; });
  std::vector<const history::Entry*> deeds;
  for (const history::Entry& e : kept.past.entries)
    if (kept.past.deed(e)) deeds.push_back(&e);
  list(r.body, "done", deeds, [&](const history::Entry* e) { deed(r.body, *e, *kept.past.deed(*e)); });
  std::vector<std::string> decisions;
  std::vector<shards::Delivery> some;
  const std::uint64_t last = service_.position();
  for (std::uint64_t position = 0, before = 1; position != before && position < last;) {
    before = position;
    if (std::string error = service_.read(position, kAtOnce, std::chrono::milliseconds(0), some); !error.empty()) return problem(503, error);
    for (shards::Delivery& d : some)
      if (kept.names.contains(d.visitor)) decisions.push_back(std::move(d.json));
  }
  list(r.body, "decisions", decisions, [&](const std::string& json) { r.body += json; });
  std::vector<shards::Letter> letters, page;
  for (std::string before;;) {
    if (std::string error = service_.letters(kAtOnce, before, page); !error.empty()) return problem(503, error);
    if (page.empty()) break;
    for (shards::Letter& l : page)
      if (kept.names.contains(l.visitor)) letters.push_back(std::move(l));
  }
  list(r.body, "letters", letters, [&](const shards::Letter& l) {
    r.body += "{\"sink\":";
    append_text(r.body, l.sink);
    r.body += ",\"error\":";
    append_text(r.body, l.error);
    r.body += ",\"decision\":" + l.json + '}';
  });
  r.body += '}';
  return r;
}

// GET /v1/visitors/ID/explain: the story, as the pack that decides now tells it of the records that are kept.
Response Api::explained(const shards::Pack& pack, const std::string& state, const std::string& rule, std::optional<Millis> until, bool plain) const {
  Kept kept(pack, state);
  if (!kept.whole) return damaged();
  const Millis now = options_.trusted_times ? kept.saved.now : std::max(kept.saved.now, service_.now()), end = std::min(until.value_or(now), now);
  std::vector<story::Arrival> arrivals = story::arrivals(kept.past);
  std::erase_if(arrivals, [&](const story::Arrival& a) { return std::max(a.event.at, a.event.received) > end; });
  std::vector<std::string> decided;
  std::string told = story::tell(*pack.plan, *pack.evaluator, kept.texts, arrivals, {}, {.visitor = std::string(kept.saved.key), .rule = rule, .until = end}, &decided);
  // What was done and is not told: by another pack, or later than it would have been.
  std::vector<const history::Entry*> apart;
  std::sort(decided.begin(), decided.end());
  for (const history::Entry& e : kept.past.entries) {
    const history::Deed* d = kept.past.deed(e);
    if (!d || d->kind != history::Deed::Kind::Acted || e.at > end || (!rule.empty() && d->rule != rule)) continue;
    const auto id = history::digits(d->id);
    if (!std::binary_search(decided.begin(), decided.end(), std::string(id.data(), id.size()))) apart.push_back(&e);
  }
  Response r{.headers = {{"Cache-Control", "no-store"}}};
  if (plain) {
    r.type = "text/plain; charset=utf-8";
    r.body = std::move(told);
    for (const history::Entry* e : apart)
      r.body += fmt::format("{}  {} / {} acted, which is not what this pack would have done: another pack decided, or the service had been down.\n", base::format_instant(e->at), kept.past.deed(*e)->journey,
                            kept.past.deed(*e)->rule);
    return r;
  }
  head(r.body, pack, kept);
  r.body += ",\"until\":\"" + base::format_instant(end) + '"';
  std::vector<std::string_view> sentences;
  for (std::string_view rest = told; !rest.empty();) {
    const std::size_t stop = std::min(rest.find('\n'), rest.size());
    sentences.push_back(rest.substr(0, stop));
    rest.remove_prefix(std::min(stop + 1, rest.size()));
  }
  list(r.body, "story", sentences, [&](std::string_view s) { append_text(r.body, s); });
  list(r.body, "done_otherwise", apart, [&](const history::Entry* e) { deed(r.body, *e, *kept.past.deed(*e)); });
  r.body += '}';
  return r;
}

// `rest`: of the path, behind /v1/visitors/.
void Api::visitor(Request& request, std::string_view rest, std::string_view query, Reply reply) {
  if (std::optional<Response> no = admin_refused(request)) return reply(std::move(*no));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view what = rest.substr(slash);
  const std::string id = ingest::Wire::somebody(decoded(rest.substr(0, slash), false)).value_or("");
  if (id.empty()) return reply(problem(400, "The path names no visitor: /v1/visitors/ID."));
  if (!what.empty() && what != "/explain") return reply(problem(404, "There is no such route."));
  const bool forget = request.method == "DELETE" && what.empty();
  if (!forget && request.method != "GET") return reply(problem(405, what.empty() ? "This route takes GET and DELETE." : "This route takes GET."));
  const shards::Service::Use use(service_);
  if (!use.pack()) return reply(problem(503, "The pack is being replaced. Try again."));
  const std::string rule = parameter(query, "rule"), end = parameter(query, "until"), format = parameter(query, "format");
  std::optional<Millis> until;
  if (!end.empty() && !(until = base::parse_instant(end, base::Zone::find(use.pack()->plan->catalog.zone).value_or(base::Zone::utc())))) return reply(problem(400, "`until` is a time, such as 2026-12-01T10:00:00Z."));
  const auto& rules = use.pack()->plan->rules;
  if (!rule.empty() && std::none_of(rules.begin(), rules.end(), [&](const plan::Rule& r) { return r.name == rule; })) return reply(problem(404, fmt::format("No rule is called `{}`.", rule)));
  if (!format.empty() && format != "text" && format != "json") return reply(problem(400, "`format` is text or json."));
  shards::Message m;
  m.kind = forget ? shards::Message::Kind::Forget : shards::Message::Kind::Look;
  m.visitor = id;
  m.received = service_.now();
  std::vector<shards::Message> messages;
  messages.push_back(std::move(m));
  if (forget)
    submit(std::move(messages), 1, std::move(reply), [id, within = service_.options().erase_within](const shards::Ticket& t) {
      Response r{.body = "{\"success\":true,\"visitor\":"};
      append_text(r.body, id);
      r.body += fmt::format(",\"known\":{},\"gone_within_seconds\":{}}}", !t.answers[0].empty(), std::chrono::ceil<std::chrono::seconds>(within).count());
      return r;
    });
  else
  ask(std::move(messages), 1, reply, [this, reply, pack = use.pack(), rule, until, id, plain = format == "text", explain = !what.empty()](const shards::Ticket& t) {
    if (t.answers[0].empty()) return reply(problem(404, "Nothing is known of that visitor."));
    const bool taken = aside_.add([this, reply, pack, rule, until, plain, explain, state = t.answers[0], id, asked = service_.position()] {
      if (service_.forgotten(id, asked)) return reply(problem(404, "Nothing is known of that visitor."));
      reply(explain ? explained(*pack, state, rule, until, plain) : exported(*pack, state));
    });
    if (!taken) reply(too_much());
  });
}

}  // namespace polku::serve
