// What rules and features cost.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "runtime/serve/api.h"

namespace polku::serve {

namespace {

constexpr unsigned long kMostSeconds = 60;

class Writer {
 public:
  explicit Writer(const shards::Costs& costs) : costs_(costs) {}
  std::string text() {
    format("{{\"seconds\":{:.3f},\"busy_seconds\":{:.6f},\"rules\":[", costs_.seconds, costs_.busy / 1e9);
    for (const shards::Costs::Rule& r : costs_.rules) {
      open("journey", r.journey);
      out_ += ",\"rule\":";
      append_text(out_, r.rule);
      item("judged", r.judged);
      format(",\"acted\":{}}}", r.acted);
    }
    out_ += "],\"features\":[";
    for (const shards::Costs::Feature& f : costs_.features) {
      open("feature", f.what);
      item("updated", f.updated);
      format(",\"bytes\":{}}}", f.bytes ? std::to_string(*f.bytes) : "null");
    }
    out_ += "],\"shared\":[";
    using Item = shards::Costs::Item;
    for (const auto& [name, what] : {std::pair<std::string_view, const Item&>{"filters", costs_.filters}, {"triggers", costs_.triggers}, {"screens", costs_.screens}, {"segments", costs_.segments}, {"reasons", costs_.reasons}, {"folds", costs_.folds}}) {
      open("what", name);
      item("times", what);
      out_ += '}';
    }
    return out_ + "]}";
  }

 private:
  template <class... Args>
  void format(fmt::format_string<Args...> text, Args&&... args) { fmt::format_to(std::back_inserter(out_), text, std::forward<Args>(args)...); }
  void open(std::string_view name, std::string_view value) {
    if (out_.back() != '[') out_ += ',';
    format("{{\"{}\":", name);
    append_text(out_, value);
  }
  void item(std::string_view times, const shards::Costs::Item& item) {
    format(",\"{}\":{},\"nanoseconds\":{:.0f},\"share\":{:.4f}", times, item.times, item.nanoseconds, costs_.busy > 0 ? item.nanoseconds / costs_.busy : 0);
  }

  const shards::Costs& costs_;
  std::string out_;
};

}  // namespace

// On a thread of its own: requests go on meanwhile.
void Api::profile(std::string_view query, Reply reply) {
  const std::string said = parameter(query, "seconds");
  const unsigned long seconds = said.empty() ? 1 : said.size() < 3 && said.find_first_not_of("0123456789") == std::string::npos ? std::stoul(said) : 0;
  if (seconds == 0 || seconds > kMostSeconds) return reply(problem(400, fmt::format("`seconds` is a whole number from 1 to {}.", kMostSeconds)));
  if (counters_.profiling.exchange(true)) return reply(problem(409, "A profile is being made just now."));
  if (profile_.joinable()) profile_.join();  // of the one before, which has been answered
  profile_ = std::thread([this, seconds, reply = std::move(reply)] {
    shards::Costs costs;
    const std::string error = service_.profile(std::chrono::seconds(seconds), costs);
    counters_.profiling = false;
    reply(error.empty() ? Response{.body = Writer(costs).text(), .headers = {{"Cache-Control", "no-store"}}} : problem(503, error));
  });
}

}  // namespace polku::serve
