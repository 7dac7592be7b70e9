#include "tests/differential/hardships.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>

#include "runtime/base/time.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

struct Line {
  std::string visitor;  // as JSON has it
  Millis at = 0, received = 0;
  std::string text;
};

// What stands behind `key`, up to the comma or brace that follows; log.cc writes it so.
std::string behind(const std::string& line, const std::string& key) {
  const std::size_t from = line.find(key);
  if (from == std::string::npos) return {};
  std::size_t end = from + key.size();
  if (line[end] == '"')
    for (++end; end < line.size() && line[end] != '"'; ++end) end += line[end] == '\\';
  return line.substr(from + key.size(), end + 1 - from - key.size());
}

Millis time_in(const std::string& line, const std::string& key) {
  const std::string quoted = behind(line, key);
  return base::parse_instant(quoted.substr(1, quoted.size() - 2), base::Zone::utc()).value_or(0);
}

Line parsed(const std::string& text) {
  Line l;
  l.text = text;
  l.visitor = behind(text, text.starts_with("{\"who\":") ? "{\"who\":" : "{\"visitor\":");
  l.at = l.received = time_in(text, text.starts_with("{\"who\":") ? "\"when\":" : "\"at\":");
  return l;
}

std::vector<Line> lines_of(const std::string& log) {
  std::vector<Line> out;
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    out.push_back(parsed(log.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

class Hardships {
 public:
  Hardships(const Pack& pack, std::uint64_t seed, Tally& tally) : random_(seed * 2 + 1), world_(pack.world), tally_(tally) {}

  void apply(Input& input, const Change& change) {
    input.histories = true;
    input.engine_afresh = random_.percent(30);
    input.reference_afresh = random_.percent(4);
    input.jit_naps = random_.percent(30);
    lines_ = lines_of(input.log);
    if (lines_.empty()) return;
    const bool late = random_.percent(60);
    if (random_.percent(45)) merges();
    if (late) delays();
    for (std::size_t i = 0; i < lines_.size(); ++i) order_.emplace_back(lines_[i].received, i);
    std::sort(order_.begin(), order_.end());
    if (random_.percent(25)) outage(input);
    if (random_.percent(30)) pack_change(input, change);
    input.log.clear();
    for (const auto& [received, i] : order_) input.log += lines_[i].text + "\n";
  }

 private:
  Millis delay() {
    switch (random_.weighted({25, 15, 15, 15, 15, 15})) {
      case 0: return world_.unit * random_.between(1, 6);
      case 1: return world_.lateness + random_.of({-1, 0, 0, 1});
      case 2: return world_.patience + random_.of({-1, 0, 1});
      case 3: return 1;
      case 4: return world_.lengths.empty() ? world_.unit : random_.of(world_.lengths);
      default: return static_cast<Millis>(random_.below(static_cast<std::size_t>(std::max<Millis>(world_.lateness, 1)) + 1));
    }
  }

  void delays() {
    const int percent = random_.of({4, 15, 40});
    for (Line& l : lines_) {
      if (!random_.percent(percent)) continue;
      l.received = std::max(l.at, l.at + delay());
      Millis said = l.received;
      if (random_.percent(3)) said = l.received = l.at, --said;  // before its own time: at it
      l.text.insert(l.text.size() - 1, (world_.source ? ",\"rc\":\"" : ",\"received\":\"") + instant(said) + "\"");
      ++tally_["record: received later"];
    }
  }

  void merges() {
    std::set<std::string> names;
    for (const Line& l : lines_) names.insert(l.visitor);
    std::vector<std::string> all(names.begin(), names.end());
    const std::vector<std::string> into = all;
    all.push_back("\"a stranger\"");
    for (std::size_t i = 0, n = random_.of<std::size_t>({1, 1, 2, 3}); i < n; ++i) {
      const std::size_t where = random_.below(lines_.size());
      Line l;
      l.at = l.received = lines_[where].at + random_.of({0, 0, 1, -1});
      l.visitor = random_.of(into);
      const std::string other = random_.of(all);
      if (world_.source) {
        std::string changes;
        if (const Line& from = random_.of(lines_); random_.percent(40) && from.text.find("\"what\":") == std::string::npos && from.text.find("\"wants\":") == std::string::npos)
          if (const std::size_t c = from.text.find(",\"c\":{"); c != std::string::npos) changes = from.text.substr(c, from.text.size() - 1 - c);
        l.text = "{\"who\":" + l.visitor + ",\"when\":\"" + instant(l.at) + "\",\"mg\":" + other + changes + "}";
      } else {
        l.text = "{\"visitor\":" + l.visitor + ",\"at\":\"" + instant(l.at) + "\",\"merges\":" + other + "}";
      }
      ++tally_["record: a merge"];
      lines_.push_back(std::move(l));
    }
    // Each visitor's records stand in the order of time.
    std::vector<std::tuple<Millis, std::size_t>> order;
    for (std::size_t i = 0; i < lines_.size(); ++i) order.emplace_back(lines_[i].at, i);
    std::sort(order.begin(), order.end());
    std::vector<Line> sorted;
    for (const auto& [at, i] : order) sorted.push_back(lines_[i]);
    lines_ = std::move(sorted);
  }

  void outage(Input& input) {
    const Millis end = order_.back().first;
    Millis from = order_[random_.below(order_.size())].first + random_.of({-1, 0, 0, 1});
    for (int i = 0; i < 2 && from < end; ++i) {
      const Millis length = random_.of({delay(), world_.unit * random_.between(1, 20), kHour, kDay});
      const Millis to = std::min(end, from + std::max<Millis>(length, 1));
      input.outages.push_back({from, to});
      ++tally_["down for a while"];
      from = to + world_.unit * random_.between(0, 4) + random_.of({1, 1, 5});
      if (random_.percent(60)) break;
    }
  }

  void pack_change(Input& input, const Change& change) {
    if (change.files.empty()) return;
    const Millis from = order_[random_.below(order_.size())].first + random_.of({-1, 0, 0, 1});
    for (const Outage& o : input.outages)
      if (o.from < from && from <= o.to) return;
    input.change = change;
    input.change->from = from;
    ++tally_["another pack from some time on"];
  }

  Random random_;
  const World& world_;
  Tally& tally_;
  std::vector<Line> lines_;
  std::vector<std::pair<Millis, std::size_t>> order_;
};

// One number of a length, one more; or one block of a file less.
std::string changed(Random& random, std::string text) {
  if (random.percent(60)) {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 1; i + 1 < text.size(); ++i)
      if (text[i - 1] == ' ' && text[i] >= '1' && text[i] <= '8' && text[i + 1] == ' ') numbers.push_back(i);
    for (std::size_t i = 0; i < 3 && !numbers.empty(); ++i) ++text[random.of(numbers)];
    return text;
  }
  std::vector<std::size_t> blocks;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((i == 0 || text[i - 1] == '\n') && std::isalpha(static_cast<unsigned char>(text[i])) && text.compare(i, 3, "end") != 0) blocks.push_back(i);
  if (blocks.empty()) return text;
  const std::size_t k = random.below(blocks.size());
  const std::size_t end = k + 1 < blocks.size() ? blocks[k + 1] : text.size();
  return text.erase(blocks[k], end - blocks[k]);
}

}  // namespace

std::vector<std::string> hardships_of(const Input& input) {
  std::set<std::string> out;
  std::set<std::pair<std::string, Millis>> met;
  for (const Line& l : lines_of(input.log)) {
    if (!met.emplace(l.visitor, l.at).second) out.insert("tie");
    if (l.text.find(",\"rc\":\"") != std::string::npos || l.text.find(",\"received\":\"") != std::string::npos) out.insert("late");
    if (l.text.find(",\"mg\":\"") != std::string::npos || l.text.find(",\"merges\":\"") != std::string::npos) out.insert("merge");
  }
  if (!input.outages.empty()) out.insert("outage");
  if (input.change) out.insert("pack change");
  return {out.begin(), out.end()};
}

Change make_change(const Pack& pack, std::uint64_t seed) {
  Random random(seed ^ 0x9e3779b97f4a7c15u);
  if (random.percent(25)) {
    for (int i = 0; i < 6; ++i) {
      const Pack other = make_pack(random.next() >> 24);
      if (other.world.source == pack.world.source) return {0, other.catalog, other.files};
    }
  }
  Change out{0, pack.catalog, pack.files};
  for (std::size_t i = 0, n = 1 + random.below(3); i < n; ++i) {
    RuleFile& file = out.files[random.below(out.files.size())];
    file.text = changed(random, file.text);
  }
  return out;
}

Input make_input(const Pack& pack, std::uint64_t seed, const Change& change, Tally& tally) {
  Input input;
  input.log = make_log(pack, seed, tally);
  input.tables = make_tables(pack, seed, tally);
  if (seed % 5 < 3) Hardships(pack, seed, tally).apply(input, change);
  return input;
}

}  // namespace polku::differential
