// Gate 2: places, and the channel that is answered best.
#include <algorithm>
#include <string>
#include <utility>

#include "compiler/reference/calendar.h"
#include "compiler/reference/passage.h"

namespace polku::reference {

using history::ActionKind;
using history::Outcome;
using history::Reason;

namespace {

// What a send or show wants.
struct Wanted {
  ActionKind kind = ActionKind::Send;
  std::string template_, channel, slot;  // of a send the slot is empty
  bool service = false;
};

struct Refusal {
  Outcome outcome = Outcome::outranked;
  Reason reason;
  Millis opens = 0;
};

std::string quoted(const std::string& text) { return std::string("\"").append(text).append("\""); }

// One act before the others of its decision: those are accepted already.
class Channel {
 public:
  Channel(const Passage& p, std::size_t act, Wanted wanted)
      : p_(p), act_(act), w_(std::move(wanted)), channel_(channel_named(p.story.catalog, w_.channel)) {}

  std::optional<Refusal> refusal() const {
    if (auto r = taken()) return r;
    if (channel_ == nullptr) return std::nullopt;
    if (auto r = needs(w_.service ? -1 : channel_->needs, true)) return r;
    if (auto r = needs(channel_->reach, false)) return r;
    if (w_.service || w_.kind != ActionKind::Send) return std::nullopt;  // the rest is about messages
    if (auto r = quiet()) return r;
    return over_limit();
  }

 private:
  static Refusal refused(Outcome outcome, std::string clause, Tri is, std::string name, history::Datum value) {
    return {outcome, {std::move(clause), is, {{std::move(name), std::move(value)}}}, 0};
  }

  bool same_place(ActionKind kind, const std::string& channel, const std::string& slot) const {
    return kind == w_.kind && channel == w_.channel && slot == w_.slot;
  }

  // Whose rule did something of this kind at this instant that `does` is asked about; nullptr: none.
  template <class Does>
  const RuleRef* taken_by(Does does) const {
    const auto& records = p_.story.records();
    for (std::size_t i = p_.story.place_begin(); i < records.size(); ++i)
      for (const Done& d : records[i].done)
        if (does(d.kind, d.name, d.channel, d.slot)) return &p_.story.at(records[i].rule);
    for (std::size_t i = 0; i < act_; ++i) {
      const history::Action& a = p_.d.actions[i];
      if (does(a.kind, a.name, a.channel, a.slot)) return &p_.ref;
    }
    return nullptr;
  }

  std::optional<Refusal> taken() const {
    const auto refuse = [&](const RuleRef& by, std::string clause) {
      return refused(Outcome::outranked, std::move(clause), Tri::No, "taken by", text_datum(by.journey->name.text + " / " + by.rule->name.text));
    };
    const auto place = [&](ActionKind kind, const std::string&, const std::string& channel, const std::string& slot) { return same_place(kind, channel, slot); };
    const bool send = w_.kind == ActionKind::Send;
    if (const RuleRef* by = taken_by(place))
      return refuse(*by, send ? "one message by " + w_.channel + " at a time" : "one show in " + w_.channel + "." + w_.slot + " at a time");
    const auto shown = [&](ActionKind kind, const std::string& name, const std::string&, const std::string&) { return kind == w_.kind && name == w_.template_; };
    if (!send && !p_.story.requests().empty())
      if (const RuleRef* by = taken_by(shown)) return refuse(*by, quoted(w_.template_) + " once a request");
    return std::nullopt;
  }

  std::optional<Refusal> needs(int attribute, bool consent) const {
    if (attribute < 0) return std::nullopt;
    const Typed value = attribute_value(p_.story, attribute);
    if (value.known() && (!consent || *value.number == kYes)) return std::nullopt;
    const std::string& name = p_.story.catalog.attributes[static_cast<std::size_t>(attribute)].name;
    return refused(consent ? Outcome::no_consent : Outcome::no_reach, w_.channel + " needs " + name, value.known() ? Tri::No : Tri::Unknown, name,
                   to_datum(value));
  }

  std::optional<Refusal> quiet() const {
    if (!channel_->quiet) return std::nullopt;
    const auto& hours = *channel_->quiet;
    const auto opens = opening(visitor_zone(p_.story), hours.from, hours.to, p_.story.now());
    if (!opens) return std::nullopt;
    const std::string clause = "quiet hours of " + w_.channel + ": " + history::clock_words(hours.from) + " to " + history::clock_words(hours.to);
    Refusal r = refused(Outcome::waiting, clause, Tri::No, "opens", time_datum(*opens));
    r.opens = *opens;
    return r;
  }

