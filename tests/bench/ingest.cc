// What it costs to read a record: the same events as NDJSON through a source, in the native form, and as CSV, in memory and from a file, beside
// what simdjson, memchr and memcpy alone need for the same bytes. docs/performance.md says what the figures mean.
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/time.h"
#include "runtime/history/arrivals.h"
#include "runtime/ingest/ingest.h"
#include "tests/bench/options.h"
#include "tests/bench/timing.h"

namespace {

using namespace polku;

constexpr const char* kCatalog = R"(
catalog: bench
events:
  page_viewed: &fields
    channel: [web, app, store, phone]
    sku: text
    category: whole number
    price: money
    stocked: yes/no
    device: [phone, tablet, desktop]
    os: [ios, android, windows, linux, macos, other]
    country: [fi, se, lv, dk, ee, de, pl, fr, es, it, nl, uk]
    consents: list of text
  product_viewed: *fields
  searched:       *fields
  cart_updated:   *fields
  cart_emptied:   *fields
  order_placed:   *fields
  app_opened:     *fields
  review_written: *fields
sources:
  site:
    format: ndjson
    visitor: visitor_id
    time: ts
    event: type
    id: event_id
    events: { page: page_viewed, product: product_viewed, search: searched, cart: cart_updated, empty: cart_emptied, order: order_placed, app: app_opened, review: review_written }
    fields: { "*.sku": product.sku, "*.category": product.category, "*.price": product.price, "*.stocked": product.in_stock, "*.device": device.type, "*.os": device.os, "*.country": geo.country, "*.consents": consent }
  till:
    format: csv
    visitor: visitor_id
    time: ts
    event: type
    id: event_id
    events: { page: page_viewed, product: product_viewed, search: searched, cart: cart_updated, empty: cart_emptied, order: order_placed, app: app_opened, review: review_written }
    fields: { "*.stocked": in_stock, "*.consents": consent }
)";

constexpr std::string_view kNames[] = {"page_viewed", "product_viewed", "searched", "cart_updated", "cart_emptied", "order_placed", "app_opened", "review_written"};
constexpr std::string_view kRaw[] = {"page", "product", "search", "cart", "empty", "order", "app", "review"};
constexpr std::string_view kChannels[] = {"web", "app", "store", "phone"}, kDevices[] = {"phone", "tablet", "desktop"};
constexpr std::string_view kSystems[] = {"ios", "android", "windows", "linux", "macos", "other"};
constexpr std::string_view kCountries[] = {"fi", "se", "lv", "dk", "ee", "de", "pl", "fr", "es", "it", "nl", "uk"};

struct Logs {
  std::string source, native, anonymous, csv;  // anonymous: native without ids
};

template <std::size_t N>
const char* of(const std::string_view (&words)[N], std::uint64_t n) { return words[n % N].data(); }

Logs make(std::uint64_t records) {
  Logs logs;
  logs.csv = "event_id,visitor_id,ts,type,channel,session,sku,category,price,in_stock,device,os,country,consent\n";
  std::uint64_t state = 1;
  char line[1024];
  const auto append = [&](std::string& to, int length) { to.append(line, static_cast<std::size_t>(length)); };
  for (std::uint64_t i = 0; i < records; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t x = state >> 20;
    const auto n = static_cast<unsigned>(i), cents = static_cast<unsigned>(x % 40'000), sku = static_cast<unsigned>(x % 9'999);
    const std::string at = base::format_instant(1'772'323'200'000 + static_cast<Millis>(i) * 13);
    const char *channel = of(kChannels, x), *device = of(kDevices, x >> 3), *system = of(kSystems, x >> 5), *country = of(kCountries, x >> 7), *stocked = x % 5 ? "true" : "false";
    const unsigned visitor = static_cast<unsigned>(x % 1'000'000), category = static_cast<unsigned>(x % 300);
    append(logs.source, std::snprintf(line, sizeof line,
        R"({"event_id":"6f1c2b7e-93d4-4f0a-8a55-%012u","visitor_id":"v-%010u","ts":"%s","type":"%s","channel":"%s","session":"s-%08x","url":"https://shop.example.com/fi/category/shoes/running/item-%u?utm_source=newsletter&utm_campaign=autumn","product":{"sku":"SKU-%06u","category":%u,"price":%u.%02u,"currency":"EUR","in_stock":%s},"device":{"type":"%s","os":"%s","browser":"chrome","w":412,"h":915},"geo":{"country":"%s","city":"Tampere"},"consent":["analytics","ads"]})" "\n",
        n, visitor, at.c_str(), of(kRaw, x >> 9), channel, n * 31, n, sku, category, cents / 100, cents % 100, stocked, device, system, country));
    for (std::string* to : {&logs.native, &logs.anonymous}) {
      append(*to, std::snprintf(line, sizeof line, R"({"visitor":"v-%010u","at":"%s","event":"%s",)", visitor, at.c_str(), of(kNames, x >> 9)));
      if (to == &logs.native) append(*to, std::snprintf(line, sizeof line, R"("id":"6f1c2b7e-93d4-4f0a-8a55-%012u",)", n));
      append(*to, std::snprintf(line, sizeof line,
          R"("fields":{"channel":"%s","sku":"SKU-%06u","category":%u,"price":%u.%02u,"stocked":%s,"device":"%s","os":"%s","country":"%s","consents":["analytics","ads"]}})" "\n",
          channel, sku, category, cents / 100, cents % 100, stocked, device, system, country));
    }
    append(logs.csv, std::snprintf(line, sizeof line, "6f1c2b7e-93d4-4f0a-8a55-%012u,v-%010u,%s,%s,%s,s-%08x,SKU-%06u,%u,%u.%02u,%s,%s,%s,%s,analytics|ads\n",
        n, visitor, at.c_str(), of(kRaw, x >> 9), channel, n * 31, sku, category, cents / 100, cents % 100, stocked, device, system, country));
  }
  return logs;
}

