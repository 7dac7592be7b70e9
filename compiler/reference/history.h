// One visitor's history as truth (readings 65–74): records and decisions in their order, the fold over them, and what is new when a record
// reaches the engine. Internal to the reference interpreter.
#pragma once
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/reference/walk.h"

namespace polku::reference {

// When it was received: never before its own time (reading 68).
Millis received(const history::Event& event);

class Visitor {
 public:
  // books: those of the log's eras.
  Visitor(std::string name, const Log& log, const std::vector<Book>& books, const Options& options, Counter& counter);
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  Millis clock() const { return clock_; }
  // The clock runs to here, or stays where it is if that is later: through timers, changes of the pack, and outages. In an outage nothing
  // is judged until its end is passed.
  void run(Millis to);
  // The same at the end of the log, where an outage that ends there is over.
  void finish(Millis until);

  // A record reaches the engine. The clock has run to when it was received.
  void take(const Arrival& arrival);
  // A merge (reading 72): of another visitor, who is nobody from now on, or of a name without records. Both clocks have run.
  void merge(const Arrival& arrival, Visitor* other);

 private:
  // A record or a decision.
  struct Entry {
    Millis at = 0;
    std::uint64_t arrival = 0;
    const Arrival* record = nullptr;
    std::uint64_t identity = 0;
    bool merges = false;
    std::unique_ptr<Event> event;           // the record as the pack that holds reads it
    std::unique_ptr<Mark> mark;             // the decision
  };

  // While the engine is down.
  struct Down {
    Millis until = 0;
    std::set<Key> overdue;
    std::vector<const Event*> requests;     // of those that came meanwhile
  };

  const Book& book() const { return books_[era_]; }
  const std::string& person() const;
  std::unique_ptr<Event> read(const Entry& entry) const;
  void distinct(Entry& entry);

  void timers(Millis until);
  void change_pack();
  void go_down(const Outage& outage);
  void come_up();
  void take(const Arrival& arrival, bool merges, bool others);
  void fold(Millis until, Millis clock);
  std::vector<Firing> fresh() const;
  void judge(Millis now, std::vector<Firing> firings, std::vector<const Event*> requests, bool of_clock);

  const std::string name_;
  const Log& log_;
  const std::vector<Book>& books_;
  const Options& options_;
  Counter& counter_;
  Millis clock_ = std::numeric_limits<Millis>::min();
  std::size_t era_ = 0, outage_ = 0;        // the one that holds; the next one
  std::optional<Down> down_;
  std::vector<Entry> entries_;              // in (at, arrival)
  std::set<std::uint64_t> identities_;      // of the records
  Ledger ledger_;
  std::unique_ptr<Walk> walk_;              // up to now; nullptr: there is no history yet
};

}  // namespace polku::reference
