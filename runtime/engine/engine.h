// Applies a plan to visitors' records in time order and chooses actions. The runtime's heart; knows the plan, not the language.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "compiler/plan/patch.h"
#include "compiler/plan/plan.h"
#include "runtime/base/text.h"
#include "runtime/base/time.h"
#include "runtime/engine/dispatch.h"
#include "runtime/engine/profile.h"
#include "runtime/history/decision.h"
#include "runtime/history/event.h"
#include "runtime/history/past.h"
#include "runtime/history/table.h"
#include "runtime/record/record.h"
#include "runtime/timers/timers.h"

namespace polku::engine {

struct Visitor;
class Visitors;

// Which decisions are handed out. All are counted.
enum class Keep { Acted, Recorded, All };  // All: `no_match` too

// Who is held out: as the hash says, or (in tests) nobody or everybody.
enum class HoldOut { ByHash, Nobody, Everybody };

// What happened to a rule's trigger, for explanations.
struct Step {
  // Anew: what came late, or a merge, changes what was: the steps that follow are all there have been of this visitor, from the first on.
  enum class Kind { Started, Restarted, Stopped, Anew } kind = Kind::Started;
  Millis at = 0;
  std::size_t rule = 0;
  plan::OccurrenceId by = 0;    // what started or stopped it; kByTime if nothing happened but time
  Millis due = 0;               // Started, Restarted: when it will fire
};
inline constexpr plan::OccurrenceId kByTime = -1;

// NeedsHistories: the record came late or merges visitors, and the engine keeps no histories.
enum class Taken { Yes, OutOfOrder, NeedsHistories };

// Whether the engine keeps each visitor's history. Only with histories can records come late, visitors merge, the engine have been down, and
// packs change; without them memory stays bounded by what the rules need.
enum class Remember { RecordsOnly, Histories };

struct Options {
  Keep keep = Keep::Acted;
  HoldOut hold_out = HoldOut::ByHash;
  Remember remember = Remember::RecordsOnly;
  bool afresh = false;                        // with histories: fold at every record and timer, as the readings define it; slow, for tests
  bool unknowns = false;                      // what is not known is counted when that keeps a rule from acting
};

using OutcomeCounts = std::array<std::uint64_t, history::kOutcomes>;

// A value that a rule asked for, as its author named it, and how often the rule did not act because it was not known.
struct Unknown { std::string name; std::uint64_t times = 0; };

// What one visitor takes, in bytes, in an engine with so many whose names have so many bytes: of whom all attributes may be known and nothing has
// happened; and what can come on top. Without histories, and without what plan::Footprint says grows. It is worked out where the memory is given
// out, and tests/bench/state.cc compares it with what a process takes.
struct Cost {
  double record = 0;            // its block: the header and the dense cells
  double name = 0, index = 0;
  double timers = 0;            // one hint in the heap, if the pack has anything that time brings; now and then there are two
  double all() const { return record + name + index + timers; }
  double units = 0;             // on top at most, if everything that rules ask for has happened
};
Cost cost(const plan::Plan& plan, std::size_t visitors, std::size_t name_bytes);

// What Engine::save() wrote, without an engine. The views are into those bytes.
struct Saved {
  std::string_view key, person;               // person: the name by which splits and holdouts know them
  std::vector<std::string_view> aliases;      // other names
  Millis received = 0, now = 0;               // when the latest record was received; up to when time had passed
  std::string_view past;                      // as history::Portable writes it
};
bool read_saved(std::string_view bytes, Saved& into);  // false: damaged

// One thread at a time. plan, evaluator and texts must outlive the engine; texts must begin with the plan's (plan::preload).
class Engine {
 public:
  Engine(const plan::Plan& plan, const plan::Evaluator& evaluator, base::Texts& texts, const Options& options);
  ~Engine();

  // Takes in one record, after all timers of this visitor that are due until it reaches the engine (reading 69). OutOfOrder: it was
  // received before the visitor's latest record (without histories: or lies before the time advanced to). Unless Yes nothing has
  // changed. Events are values of this plan's catalog.
  Taken take(std::string_view visitor, const history::Event& event);

  // Brings nearer what take() of each record of a batch (of some 64) will read, so that it need not wait for memory one read after the other.
  // Changes nothing.
  struct Coming { std::string_view visitor; int type = 0; };    // history::Event::type
  void prefetch(std::span<const Coming> batch) const;