constexpr std::size_t kPadding = simdjson::SIMDJSON_PADDING;  // behind each log, to be read but not used

// ---- What the bytes alone cost ----

std::uint64_t copied(std::string_view text) {
  static char to[64 << 10];
  std::uint64_t sum = 0;
  for (std::size_t at = 0; at < text.size(); at += sizeof to) {
    std::memcpy(to, text.data() + at, std::min(sizeof to, text.size() - at));
    sum += static_cast<unsigned char>(to[at % 999]);
  }
  return sum;
}

template <class Each>
std::uint64_t lines(std::string_view text, Each each) {
  std::uint64_t count = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    each(text.substr(0, end), text.size());
    ++count;
    text.remove_prefix(end + 1);
  }
  return count;
}

std::uint64_t split(std::string_view text) {
  return lines(text, [](std::string_view, std::size_t) {});
}

// Structure and UTF-8 alone: what simdjson does before anything is asked for.
std::uint64_t structure(std::string_view text) {
  simdjson::ondemand::parser parser;
  std::uint64_t bad = 0;
  lines(text, [&](std::string_view line, std::size_t left) { bad += parser.iterate(line.data(), line.size(), left + kPadding).error() != 0; });
  return bad;
}

// Seven fields, taken from where they are expected, nothing checked that is not asked for.
std::uint64_t ondemand(std::string_view text) {
  simdjson::ondemand::parser parser;
  std::uint64_t sum = 0;
  lines(text, [&](std::string_view line, std::size_t left) {
    auto document = parser.iterate(line.data(), line.size(), left + kPadding);
    auto object = document.get_object();
    for (const char* name : {"visitor_id", "ts", "type", "channel"}) sum += std::string_view(object[name].get_string()).size();
    auto product = object["product"].get_object();
    sum += static_cast<std::uint64_t>(product["category"].get_uint64());
    sum += static_cast<std::uint64_t>(static_cast<double>(product["price"].get_double()));
    sum += std::string_view(object["geo"]["country"].get_string()).size();
  });
  return sum;
}

// ---- Ingest ----

struct Bench {
  catalog::Catalog catalog;
  base::Texts texts;  // known from the first round on, as those of a long log are
  bool refused = false;

