// A log: who is who, and when its records reach the engine (readings 68, 72).
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "compiler/reference/history.h"
#include "compiler/reference/reference.h"

namespace polku::reference {

namespace {

class Judging {
 public:
  Judging(const Log& log, const Options& options) : log_(log), options_(options) {
    books_.reserve(log.eras.size());
    for (const Era& era : log.eras) books_.emplace_back(era.pack);
  }

  std::vector<history::Decision> judge() {
    for (const Arrival& arrival : log_.arrivals) take(arrival);
    for (const auto& visitor : visitors_) visitor->finish(log_.until);
    return std::move(counter_.decisions);
  }

 private:
  void take(const Arrival& arrival) {
    Visitor& visitor = named(arrival.visitor);
    Millis now = std::max(received(arrival.event), visitor.clock());
    if (arrival.event.type == history::kMerge) {
      const auto other = names_.find(arrival.event.merges);
      if (other == names_.end()) {
        visitor.run(now);
        visitor.merge(arrival, nullptr);
        names_[arrival.event.merges] = &visitor;
        return;
      }
      if (other->second != &visitor) {
        merge(visitor, *other->second, arrival, now);
        return;
      }
    }
    visitor.run(now);
    visitor.take(arrival);
  }

  void merge(Visitor& visitor, Visitor& other, const Arrival& arrival, Millis now) {
    now = std::max(now, other.clock());
    visitor.run(now);
    other.run(now);
    visitor.merge(arrival, &other);
    for (auto& [name, who] : names_)
      if (who == &other) who = &visitor;
    std::erase_if(visitors_, [&](const auto& v) { return v.get() == &other; });
  }

  Visitor& named(const std::string& name) {
    Visitor*& visitor = names_[name];
    if (visitor == nullptr) visitor = visitors_.emplace_back(std::make_unique<Visitor>(name, log_, books_, options_, counter_)).get();
    return *visitor;
  }

  const Log& log_;
  const Options& options_;
  std::vector<Book> books_;                         // of the eras
  Counter counter_;
  std::vector<std::unique_ptr<Visitor>> visitors_;  // in the order in which they came
  std::map<std::string, Visitor*> names_;
};

}  // namespace

std::vector<history::Decision> judge(const Log& log, const Options& options) { return Judging(log, options).judge(); }

}  // namespace polku::reference
