// Random logs: few visitors, times on the pack's lattice, so that ties and exact boundaries are the rule and not the exception.
#include <algorithm>
#include <limits>

#include "runtime/base/time.h"
#include "tests/differential/generate.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

class LogMaker {
 public:
  LogMaker(const Pack& pack, std::uint64_t seed, Tally& tally) : random_(seed), world_(pack.world), pack_(pack), tally_(tally) {
    for (const Channel& c : world_.channels)
      for (const std::string& slot : c.slots) slots_.push_back(c.name + "." + slot);
  }

  std::string make() {
    static const std::vector<std::string> names = {"v1", "v2", "Zo\xc3\xab", "v 4", "5", "v-6", "v7", "v8", "v9", "v10", "v11", "v12"};
    const std::size_t visitors = random_.of<std::size_t>({1, 1, 2, 2, 3, 3, 4, 12});
    zones_.push_back(zone_of(world_.zone));
    for (const std::string& zone : world_.zones) zones_.push_back(zone_of(zone));
    last_ = world_.daily ? world_.origin + kDay * random_.of({10, 20, 20, 40, 120}) : std::numeric_limits<Millis>::max() / 2;
    if (world_.round > 0) last_ = std::min(last_, world_.origin + world_.round * random_.of({40, 40, 80, 150}));
    std::vector<std::vector<std::string>> lines(visitors);
    std::size_t left = 0;
    Millis end = world_.origin;
    for (std::size_t v = 0; v < visitors; ++v) {
      visitor_ = names[v];
      lines[v] = records(visitors > 6 ? 8 : 60);
      left += lines[v].size();
      if (!lines[v].empty()) end = std::max(end, now_);
    }
    for (const base::Zone& zone : zones_)
      if (zone.to_local(end) - end != zone.to_local(world_.origin) - world_.origin) {
        ++tally_["log over a change of some visitor's clock"];
        break;
      }
    std::string out;
    std::vector<std::size_t> at(visitors, 0);
    while (left > 0) {
      const std::size_t v = random_.below(visitors);
      if (at[v] == lines[v].size()) continue;
      out += lines[v][at[v]++] + "\n";
      --left;
    }
    return random_.percent(60) ? out + closing(end) : out;
  }

 private:
  base::Zone zone_of(const std::string& name) { return base::Zone::find(name).value_or(zones_.empty() ? base::Zone::utc() : zones_.front()); }

  // Of another visitor, and late, so that what is due for the others comes.
  std::string closing(Millis end) {
    ++tally_["record: another visitor, well after the others"];
    visitor_ = "the last";
    now_ = std::max(end, std::min(last_, end + world_.history + random_.of({Millis{0}, world_.unit, kDay})));
    return update(true) + "\n";
  }

  std::vector<std::string> records(std::size_t most) {
    std::vector<std::string> out;
    now_ = world_.origin + world_.unit * random_.between(0, 3);
    zone_ = 0;
    // Most visitors begin with what the channels ask for, so that something is done.
    if (random_.percent(85)) out.push_back(update(true));
    std::size_t n = std::min(most, random_.of<std::size_t>({0, 3, 8, 15, 15, 20, 30, 60}));
    favourite_ = -1;
    if (random_.percent(3)) {  // enough of one event that the record drops what is too old
      n = 150 + random_.below(200);
      favourite_ = static_cast<int>(random_.below(world_.events.size()));
      ++tally_["long history"];
    }
    for (int beyond = 0; out.size() < n && beyond < 8;) {
      const Millis before = now_;
      step();
      if (now_ > last_) {
        now_ = before;
        ++beyond;
        continue;
      }
      if (!out.empty() && random_.percent(4)) out.push_back(repeat(out));
      else if (random_.percent(12)) out.push_back(update(false));
      else if (!slots_.empty() && random_.percent(22)) out.push_back(request());
      else out.push_back(event());
    }
    return out;
  }

