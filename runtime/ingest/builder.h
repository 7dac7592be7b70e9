// A record taken apart to an event. Inside the ingest stage only.
#pragma once
#include <string>
#include <string_view>

#include "runtime/history/event.h"
#include "runtime/ingest/ingest.h"
#include "runtime/ingest/layout.h"

namespace polku::ingest {

class Builder {
 public:
  Builder(Layout layout, const Setting& setting);
  const Layout& layout() const { return layout_; }
  Counts& counts() { return counts_; }
  const Counts& counts() const { return counts_; }
  // Counts the fault; `text` is kept if it is the first of its kind.
  void note(Reject reject, std::uint64_t line, std::string_view text);
  // Fills the record, or counts why it is refused.
  bool build(const Row& row, std::uint64_t line, Record& record);
  // The same of a record whose visitor, times and type are known: its attributes and fields, and its identity.
  void finish(const Row& row, std::uint64_t line, Record& record);
  const Setting& setting() const { return setting_; }

 private:
  bool refuse(Reject reject, std::uint64_t line, const Cell& cell);
  void note_value(Reject reject, std::uint64_t line, std::string_view name, const Cell& cell);
  bool read_visitor(const Row& row, std::uint64_t line, Record& record);
  bool read_times(const Row& row, std::uint64_t line, history::Event& event);
  bool read_merge(const Row& row, std::uint64_t line, history::Event& event);
  bool read_type(const Row& row, std::uint64_t line, history::Event& event);
  bool read_slots(const Cell& cell, const Row& row, std::uint64_t line, history::Event& event);
  void read_attributes(const Row& row, std::uint64_t line, history::Event& event);
  void read_id(const Row& row, std::uint64_t line, Record& record);
  void count_strays(const Row& row, std::uint64_t line, int type);

  Layout layout_;
  Setting setting_;
  history::Identity identity_;
  Counts counts_;
  std::string visitor_;  // in NFC, where it was not
  std::vector<int> places_;  // of the request being read, in layout_.places
  std::vector<std::string_view> id_;  // the parts of the one being read
};

}  // namespace polku::ingest
