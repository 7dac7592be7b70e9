#include "tests/differential/generate.h"

#include <algorithm>
#include <utility>

#include "tests/differential/maker.h"
#include "tests/differential/values.h"

namespace polku::differential {

namespace {

void add(Units& units, const DoDraft& acts) {
  for (const ActDraft& a : acts) {
    if (a.kind == ActionKind::Send && !a.template_->service) units.messages = true;
    if (a.kind == ActionKind::Show) units.shows = true;
    if (a.kind == ActionKind::Task) units.tasks = true;
  }
}

}  // namespace

std::string PackMaker::slot_path(int channel, int slot) const {
  const Channel& c = pack_.world.channels[static_cast<std::size_t>(channel)];
  return c.name + "." + c.slots[static_cast<std::size_t>(slot)];
}

void PackMaker::make() {
  pack_.world = make_world(random_, pack_.tally);
  draft();
  draft_segments();
  derive_attributes();
  std::vector<std::string> blocks;
  for (std::size_t i = 0; i < segments_.size(); ++i) blocks.push_back(segment(i));
  random_.shuffle(blocks);
  const std::size_t first_journey = blocks.size();
  for (const JourneyDraft& j : journeys_) blocks.push_back(journey(j));
  for (std::size_t i = 0, n = random_.weighted({65, 25, 10}); i < n; ++i) blocks.push_back(guarantee(i));
  if (random_.percent(40)) blocks.push_back(test());
  if (random_.percent(30)) std::rotate(blocks.begin(), blocks.begin() + static_cast<std::ptrdiff_t>(first_journey), blocks.end());

  const std::size_t files = 1 + random_.below(3);
  for (std::size_t i = 0; i < files; ++i) pack_.files.push_back({std::string(1, static_cast<char>('a' + i)) + ".polku", {}});
  for (std::size_t i = 0; i < blocks.size(); ++i) pack_.files[i * files / blocks.size()].text += blocks[i] + "\n";
  pack_.catalog = print_catalog(pack_.world, random_);
  if (pack_.starts.empty()) pack_.starts.push_back(0);
}

void PackMaker::draft_rule(RuleDraft& d) {
  const bool slots = can_show_;
  static const std::vector<StartKind> kinds = {StartKind::Event, StartKind::Count, StartKind::Order, StartKind::Member, StartKind::Asked, StartKind::Daily, StartKind::Yearly};
  d.start = kinds[random_.weighted({50, 12, 12, 10, slots ? 10 : 0, 4, 3})];
  if (d.plain && d.start != StartKind::Asked) d.start = StartKind::Event;
  const bool schedule = d.start == StartKind::Daily || d.start == StartKind::Yearly;
  if (d.start == StartKind::Asked) {
    std::vector<int> with_slots;
    for (std::size_t c = 0; c < world().channels.size(); ++c)
      if (!world().channels[c].slots.empty()) with_slots.push_back(static_cast<int>(c));
    d.channel = random_.of(with_slots);
    d.slot = static_cast<int>(random_.below(channel(d.channel).slots.size()));
  }
  d.then = !schedule && d.start != StartKind::Asked && random_.percent(42);
  draft_actions(d);
  for (const DoDraft& row : d.rows) add(d.units, row);
}

void PackMaker::draft() {
  for (const Template& t : world().templates)
    for (int c : t.by) (channel(c).slots.empty() ? can_send_ : can_show_) = true;
  static const std::vector<std::string> names = {"Unfinished booking", "Wecker-Ü \"1\"", "Leaving", "Zwei", "j5"};
  const std::size_t journeys = 1 + random_.below(3);
  bool plain = random_.percent(75);  // the first rule, if it is
  std::vector<RuleDraft*> all;
  for (std::size_t j = 0; j < journeys; ++j) {
    journeys_.push_back({names[j], plain, {}, {}, {}});
    JourneyDraft& journey = journeys_.back();
    for (std::size_t r = 0, rules = random_.of<std::size_t>({1, 1, 2, 2, 3, 4}); r < rules; ++r) {
      RuleDraft d{.name = {names[j], "r" + std::to_string(r + 1), true}, .rows = {}, .held = {}, .units = {}, .limits = {}};
      d.plain = std::exchange(plain, false);
      draft_rule(d);
      d.limits = draft_limits(d.units, false);
      journey.units.add(d.units);
      journey.rules.push_back(std::move(d));
    }
    journey.limits = draft_limits(journey.units, true);
  }
  for (JourneyDraft& j : journeys_)
    for (RuleDraft& d : j.rules) all.push_back(&d);
  random_.shuffle(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i]->rank = i;
    ranked_.push_back(all[i]->name);
  }
}

