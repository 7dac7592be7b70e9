// Gate 2: the slot or channel of each act, and which channel is answered best (readings 50 to 53).
#include <fmt/format.h>

#include <algorithm>

#include "runtime/engine/visitor.h"

namespace polku::engine {

using history::Outcome;
using history::Tri;

namespace {

history::Datum text(std::string words) { return {catalog::TypeKind::Text, 0, {std::move(words)}, false}; }

// How far a channel came.
int reached(Outcome refusal) {
  switch (refusal) {
    case Outcome::outranked: return 0;
    case Outcome::no_consent: return 1;
    case Outcome::no_reach: return 2;
    case Outcome::quiet: case Outcome::waiting: return 3;
    case Outcome::over_limit: return 4;
    case Outcome::acted: case Outcome::no_match: case Outcome::unknown: case Outcome::suppressed: case Outcome::nothing: case Outcome::guarantee:
    case Outcome::held_out: case Outcome::offered: case Outcome::too_late: case Outcome::converted: return 5;
  }
  return 5;
}

}  // namespace

Engine::Attempt Engine::try_channel(const Visitor& v, const Judgement& j, const plan::Action& a, std::int32_t number) const {
  const catalog::Channel& channel = plan_.catalog.channels[at(number)];
  const bool show = a.kind == plan::ActionKind::Show;
  const auto refuse = [&](Outcome outcome, auto make, Millis opens = 0) {
    Attempt refused{outcome, {}, opens};
    if (j.told) refused.why = make();
    return refused;
  };
  const auto taken_by = [&](const Occupied& o) { return text(plan_.rules[o.rule].journey + " / " + plan_.rules[o.rule].name); };
  for (const Occupied& o : occupied_)
    if (o.channel == number && o.slot == a.slot)
      return refuse(Outcome::outranked, [&] {
        return history::Reason{show ? fmt::format("one show in {}.{} at a time", channel.name, channel.slots[at(a.slot)]) : fmt::format("one message by {} at a time", channel.name),
                               Tri::No, {{"taken by", taken_by(o)}}};
      });
  for (const Occupied& o : occupied_)
    if (show && o.template_ == a.name)
      return refuse(Outcome::outranked, [&] { return history::Reason{fmt::format("\"{}\" once a request", a.name), Tri::No, {{"taken by", taken_by(o)}}}; });
  Attempt refused;
  const auto met = [&](int attribute, Outcome no) {
    if (attribute < 0) return true;
    const catalog::Attribute& needed = plan_.catalog.attributes[at(attribute)];
    const Value value = j.context.attributes[attribute];
    if (no == Outcome::no_consent ? value == kYes : value != kUnknown) return true;
    refused = refuse(no, [&] {
      return history::Reason{channel.name + " needs " + needed.name, value == kNo ? Tri::No : Tri::Unknown, {{needed.name, history::datum(needed.type, value, texts_)}}};
    });
    return false;
  };
  if (!a.service && !met(channel.needs, Outcome::no_consent)) return refused;
  if (!met(channel.reach, Outcome::no_reach)) return refused;
  if (show || a.service) return {};
  if (channel.quiet) {
    const base::Zone& zone = *static_cast<const record::View*>(j.context.state)->zone;
    if (const auto opens = opening(zone, channel.quiet->from, channel.quiet->to, j.context.now))
      return refuse(Outcome::waiting, [&] {
        return history::Reason{fmt::format("quiet hours of {}: {} to {}", channel.name, history::clock_words(channel.quiet->from), history::clock_words(channel.quiet->to)), Tri::No,
                               {{"opens", {catalog::TypeKind::Time, *opens, {}, false}}}};
      }, *opens);
  }
  if (const std::int32_t l = plan_.channel_limits[at(number)]; l >= 0) {
    const std::int64_t used = record::used(plan_, v.record, l, j.context.now);
    if (used >= plan_.limits[at(l)].count)
      return refuse(Outcome::over_limit, [&] { return history::Reason{plan_.limits[at(l)].text, Tri::No, {{"messages", {catalog::TypeKind::Whole, used, {}, false}}}}; });
  }
  return {};
}

// From three messages on the visitor's own answers count, before that the published table's.
Engine::Measure Engine::measure(const Visitor& v, const Judgement& j, std::int32_t channel) const {
  const std::vector<Value>& list = record::list(v.record, plan_.layout.answer_list[at(channel)]);
  Measure m;
  for (std::size_t i = 0; i < list.size(); i += 2) {
    if (list[i] <= j.context.now - plan_.catalog.history) continue;
    ++m.sends;
    m.answers += list[i + 1] == kYes;
  }
  if (m.sends >= 3) {
    m.words = fmt::format("{} of {} answered", m.answers, m.sends);
    return m;
  }
  for (std::size_t i = tables_.size(); i-- > 0;) {
    const history::AnswerTable& table = tables_[i];
    if (table.at > j.context.now) continue;
    const auto it = table.channels.find(plan_.catalog.channels[at(channel)].name);
    if (it == table.channels.end()) break;
    return {it->second.answers, it->second.sends, fmt::format("{} of {} answered (table {})", it->second.answers, it->second.sends, table.name)};
  }
  return {0, 0, "no answers known"};
}

// One channel, or the one of those that pass which is answered best; ties in written order.
Outcome Engine::best(const Visitor& v, Judgement& j, const plan::Action& a, std::int32_t& chosen) {
  if (a.best_of.empty()) {
    Attempt attempt = try_channel(v, j, a, a.channels[0]);
    chosen = a.channels[0];
    if (attempt.outcome == Outcome::acted) return Outcome::acted;
    j.opens = attempt.opens;
    j.more.push_back(std::move(attempt.why));
    return attempt.outcome;
  }
  history::Reason why{a.best_of, Tri::Yes, {}};
  Attempt furthest;
  Measure top;
  for (std::int32_t channel : a.channels) {
    Attempt attempt = try_channel(v, j, a, channel);
    const std::string& name = plan_.catalog.channels[at(channel)].name;
    if (attempt.outcome != Outcome::acted) {
      why.saw.push_back({name, text(std::string(history::outcome_name(attempt.outcome)))});
      if (furthest.outcome == Outcome::acted || reached(attempt.outcome) > reached(furthest.outcome)) furthest = std::move(attempt);
      continue;
    }
    const Measure m = measure(v, j, channel);
    why.saw.push_back({name, text(m.words)});
    using Wide = unsigned __int128;
    const auto up = [](std::int64_t n, std::int64_t by) { return static_cast<Wide>(n) + static_cast<Wide>(by); };
    if (chosen >= 0 && up(m.answers, 1) * up(top.sends, 2) <= up(top.answers, 1) * up(m.sends, 2)) continue;
    chosen = channel;
    top = m;
  }
  if (chosen < 0) {
    j.opens = furthest.opens;
    j.more.push_back(std::move(furthest.why));
    return furthest.outcome;
  }
  j.more.push_back(std::move(why));
  return Outcome::acted;
}

// Each act that sends or shows, in written order; the ones before it have their places already.
Outcome Engine::places(const Visitor& v, Judgement& j) {
  const std::size_t before = occupied_.size();
  j.channels.assign(j.row->actions.size(), -1);
  Outcome outcome = Outcome::acted;
  for (std::size_t i = 0; i < j.row->actions.size() && outcome == Outcome::acted; ++i) {
    const plan::Action& a = j.row->actions[i];
    if (a.kind != plan::ActionKind::Send && a.kind != plan::ActionKind::Show) continue;
    outcome = best(v, j, a, j.channels[i]);
    occupied_.push_back({j.channels[i], a.slot, j.index, a.kind == plan::ActionKind::Show ? a.name : std::string_view()});
  }
  occupied_.resize(before);  // taken only by what acts
  return outcome;
}

}  // namespace polku::engine
