// How soon an edited text decides: from the new text in memory to the next event being decided by it, through the public API.
// PACK is a folder of W1's (w1_pack.py, w1.py). Thresholds (a number of a condition becomes another) and rules (a condition more or less) are edited in turn, each
// anywhere in the pack; each tenth edit is that of a rule put in for it, whose threshold lets the next event decide or not, which is looked at. One engine without
// histories runs meanwhile; a handful of events follows each edit, of which the first counts.
#include <polku/polku.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <utility>

#include "tests/bench/options.h"

namespace {

using Clock = std::chrono::steady_clock;
double processor() {  // of this thread
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string clock_at(int second) {
  char out[32];
  std::snprintf(out, sizeof out, "2026-03-%02dT%02d:%02d:%02dZ", 1 + second / 86400, second / 3600 % 24, second / 60 % 60, second % 60);
  return out;
}

// Places of the thresholds of attributes (`a31 at least 384`), and ends of the lines with conditions.
std::vector<std::size_t> thresholds(const std::string& text) {
  std::vector<std::size_t> out;
  for (const char* words : {" at least ", " less than "})
    for (std::size_t i = text.find(words); i != std::string::npos; i = text.find(words, i + 1))
      if (const std::size_t begin = text.find_last_of(" (", i - 1) + 1; text[begin] == 'a' && text.find_first_not_of("0123456789", begin + 1) == i) out.push_back(i + std::strlen(words));
  return out;
}
std::vector<std::size_t> conditions(const std::string& text) {
  std::vector<std::size_t> out;
  for (std::size_t i = text.find("    only if "); i != std::string::npos; i = text.find("    only if ", i + 1)) out.push_back(text.find('\n', i));
  return out;
}

constexpr const char* kProbeBegins = "journey \"Probe\"";  // which is not edited at random

void threshold(std::string& text, std::mt19937& random) {
  const std::vector<std::size_t> places = thresholds(text.substr(0, text.find(kProbeBegins)));
  const std::size_t at = places[random() % places.size()];
  std::size_t end = at;
  while (text[end] >= '0' && text[end] <= '9') ++end;
  const std::string now = text.substr(at, end - at);
  std::string other = now;
  while (other == now) other = std::to_string(random() % 1024);
  text.replace(at, end - at, other);
}
void rule(std::string& text, std::mt19937& random) {
  const std::vector<std::size_t> places = conditions(text.substr(0, text.find(kProbeBegins)));
  const std::size_t at = places[random() % places.size()];
  const std::size_t begin = text.rfind('\n', at - 1) + 1;
  const std::string line = text.substr(begin, at - begin);
  const std::size_t last = line.rfind(" and a20 less than ");
  if (last != std::string::npos && line.find(')', last) == std::string::npos) text.erase(begin + last, at - begin - last);
  else text.insert(at, " and a20 less than " + std::to_string(512 + random() % 512));
}

// The rule that shows whether an edit is live: `a31` is from 0 to 1023. It does what the first rule of the text does that sends something.
std::string probe_like(const std::string& text) {
  const std::size_t begin = text.find("    do send");
  return "\njourney \"Probe\"\n  rule probe\n    when e0\n    only if a31 at least 0000\n    priority 100\n" + text.substr(begin, text.find('\n', begin) - begin) + "\nend\n";
}

// Not inlined: g++ 12 sees parts of the variant that are not there.
[[gnu::noinline]] void put(polku::Event& event, int attribute, polku::FieldValue value) { event.fields.emplace_back("a" + std::to_string(attribute), std::move(value)); }

struct Times {
  std::vector<double> update, live, processor;
  static double of(std::vector<double> v, double share) {
    std::sort(v.begin(), v.end());
    return v[std::min(v.size() - 1, static_cast<std::size_t>(share * static_cast<double>(v.size())))];
  }
  void print(const char* what, std::string& json) const {
    std::printf("%-10s live after %.3f ms (median), %.3f (p90), %.3f (p99), %.3f (most), of which update() %.3f (median); processor time %.3f (median), %.3f (p99)\n", what,
                1e3 * of(live, 0.5), 1e3 * of(live, 0.9), 1e3 * of(live, 0.99), 1e3 * of(live, 1), 1e3 * of(update, 0.5), 1e3 * of(processor, 0.5), 1e3 * of(processor, 0.99));
    std::ostringstream out;
    out << (json.empty() ? "{" : ", ") << "\"edit_" << what << "_s\": " << of(live, 0.5) << ", \"edit_" << what << "_p99_s\": " << of(live, 0.99) << ", \"edit_" << what << "_processor_s\": " << of(processor, 0.5);
    json += out.str();
  }
};

}  // namespace

int main(int argc, char** argv) {
  std::string folder, out;
  std::uint64_t edits = 400, seed = 1;
  polku::bench::Options options("How soon an edited text decides: edits of a pack of W1 under a running engine.", "polku_bench_edits build/bench/w1-plain-10000/pack --edits 100");
  options.folder("pack", folder, "Folder of a pack of W1");
  options.number<std::uint64_t>("--edits", edits, 2, 1'000'000, "Edits");
  options.number<std::uint64_t>("--seed", seed, 0, 1u << 31, "Seed of what is edited");
  options.json(out);
  options.read(argc, argv);
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& e : std::filesystem::directory_iterator(folder))
    if (e.path().extension() == ".polku") files.emplace_back(e.path().filename().string(), text_of(e.path()));
  std::sort(files.begin(), files.end());
  if (files.empty()) return std::fprintf(stderr, "polku_bench_edits: %s has no rules\n", folder.c_str()), 2;
  files[0].second += probe_like(files[0].second);
  polku::Live pack = polku::Live::compile(text_of(std::filesystem::path(folder) / "catalog.yaml"), files);
  if (!pack.ok()) return std::fprintf(stderr, "%s\n", pack.messages().c_str()), 1;
  polku::Engine engine(pack);
  std::mt19937 random(static_cast<std::uint32_t>(seed));
  int now = 0;
  const auto visit = [&](int n) {
    polku::Event attributes{.visitor = "v" + std::to_string(n % 64), .at = clock_at(now), .event = "", .fields = {}, .id = ""};
    constexpr int kCategories[] = {8, 16, 50, 200, 1000, 2, 5};
    for (int a = 1; a < 8; ++a) put(attributes, a, std::string("k").append(std::to_string(random() % static_cast<unsigned>(kCategories[a - 1]))));
    for (int a = 8; a < 32; ++a) put(attributes, a, static_cast<int>(random() % 1024));
    engine.ingest(attributes);
  };
  for (int n = 0; n < 64; ++n) visit(n);
  Times times[2];
  std::size_t decisions = 0;
  bool lets = true;
  for (int i = 0; i < static_cast<int>(edits); ++i) {
    const bool rules = i % 2 == 1, probe = i % 10 == 0;
    auto& [name, text] = files[probe ? 0 : random() % files.size()];
    if (probe) {
      lets = !lets;
      text.replace(text.rfind(" at least ", text.rfind("do send")) + 10, 4, lets ? "0000" : "9999");
    } else {
      (rules ? rule : threshold)(text, random);
    }
    std::vector<polku::Live::File> changed{{name, text}};
    const std::string at = clock_at(++now);
    const polku::Event next{.visitor = "v" + std::to_string(i % 64), .at = at, .event = "e" + std::to_string(probe ? 0 : random() % 4), .fields = {}, .id = ""};
    const double used = processor();
    const auto begin = Clock::now();
    const polku::Update done = pack.update(std::move(changed), at);
    const double updated = since(begin);
    if (engine.ingest(next) != polku::Accepted::Yes) return std::fprintf(stderr, "%s\n", engine.fault().c_str()), 1;
    const std::vector<polku::Decision> made = engine.decisions(polku::Json::Without);
    times[rules].live.push_back(since(begin));
    times[rules].processor.push_back(processor() - used);
    times[rules].update.push_back(updated);
    decisions += made.size();
    if (probe && lets != std::any_of(made.begin(), made.end(), [](const polku::Decision& d) { return d.rule == "probe"; }))
      return std::fprintf(stderr, "polku_bench_edits: the next event was not decided by the edited rule (edit %d, %s, %zu decisions)\n", i, lets ? "lets" : "not", made.size()), 1;
    if (done.kind != polku::Update::Kind::Rules) return std::fprintf(stderr, "an edit is no patch: %s\n", done.messages.c_str()), 1;
    for (int n = 0; n < 8; ++n) visit(i * 8 + n);
  }
  std::string json;
  times[0].print("threshold", json);
  times[1].print("rule", json);
  std::printf("%zu files, %d edits, %zu decisions\n", files.size(), static_cast<int>(edits), decisions);
  if (!out.empty()) std::ofstream(out) << json << "}\n";
  return 0;
}
