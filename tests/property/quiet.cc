// Nothing leaves in quiet hours, in no zone and at no clock change; and what waits is judged at the opening, once.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "runtime/base/time.h"
#include "runtime/history/event.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"
#include "tests/property/zones.h"

namespace polku::property {

namespace {

using history::Outcome;

struct Hours { Millis from = 0, to = 0; bool wait = true; };
struct Rule {
  std::string name, clauses, channel;
  std::vector<Hours> quiet;  // in the order in which they are asked
};

constexpr Millis clock(Millis hour, Millis minute = 0, Millis second = 0) { return hour * kHour + minute * kMinute + second * kSecond; }

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {"night", "quiet 21:00 to 08:00 visitor time, then wait", "", {{clock(21), clock(8)}}},
      {"half_an_hour", "quiet 22:00 to 22:30 visitor time, then skip", "", {{clock(22), clock(22, 30), false}}},
      {"second_hour", "quiet 02:00 to 03:00 visitor time, then wait", "", {{clock(2), clock(3)}}},  // it may not be there, or twice
      {"into_the_change", "quiet 23:00 to 02:30 visitor time", "", {{clock(23), clock(2, 30)}}},
      {"from_the_change", "quiet 02:15 to 05:00 visitor time, then skip", "", {{clock(2, 15), clock(5), false}}},
      {"nearly_always", "quiet 00:00:01 to 00:00 visitor time, then wait", "", {{clock(0, 0, 1), clock(0)}}},
      {"midnight", "quiet 23:30 to 00:30 visitor time, then wait", "", {{clock(23, 30), clock(0, 30)}}},
      {"whole_day", "quiet 00:00 to 23:59:59 visitor time, then wait", "", {{clock(0), clock(23, 59, 59)}}},
      {"of_channel", "", "quiet: \"20:00 to 09:00\"", {{clock(20), clock(9)}}},
      {"channel_and_rule", "quiet 06:00 to 10:00 visitor time, then skip", "quiet: \"01:00 to 07:00\"", {{clock(1), clock(7)}, {clock(6), clock(10), false}}},
      {"service", "", "quiet: \"00:00:01 to 00:00\"", {}}};
  return all;
}

std::string catalog_text() {
  std::string channels, templates;
  for (const Rule& r : rules()) {
    channels += "  by_" + r.name + ": {" + (r.channel.empty() ? "" : " " + r.channel + " ") + "}\n";
    templates += "  of_" + r.name + ": { by: [by_" + r.name + "]" + (r.name == "service" ? ", service: true" : "") + " }\n";
  }
  return "catalog: quiet\nhistory: 40 days\nevents:\n  e: {}\nvisitor:\n  time zone: text optional\nchannels:\n" + channels + "templates:\n" + templates;
}

std::string rules_text() {
  std::string out;
  for (const Rule& r : rules())
    out += "journey \"" + r.name + "\"\n  " + r.clauses + "\n  rule r\n    when e\n    do send \"of_" + r.name + "\" by by_" + r.name + "\nend\n";
  return out;
}

Millis day_of(Millis local) { return (local >= 0 ? local : local - kDay + 1) / kDay; }

// The end of the quiet hours that the instant is in.
std::optional<Millis> opening(const Clock& clock, const Hours& h, Millis at) {
  const Millis today = day_of(clock.to_local(at));
  for (Millis day = today - 2; day <= today + 1; ++day) {
    const Millis from = clock.first(day * kDay + h.from), to = clock.first((day + (h.from > h.to ? 1 : 0)) * kDay + h.to);
    if (from <= at && at < to) return to;
  }
  return std::nullopt;
}

struct Expected {
  Millis at = 0;
  Outcome outcome = Outcome::acted;
  Millis opens = 0;        // waiting
  std::size_t start = 0;   // which event
};

Expected judged(const Clock& clock, const Rule& rule, Millis at, std::size_t start) {
  for (const Hours& h : rule.quiet)
    if (const auto opens = opening(clock, h, at)) return {at, h.wait ? Outcome::waiting : Outcome::quiet, h.wait ? *opens : 0, start};
  return {at, Outcome::acted, 0, start};
}