  // With histories. The engine was down and is up again at `at`: timers due meanwhile are overdue, and `waiting` are the records that came
  // meanwhile, in the order in which they were received (reading 70). ran: as of advance().
  void resume(Millis at, const std::vector<std::pair<std::string, history::Event>>& waiting = {}, std::vector<std::string_view>* ran = nullptr);

  // With histories on both sides, and this engine new: goes on from `at` with the visitors of `old`, which is empty afterwards
  // (reading 74). `old` must have been advanced to at - 1 and drained.
  void succeed(Engine& old, Millis at);

  // With histories. A visitor may leave the engine as bytes and come back later, here or in another engine of equal catalog, as if it had never been away: but
  // for timers, which it does not have while it sleeps. Whoever lets it sleep wakes it before its deadline is reached, and before a record of it, or of another
  // that is merged with it, is taken. A name is any of a visitor's; all but awake() and wake() want one that is awake.
  bool awake(std::string_view name) const;
  std::string_view key(std::string_view name) const;                        // its first name; good until it sleeps
  std::span<const std::string_view> aliases(std::string_view name) const;   // its other names; likewise, and until it is merged
  bool has(std::string_view name, std::uint64_t identity) const;            // a record of that identity
  Millis received(std::string_view name) const;                             // when the latest record was
  Millis deadline(std::string_view name) const;                             // nothing is due before; the largest Millis: nothing ever will be
  void save(std::string_view name, std::string& out) const;                 // appended; equal states are equal bytes
  void sleep(std::string_view name);
  // older: it was saved by an engine of another pack, which this one's plan succeeded at `since`, or behind what the visitor has seen: as succeed().
  struct Older { Engine* engine = nullptr; Millis since = 0; };   // an engine of that pack; it need not know anybody
  bool wake(std::string_view saved, const Older* older = nullptr);   // false, and nothing has changed: it is damaged, or one of its names is awake
  // What is numbered in the order of all visitors: records as they came, which orders those of one instant; and rounds of judgements, of which no two that
  // touch one visitor may have the same number. An engine that goes on where another stopped must begin with its numbers, or with whoever gives them.
  struct Numbers { std::uint64_t arrivals = 0, rounds = 0; };
  Numbers numbers() const { return {arrivals_, rounds_}; }
  void begin_at(Numbers numbers) { arrivals_ = numbers.arrivals, rounds_ = numbers.rounds; }

  // The plan became another by a patch (plan::apply), its evaluator was extended, and `amended` says what the patch did: from `at` on this engine decides by it.
  // It must have been advanced to at - 1 and drained before the plan was patched. With histories it then is as if another engine with the whole new plan had
  // succeeded it at `at`. Offers that stand do so for as long as the plan says now. How many visitors had to be looked at.
  std::size_t amend(const std::vector<plan::Amended>& amended, Millis at);

  // Runs the clocks of all visitors to `until`, timers due at `until` included. False: it stopped because so many decisions are made and there may be more;
  // drain them, and call it again with the same time before anything else.
  // ran: gains the keys of those whose timers ran, good until they sleep.
  bool advance(Millis until, std::size_t most = std::numeric_limits<std::size_t>::max(), std::vector<std::string_view>* ran = nullptr);

  // A table of answers that holds from its `at` on, for decisions not yet made. Tables come in the order of their times.
  void publish(history::AnswerTable table);

  // Decisions made since the last call, in the order they were made; for one visitor that is the order of the decision file. Without reasons
  // their `because` is empty: what they saw is kept as numbers, and costs most when it becomes words.
  enum class Reasons { With, Without };
  std::vector<history::Decision> drain(Reasons reasons = Reasons::With);
  bool empty() const { return out_.empty(); }

  std::size_t visitors() const;
  std::size_t bytes() const;                                            // of all visitors and timers, but their histories
  std::vector<OutcomeCounts> counts() const;                           // per rule
  const std::vector<std::vector<Unknown>>& unknowns() const { return unknowns_; }  // per rule, of those that have any; with Options::unknowns
  void forget_unknowns() { unknowns_.clear(); }
  std::uint64_t folds() const { return folds_; }                       // how often a history was folded
  Millis next_due() const { return timers_.earliest(); }                // no timer is due before; the largest Millis: none ever will be
  void begin_profile();                                                 // from now on it is counted what things cost, which slows them down
  std::unique_ptr<Profile> end_profile() { return std::move(profile_); }  // null: it was not
  Profile* profile() { return profile_.get(); }
  void trace(std::vector<Step>* steps) { steps_ = steps; }              // nullptr: no tracing

