#include "tests/differential/generate.h"

#include <algorithm>

#include "tests/differential/expressions.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

struct Draft {
  RuleName name;
  std::string action;             // `send "t" by ch` or `show "t" in ch.slot`
  const Template* template_ = nullptr;
  std::size_t rank = 0;           // an immediate `R sent` may only name rules of a lower rank
};

struct JourneyDraft {
  std::string name;
  std::vector<Draft> rules;
};

class PackMaker {
 public:
  PackMaker(std::uint64_t seed, Pack& pack) : random_(seed), pack_(pack), expressions_(pack.world, random_, pack.tally) {}

  void make() {
    pack_.world = make_world(random_, pack_.tally);
    derive_attributes();
    draft_journeys();
    std::vector<std::string> blocks;
    segments_ = random_.below(4);
    for (std::size_t i = 0; i < segments_; ++i) blocks.push_back(segment(i));
    random_.shuffle(blocks);
    const std::size_t first_journey = blocks.size();
    for (const JourneyDraft& j : journeys_) blocks.push_back(journey(j));
    if (random_.percent(40)) blocks.push_back(test());
    if (random_.percent(30)) std::rotate(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(first_journey), blocks.end());

    const std::size_t files = 1 + random_.below(3);
    for (std::size_t i = 0; i < files; ++i) pack_.files.push_back({std::string(1, static_cast<char>('a' + i)) + ".polku", {}});
    for (std::size_t i = 0; i < blocks.size(); ++i) pack_.files[i * files / blocks.size()].text += blocks[i] + "\n";
    pack_.catalog = print_catalog(pack_.world, random_);
    if (pack_.starts.empty()) pack_.starts.push_back(0);
  }

 private:
  Tally& tally() { return pack_.tally; }
  World& world() { return pack_.world; }

  void derive_attributes() {
    for (std::size_t i = 0, n = random_.below(4); i < n; ++i) {
      Type type{random_.of({TypeKind::YesNo, TypeKind::Whole, TypeKind::Number, TypeKind::Money, TypeKind::Text, TypeKind::Duration, TypeKind::Time,
                            TypeKind::Date, TypeKind::TextList, TypeKind::OneOf, TypeKind::Percent}), -1};
      if (type.kind == TypeKind::OneOf) type.list = static_cast<int>(random_.below(world().lists.size()));
      Attribute a{"derived.d" + std::to_string(i + 1), type, catalog::Presence::Derived, {}, {}};
      const Scope scope{.journey = {}};
      if (random_.percent(65)) {
        a.value = expressions_.last_of(scope, type);
        if (!a.value.empty() && random_.percent(60)) {
          std::vector<std::string> all;
          for (const Event& e : world().events) all.push_back(e.name);
          random_.shuffle(all);
          all.resize(1 + random_.below(std::min<std::size_t>(2, all.size())));
          a.until = all;
          ++tally()["derived attribute with until"];
        }
      }
      if (a.value.empty()) a.value = type.kind == TypeKind::YesNo ? expressions_.condition(scope, 2) : expressions_.value(scope, type, 2);
      if (a.value.empty()) continue;
      ++tally()["derived attribute"];
      world().attributes.push_back(std::move(a));
    }
  }