  void step() {
    const std::vector<Millis>& lengths = world_.lengths;
    switch (random_.weighted({24, 33, 8, 12, 6, 5, 5, 3, 8})) {
      case 0: ++tally_["step: same millisecond"]; break;
      case 1: now_ += world_.unit * random_.of({1, 1, 1, 2, 2, 3, 5}); break;
      case 2: now_ += 1; ++tally_["step: 1 ms"]; break;
      case 3:  // exactly where a window, a delay or a limit of the pack ends
        if (!lengths.empty()) now_ += random_.of(lengths);
        ++tally_["step: exactly a duration"];
        break;
      case 4:
        if (!lengths.empty()) now_ += random_.of(lengths);
        if (!lengths.empty()) now_ += random_.percent(50) ? 1 : -1;
        ++tally_["step: 1 ms off a duration"];
        break;
      case 5: now_ += static_cast<Millis>(random_.below(static_cast<std::size_t>(world_.unit * 2))); break;
      case 6: now_ += (world_.unit - now_ % world_.unit) % world_.unit; break;  // back on the lattice
      case 7:
        now_ += world_.history * random_.of({1, 1, 2});
        now_ += random_.of({-1, 0, 0, 1});
        ++tally_["step: the history kept"];
        break;
      default: to_clock(); break;
    }
  }

  // To a midnight, the edge of quiet hours or the time of a schedule, as the visitor's clock has it; where a clock change skips it, to that.
  void to_clock() {
    const base::Zone& zone = zones_[zone_];
    const Millis of_day = random_.of(world_.clocks);
    const std::int64_t day = base::local_day(zone, now_);
    Millis next = zone.to_instant(day * kDay + of_day);
    if (next <= now_) next = zone.to_instant((day + 1) * kDay + of_day);
    // Far from here everything else would be over.
    if (next <= now_ || (next - now_ > world_.history && random_.percent(70))) return;
    now_ = next + random_.of({-1, 0, 0, 0, 1});
    ++tally_["step: a time of day"];
  }

  std::string value(Type type) {
    switch (random_.weighted({88, 3, 5, 4})) {
      case 0: return json_value(world_, random_, draw(world_, random_, type, false));
      case 1: ++tally_["value null"]; return "null";
      case 2: ++tally_["value from the far end"]; return json_value(world_, random_, draw(world_, random_, type, true));
      default: break;
    }
    ++tally_["value of the wrong type"];
    return random_.of({"\"nonsense\"", "[1]", "{\"a\":1}", "3.5", "true", "\"\"", "99999999999999999999", "-9223372036854775808", "1e3"});
  }

  // {"customer.a1":3,…}, or under the source's names.
  std::string changes(int consents, int others) {
    std::string out;
    for (std::size_t i = 0; i < world_.attributes.size(); ++i) {
      const Attribute& a = world_.attributes[i];
      if (a.presence == catalog::Presence::Derived || !random_.percent(a.type.kind == TypeKind::Consent ? consents : others)) continue;
      out += (out.empty() ? "" : ",") + json_text(world_.source ? "a" + std::to_string(i) : a.name) + ":" +
             (a.name == "time zone" ? zone_value() : value(a.type));
    }
    return "{" + out + "}";
  }

  std::string zone_value() {
    ++tally_["a change of the time zone"];
    zone_ = random_.below(zones_.size());
    return zone_ == 0 ? "null" : json_text(world_.zones[zone_ - 1]);
  }

  // For one slot or several; once in a while one that no channel has, or none at all.
  std::string request() {
    std::vector<std::string> asked = slots_;
    random_.shuffle(asked);
    asked.resize(random_.percent(65) ? 1 : 1 + random_.below(asked.size()));
    ++tally_[asked.size() > 1 ? "record: asked for several slots" : "record: asked for a slot"];
    if (random_.percent(3)) asked.push_back(asked.front());
    if (random_.percent(2)) {
      asked.assign(random_.below(2), "nowhere.slot");
      ++tally_["record: a faulty request"];
    }
    std::string all;
    for (const std::string& slot : asked) all += (all.empty() ? "" : ",") + json_text(slot);
    std::string out = head() + id() + (world_.source ? ",\"wants\":" : ",\"asked_for\":") + (asked.size() == 1 && random_.percent(50) ? all : "[" + all + "]");
    if (world_.source && random_.percent(25)) {
      ++tally_["record: request with changes of attributes"];
      out += ",\"c\":" + changes(25, 25);
    }
    return out + "}";
  }