void PackMaker::draft_segments() {
  for (std::size_t i = 0, n = random_.below(4); i < n; ++i) {
    const bool first = i == 0 && random_.percent(70);  // one that any rule may enter or leave
    const std::size_t visible = first ? 0 : random_.of({std::size_t{0}, random_.below(ranked_.size() + 1), ranked_.size()});
    segments_.push_back({!first && random_.percent(50), visible});
  }
}

void PackMaker::derive_attributes() {
  for (std::size_t i = 0, n = random_.below(4); i < n; ++i) {
    Type type{random_.of({TypeKind::YesNo, TypeKind::Whole, TypeKind::Number, TypeKind::Money, TypeKind::Text, TypeKind::Duration, TypeKind::Time,
                          TypeKind::Date, TypeKind::TextList, TypeKind::OneOf, TypeKind::Percent}), -1};
    if (type.kind == TypeKind::OneOf) type.list = static_cast<int>(random_.below(world().lists.size()));
    Attribute a{"derived.d" + std::to_string(i + 1), type, catalog::Presence::Derived, {}, {}};
    if (random_.percent(65)) {
      a.value = expressions_.last_of(type, random_.percent(15));
      if (a.value.starts_with("last ") && random_.percent(60)) {
        std::vector<std::string> all;
        for (const Event& e : world().events) all.push_back(e.name);
        random_.shuffle(all);
        all.resize(1 + random_.below(std::min<std::size_t>(2, all.size())));
        a.until = all;
        ++tally()["derived attribute with until"];
      }
    }
    if (a.value.empty()) {
      a.now = random_.percent(40), a.rules = random_.percent(25);
      const Scope scope{.triggers = {}, .journey = {}, .segments = {}, .now = a.now, .rules = &ranked_, .visible = a.rules ? ranked_.size() : 0};
      a.value = type.kind == TypeKind::YesNo ? expressions_.condition(scope, 2) : expressions_.value(scope, type, 2);
    }
    if (a.value.empty()) continue;
    ++tally()["derived attribute"];
    world().attributes.push_back(std::move(a));
  }
}

Scope PackMaker::rule_scope(const std::string& journey) {
  Scope scope{.triggers = {}, .journey = journey, .segments = {}, .before_this = true, .rules = &ranked_, .visible = ranked_.size()};
  for (std::size_t i = 0; i < segments_.size(); ++i) scope.segments.push_back(static_cast<int>(i));
  return scope;
}

std::string PackMaker::segment(std::size_t index) {
  ++tally()["segment"];
  const SegmentDraft& d = segments_[index];
  Scope scope{.triggers = {}, .journey = {}, .segments = {}, .now = d.now, .rules = &ranked_, .visible = d.visible};
  for (std::size_t i = 0; i < index; ++i)
    if ((d.now || !segments_[i].now) && segments_[i].visible <= d.visible) scope.segments.push_back(static_cast<int>(i));
  const std::string head = "segment s" + std::to_string(index + 1) + "\n  is ";
  if (!d.now && random_.percent(40)) {  // one whose members come and go with the time
    scope.calendar = random_.percent(60);
    return head + expressions_.counted(scope) + "\nend\n";
  }
  return head + expressions_.condition(scope, d.now ? 2 : random_.between(0, 2)) + "\nend\n";
}