  void draft_journeys() {
    static const std::vector<std::string> names = {"Unfinished booking", "Wecker-Ü \"1\"", "Leaving", "Zwei", "j5"};
    const std::size_t journeys = 1 + random_.below(3);
    std::vector<Draft*> all;
    for (std::size_t j = 0; j < journeys; ++j) {
      journeys_.push_back({names[j], {}});
      for (std::size_t r = 0, rules = 1 + random_.below(4); r < rules; ++r) {
        Draft d{.name = {names[j], "r" + std::to_string(r + 1), true}, .action = {}};
        d.template_ = &random_.of(world().templates);
        const Channel& channel = world().channels[static_cast<std::size_t>(random_.of(d.template_->by))];
        d.name.sends = channel.slots.empty();
        ++tally()[d.name.sends ? "do send" : "do show"];
        d.action = d.name.sends ? "send " + quoted(d.template_->name) + " by " + channel.name
                                : "show " + quoted(d.template_->name) + " in " + channel.name + "." + random_.of(channel.slots);
        journeys_.back().rules.push_back(std::move(d));
      }
    }
    for (JourneyDraft& j : journeys_)
      for (Draft& d : j.rules) all.push_back(&d);
    random_.shuffle(all);
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i]->rank = i;
      ranked_.push_back(all[i]->name);
    }
  }

  std::string segment(std::size_t index) {
    ++tally()["segment"];
    const Scope scope{.journey = {}, .segments = index, .rules = &ranked_};
    return "segment s" + std::to_string(index + 1) + "\n  is " + expressions_.condition(scope, 2) + "\nend\n";
  }

  std::string limit(bool messages) {
    ++tally()[messages ? "limit messages" : "limit shows"];
    const int n = random_.of({1, 1, 1, 2, 2, 3, 5});
    const char* unit = !messages ? " shows in " : n == 1 && random_.percent(50) ? " message in " : " messages in ";
    return "limit " + std::to_string(n) + unit + expressions_.length(world().history);
  }

  // Clauses that a journey and a rule may both have.
  std::vector<std::string> common(const Scope& scope, bool sends, bool of_journey) {
    std::vector<std::string> out;
    const std::size_t conditions = of_journey ? random_.weighted({72, 22, 6}) : random_.weighted({42, 32, 18, 8});
    for (std::size_t i = 0; i < conditions; ++i) {
      const bool only = random_.percent(65);
      ++tally()[only ? "only if" : "not if"];
      std::string test = expressions_.condition(scope, random_.between(0, 3));
      const std::size_t break_at = random_.percent(20) ? test.find(" and ") : std::string::npos;
      if (break_at != std::string::npos && std::count(test.begin(), test.begin() + static_cast<std::ptrdiff_t>(break_at), '"') % 2 == 0) {
        ++tally()["clause over two lines, with a comment"];
        test.replace(break_at, 1, "   # so far\n        ");
      }
      out.push_back((only ? "only if " : "not if  ") + test);
    }
    for (std::size_t i = 0, n = random_.weighted(of_journey ? std::vector<int>{75, 22, 3} : std::vector<int>{78, 18, 4}); i < n; ++i) {
      if (of_journey) ++tally()["limit of a journey"];
      // A journey may limit what only some of its rules do.
      out.push_back(limit(of_journey && random_.percent(15) ? !sends : sends));
    }
    if (random_.percent(of_journey ? 15 : 35)) {
      ++tally()["priority"];
      out.push_back("priority " + std::to_string(random_.of({-1, 1, 1, 5, 5, 90})));
    }
    if (random_.percent(15)) {
      ++tally()["owner"];
      out.push_back("owner   \"someone@example.org\"");
    }
    random_.shuffle(out);
    return out;
  }

  std::string then_clause(int start) {
    if (random_.percent(38)) {
      ++tally()["then wait"];
      return "then wait " + expressions_.length(world().history);
    }
    ++tally()["then no"];
    std::string text = "then no ";
    const std::size_t stops = 1 + random_.below(3);
    for (std::size_t i = 0; i < stops; ++i) {
      int event = static_cast<int>(random_.below(world().events.size()));
      if (start >= 0 && random_.percent(30)) {
        event = start;
        ++tally()["then no: what starts also stops"];
      }
      text += (i == 0 ? "" : ", ") + expressions_.occurrence(event, 1, 30);
    }
    if (stops > 1) ++tally()["then no: several stops"];
    if (!ranked_.empty() && random_.percent(10)) {
      ++tally()["then no: a decision stops"];
      text += ", " + expressions_.rule_verb({.journey = journey_name_}, random_.of(ranked_));
    }
    return text + " for " + expressions_.length(world().history);
  }

  std::string parameters(const Scope& scope, const Template& t) {
    std::string text;
    for (const Field& p : t.params) {
      if (p.optional && random_.percent(40)) continue;
      // Half of them are simple, else too many firings end in `unknown`.
      std::string value = expressions_.value(scope, p.type, random_.of({0, 0, 1, 2}));
      if (value.empty()) continue;
      text += (text.empty() ? " with " : ", ") + p.name + " = " + value;
      ++tally()["parameter"];
    }
    return text;
  }

  std::string rule(const Draft& d) {
    std::vector<RuleName> below(ranked_.begin(), ranked_.begin() + static_cast<std::ptrdiff_t>(d.rank));
    Scope scope{.journey = d.name.journey, .segments = segments_, .rules = &ranked_};
    const bool then = random_.percent(50);
    std::string when;
    const std::vector<RuleName>& can_start = then ? ranked_ : below;
    if (!can_start.empty() && random_.percent(30)) {
      const RuleName& from = random_.of(can_start);
      when = expressions_.rule_verb(scope, from);
      ++tally()[then ? "when R sent, then" : "when R sent, at once"];
      if (from.journey == d.name.journey && from.rule == d.name.rule) ++tally()["when R sent: from itself"];
    } else {
      scope.trigger = static_cast<int>(random_.below(world().events.size()));
      if (!pack_.starts.empty() && random_.percent(40)) scope.trigger = random_.of(pack_.starts);  // several rules start from one event
      pack_.starts.push_back(scope.trigger);
      ++tally()["when E"];
      when = expressions_.occurrence(scope.trigger, 1, 30);
    }
    std::string out = "  rule " + d.name.rule + "\n    when    " + when + "\n";
    if (then) out += "    " + then_clause(scope.trigger) + "\n";
    for (const std::string& clause : common(scope, d.name.sends, false)) out += "    " + clause + "\n";
    return out + "    do " + d.action + parameters(scope, *d.template_) + "\n";
  }

  std::string journey(const JourneyDraft& j) {
    journey_name_ = j.name;
    ++tally()["journey"];
    std::string out = "journey " + quoted(j.name);
    if (random_.percent(40)) {
      ++tally()["version"];
      out += " version " + std::to_string(random_.between(1, 9));
    }
    out += "\n";
    const Scope scope{.journey = j.name, .segments = segments_, .rules = &ranked_};
    for (const std::string& clause : common(scope, j.rules.front().name.sends, true)) out += "  " + clause + "\n";
    for (const Draft& d : j.rules) out += "\n" + rule(d);
    return out + "end\n";
  }

  // Not run here, but read and checked by the compiler.
  std::string test() {
    ++tally()["test"];
    std::string out = "test \"one of many\"\n";
    const auto bindings = [&](const auto& list, auto usable) {
      std::string text;
      for (const auto& f : list) {
        if (!usable(f) || !has_literal(f.type.kind) || random_.percent(40)) continue;
        text += (text.empty() ? " " : ", ") + f.name + " = " + rule_literal(world(), random_, draw(world(), random_, f.type, false));
      }
      return text;
    };
    const auto settable = [](const Attribute& a) { return a.presence != catalog::Presence::Derived && a.name.find(' ') == std::string::npos; };
    out += "  visitor consent.c1 = " + std::string(random_.of({"given", "missing"}));
    const std::string more = bindings(world().attributes, settable);
    out += (more.empty() ? "" : ",") + more + "\n";
    const Event& e = random_.of(world().events);
    out += "  at 10:00 " + e.name + bindings(e.fields, [](const Field&) { return true; }) + "\n";
    if (random_.percent(50)) out += "  day 2 at 09:30 visitor consent.c1 = given\n";
    const Draft& d = random_.of(random_.of(journeys_).rules);
    out += "  day 3 at 11:00 expect " + d.action + "\n";
    if (random_.percent(50)) out += "  day 3 at 11:00 expect nothing because over_limit\n";
    out += "  day 3 until 12:00 expect nothing\n";
    return out + "end\n";
  }

  Random random_;
  Pack& pack_;
  Expressions expressions_;
  std::vector<JourneyDraft> journeys_;
  std::vector<RuleName> ranked_;  // all rules, by rank
  std::size_t segments_ = 0;
  std::string journey_name_;
};

}  // namespace

Pack make_pack(std::uint64_t seed) {
  Pack pack;
  PackMaker(seed, pack).make();
  return pack;
}

}  // namespace polku::differential
