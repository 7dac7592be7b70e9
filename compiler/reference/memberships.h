// Which segments a visitor is known to be in, as far as rules wait for it (reading 29). Internal to the reference interpreter.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "compiler/reference/evaluate.h"

namespace polku::reference {

class Memberships {
 public:
  explicit Memberships(const Story& story);

  // What has become known since the last look and is another than before.
  struct Change { std::string segment; bool enters = true; };
  std::vector<Change> look();

  // When a membership could change without a record: so long after each record; at these instants; whenever the local date changes.
  const std::set<Millis>& lengths() const { return lengths_; }
  const std::set<Millis>& instants() const { return instants_; }
  bool by_calendar() const { return by_calendar_; }

 private:
  void scan(const syntax::Expr& expr);
  void scan(const syntax::Window& window);

  struct Watched { const syntax::Segment* segment = nullptr; bool member = false; };
  const Story& story_;
  std::vector<Watched> watched_;   // in the order in which rules name them
  std::set<const syntax::Expr*> scanned_;
  std::set<Millis> lengths_, instants_;
  bool by_calendar_ = false;
};

}  // namespace polku::reference