// One visitor's decisions by one rule: each event fires it; what waits gives way to a new firing, else it is judged at the opening.
std::vector<Expected> expected(const Clock& clock, const Rule& rule, const std::vector<Millis>& events, Millis end) {
  std::vector<Expected> out;
  std::optional<Expected> waiting;
  const auto take = [&](Expected e) {
    waiting = e.outcome == Outcome::waiting ? std::optional(e) : std::nullopt;
    out.push_back(e);
  };
  const auto open_until = [&](Millis t) {
    while (waiting && waiting->opens <= t) take(judged(clock, rule, waiting->opens, waiting->start));
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    open_until(events[i]);
    take(judged(clock, rule, events[i], i));
  }
  open_until(end);
  return out;
}

class QuietHours : public Property {
 public:
  const char* name() const override { return "quiet"; }
  const char* says() const override { return "nothing leaves in quiet hours, and what waits is judged at the opening, once"; }

  // zone * 1000 + which of its clock changes: one of every zone, and as many more as are asked for; from 2,000 on, all there are; below 100, only some
  // zones.
  std::vector<std::uint64_t> cases(Random& random, std::size_t asked) const override {
    std::vector<std::uint64_t> out, more;
    const std::vector<std::string> zones = all_zones();
    for (std::size_t z = 0; z < zones.size(); ++z) {
      const std::size_t changes = std::max<std::size_t>(1, Clock(zones[z]).changes().size()), first = random.below(changes);
      for (std::size_t c = 0; c < changes; ++c) (c == first ? out : more).push_back(z * 1000 + c);
    }
    random.shuffle(more);
    random.shuffle(out);
    if (asked < 100) out.resize(std::min(out.size(), asked * 3));
    if (asked < 2000) more.resize(std::min(more.size(), asked));
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  std::string check(std::uint64_t number) override {
    if (zones_.empty()) {
      zones_ = all_zones();
      std::string error;
      program_ = compile(catalog_text(), {{"quiet.polku", rules_text()}}, error);
      if (!program_.pack) return error;
    }
    if (print) print_case(catalog_text(), {{"quiet.polku", rules_text()}}, "");
    if (!program_.pack || number / 1000 >= zones_.size()) return "there is no such zone";
    const std::string& zone = zones_[number / 1000];
    if (!base::Zone::find(zone)) return "there is no zone " + zone + " for the engine";
    met_.insert(zone);
    const Clock clock(zone);
    const std::vector<Millis> changes = clock.changes();
    ++tally[changes.empty() ? "zones without a clock change" : "clock changes"];
    const Millis change = changes.empty() ? 20254 * kDay : changes.at(number % 1000);  // else 15 June 2025
    const std::vector<Millis> times = moments(clock, change, !changes.empty());

    std::map<std::string, std::vector<Millis>> events;  // by visitor: one with all, others with one each
    events["all"] = times;
    for (std::size_t i = 0; i < times.size(); i += 8) events["one " + std::to_string(i)] = {times[i]};
    const Millis end = times.back() + 4 * kDay;
    Log log;
    std::uint64_t records = 0;
    for (const auto& [visitor, all] : events) {
      history::Event zoned;
      zoned.at = all.front();
      zoned.changes = {{program_.plan().catalog.visitor_zone(), program_.texts->intern(zone)}};
      zoned.identity = ++records;
      log.push_back({visitor, zoned});
      for (const Millis at : all) {
        history::Event e;
        e.at = at;
        e.type = 0;
        e.identity = ++records;
        log.push_back({visitor, e});
      }
    }
    std::map<std::pair<std::string, std::string>, std::vector<history::Decision>> made;
    for (history::Decision& d : decide(program_, log, {}, end)) {
      auto& list = made[{d.visitor, d.journey}];
      list.push_back(std::move(d));
    }
    for (const auto& [visitor, all] : events)
      for (const Rule& rule : rules())
        if (std::string fault = compare(clock, rule, made[{visitor, rule.name}], expected(clock, rule, all, end)); !fault.empty())
          return "  " + zone + ", clock change at " + base::format_instant(change) + ", rule " + rule.name + ", visitor " + visitor + ":\n" + fault;
    return {};
  }

  std::string too_little(std::size_t cases) const override {
    if (cases < 500) return {};
    if (met_.size() < 400) return "there are only " + std::to_string(met_.size()) + " zones on this machine (package tzdata)";
    if (met("judged at the opening") == 0 || met("gave way to a new firing") == 0 || met("waiting again") == 0) return "hardly anything waited";
    return met("in the hour that comes twice, after quiet hours that ended in it") == 0 ? "no quiet hours ended in an hour that comes twice" : "";
  }

 private:
  // Every hour of two days, every ten minutes around the change, and to the millisecond at the edges of quiet hours.
  static std::vector<Millis> moments(const Clock& clock, Millis change, bool changes) {
    std::set<Millis> out;
    for (Millis t = change - 26 * kHour; t <= change + 16 * kHour; t += kHour) out.insert(t + 7 * kMinute);
    for (Millis t = change - 2 * kHour; changes && t <= change + 2 * kHour; t += 10 * kMinute) out.insert({t - 1, t, t + 1});
    const Millis today = day_of(clock.to_local(change));
    for (const Rule& r : rules())
      for (const Hours& h : r.quiet)
        for (Millis day = today - (changes ? 1 : 0); day <= today; ++day)
          for (const Millis of_day : {h.from, h.to})
            for (const Millis off : {-1, 0, 1}) out.insert(clock.first(day * kDay + of_day) + off);
    return {out.begin(), out.end()};
  }

  std::string compare(const Clock& clock, const Rule& rule, const std::vector<history::Decision>& made, const std::vector<Expected>& wanted) {
    std::map<std::size_t, std::string> ids;
    std::set<std::string> distinct;
    for (std::size_t i = 0; i < std::max(made.size(), wanted.size()); ++i) {
      if (i >= made.size()) return "    missing: " + std::string(history::outcome_name(wanted[i].outcome)) + " at " + base::format_instant(wanted[i].at);
      const history::Decision& d = made[i];
      const auto what = [&] { return "    " + line(d); };
      if (i >= wanted.size()) return what() + " is one too many";
      const Expected& e = wanted[i];
      // The plain sense of it, without intervals: on the clock the visitor sees it is not quiet; where that clock goes through an hour for the second time,
      // quiet hours that end in it have ended the first time (reading 54).
      if (d.outcome == Outcome::acted)
        for (const Hours& h : rule.quiet) {
          const Millis local = clock.to_local(d.at), of_day = local - day_of(local) * kDay;
          const bool quiet = h.from < h.to ? h.from <= of_day && of_day < h.to : of_day >= h.from || of_day < h.to;
          if (quiet && clock.first(local) == d.at) return what() + " acted in quiet hours";
          if (quiet) ++tally["in the hour that comes twice, after quiet hours that ended in it"];
        }
      Millis opens = 0;
      for (const history::Reason& r : d.because)
        for (const history::Seen& s : r.saw)
          if (s.name == "opens") opens = s.value.value;
      if (d.at != e.at || d.outcome != e.outcome || (e.outcome == Outcome::waiting && opens != e.opens))
        return what() + "\n    should be " + std::string(history::outcome_name(e.outcome)) + " at " + base::format_instant(e.at) +
               (e.outcome == Outcome::waiting ? " until " + base::format_instant(e.opens) : "");
      const auto [known, fresh] = ids.emplace(e.start, d.id);
      if (fresh != distinct.insert(d.id).second || known->second != d.id) return what() + " has the id of another firing";
      if (!fresh) ++tally[e.outcome == Outcome::waiting ? "waiting again" : "judged at the opening"];
      else if (i > 0 && wanted[i - 1].outcome == Outcome::waiting && wanted[i - 1].start != e.start) ++tally["gave way to a new firing"];
      ++tally["outcome " + std::string(history::outcome_name(e.outcome))];
    }
    return {};
  }

  std::vector<std::string> zones_;
  std::set<std::string> met_;
  Program program_;
};

}  // namespace

std::unique_ptr<Property> quiet_hours() { return std::make_unique<QuietHours>(); }

}  // namespace polku::property
