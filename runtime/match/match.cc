#include "runtime/match/match.h"

#include <algorithm>

#include "compiler/plan/arith.h"
#include "runtime/record/record.h"

namespace polku::match {

std::uint64_t Tally::count(std::uint32_t position) const {
  if (position / 64 >= planes_.size()) return 0;
  std::uint64_t n = 0;
  const std::vector<std::uint64_t>& planes = planes_[position / 64];
  for (std::size_t p = 0; p < planes.size(); ++p) n |= (planes[p] >> position % 64 & 1) << p;
  return n;
}

void Tally::add(std::size_t word, std::uint64_t positions) {
  if (word >= planes_.size()) planes_.resize(word + 1);
  std::vector<std::uint64_t>& planes = planes_[word];
  for (std::size_t p = 0; positions != 0; ++p) {
    if (p == planes.size()) planes.push_back(0);
    const std::uint64_t carry = planes[p] & positions;
    planes[p] ^= positions;
    positions = carry;
  }
}

Value Screen::value(const Source& source, const Seen& seen, Scratch& scratch) const {
  switch (source.kind) {
    case Source::Kind::Attribute: return record::get(*seen.record, attributes_[source.index]);
    case Source::Kind::Field: return seen.fields[source.index];
    case Source::Kind::Now: return seen.now;
    case Source::Kind::Lookup: break;
  }
  Scratch::Found& found = scratch.lookups[source.index];
  if (std::exchange(found.run, scratch.run) != scratch.run) found.value = look_up(source.index, seen);
  return found.value;
}

Value Screen::look_up(std::size_t lookup, const Seen& seen) const {
  const Lookup& l = lookups_[lookup];
  switch (l.kind) {
    case Lookup::Kind::Age: return record::age(*plan_, *seen.record, l.of, l.number, static_cast<int>(l.window), seen.now);
    case Lookup::Kind::Code: return seen.asker->evaluate(l.of);
    case Lookup::Kind::Read: break;
  }
  const plan::Context& c = seen.asker->context(false);
  switch (l.op) {
    case plan::Op::LastField: return c.host->last(&c, l.of, l.window);
    case plan::Op::CountAtLeast: return c.host->count_at_least(&c, l.of, l.window, l.number);
    case plan::Op::Count: return c.host->count(&c, l.of, l.window);
    case plan::Op::CountSeen: return c.host->count_seen(&c, l.of, l.window, l.number);
    case plan::Op::Sum: return c.host->sum(&c, l.of, l.window);
    case plan::Op::Highest: return c.host->highest(&c, l.of, l.window);
    case plan::Op::Lowest: return c.host->lowest(&c, l.of, l.window);
    case plan::Op::Average: return c.host->average(&c, l.of, l.window, l.number);
    case plan::Op::First: return c.host->first(&c, l.of, l.window);
    case plan::Op::Const: case plan::Op::Now: case plan::Op::Attribute: case plan::Op::Field: case plan::Op::Add: case plan::Op::Sub: case plan::Op::Mul:
    case plan::Op::Neg: case plan::Op::MulDiv: case plan::Op::DivMul: case plan::Op::Eq: case plan::Op::Ne: case plan::Op::Lt: case plan::Op::Le:
    case plan::Op::Gt: case plan::Op::Ge: case plan::Op::And: case plan::Op::Or: case plan::Op::Not: case plan::Op::Given: case plan::Op::Otherwise:
    case plan::Op::TextContains: case plan::Op::TextStarts: case plan::Op::TextEnds: case plan::Op::ListContains: break;
  }
  return kUnknown;
}

// The rows of all columns. True if something asked for is missing.
bool Screen::place(const Seen& seen, Scratch& scratch) const {
  constexpr std::size_t kLanes = Chunk::kLanes;
  const std::size_t chunks = chunk_count_;
  if (scratch.rows.size() < lane_words_ * kLanes) {
    scratch.rows.resize(lane_words_ * kLanes);
    scratch.missing.resize(lane_words_);
  }
  if (!lookups_.empty()) {
    ++scratch.run;
    if (scratch.lookups.size() < lookups_.size()) scratch.lookups.resize(lookups_.size());
  }
  Placed placed;
  if (chunks > 0) placed = kernel_->place(chunks_.data(), chunks, seen.record->cells(), scratch.rows.data(), scratch.missing.data());
  if (placed.wide) [[unlikely]]
    for (std::size_t c = 0; c < chunks; ++c)
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const Chunk& k = chunks_[c];
        if ((k.used >> lane & 1) == 0) continue;
        const Step step{k.value(lane), k.value(lane) + (Value{k.last[lane]} << k.shift[lane]), k.shift[lane], k.first[lane], k.stride_of(lane)};
        scratch.rows[c * kLanes + lane] = step.row(record::get(*seen.record, {k.at + static_cast<std::int32_t>(lane) * k.bytes, k.bytes}));
      }
  for (std::size_t i = 0, end = lane_words_ == chunks ? 0 : others_.size(); i < end; ++i) {
    const Value v = value(others_[i].source, seen, scratch);
    std::uint16_t& missing = scratch.missing[chunks + i / kLanes];
    if (i % kLanes == 0) missing = 0;
    if (v == kUnknown) missing = static_cast<std::uint16_t>(missing | 1u << i % kLanes);
    placed.missing = placed.missing || v == kUnknown;
    scratch.rows[chunks * kLanes + i] = others_[i].step.row(v);
  }
  for (const std::uint32_t c : shared_) scratch.rows[c] = rows_[scratch.rows[c]];
  return scratch.some_missing = placed.missing;
}