 private:
  // Where a firing comes from; of one rule, the earlier kind stands before the later.
  enum class Origin { Trigger, Opening, Offer };
  struct Start { Millis at = 0; std::int64_t seq = 0; std::uint64_t identity = 0; std::int32_t alternative = 0; };
  struct Firing {
    std::int32_t rule = 0;
    Origin origin = Origin::Trigger;
    Start start;
    std::size_t captures = 0;             // in pool_
    Value of = kUnknown;                  // Opening: the instant. Offer: the request's identity
    Millis placed = 0;
    Millis until = std::numeric_limits<Millis>::max();  // Offer: so long it is held
    bool holds = false;                   // its conditions are known to hold, at the instant of its place
  };
  struct Wanted { history::Place place; Millis at = 0; };
  struct Happening {                      // a record, or (fields and captures empty) an instant
    plan::OccurrenceId what = kByTime;
    Millis at = 0;
    const Value* fields = nullptr;
    std::uint64_t identity = 0;
  };

  // engine.cc: records, clocks, places
  Visitor& find(std::string_view key);                // makes one if there is none
  Visitor& make(std::string_view key);
  void run_timers(Visitor& v, Millis until);
  void place_timers(Visitor& v, Millis until);
  void take_in(Visitor& v, const history::Event& event, std::uint64_t identity);
  void take_late(Visitor& v, bool late, const history::Event* request);
  void begin_place();
  void settle(Visitor& v, Millis placed);
  void judge_place(Visitor& v, Millis at, bool apart);
  void once_a_rule(Visitor& v, std::size_t from);
  bool ranks_before(const Firing& a, const Firing& b) const;
  bool passed_over(const Firing& firing, plan::Context& context) const;
  const base::Zone& zone(const Visitor& v);
  record::View view(const Visitor& v);
  const Value* attributes(const Visitor& v);

  // past.cc: histories, and the fold over them
  static constexpr std::int64_t kNotMet = -1;
  static constexpr int kNoRecord = -9;
  // A start that deeds name, as the fold meets it: its place, what it is, and its record if it is one.
  struct Met { Millis at = 0; std::int64_t seq = kNotMet; plan::OccurrenceId what = kByTime; int type = kNoRecord; std::vector<Value> fields; };
  const history::Event& remember(Visitor& v, std::string_view name, history::Event event);
  std::int32_t alternative(Visitor& v, std::size_t rule, const Met& start);
  void fold(Visitor& v, Millis until);
  void fold_all(Visitor& v, Millis until);
  std::size_t fold_round(Visitor& v, std::size_t first);
  void fold_deed(Visitor& v, const history::Deed& deed, Millis at);
  bool keyed(const Firing& f) const;
  void use_up(Visitor& v);
  bool merges(const Visitor& into, const history::Event& event) const;
  void unite(Visitor& into, std::string_view name, const history::Event& event);
  struct Overdue { std::unordered_set<std::uint64_t> firings; std::vector<std::uint64_t> records; std::vector<Wanted> asked; };
  void adopt(Visitor& v, Engine& old);
  void begin_anew(Visitor& v, Millis at);
  void judge_overdue(Visitor& v, Millis at, const Overdue& overdue);
  std::uint64_t key_of(const Firing& f) const;
  int rule_named(const std::string& journey, const std::string& name);