  const catalog::Source* source(std::string_view name) const {
    for (const auto& s : catalog.sources)
      if (s.name == name) return &s;
    return nullptr;
  }
  std::uint64_t drain(ingest::Opened opened, bool known) {
    std::uint64_t sum = 0;
    history::KnownIds ids;
    ingest::Record record;
    if (opened.reader)
      while (opened.reader->next(record)) sum += known ? ids.first(record.event.identity) : record.event.identity;
    if (!opened.reader || opened.reader->counts().faults() > 0) {
      if (!refused) std::fprintf(stderr, "%s\n", opened.error.c_str());
      for (std::size_t r = 0; opened.reader && !refused && r < ingest::kRejects; ++r)
        if (opened.reader->counts().by_reject[r] > 0) std::fprintf(stderr, "%s: %s\n", std::string(ingest::reject_words(static_cast<ingest::Reject>(r))).c_str(), opened.reader->counts().first[r].what.c_str());
      refused = true;
    }
    return sum;
  }
  std::uint64_t read(std::string_view text, const catalog::Source* from, bool known = false) {
    return drain(ingest::open_text(text, catalog, from, texts), known);
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t records = 40'000, rounds = 50;
  std::string only, file;
  bench::Options options("Reads made-up records and prints nanoseconds of the processor and bytes for each part: the least of all rounds, which are short so that some are not disturbed.\n"
                         "Exit codes: 0 fine, 1 a record was refused, 2 misuse.",
                         "polku_bench_ingest --records 20000 --rounds 20 --only source");
  options.number("--records", records, std::uint64_t{1}, std::uint64_t{10'000'000}, "How many");
  options.number("--rounds", rounds, std::uint64_t{1}, std::uint64_t{1'000'000}, "How often each part");
  options.add_option("--only", only, "Only the part of this name, a word of the first column")->check(CLI::IsMember({"memcpy", "lines", "structure", "ondemand", "source", "known", "native", "content", "csv", "file"}));
  CLI::Option* const to_file = options.add_option("--file", file, "The log is also written there and read from it: the part `file`")->option_text("FILE");
  options.read(argc, argv);
  if (only == "file" && to_file->empty()) return std::fputs("polku_bench_ingest: --only file needs --file\n", stderr), 2;
  diag::Sources sources;
  diag::Diagnostics diagnostics;
  Bench b{catalog::load(sources, sources.add("catalog.yaml", kCatalog), diagnostics), {}};
  for (const auto& one : diagnostics.all()) std::fputs(diag::render_text(one, sources, false).c_str(), stderr);
  Logs logs = make(records);
  for (std::string* log : {&logs.source, &logs.native, &logs.anonymous, &logs.csv}) log->reserve(log->size() + kPadding);
  if (!file.empty()) std::ofstream(file, std::ios::binary) << logs.source;

  struct Part {
    const char *name, *what;
    const std::string* log;
    std::function<std::uint64_t()> run;
    double best = 1e99;
  };
  const catalog::Source *site = b.source("site"), *till = b.source("till");
  std::vector<Part> parts = {
      {"memcpy", "the bytes once, into the cache", &logs.source, [&] { return copied(logs.source); }},
      {"lines", "where the lines end: memchr", &logs.source, [&] { return split(logs.source); }},
      {"structure", "simdjson: structure and UTF-8", &logs.source, [&] { return structure(logs.source); }},
      {"ondemand", "simdjson: seven fields, unchecked rest", &logs.source, [&] { return ondemand(logs.source); }},
      {"source", "NDJSON through a source, with ids", &logs.source, [&] { return b.read(logs.source, site); }},
      {"known", "the same and the ids remembered", &logs.source, [&] { return b.read(logs.source, site, true); }},
      {"native", "the native form, with ids", &logs.native, [&] { return b.read(logs.native, nullptr); }},
      {"content", "the native form, without ids", &logs.anonymous, [&] { return b.read(logs.anonymous, nullptr); }},
      {"csv", "CSV through a source, with ids", &logs.csv, [&] { return b.read(logs.csv, till); }},
  };
  if (!file.empty()) {
    parts.push_back({"file", "NDJSON through a source, from a file", &logs.source, [&] {
      return b.drain(ingest::open(file, b.catalog, site, b.texts), false);
    }});
  }
  std::uint64_t sum = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (Part& part : parts) {
      if (!only.empty() && only != part.name) continue;
      const double start = bench::processor_time();
      sum += part.run();
      part.best = std::min(part.best, bench::processor_time() - start);
    }
  }
  std::printf("%-10s %9s %9s %7s\n", "part", "ns/record", "bytes", "GB/s");
  for (const Part& part : parts) {
    if (!only.empty() && only != part.name) continue;
    const auto bytes = static_cast<double>(part.log->size()), n = static_cast<double>(records);
    std::printf("%-10s %9.1f %9.1f %7.2f  %s\n", part.name, part.best / n * 1e9, bytes / n, bytes / part.best / 1e9, part.what);
  }
  std::fprintf(stderr, "(%llx)\n", static_cast<unsigned long long>(sum));  // what was computed is used
  return b.refused;
}