std::size_t Screen::meet(Scratch& scratch, std::vector<Left, base::PageAllocator<Left>>& left) const {
  const std::uint32_t* const rows = scratch.rows.data();
  if (left.size() < blocks_) left.resize(blocks_);
  if (order_.empty()) {
    for (std::size_t b = 0; b < blocks_; ++b) {
      std::copy_n(&everyone_[b * kWords], words_, left[b].words);
      left[b].block = static_cast<std::uint32_t>(b);
      left[b].some = (1u << words_) - 1;
    }
    return blocks_;
  }
  if (words_ == 1) {
    left[0].words[0] = meet_words(table_.data(), rows, order_.data(), order_.size());
    left[0].block = 0;
    left[0].some = 1;
    return left[0].words[0] != 0;
  }
  const std::size_t words = (blocks_ + 63) / 64;
  if (scratch.some.size() < words) scratch.some.resize(words);
  if (topped_ == 0) {
    std::fill_n(scratch.some.data(), words, ~std::uint64_t{0});
    scratch.some[words - 1] >>= words * 64 - blocks_;
  } else {
    const auto top = [&](std::size_t column) { return &tops_[rows[order_[column]] / kWords]; };
    std::copy_n(top(0), words, scratch.some.data());
    for (std::size_t c = 1; c < topped_; ++c)
      for (std::size_t w = 0; w < words; ++w) scratch.some[w] &= top(c)[w];
  }
  return kernel_->meet(table_.data(), rows, order_.data(), order_.size(), scratch.some.data(), words, left.data());
}

// The first positions of the conditions that some of these exact positions of a word belong to.
std::uint64_t Screen::first_of_all(std::uint64_t positions, std::size_t word) const {
  const std::uint64_t others = others_of_it_[word];
  while (const std::uint64_t more = positions & others) positions = (positions & ~others) | more >> 1;
  return positions;
}

std::size_t Screen::narrow_few(const Seen& seen, Scratch& scratch) const {
  if (!lookups_.empty()) {
    ++scratch.run;
    if (scratch.lookups.size() < lookups_.size()) scratch.lookups.resize(lookups_.size());
  }
  if (scratch.left.empty()) scratch.left.resize(1);
  scratch.left[0].words[0] = kernel_->look(firsts_.data(), seconds_.data(), everyone_[0], seen.record->cells());
  scratch.left[0].block = 0;
  scratch.left[0].some = 1;
  scratch.some_missing = true;  // whatever it is: all tests are made
  return scratch.left[0].words[0] != 0;
}