  std::string head() const {
    return world_.source ? "{\"who\":" + json_text(visitor_) + ",\"when\":\"" + instant(now_) + "\""
                         : "{\"visitor\":" + json_text(visitor_) + ",\"at\":\"" + instant(now_) + "\"";
  }

  std::string update(bool first) {
    ++tally_["record: visitor updated"];
    const std::string all = first ? changes(90, 75) : changes(25, 25);
    return head() + (world_.source ? ",\"c\":" + all + "}" : ",\"event\":\"visitor updated\",\"fields\":" + all + "}");
  }

  std::string id() {
    if (!random_.percent(30)) return {};
    std::size_t id = static_cast<std::size_t>(++ids_);
    if (random_.percent(15)) {
      id = 1 + random_.below(id);
      ++tally_["record: an id again"];
    }
    return std::string(world_.source ? ",\"nr\":" : ",\"id\":") + "\"" + std::to_string(id) + "\"";
  }

  std::string event() {
    std::size_t type = random_.below(world_.events.size());
    if (favourite_ >= 0 && random_.percent(75)) type = static_cast<std::size_t>(favourite_);
    else if (random_.percent(60)) type = static_cast<std::size_t>(random_.of(pack_.starts));
    const Event& e = world_.events[type];
    std::string fields;
    for (const Field& f : e.fields)
      if (!random_.percent(f.optional ? 25 : 5)) fields += (fields.empty() ? "" : ",") + json_text(f.name) + ":" + value(f.type);
    std::string name = world_.source && world_.renamed ? "E " + std::to_string(type) : e.name;
    if (random_.percent(1)) {
      ++tally_["record: unknown event"];
      name = "nobody_knows";
    }
    std::string out = head() + (world_.source ? ",\"what\":" : ",\"event\":") + json_text(name);
    out += id();
    if (!fields.empty() || random_.percent(50)) out += (world_.source ? ",\"p\":{" : ",\"fields\":{") + fields + "}";
    if (world_.source && random_.percent(30)) {
      ++tally_["record: event with changes of attributes"];
      out += ",\"c\":" + changes(25, 25);
    }
    ++tally_["record: event"];
    return out + "}";
  }

  // An earlier record once more, at the time of now.
  std::string repeat(const std::vector<std::string>& before) {
    ++tally_["record: the same again"];
    std::string line = random_.percent(60) ? before.back() : random_.of(before);
    const std::string key = world_.source ? "\"when\":\"" : "\"at\":\"";
    const std::size_t from = line.find(key) + key.size();
    return line.replace(from, line.find('"', from) - from, instant(now_));
  }

  Random random_;
  const World& world_;
  const Pack& pack_;
  Tally& tally_;
  std::vector<std::string> slots_;  // of all channels
  std::vector<base::Zone> zones_;   // the pack's, then World::zones as visitors that say so have them
  std::size_t zone_ = 0;            // of the visitor at hand
  std::string visitor_;
  Millis now_ = 0, last_ = 0;
  int ids_ = 0;
  int favourite_ = -1;  // an event that comes more often than the others
};

}  // namespace

std::vector<history::AnswerTable> make_tables(const Pack& pack, std::uint64_t seed, Tally& tally) {
  Random random(~seed);
  const World& world = pack.world;
  std::vector<history::AnswerTable> out;
  if (!pack.best_of || random.percent(35)) return out;
  Millis at = world.origin - world.unit;
  for (std::size_t i = 0, n = 1 + random.below(3); i < n; ++i) {
    history::AnswerTable table{at, "table " + std::to_string(i + 1), {}};
    for (const Channel& c : world.channels) {
      if (!c.slots.empty() || random.percent(20)) continue;
      const std::int64_t sends = random.of<std::int64_t>({0, 1, 2, 10, 1000, 4'000'000'000'000'000'000});
      table.channels[c.name] = {random.of<std::int64_t>({0, sends, sends / 2, sends / 3}), sends};
    }
    ++tally["published table"];
    out.push_back(std::move(table));
    at += world.unit * random.between(1, 8) + random.of({0, 0, 1});
  }
  return out;
}

std::string make_log(const Pack& pack, std::uint64_t seed, Tally& tally) { return LogMaker(pack, seed, tally).make(); }

}  // namespace polku::differential