  // fold.cc: what a record does to a visitor's record, and which triggers it completes
  void happen(Visitor& v, const Happening& h) { profile_ ? happen_as<true>(v, h) : happen_as<false>(v, h); }
  template <bool timed>
  void happen_as(Visitor& v, const Happening& h);
  void stop(Visitor& v, std::size_t rule, const Happening& h);
  void end_pending(Visitor& v, std::size_t rule, const Happening& h);
  bool repeated(Visitor& v, std::size_t rule, const Happening& h);
  bool last_step(Visitor& v, const Advance& step, Millis now);
  void complete(Visitor& v, std::size_t rule, std::int32_t alternative, const Happening& h, bool holds = false);
  void look_at_memberships(Visitor& v, const Happening& h, bool completes = true);
  void look_at_all(Visitor& v, const Happening& h, bool completes);
  void convert(Visitor& v, std::size_t goal, const Happening& h);
  void answered(Visitor& v, std::int32_t channel, Millis at);
  class Looks;
  // Rules that a record starts together: those whose conditions may hold fire when its place is judged.
  struct Started { std::size_t group = 0; Happening by; std::int64_t seq = 0; };
  bool fresh(std::uint64_t record) const;
  void start_group(const Visitor& v, std::size_t group, const Happening& h);
  void screen_group(const Visitor& v, const Started& started, Millis now);
  void fire(const Started& started, std::size_t rule, bool holds);
  void ask(Visitor& v, const history::Event& request, std::uint64_t identity);
  static void write_start(record::Record& r, const plan::StartCells& to, const Start& start, const Value* captures);
  void write_start(std::vector<Value>& to, std::size_t rule, const Start& start, const Value* captures) const;
  void fire_from(std::size_t rule, Origin origin, const record::Record& r, const plan::StartCells& from, Value of = kUnknown);
  void fire_from(std::size_t rule, Origin origin, const Value* start, Value of = kUnknown);
  void want(const history::Event& request);

  // amend.cc: a plan that was patched
  void amend_rules(const std::vector<plan::Amended>& amended);
  void settle_edited(std::size_t group);
  void settle_all(std::size_t group);
  void settle(const std::vector<std::size_t>& rules, const match::Screen& screen, match::Tally& unknown);

  // clock.cc: what time alone brings
  static void due_at(Visitor& v, Millis due);
  void hint(const Visitor& v);
  Millis next_deadline(Visitor& v);
  Millis next_scheduled(Visitor& v, std::size_t rule, Millis after);
  std::optional<std::int64_t> scheduled_date(Visitor& v, std::size_t rule, Millis now);
  bool scheduled_at(Visitor& v, std::size_t rule, Millis instant);
  void deadlines_after_record(Visitor& v);
  void fire_due(Visitor& v, Millis due);

  // judge.cc: gates
  struct Judgement;
  void judge(Visitor& v, const Firing& firing, Millis at);
  history::Outcome gates(Visitor& v, const Firing& firing, Judgement& j);
  history::Outcome clauses(const Visitor& v, const Firing& firing, Judgement& j);
  std::pair<std::size_t, Value> first_row(const Visitor& v, const Judgement& j);
  history::Outcome choose_row(const Visitor& v, Judgement& j);
  bool shows_in(const plan::Row& row, const Firing& firing) const;
  bool parameters(Judgement& j);
  history::Outcome quiet(Judgement& j);
  bool limits(const Visitor& v, Judgement& j);
  bool guarantees(const Visitor& v, Judgement& j);
  bool held_out(const Visitor& v, Judgement& j);
  void note_unknown(const Judgement& j);
  std::optional<std::int64_t> over(const Visitor& v, const Judgement& j, std::int32_t limit);

  // channels.cc: gate 2
  struct Attempt { history::Outcome outcome = history::Outcome::acted; history::Reason why; Millis opens = 0; };
  struct Measure { std::int64_t answers = 0, sends = 0; std::string words; };
  history::Outcome places(const Visitor& v, Judgement& j);
  history::Outcome best(const Visitor& v, Judgement& j, const plan::Action& action, std::int32_t& chosen);
  Attempt try_channel(const Visitor& v, const Judgement& j, const plan::Action& action, std::int32_t channel) const;
  Measure measure(const Visitor& v, const Judgement& j, std::int32_t channel) const;

  // act.cc: what a decision leaves behind, and how it is written down
  struct Effect;
  history::Deed deed(const Firing& firing, const Judgement& j, const Effect& effect) const;
  static void effect(const Judgement& j, history::Deed::Kind kind, history::DecisionId id, Effect& out);
  void effect(const history::Deed& deed, Effect& out) const;
  void leave(Visitor& v, int rule, const Effect& effect, Millis at, const Start& start, const Value* captures);
  void act(Visitor& v, int rule, const Effect& effect, Millis at);
  static bool end_waiting(Visitor& v, int rule);
  static bool end_hold(Visitor& v, std::int32_t until, const plan::StartCells& start);
  void expose(Visitor& v, int rule, const Effect& effect, Millis at);
  std::vector<history::Action> actions(const Visitor& v, const Judgement& j) const;
  struct Made {
    history::Decision decision;
    std::size_t rule = 0;
    std::int32_t alternative = -1;
    bool judged = false;
    const plan::Row* row = nullptr;                    // of the rule's table
    bool sure = true;                                  // of the row
    std::size_t saw = 0;
  };
  void look(const Judgement& j, Made& made);
  std::vector<history::Reason> reasons(const Made& made) const;
  history::Reason reason(std::string clause, const std::vector<plan::Leaf>& leaves, history::Tri is, const Value*& saw) const;
  history::Seen seen(const plan::Leaf& leaf, Value value) const;
  std::vector<history::Seen> seen(const std::vector<plan::Leaf>& leaves, const plan::Context& context) const;
  void hand_out_conversion(std::size_t rule, history::Decision decision);