// Leaves in scratch.left the blocks with what may hold; returns how many. scratch.some_missing says whether something asked for is missing.
std::size_t Screen::narrow(const Seen& seen, Scratch& scratch, Tally* unknown) const {
  if (!firsts_.empty()) return narrow_few(seen, scratch);
  const bool missing = place(seen, scratch);
  if (!missing) return meet(scratch, scratch.left);
  const std::size_t blocks = unknown ? meet(scratch, scratch.left) : 0;
  kernel_->open(open_.data(), scratch.missing.data(), lane_words_, scratch.rows.data());
  if (!unknown) return meet(scratch, scratch.left);
  const std::size_t some = meet(scratch, scratch.unknown);  // what holds is a part of it
  for (std::size_t i = 0, k = 0; i < some; ++i) {
    const Left& may = scratch.unknown[i];
    while (k < blocks && scratch.left[k].block < may.block) ++k;
    const bool here = k < blocks && scratch.left[k].block == may.block;
    for (std::size_t w = 0; w < words_; ++w) {
      const std::size_t word = std::size_t{may.block} * kWords + w;
      const std::uint64_t open = may.words[w] & exact_[word], holds = here ? scratch.left[k].words[w] & exact_[word] : 0;
      if (const std::uint64_t bits = first_of_all(open, word) & ~first_of_all(holds, word)) unknown->add(word, bits);
    }
  }
  return blocks;
}

// The same for what is looked up, as long as so much is left that rows cost less than tests.
std::size_t Screen::narrow_late(const Seen& seen, Scratch& scratch, std::size_t blocks) const {
  constexpr std::size_t kTogether = 8, kWorth = 4;  // columns between two looks at what is left; rows of a block that cost as much as the tests of one condition
  Left* const left = scratch.left.data();
  for (std::size_t c = 0; c < late_.size() && blocks > 0; c += kTogether) {
    std::size_t bits = 0;
    for (const Left* some = left; some < left + blocks; ++some)
      for (std::size_t w = 0; w < words_; ++w) bits += static_cast<std::size_t>(__builtin_popcountll(some->words[w]));
    if (bits * kWorth <= (late_.size() - c) * blocks) break;
    for (std::size_t i = c; i < std::min(late_.size(), c + kTogether); ++i) {
      const Late& l = late_[i];
      if (words_ == 1 ? (left->words[0] & table_[l.users]) == 0 : !kernel_->asks(left, blocks, &table_[l.users])) continue;
      const Value v = value(l.source, seen, scratch);
      const Value* const cuts = late_cuts_.data() + l.cut;
      const std::size_t row = v == kUnknown ? 0 : static_cast<std::size_t>(std::upper_bound(cuts, cuts + l.cuts, v) - cuts) + 1;
      const std::uint64_t* const at = table_.data() + l.first + row * l.stride;
      if (words_ == 1) left->words[0] &= *at;
      else kernel_->keep(left, blocks, at);
    }
    std::size_t n = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
      left[b].some = 0;
      for (std::size_t w = 0; w < words_; ++w) left[b].some |= (left[b].words[w] != 0 ? 1u : 0u) << w;
      if (left[b].some == 0) continue;
      if (n != b) left[n] = left[b];
      ++n;
    }
    blocks = n;
  }
  return blocks;
}

std::uint32_t Screen::first_of(std::uint32_t position) const {
  while (position > 0 && positions_[position - 1].number == positions_[position].number) --position;
  return position;
}

Value Screen::test(std::uint32_t first, const Seen& seen, Scratch& scratch, bool all_of_them) const {
  Value all = kYes, any = kNo;
  for (const Test* t = &tests_[first];; ++t) {
    const Value v = value(t->source, seen, scratch);
    any = plan::kleene_or(any, v != kUnknown ? plan::yes_no(t->lo <= v && v <= t->hi) : kIs[t->missing]);
    if (!t->last) continue;
    all = plan::kleene_and(all, any);
    if (all == kNo || (all_of_them ? t->last_of_all : t->last_open)) return all;
    any = kNo;
  }
}

// What is empty in one column is empty in all of them together.
void Screen::leave_out(std::size_t condition) {
  for (std::uint32_t p = position_of_[condition]; p < positions_.size() && positions_[p].number == positions_[position_of_[condition]].number; ++p) {
    const std::uint64_t others = ~(std::uint64_t{1} << p % 64);
    everyone_[p / 64] &= others;
    exact_[p / 64] &= others;
    for (std::size_t row = fewest_; row < fewest_end_; row += blocks_ * words_) table_[row + p / 64] &= others;
  }
}

std::size_t Screen::bytes() const {
  const auto of = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return of(positions_) + of(position_of_) + of(everyone_) + of(firsts_) + of(seconds_) + of(exact_) + of(others_of_it_) + of(chunks_) + of(others_) + of(shared_) + of(rows_) + of(open_) + of(order_) + of(attributes_) + of(table_) + of(tops_) +
         of(tests_) + of(lookups_) + of(late_) + of(late_cuts_);
}

}  // namespace polku::match
