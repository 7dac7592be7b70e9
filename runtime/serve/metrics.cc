#include "runtime/serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

#include "runtime/history/decision.h"
#include "runtime/serve/api.h"

namespace polku::serve {

namespace {

double seconds_of(Millis t) { return static_cast<double>(t) / 1000; }

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP polku_{0} {1}\n# TYPE polku_{0} {2}\n", name, help, type);
}

void Exposition::name(std::string_view suffix, Labels labels, std::string_view bound) {
  ((text_ += "polku_") += name_) += suffix;
  char before = '{';
  const auto label = [&](std::string_view name, std::string_view value) {
    ((text_ += std::exchange(before, ',')) += name) += "=\"";
    for (const char c : value) {
      if (c == '\n') text_ += "\\n";
      else if (c == '"' || c == '\\') (text_ += '\\') += c;
      else text_ += c;
    }
    text_ += '"';
  };
  for (const auto& [name, value] : labels) label(name, value);
  if (!bound.empty()) label("le", bound);
  if (before == ',') text_ += '}';
  text_ += ' ';
}

void Exposition::sample(std::uint64_t value, Labels labels) {
  name({}, labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::seconds(double value, Labels labels) {
  name({}, labels);
  fmt::format_to(std::back_inserter(text_), "{:.6f}\n", value);
}

void Exposition::histogram(const base::Histogram::Counts& counts, Labels labels) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < counts.in.size(); ++i) {
    n += counts.in[i];
    name("_bucket", labels, i < base::Histogram::kBounds.size() ? fmt::format("{}", static_cast<double>(base::Histogram::kBounds[i].count()) / 1e9) : "+Inf");
    fmt::format_to(std::back_inserter(text_), "{}\n", n);
  }
  summary(static_cast<double>(counts.nanoseconds) / 1e9, n, labels);
}

void Exposition::summary(double sum, std::uint64_t count, Labels labels) {
  name("_sum", labels);
  fmt::format_to(std::back_inserter(text_), "{:.9f}\n", sum);
  name("_count", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", count);
}

std::string Api::metrics() const {
  Exposition out;
  const std::vector<shards::RuleCounts> rules = service_.rules();
  const shards::ServiceCounts c = service_.counts();

  out.counter("records_total", "Records that requests brought", counters_.records.load());
  out.counter("records_taken_total", "Records that were taken", c.all.taken);
  out.counter("records_duplicate_total", "Records whose id was taken before", c.all.duplicates);
  out.counter("records_late_total", "Records taken that were received later than the catalog's lateness after their time", c.all.late);
  out.family("records_rejected_total", "counter", "Records, or values of them, that could not be taken, by what was wrong");
  for (std::size_t i = 0; i < ingest::kRejects; ++i) out.sample(counters_.rejects[i].load(), {{"reason", ingest::reject_name(static_cast<ingest::Reject>(i))}});
  out.counter("decisions_total", "Decisions that acted", c.all.decisions);
  out.counter("decide_requests_total", "Requests for a decision", counters_.decides.load());
  out.counter("decide_refused_total", "Those of them that were wrong, also in a list whose others were not", counters_.refused_decides.load());
  out.family("rule_decisions_total", "counter", "What became of each rule's firings");
  for (const shards::RuleCounts& r : rules)
    for (std::size_t o = 0; o < r.outcomes.size(); ++o)
      if (r.outcomes[o] > 0) out.sample(r.outcomes[o], {{"journey", r.journey}, {"rule", r.rule}, {"outcome", history::outcome_name(static_cast<history::Outcome>(o))}});
  out.family("rule_unknown_total", "counter", "What was not known when that kept a rule from acting");
  for (const shards::RuleCounts& r : rules)
    for (const auto& [what, times] : r.unknown) out.sample(times, {{"journey", r.journey}, {"rule", r.rule}, {"value", what}});

  out.family("requests_total", "counter", "Requests answered, by status");
  for (std::size_t s = 0; s < counters_.by_status.size(); ++s)
    if (const std::uint64_t n = counters_.by_status[s]; n > 0) out.sample(n, {{"status", std::to_string(s)}});
  out.family("request_duration_seconds", "histogram", "From when a request had come as a whole until its answer was there");
  for (std::size_t route = 0; route < kRoutes.size(); ++route) {
    base::Histogram::Counts all;
    for (const Counters::Durations& thread : counters_.durations) all += thread[route].counts();
    out.histogram(all, {{"route", kRoutes[route]}});
  }
  out.gauge("connections", "Open connections", counters_.connections.load());
  out.gauge("requests_pending", "Requests that are not answered yet", counters_.pending.load());
  out.gauge("held_bytes", "Bytes of bodies that are still coming, and of answers that are still going", counters_.held.load());
  out.family("connections_closed_total", "counter", "Connections that ended in the middle of a request or an answer, or as no request came, by why");
  for (std::size_t i = 0; i < std::size(kClosed); ++i) out.sample(counters_.closed[i].load(), {{"why", kClosed[i]}});
  out.gauge("stream_readers", "Connections that read the stream of decisions", counters_.streams.load());

  out.family("pack_info", "gauge", "The pack that decides");
  out.sample(1, {{"pack", c.pack}});
  out.counter("packs_total", "Packs that were put in since the data folder was made", c.packs);
  out.gauge("pack_refolding", "1 while visitors of the pack before are still becoming those of this one", c.all.swept ? 0 : 1);
  out.family("pack_codes", "gauge", "Different pieces of code of the pack's rules, by what evaluates them just now");
  const bool machine = c.tier == "jit";
  out.sample(machine ? c.tiers.compiled + c.tiers.cached : 0, {{"tier", "jit"}});
  out.sample(machine ? c.tiers.waiting : c.tiers.codes, {{"tier", "interpreter"}});
  out.family("pack_compile_seconds", "gauge", "What making machine code of them took, all threads together");
  out.seconds(c.tiers.seconds);
  out.counter("visitors_refolded_total", "Visitors of a pack before who became those of the one that replaced it", c.all.refolded);
  out.counter("refolds_total", "Histories that were folded again: for a record out of order, a merge, time down or another pack", c.all.folds);
  out.counter("merges_total", "Visitors found to be one", c.all.merges);
  out.counter("merges_refused_total", "Records that named two identified visitors as one", c.all.unmerged);
  out.counter("moves_total", "Visitors that went from one shard to another", c.all.moves);
  out.gauge("visitors_awake", "Visitors in memory", c.all.awake);
  out.gauge("visitors_unsaved", "Visitors who changed since they were written down", c.all.unsaved);
  out.counter("visitors_woken_total", "Visitors read from the disk", c.all.woken);
  out.counter("visitors_saved_total", "Visitors written down", c.all.saved);
  out.counter("visitors_forgotten_total", "Visitors who were forgotten, as somebody asked or as they did not come any more", c.all.forgotten);
  out.gauge("visitors_erasing", "Visitors who were forgotten, and of whom files may still hold something", c.erasing);
  out.gauge("erasing_failed", "1 while the disk refuses what is needed for that", c.erase_fault.empty() ? 0 : 1);

  out.gauge("messages_waiting", "Messages that no shard has taken yet", c.waiting);
  out.family("shard_messages_waiting", "gauge", "Those of each shard");
  for (std::size_t i = 0; i < c.queues.size(); ++i) out.sample(c.queues[i].waiting, {{"shard", std::to_string(i)}});
  out.family("timer_lag_seconds", "gauge", "How long the earliest timer of each shard is due that has not fired");
  for (std::size_t i = 0; i < c.queues.size(); ++i) out.seconds(seconds_of(c.queues[i].timer_lag), {{"shard", std::to_string(i)}});
  out.family("queue_duration_seconds", "histogram", "How long messages waited for their shard");
  out.histogram(c.queued);
  out.family("settle_duration_seconds", "histogram", "From when a shard took a message until all that it did was durable");
  out.histogram(c.settling);
  out.family("commit_duration_seconds", "histogram", "One attempt to make durable what several messages did");
  out.histogram(c.writing);
  out.gauge("uncommitted_bytes", "Bytes of what was done and is not durable yet", c.uncommitted);

  out.gauge("log_position", "Entries of the log", c.position);
  out.counter("log_bytes_total", "Bytes of them since the start", c.log_bytes);
  out.gauge("log_disk_bytes", "Bytes that the log takes on disk", c.sizes.log);
  out.gauge("log_unsaved_entries", "Entries of the log that a start would have to read again", c.unsaved_entries);
  out.family("checkpoint_age_seconds", "gauge", "How long ago the oldest change came about that stands in the log alone; 0 if there is none");
  out.seconds(seconds_of(c.unsaved_for));
  out.gauge("log_replayed_entries", "Entries of the log that this start had to read again", c.replayed);
  out.counter("commits_total", "Groups of changes that became durable", c.commits);
  out.counter("commits_failed_total", "Times the disk refused", c.failed_commits);
  out.gauge("disk_bytes", "Bytes of the tables on disk", c.sizes.files);
  out.counter("stored_bytes_total", "Bytes given to the tables; written_bytes_total by this is the write amplification", c.sizes.user);
  out.counter("compacted_bytes_total", "Of the bytes written, those of compaction", c.sizes.compacted);
  out.counter("written_bytes_total", "Bytes written ahead, flushed and compacted", c.sizes.written_ahead + c.sizes.flushed + c.sizes.compacted);
  webhook_metrics(out);
  return out.text();
}

// By host and port alone: what else is in a URL may be a secret. Those of one host are counted together.
void Api::webhook_metrics(Exposition& out) const {
  std::map<std::string, sinks::WebhookCounts> by_host;
  std::map<std::string, std::uint64_t> letters, down;
  const auto written = service_.letter_counts();
  for (const sinks::Webhook* w : behind_.webhooks) {
    const sinks::WebhookCounts c = w->counts();
    sinks::WebhookCounts& sum = by_host[w->host()];
    for (const auto n : {&sinks::WebhookCounts::delivered, &sinks::WebhookCounts::retried, &sinks::WebhookCounts::dead, &sinks::WebhookCounts::answered, &sinks::WebhookCounts::in_flight}) sum.*n += c.*n;
    sum.seconds += c.seconds;
    sum.behind = std::max(sum.behind, c.behind);
    const auto there = written.find(w->name());
    letters[w->host()] += there == written.end() ? 0 : there->second;
    down[w->host()] += c.down.empty() ? 0 : 1;
  }
  if (by_host.empty()) return;
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    out.family(name, type, help);
    for (const auto& [host, c] : by_host) out.sample(value(host, c), {{"sink", host}});
  };
  using Of = const sinks::WebhookCounts&;
  using Host = const std::string&;
  each("webhook_delivered_total", "counter", "Decisions that a receiver took", [](Host, Of c) { return c.delivered; });
  each("webhook_retried_total", "counter", "Attempts that failed and are made again", [](Host, Of c) { return c.retried; });
  each("webhook_letters_total", "counter", "Decisions that were given up on", [](Host, Of c) { return c.dead; });
  each("webhook_letters", "gauge", "Dead letters that are kept", [&](Host h, Of) { return letters[h]; });
  each("webhook_behind", "gauge", "Entries of the log that are not all delivered", [](Host, Of c) { return c.behind; });
  each("webhook_in_flight", "gauge", "Requests that are not answered yet", [](Host, Of c) { return c.in_flight; });
  each("webhook_down", "gauge", "Receivers that take nothing just now", [&](Host h, Of) { return down[h]; });
  out.family("webhook_seconds", "summary", "What attempts took, however they ended");
  for (const auto& [host, c] : by_host) out.summary(c.seconds, c.answered, {{"sink", host}});
}

}  // namespace polku::serve