  const plan::Plan& plan_;
  const plan::Evaluator& evaluator_;
  base::Texts& texts_;
  const Options options_;
  Dispatch dispatch_;
  const plan::Cell zone_cell_;
  const base::Zone pack_zone_;
  std::unordered_map<Value, base::Zone> zones_;         // by the text that names them; those that there are not are the pack's
  std::vector<history::AnswerTable> tables_;
  std::vector<Value> attributes_;                       // of attributes_of_, unpacked
  const Visitor* attributes_of_ = nullptr;              // of whom they still hold
  const std::unique_ptr<Visitors> visitors_;
  timers::Timers timers_;
  Millis floor_ = std::numeric_limits<Millis>::min();  // every visitor's clock is at least here
  std::vector<Made> out_;
  std::vector<Value> saw_;                             // of out_: what the start and each condition saw
  std::vector<OutcomeCounts> counts_;
  // Of the firings that were not looked at further, as they fail their conditions: per rule, without those that the screen of a group left out,
  // which are as many as the group was screened less those that it kept.
  std::vector<std::int64_t> passed_over_;
  struct Screened { std::int64_t times = 0; match::Tally unknown, unknown_edited; };
  std::vector<Screened> screened_;                     // per dispatch_.groups
  match::Scratch scratch_;
  std::vector<std::size_t> open_rows_;                 // of a table
  std::vector<Step>* steps_ = nullptr;

  std::vector<std::vector<Unknown>> unknowns_;
  std::uint64_t folds_ = 0;
  std::unique_ptr<Profile> profile_;           // null: nobody wants to know

  std::uint64_t arrivals_ = 0;                 // records so far
  bool folding_ = false;                       // firings are placed, not judged
  std::vector<std::uint64_t> fresh_;           // records that the fold meets for the first time: those before have placed what they place at once
  const Engine* older_ = nullptr;              // whose rules are told apart in:
  std::vector<std::size_t> no_more_direct_;    // rules of it whose firings this plan must know by their keys
  std::vector<Firing> placed_;                 // by the fold
  void meet(std::uint64_t identity, std::int64_t seq, plan::OccurrenceId what, const history::Event* event = nullptr);
  std::unordered_map<std::uint64_t, std::size_t> numbers_;  // of rules by a hash of their names; empty: not made yet
  std::unordered_map<std::uint64_t, Met> starts_;
  history::Event kept_, folded_;               // the records last remembered and last folded, unpacked

  // Of the place being judged; kept to reuse their memory.
  struct Occupied { std::int32_t channel, slot; std::size_t rule; std::string_view template_; };
  std::vector<Firing> firings_, round_;
  std::size_t settled_ = 0;                    // of firings_
  std::vector<Started> started_;               // of the place, and not screened yet
  std::vector<Value> pool_;                    // captures of firings
  struct Held { std::int32_t filter; Value match; };
  std::vector<Held> held_;                     // of the record: the filters that it passes, or may; -1 is none
  std::vector<Value> matches_, fields_, params_;
  std::vector<std::int32_t> channels_;         // of the judgement
  std::unique_ptr<Effect> effect_;
  std::vector<Occupied> occupied_;
  std::vector<Wanted> asked_;                  // by the request whose place it is, or by all that came while the engine was down
  std::size_t conversions_ = 0;                // where in out_ those of the place belong
  std::vector<Made> made_;
  std::vector<std::uint64_t> fired_;           // per rule: the place it last fired at
  std::uint64_t place_ = 0;
  std::uint64_t rounds_ = 0;
  bool begins_place_ = false;                  // the round being judged
  std::size_t acted_ = 0;                      // in this round
  Happening latest_act_;                       // of this round
  static constexpr Value kMixed = 2;           // an arm: exposures of both
};

}  // namespace polku::engine
