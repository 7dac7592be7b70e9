// Random logs: few visitors, times on the pack's lattice, so that ties and exact boundaries are the rule and not the exception.
#include <algorithm>

#include "tests/differential/generate.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

class LogMaker {
 public:
  LogMaker(const Pack& pack, std::uint64_t seed, Tally& tally) : random_(seed), world_(pack.world), pack_(pack), tally_(tally) {}

  std::string make() {
    static const std::vector<std::string> names = {"v1", "v2", "Zo\xc3\xab", "v 4", "5", "v-6"};
    const std::size_t visitors = random_.of({1, 1, 2, 2, 3, 4, 6});
    std::vector<std::vector<std::string>> lines(visitors);
    std::size_t left = 0;
    for (std::size_t v = 0; v < visitors; ++v) {
      visitor_ = names[v];
      lines[v] = records();
      left += lines[v].size();
    }
    std::string out;
    std::vector<std::size_t> at(visitors, 0);
    while (left > 0) {
      const std::size_t v = random_.below(visitors);
      if (at[v] == lines[v].size()) continue;
      out += lines[v][at[v]++] + "\n";
      --left;
    }
    return out;
  }

 private:
  std::vector<std::string> records() {
    std::vector<std::string> out;
    now_ = world_.origin + world_.unit * random_.between(0, 3);
    // Most visitors begin with what the channels ask for, so that something is done.
    if (random_.percent(85)) out.push_back(update(true));
    std::size_t n = random_.of<std::size_t>({0, 3, 8, 15, 15, 25, 40, 60});
    favourite_ = -1;
    if (random_.percent(5)) {  // enough of one event that the record drops what is too old
      n = 150 + random_.below(200);
      favourite_ = static_cast<int>(random_.below(world_.events.size()));
      ++tally_["long history"];
    }
    while (out.size() < n) {
      step();
      if (!out.empty() && random_.percent(4)) {
        out.push_back(repeat(out));
      } else if (random_.percent(14)) {
        out.push_back(update(false));
      } else {
        out.push_back(event());
      }
    }
    return out;
  }

  void step() {
    const std::vector<Millis>& lengths = world_.lengths;
    switch (random_.weighted({24, 36, 8, 12, 6, 5, 5, 4})) {
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
      default:
        now_ += world_.history * random_.of({1, 1, 2});
        now_ += random_.of({-1, 0, 0, 1});
        ++tally_["step: the history kept"];
        break;
    }
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
             (a.name == "time zone" ? random_.of({"\"Asia/Tokyo\"", "null", "\"Nowhere\""}) : value(a.type));
    }
    return "{" + out + "}";
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
    if (random_.percent(30)) {
      ++ids_;
      std::size_t id = static_cast<std::size_t>(ids_);
      if (random_.percent(15)) {
        id = 1 + random_.below(id);
        ++tally_["record: an id again"];
      }
      out += std::string(world_.source ? ",\"nr\":" : ",\"id\":") + "\"" + std::to_string(id) + "\"";
    }
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
  std::string visitor_;
  Millis now_ = 0;
  int ids_ = 0;
  int favourite_ = -1;  // an event that comes more often than the others
};

}  // namespace

std::string make_log(const Pack& pack, std::uint64_t seed, Tally& tally) { return LogMaker(pack, seed, tally).make(); }

}  // namespace polku::differential