  std::optional<Refusal> over_limit() const {
    if (!channel_->limit) return std::nullopt;
    const catalog::Quota& limit = *channel_->limit;
    std::int64_t before = 0;
    for (const Record& r : p_.story.records())
      if (p_.story.within(r.at, limit.within)) before += std::count_if(r.done.begin(), r.done.end(), [&](const Done& d) { return counts(d); });
    if (before + 1 <= limit.count) return std::nullopt;
    const char* unit = limit.count == 1 ? " message by " : " messages by ";
    const std::string clause = "at most " + std::to_string(limit.count) + unit + w_.channel + " in " + history::words(limit.within);
    return refused(Outcome::over_limit, clause, Tri::No, "messages", whole_datum(std::min<std::int64_t>(before, limit.count)));
  }

  bool counts(const Done& d) const { return d.kind == ActionKind::Send && d.channel == w_.channel && !d.service; }

  const Passage& p_;
  const std::size_t act_;
  const Wanted w_;
  const catalog::Channel* channel_;
};

// How well a channel is answered, as a fraction; and in words.
struct Measure {
  std::int64_t part = 1, whole = 2;
  std::string words = "no answers known";
};

bool better(const Measure& a, const Measure& b) {
  return static_cast<__int128>(a.part) * b.whole > static_cast<__int128>(b.part) * a.whole;
}

// Sends by the channel within the history kept, and how many of them were answered.
history::Answered own_answers(const Story& story, const catalog::Channel& channel) {
  struct Sent { Millis at; bool answered; };
  std::vector<Sent> sent;
  for (const Record& r : story.records()) {
    if (r.event == nullptr && r.rule < 0) continue;  // of a rule that is gone: it counts in limits alone
    for (const Done& d : r.done)
      if (d.kind == ActionKind::Send && d.channel == channel.name && !d.service) sent.push_back({r.at, false});
    if (channel.answer && r.event != nullptr && r.event->type == channel.answer->event && !sent.empty() &&
        static_cast<__int128>(r.at) - sent.back().at < channel.answer->within)
      sent.back().answered = true;
  }
  history::Answered own;
  for (const Sent& s : sent) {
    if (!story.kept(s.at)) continue;
    ++own.sends;
    own.answers += s.answered ? 1 : 0;
  }
  return own;
}

Measure measure(const Story& story, const std::string& channel) {
  const auto words = [](const history::Answered& a) { return std::to_string(a.answers) + " of " + std::to_string(a.sends) + " answered"; };
  if (const catalog::Channel* c = channel_named(story.catalog, channel)) {
    const history::Answered own = own_answers(story, *c);
    if (own.sends >= 3) return {own.answers + 1, own.sends + 2, words(own)};
  }
  const history::AnswerTable* table = nullptr;
  for (const auto& t : story.options.tables)
    if (t.at <= story.now() && (table == nullptr || t.at >= table->at)) table = &t;
  if (table == nullptr) return {};
  const auto known = table->channels.find(channel);
  if (known == table->channels.end()) return {};
  return {known->second.answers + 1, known->second.sends + 2, words(known->second) + " (table " + table->name + ")"};
}

// The channel to send by; nullopt, with the refusal of the one that came furthest, if none passes.
std::optional<std::string> best(const Passage& p, std::size_t act, const syntax::Send& send, const Wanted& wanted, Reason& chosen, Refusal& furthest) {
  std::optional<std::string> taken;
  Measure most;
  bool first = true;
  chosen = {"best of ", Tri::Yes, {}};
  for (const syntax::Name& channel : send.channels) {
    chosen.clause += (&channel == &send.channels.front() ? "" : ", ") + channel.text;
    Wanted by = wanted;
    by.channel = channel.text;
    if (auto refusal = Channel(p, act, by).refusal()) {
      chosen.saw.push_back({channel.text, text_datum(std::string(history::outcome_name(refusal->outcome)))});
      if (first || refusal->outcome > furthest.outcome) furthest = std::move(*refusal);  // outcomes stand in the order of the gates
      first = false;
      continue;
    }
    const Measure m = measure(p.story, channel.text);
    chosen.saw.push_back({channel.text, text_datum(m.words)});
    if (taken && !better(m, most)) continue;
    taken = channel.text;
    most = m;
  }
  return taken;
}

}  // namespace

Refused pass_channels(Passage& p) {
  const auto refuse = [&](Refusal& r) {
    p.d.because.push_back(std::move(r.reason));
    p.opens = r.opens;
    return r.outcome;
  };
  for (std::size_t i = 0; i < p.acts->size(); ++i) {
    const auto* send = as_send((*p.acts)[i]);
    history::Action& action = p.d.actions[i];
    if (send == nullptr && action.kind != ActionKind::Show) continue;
    const Wanted wanted{action.kind, action.name, action.channel, action.slot, send != nullptr && is_service(p.story.catalog, *send)};
    if (send != nullptr && send->best_of) {
      Reason chosen;
      Refusal furthest;
      const auto channel = best(p, i, *send, wanted, chosen, furthest);
      if (!channel) return refuse(furthest);
      action.channel = *channel;
      p.d.because.push_back(std::move(chosen));
    } else if (auto refusal = Channel(p, i, wanted).refusal()) {
      return refuse(*refusal);
    }
  }
  return std::nullopt;
}

}  // namespace polku::reference
