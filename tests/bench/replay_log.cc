// Writes the log of the replay benchmark: events of a shop as NDJSON, about 520 bytes each, for the pack of tests/bench/replay_pack.py.
//
// Visitors come in sessions, 4,096 at a time; each event is the next one of one of them, and ends it with a chance of visitors / events, so that as a rule
// every visitor has come once. Sessions after that are of visitors that came before, any of them. The times ascend, an event after the other in equal
// steps. What is known of a visitor is the same in each of its records; of the twenty scores an event carries two or three. The same options give the same bytes.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/bench/options.h"

namespace {

constexpr const char* kEvents[] = {"page_viewed", "product_viewed", "app_opened", "search_done", "article_viewed", "cart_updated", "offer_viewed", "email_opened", "wishlist_added", "push_opened",
                                   "checkout_started", "order_placed", "faq_viewed", "cart_emptied", "review_written", "coupon_used", "call_ended", "delivery_changed", "order_cancelled", "return_requested"};
constexpr const char* kChannels[] = {"web", "app", "shop", "phone"};
constexpr const char* kDevices[] = {"phone", "tablet", "desktop", "tv"};
constexpr const char* kSystems[] = {"android", "ios", "windows", "macos", "linux", "other"};
constexpr const char* kBrowsers[] = {"chrome", "safari", "firefox", "edge", "samsung", "opera", "webview", "other"};
constexpr const char* kCountries[] = {"fi", "se", "us", "dk", "ee", "lv", "lt", "de", "pl", "nl", "be", "fr", "es", "it", "at", "ch", "gb", "ie", "pt", "cz", "sk", "hu", "ro", "gr"};
constexpr const char* kTiers[] = {"basic", "silver", "gold", "platinum"};

// SplitMix64 (Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : at_(mix(seed)) {}
  std::uint64_t below(std::uint64_t n) { return static_cast<std::uint64_t>(static_cast<unsigned __int128>(next()) * n >> 64); }
  double share() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t next() { return mix(at_++); }
  std::uint64_t at_;
};

struct Asked {
  std::string out;
  std::uint64_t events = 3'000'000, visitors = 1'000'000, days = 30, seed = 1, of = 1;
};

// What is always so of a visitor: the n-th trait, one of `of`.
std::uint64_t trait(std::uint64_t visitor, std::uint64_t n, std::uint64_t of) { return mix(visitor * 64 + n) % of; }

int write_log(const Asked& o) {
  std::FILE* const file = o.out == "-" ? stdout : std::fopen(o.out.c_str(), "wb");
  if (!file) return std::fprintf(stderr, "polku_bench_replay_log: cannot write %s\n", o.out.c_str()), 1;
  std::vector<char> buffer(1 << 20);
  std::setvbuf(file, buffer.data(), _IOFBF, buffer.size());
  constexpr std::int64_t kFrom = 1'772'323'200'000;  // 2026-03-01
  Random random(o.seed);
  std::uint64_t came = 0;
  const auto next_visitor = [&] { return came < o.visitors ? came++ : random.below(o.visitors); };
  std::vector<std::uint64_t> sessions(4096);
  for (std::uint64_t& s : sessions) s = next_visitor();
  const double ends = std::min(1.0, static_cast<double>(o.visitors) / static_cast<double>(o.events));
  std::array<char, 1536> line;
  for (std::uint64_t i = 0; i < o.events; ++i) {
    std::uint64_t& session = sessions[random.below(sessions.size())];
    const std::uint64_t v = session;
    if (random.share() < ends) session = next_visitor();
    const auto event = std::min<std::uint64_t>(19, static_cast<std::uint64_t>(std::exp(random.share() * std::log(21.0))) - 1);
    const std::uint64_t category = random.below(50), price = 100 + random.below(15'000), quantity = 1 + random.below(5), item = random.below(1'000'000);
    const std::uint64_t score = random.below(18), more = random.below(2);
    if (v % o.of != 0) continue;
    const std::int64_t at = kFrom + static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(o.events) * static_cast<double>(o.days) * 86'400'000.0);
    const auto u = [](std::uint64_t x) { return static_cast<unsigned long long>(x); };
    const auto of_score = [&](std::uint64_t n) { return u(trait(v, 20 + n, 1024)); };
    int n = std::snprintf(line.data(), line.size(),
                          "{\"event_id\":\"6f1c2b7e-93d4-4f0a-8a55-%012llu\",\"visitor_id\":\"v-%010llu\",\"ts\":%lld,\"event\":\"%s\",\"channel\":\"%s\","
                          "\"url\":\"https://shop.example.com/category/%llu/item-%llu?utm_source=newsletter&utm_campaign=spring\","
                          "\"product\":{\"sku\":\"SKU-%06llu\",\"category\":\"c%llu\",\"price\":%llu.%02llu,\"currency\":\"EUR\",\"quantity\":%llu,\"in_stock\":true},"
                          "\"device\":{\"type\":\"%s\",\"os\":\"%s\",\"browser\":\"%s\",\"w\":412},\"geo\":{\"country\":\"%s\"},"
                          "\"customer\":{\"tier\":\"%s\",\"age\":%llu,\"points\":%llu,\"newsletter\":%s,\"marketing\":\"%s\"},\"scores\":{\"score%llu\":%llu,\"score%llu\":%llu",
                          u(i), u(v), static_cast<long long>(at), kEvents[event], kChannels[trait(v, 0, 4)], u(category), u(item), u(item), u(category), u(price / 100), u(price % 100), u(quantity),
                          kDevices[trait(v, 1, 4)], kSystems[trait(v, 2, 6)], kBrowsers[trait(v, 3, 8)], kCountries[trait(v, 4, 24)], kTiers[trait(v, 5, 4)], u(18 + trait(v, 6, 70)),
                          u(trait(v, 7, 10'000)), trait(v, 8, 2) ? "true" : "false", trait(v, 9, 5) ? "given" : "refused", u(score + 1), of_score(score), u(score + 2), of_score(score + 1));
    if (more) n += std::snprintf(line.data() + n, line.size() - static_cast<std::size_t>(n), ",\"score%llu\":%llu", u(score + 3), of_score(score + 2));
    n += std::snprintf(line.data() + n, line.size() - static_cast<std::size_t>(n), "}}\n");
    std::fwrite(line.data(), 1, static_cast<std::size_t>(n), file);
  }
  const bool bad = std::ferror(file) != 0;
  if ((file == stdout ? std::fflush(file) : std::fclose(file)) != 0 || bad) return std::fprintf(stderr, "polku_bench_replay_log: cannot write %s\n", o.out.c_str()), 1;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Asked o;
  polku::bench::Options options("Writes the log of the replay benchmark. Exit codes: 0 fine, 1 OUT cannot be written, 2 misuse.", "polku_bench_replay_log build/bench/replay.ndjson --events 100000 --visitors 30000");
  options.add_option("out", o.out, "File, or - for standard output")->required();
  options.number("--events", o.events, std::uint64_t{1}, std::uint64_t{10'000'000'000}, "How many");
  options.number("--visitors", o.visitors, std::uint64_t{1}, std::uint64_t{1'000'000'000}, "How many");
  options.number("--days", o.days, std::uint64_t{1}, std::uint64_t{60}, "From the first event to the last");
  options.number("--seed", o.seed, std::uint64_t{0}, std::uint64_t{INT64_MAX}, "Of everything that is made up");
  options.number("--of", o.of, std::uint64_t{1}, std::uint64_t{1'000'000'000}, "Only what concerns every so-many-th visitor is written");
  options.read(argc, argv);
  return write_log(o);
}
