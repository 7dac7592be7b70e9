// What a rule does: acts, tables, parameters.
#include <algorithm>

#include "tests/differential/maker.h"
#include "tests/differential/values.h"

namespace polku::differential {

bool PackMaker::draft_send(ActDraft& a) {
  a.kind = ActionKind::Send;
  std::vector<const Template*> fitting;
  for (const Template& t : world().templates)
    if (std::any_of(t.by.begin(), t.by.end(), [&](int c) { return channel(c).slots.empty(); })) fitting.push_back(&t);
  if (fitting.empty()) return false;
  a.template_ = random_.of(fitting);
  for (int c : a.template_->by)
    if (channel(c).slots.empty()) a.channels.push_back(c);
  random_.shuffle(a.channels);
  // Several of them: `best of`.
  a.channels.resize(a.channels.size() > 1 && random_.percent(30) ? 2 + random_.below(a.channels.size() - 1) : 1);
  return true;
}

bool PackMaker::draft_show(ActDraft& a, const RuleDraft& d) {
  a.kind = ActionKind::Show;
  std::vector<std::pair<const Template*, int>> fitting;
  for (const Template& t : world().templates)
    for (int c : t.by)
      if (!channel(c).slots.empty() && (d.channel < 0 || d.channel == c)) fitting.push_back({&t, c});
  if (fitting.empty()) return false;
  const auto& [t, c] = random_.of(fitting);
  a.template_ = t;
  a.channels = {c};
  a.slot = d.slot >= 0 ? d.slot : static_cast<int>(random_.below(channel(c).slots.size()));
  return true;
}

// One way to act: of a rule that shows, one show and no send; else no show. `split` comes with another act.
DoDraft PackMaker::draft_do(const RuleDraft& d) {
  DoDraft acts;
  ActDraft first;
  const std::size_t how = d.shows() ? 0 : random_.weighted({76, 18, 6});
  if (d.shows() ? draft_show(first, d) : how == 0 && draft_send(first)) {
  } else if (how == 2) {
    first.kind = ActionKind::Suppress;
  } else {
    first = {.kind = ActionKind::Task, .task = &random_.of(world().tasks), .channels = {}};
  }
  acts.push_back(first);
  for (std::size_t more = random_.weighted({70, 21, 9}); more > 0; --more) {
    ActDraft a;
    switch (random_.weighted({d.shows() ? 0 : 30, 25, 22, 23})) {
      case 0:
        if (!draft_send(a)) continue;
        // One channel, one message; that `best of` may choose the same is allowed.
        if (std::any_of(acts.begin(), acts.end(), [&](const ActDraft& b) { return b.channels.size() == 1 && b.channels == a.channels; })) continue;
        break;
      case 1: a.kind = ActionKind::Task; a.task = &random_.of(world().tasks); break;
      case 2: a.kind = ActionKind::Suppress; break;
      default:
        if (std::any_of(acts.begin(), acts.end(), [](const ActDraft& b) { return b.kind == ActionKind::Split; })) continue;
        a.kind = ActionKind::Split;
        break;
    }
    acts.push_back(a);
  }
  random_.shuffle(acts);
  return acts;
}

void PackMaker::draft_actions(RuleDraft& d) {
  ActDraft probe;
  d.name.sends = !can_show_ || (d.start != StartKind::Asked && random_.percent(can_send_ ? 72 : 25));
  if (!d.name.sends && !draft_show(probe, d)) {  // no template for that channel
    d.name.sends = true;
    if (d.start == StartKind::Asked) d.start = StartKind::Event, d.channel = d.slot = -1;  // what is asked for a slot shows there
  }
  d.table = random_.percent(16);
  const std::size_t rows = d.table ? random_.of<std::size_t>({1, 2, 2, 3, 3, 4, 17}) : 1;
  for (std::size_t i = 0; i < rows; ++i) d.rows.push_back(d.table && random_.percent(12) ? DoDraft{} : draft_do(d));
  if (std::all_of(d.rows.begin(), d.rows.end(), [](const DoDraft& row) { return row.empty(); })) d.rows.front() = draft_do(d);
  if (d.shows() && d.start != StartKind::Asked && random_.percent(75)) d.held = " for " + random_length();
}

std::string PackMaker::parameters(const Scope& scope, const std::vector<Field>& params) {
  std::string text;
  for (const Field& p : params) {
    if (p.optional && random_.percent(40)) continue;
    // Most of them are simple, else too many firings end in `unknown`.
    const std::string value = random_.percent(45) && has_literal(p.type.kind) ? expressions_.constant(p.type).text : expressions_.value(scope, p.type, random_.of({0, 0, 0, 1, 2}));
    if (value.empty()) continue;
    text += (text.empty() ? " with " : ", ") + p.name + " = " + value;
    ++tally()["parameter"];
  }
  return text;
}

std::string PackMaker::split() {
  static const std::vector<std::string> names = {"subject", "Betreff \"Ü\"", "s"};
  ++tally()["split"];
  std::string text = "split " + quoted(random_.of(names)) + ": ";
  const std::vector<std::vector<int>> shares = {{5000, 5000}, {1, 9999}, {3333, 3333, 3334}, {2500, 1250, 6250}, {9000, 1000}};
  const std::vector<int>& all = random_.of(shares);
  for (std::size_t i = 0; i < all.size(); ++i) text += (i == 0 ? "" : ", ") + share_words(all[i]) + " " + std::string(1, static_cast<char>('a' + i));
  return text;
}

std::string PackMaker::act(const ActDraft& a, const RuleDraft& d, const Scope& scope) {
  switch (a.kind) {
    case ActionKind::Send: {
      const bool best = a.channels.size() > 1;
      ++tally()[best ? "do send by best of" : "do send"];
      pack_.best_of |= best;
      if (a.template_->service) ++tally()["do send of a service template"];
      std::string text = "send " + quoted(a.template_->name) + (best ? " by best of " : " by ");
      for (std::size_t i = 0; i < a.channels.size(); ++i) text += (i == 0 ? "" : ", ") + channel(a.channels[i]).name;
      return text + parameters(scope, a.template_->params);
    }
    case ActionKind::Show:
      if (d.held.empty()) world().lengths.push_back(30 * kMinute);
      ++tally()[d.start == StartKind::Asked ? "do show, asked for" : d.held.empty() ? "do show" : "do show for D"];
      return "show " + quoted(a.template_->name) + " in " + slot_path(a.channels[0], a.slot) + d.held + parameters(scope, a.template_->params);
    case ActionKind::Task:
      ++tally()["do raise task"];
      return "raise task " + quoted(a.task->name) + parameters(scope, a.task->params);
    case ActionKind::Suppress: {
      const bool group = !groups_.empty() && random_.percent(40);
      const std::string what = group ? random_.of(groups_) : random_.of(journeys_).name;
      if (std::find(suppressed_.begin(), suppressed_.end(), what) != suppressed_.end()) return {};  // each once
      suppressed_.push_back(what);
      ++tally()[group ? "do suppress a group" : "do suppress a journey"];
      return "suppress " + quoted(what) + " for " + random_length();
    }
    case ActionKind::Split: return split();
  }
  return {};
}

std::string PackMaker::acts(const DoDraft& acts, const RuleDraft& d, const Scope& scope, const char* between) {
  suppressed_.clear();
  std::string text;
  for (const ActDraft& a : acts)
    if (const std::string one = act(a, d, scope); !one.empty()) text += (text.empty() ? "" : between) + one;
  return text;
}

std::string PackMaker::cell(const Scope& scope, Type type, bool count) {
  switch (random_.weighted({30, 7, 7, 30, 18, 8})) {
    case 0: break;
    case 1: ++tally()["cell missing"]; return "missing";
    case 2: ++tally()["cell given"]; return "given";
    case 3:
    case 4:
      if (type == kTime && random_.percent(60)) {
        ++tally()["cell: a time and a date"];
        const std::string sign = expressions_.sign(kTime);
        return sign + " " + expressions_.constant(kDate).text;
      }
      if (!has_literal(type.kind)) break;
      if (type == kTextList || type == kConsent) break;
      if (random_.percent(40)) {
        ++tally()["cell: a value"];
        return expressions_.constant(type).text;
      }
      {
        const bool computed = !count && random_.percent(20) && type.kind != TypeKind::OneOf;
        const std::string sign = expressions_.sign(type);
        ++tally()[computed ? "cell: compared with what is looked up" : "cell: compared"];
        const Written value = computed ? expressions_.looked_up(scope, type, 0) : expressions_.constant(type);
        return value.text.empty() || (value.count && type == kNumber) ? "-" : sign + " " + value.text;
      }
    default: {
      if (!has_literal(type.kind) || type == kYesNo || type == kTextList) break;
      ++tally()["cell one of"];
      std::string text = "one of [" + expressions_.constant(type).text;
      for (std::size_t i = random_.below(3); i > 0; --i) text += ", " + expressions_.constant(type).text;
      return text + "]";
    }
  }
  ++tally()["cell -"];
  return "-";
}

std::string PackMaker::table(const RuleDraft& d, const Scope& scope) {
  struct Column { Type type; Written value; };
  std::vector<Column> columns;
  for (std::size_t i = random_.of<std::size_t>({1, 1, 2, 2, 3}); i > 0; --i) {
    const Type type = random_.percent(8) ? random_.of({kTextList, kConsent}) : expressions_.comparable(scope);
    Written value = type == kConsent ? Written{expressions_.path("consent.c1")} : expressions_.looked_up(scope, type, random_.of({0, 0, 1}));
    if (value.text.empty() || (type == kNumber && value.count)) continue;
    ++tally()["column of " + std::string(catalog::kind_name(type.kind))];
    columns.push_back({type, std::move(value)});
  }
  if (columns.empty()) columns.push_back({kWhole, {.text = "number of " + world().events[0].name + " ever", .count = true}});
  ++tally()["do choose"];
  std::string text = "choose\n       |";
  for (const Column& c : columns) text += " " + c.value.text + " |";
  text += " do |\n";
  for (std::size_t r = 0; r < d.rows.size(); ++r) {
    const bool rest = r + 1 == d.rows.size() && random_.percent(60);
    text += "       |";
    for (const Column& c : columns) text += " " + (rest ? "-" : cell(scope, c.type, c.value.count)) + " |";
    if (d.rows[r].empty()) {
      ++tally()["row: nothing"];
      text += " nothing |";
    } else {
      if (d.rows[r].size() > 1) ++tally()["row: several acts"];
      text += " " + acts(d.rows[r], d, scope, " ") + " |";
    }
    text += random_.percent(5) ? "  # a row\n" : "\n";
  }
  text.pop_back();
  return text;
}

std::string PackMaker::action(const RuleDraft& d, const Scope& scope) {
  if (d.table) return table(d, scope);
  if (d.rows.front().size() > 1) ++tally()["do: several acts"];
  return acts(d.rows.front(), d, scope, "\n       ");
}

}  // namespace polku::differential
