// One visitor's history as the rules see it at one instant: the records so far, in order, and the clock; and beside them what only
// gates and goals look at. Internal to the reference interpreter.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/reference/reference.h"
#include "compiler/reference/typed.h"

namespace polku::reference {

struct RuleRef {
  const syntax::Journey* journey = nullptr;
  const syntax::Rule* rule = nullptr;
  std::int64_t priority = 0;   // the rule's, else the journey's, else 0
  std::vector<int> starters;   // the events it can start with: `E.f` may name these (reading 25)
};

// Every act of a rule, those of all rows of its table.
std::vector<const syntax::Act*> all_acts(const syntax::Rule& rule);
bool limited_across(const RuleRef& rule, const std::string& group);  // a limit of its own or of its journey is across the group

// A record as the pack that holds now reads it (reading 74): its type, fields, changes and slots are of that pack's catalog; its texts
// stand in the table that it came with.
struct Event : history::Event {
  const base::Texts* texts = nullptr;
  // What each `where` said of this event: it never changes afterwards (reading 7), so it is found out once.
  mutable std::map<const syntax::Expr*, Tri> where;
};

bool asks_for(const catalog::Catalog& catalog, const history::Event& request, const syntax::Path& slot);

// One thing that an acted decision did.
struct Done {
  history::ActionKind kind = history::ActionKind::Send;
  std::string name, channel, slot;
  bool service = false;        // a send of a service template
  Millis length = 0;           // Suppress: for how long
};

// A record is what was taken in (an event, a change of attributes, a request), or a decision that acted.
struct Record {
  Millis at = 0;
  std::uint64_t arrival = 0;   // the order in which we came to know of records and decisions, from 1
  std::uint64_t identity = 0;
  const Event* event = nullptr;
  int rule = -1;               // decision: in Story::rules; -1: the pack has the rule no more
  std::vector<Done> done;
};

// Where a trigger completed: at a record, or at an instant, which stands behind all records before its place (reading 33).
struct Start {
  Millis at = 0;
  std::size_t position = 0;    // how many records stand before it; its own place in Story::records(), if it is a record
  bool moment = false;         // it is an instant
  std::uint64_t identity = 0;
  std::uint64_t arrival = 0;   // the record's; 0: an instant, which stands before all records of its time

  std::size_t behind() const { return moment ? position : position + 1; }  // the first record behind it
};

// A decision that acted or was held out (readings 45, 59, 61).
struct Exposure {
  Millis at = 0;
  int rule = -1;
  std::string id;
  bool acted = true;
  bool converted = false;
};

struct Suppression { Millis at = 0, length = 0; std::string what; };

// An event or a rule's act, looked up once.
struct Target {
  int event = -1;
  int rule = -1;
  const syntax::Expr* where = nullptr;
};

// A pack, and what is found out about it once.
struct Book {
  explicit Book(const Pack& pack);
  int rule(const std::string& journey, const std::string& name) const;  // in rules, or -1

  const Pack& pack;
  const catalog::Catalog& catalog;
  const base::Zone zone;
  std::vector<RuleRef> rules;         // in written order; only those with a trigger and an action
  mutable std::map<const syntax::Occurrence*, Target> targets;          // names looked up; see target()
};

class Story {
 public:
  Story(const Book& book, const std::string& visitor, const Options& options);

  const Book& book;
  const Pack& pack;
  const catalog::Catalog& catalog;
  const std::string& visitor;
  const Options& options;
  const base::Zone& zone;             // the pack's
  const std::vector<RuleRef>& rules;
  const std::string* person;          // the name under which the earliest record came (reading 73)

  std::vector<Exposure> exposures;    // in the order of the history
  std::vector<Suppression> suppressions;

  Millis now() const { return now_; }
  const std::vector<Record>& records() const { return records_; }
  const Event* event(const Start& start) const { return start.moment ? nullptr : records_[start.position].event; }
  void append(Record record);
  // Appends what acted; then its suppressions hold (reading 60).
  void accept(Record record);
  void arrived(std::uint64_t arrival) { records_.back().arrival = arrival; }  // of the record appended last
  // Where a start stands among the records of this story: its record may be gone with its pack.
  Start found(Start start) const;

  // The clock goes to a new place, at which shows are for the slots of these requests. What is appended from now on is accepted at this
  // instant.
  void begin_place(Millis now, std::vector<const Event*> requests = {});
  std::size_t place_begin() const { return place_begin_; }
  const std::vector<const Event*>& requests() const { return requests_; }

  // Does `at` stand in the window of this length that ends now: now − length < at?
  bool within(Millis at, Millis length) const;
  bool kept(Millis at) const { return within(at, catalog.history); }
  const RuleRef& at(int rule) const { return rules[static_cast<std::size_t>(rule)]; }
  const syntax::Segment* segment(const std::string& name) const;

  // Values of segments and derived attributes at this very instant, so that chains of them cost no more than their length.
  // Emptied whenever the clock or the history moves.
  mutable std::map<const syntax::Expr*, Typed> read_now;
  mutable std::optional<base::Zone> zone_now;                           // the visitor's, likewise

 private:
  Millis now_ = 0;
  std::vector<Record> records_;
  std::size_t place_begin_ = 0;
  std::vector<const Event*> requests_;
};

}  // namespace polku::reference