std::string PackMaker::rule(const RuleDraft& d) {
  Scope scope = rule_scope(d.name.journey);
  std::string out = "  rule " + d.name.rule + "\n    when    " + when(d, scope) + "\n";
  if (d.then) out += "    " + then_clause(scope) + "\n";
  for (const std::string& clause : common(scope, d.units, d.limits, false, d.plain)) out += "    " + clause + "\n";
  return out + "    do " + action(d, scope) + "\n";
}

std::string PackMaker::journey(const JourneyDraft& j) {
  ++tally()["journey"];
  std::string out = "journey " + quoted(j.name);
  if (random_.percent(40)) {
    ++tally()["version"];
    out += " version " + std::to_string(random_.between(1, 9));
  }
  out += "\n";
  std::vector<std::string> clauses = common(rule_scope(j.name), j.units, j.limits, true, j.plain);
  for (std::string& clause : of_journey(j)) clauses.push_back(std::move(clause));
  random_.shuffle(clauses);
  for (const std::string& clause : clauses) out += "  " + clause + "\n";
  for (const RuleDraft& d : j.rules) out += "\n" + rule(d);
  return out + "end\n";
}

std::string PackMaker::guarantee(std::size_t index) {
  std::string out = "guarantee " + quoted("g" + std::to_string(index + 1)) + "\n  ";
  Units units;
  for (const JourneyDraft& j : journeys_) units.add(j.units);
  if (random_.percent(40) && (units.messages || units.shows)) {
    const bool messages = units.messages && (!units.shows || random_.percent(65));
    ++tally()[messages ? "guarantee: at most messages" : "guarantee: at most shows"];
    return out + "at most " + std::to_string(random_.between(1, 6)) + (messages ? " messages in " : " shows in ") + random_length() + "\nend\n";
  }
  std::vector<std::string> open, slotted;
  for (const Channel& c : world().channels) (c.slots.empty() ? open : slotted).push_back(c.name);
  const bool send = !open.empty() && (slotted.empty() || random_.percent(65));
  ++tally()[send ? "guarantee: never send" : "guarantee: never show"];
  out += send ? "never send" : "never show";
  std::vector<std::string>& channels = send ? open : slotted;
  if (random_.percent(45)) {
    random_.shuffle(channels);
    channels.resize(1 + random_.below(channels.size()));
    for (std::size_t i = 0; i < channels.size(); ++i) out += (i == 0 ? " by " : ", ") + channels[i];
    ++tally()["guarantee: by channels"];
  }
  Scope scope = rule_scope({});
  scope.before_this = false;
  return out + " unless " + (random_.percent(45) ? "consent.c1 is given" : expressions_.condition(scope, random_.between(0, 2))) + "\nend\n";
}

// Not run here, but read and checked by the compiler.
std::string PackMaker::test() {
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
  for (const Channel& c : world().channels)
    if (!c.slots.empty()) {
      out += "  day 2 at 10:00 asked for " + c.name + "." + c.slots.front() + "\n";
      break;
    }
  const RuleDraft& d = random_.of(random_.of(journeys_).rules);
  for (const DoDraft& row : d.rows)
    for (const ActDraft& a : row) {
      if (a.kind == ActionKind::Send) out += "  day 3 at 11:00 expect send " + quoted(a.template_->name) + (random_.percent(50) ? " by " + channel(a.channels[0]).name : "") + "\n";
      if (a.kind == ActionKind::Show) out += "  day 3 at 11:00 expect show " + quoted(a.template_->name) + " in " + slot_path(a.channels[0], a.slot) + "\n";
      if (a.kind == ActionKind::Task) out += "  day 3 at 11:00 expect raise task " + quoted(a.task->name) + "\n";
    }
  if (random_.percent(50)) out += "  day 3 at 11:00 expect nothing because " + std::string(random_.of({"over_limit", "held_out", "waiting", "unknown"})) + "\n";
  out += "  day 3 until 12:00 expect nothing\n";
  return out + "end\n";
}

Pack make_pack(std::uint64_t seed) {
  Pack pack;
  PackMaker(seed, pack).make();
  return pack;
}

}  // namespace polku::differential
