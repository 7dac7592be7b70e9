// How the tables of a screen are made.
#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "runtime/match/match.h"

namespace polku::match {

namespace {

// Constants beyond are looked at literal by literal: of cells of at most 4 bytes, of other values.
constexpr Value kFarthestInCell = Value{1} << 29, kFarthest = Value{1} << 61;
constexpr std::size_t kSmallest = 1024;                     // rows that a column may always have
constexpr std::size_t kAlternatives = 4;                  // of an `or`; beyond, its literals are looked at
constexpr std::size_t kUnshared = 2048;                   // a column of so many bytes is better without a list in front of it
constexpr std::size_t kColumnBytes = std::size_t{8} << 20;  // of a column's rows
constexpr std::size_t kLateUses = 8;                      // of a lookup; with fewer its conditions are looked at one by one
constexpr std::size_t kFew = 16;                          // conditions, up to which each is looked at
constexpr std::size_t kManyBlocks = 8;                    // from which on it is worth it to know first in which of them something may be left
constexpr std::size_t kTopped = 8;                        // columns that say so
constexpr double kWorth = 0.25;                           // the share of blocks they must leave at most, on average
constexpr std::size_t kLooks = 5;                         // at most so many tests of each

}  // namespace

class Screen::Maker {
 public:
  Maker(Screen& screen, const plan::Plan& plan, const plan::SharedTests& shared, const std::vector<Asked>& asked)
      : s_(screen), plan_(plan), asked_(asked), lookups_{plan, shared} {}

  void run() {
    read();
    steps();
    arrange();
    if (few_) looks();
    else fill();
    tests();
    s_.lookups_ = std::move(lookups_.all);
    s_.plan_ = &plan_;
  }

 private:
  // A conjunction of literals, each of another source: a condition, or an alternative of one.
  struct Entry {
    std::uint32_t condition;
    std::vector<Literal> literals;
    How how;
  };
  struct Use { std::uint32_t entry; const Literal* literal; };
  struct Column {
    Source source;
    std::vector<Use> uses;
    Value base = 0, top = 0;
    int shift = 0;
    std::size_t known = 1;                                // rows of known values
    std::uint32_t number = 0;                             // of the screen's columns
    double kept = 0;                                      // the share of bits in its rows
    std::vector<Value> cuts;                              // of a late one, in place of steps
    bool late() const { return source.kind == Source::Kind::Lookup; }
    std::size_t row(Value v) const {
      if (late()) return static_cast<std::size_t>(std::upper_bound(cuts.begin(), cuts.end(), v) - cuts.begin());
      return static_cast<std::size_t>((std::clamp(v, base, top) - base) >> shift);
    }
    bool starts(Value v) const { return v == kLeast || (v > base && v <= top && ((v - base) & ((Value{1} << shift) - 1)) == 0); }  // v is the least of its row
    bool ends(Value v) const { return v == kMost || starts(v + 1); }
  };

  void read() {
    conditions_.resize(asked_.size());
    for (std::uint32_t i = 0; i < asked_.size(); ++i) {
      if (asked_[i].code >= 0) conditions_[i] = normal_form(plan_.codes[static_cast<std::size_t>(asked_[i].code)], asked_[i].captures, asked_[i].event, lookups_);
      else conditions_[i].whole = false;
    }
    few_ = are_few();
    for (std::uint32_t i = 0; i < asked_.size(); ++i) {
      if (few_) entries_.push_back({i, {}, conditions_[i].whole ? kChecked : kOpen});
      else enter(i);
    }
    std::map<Source, std::vector<Use>> by_source;
    for (std::uint32_t e = 0; e < entries_.size(); ++e)
      for (const Literal& l : entries_[e].literals) by_source[l.source].push_back({e, &l});
    for (auto& [source, uses] : by_source)
      if (source.kind != Source::Kind::Lookup || uses.size() >= kLateUses) columns_.push_back({.source = source, .uses = std::move(uses), .cuts = {}});
    s_.words_ = entries_.size() <= 64 ? 1 : kWords;
    s_.blocks_ = (entries_.size() + kBits - 1) / kBits;
  }

  // So few that a test of each costs less than the rows of all their columns; and each has one that says no to most visitors.
  bool are_few() const {
    const std::int32_t bytes = plan_.layout.bytes;
    if (conditions_.size() > kFew || bytes < 4) return false;
    return std::none_of(conditions_.begin(), conditions_.end(), [&](const Condition& c) { return in_cells(c).empty(); });
  }

  // The tests of one attribute in its cell, those that hold seldom first.
  std::vector<const Literal*> in_cells(const Condition& c) const {
    std::vector<const Literal*> all;
    for (const Clause& clause : c.all)
      if (clause.size() == 1 && in_cell(clause[0].source) && !clause[0].yes.empty()) all.push_back(&clause[0]);
    // Inserted in order, which std::stable_sort would not do without memory; they are few.
    for (std::size_t i = 1; i < all.size(); ++i)
      for (std::size_t n = i; n > 0 && share(*all[n]) < share(*all[n - 1]); --n) std::swap(all[n], all[n - 1]);
    return all;
  }

  // How often it holds, as far as can be told: a value of a list like any other, one value of many seldom, half of all numbers half of the time.
  double share(const Literal& l) const {
    const catalog::Type& type = plan_.catalog.attributes[l.source.index].type;
    double values = 0;
    for (const Range& r : l.yes) {
      if (r.lo == kLeast || r.hi == kMost) return 0.5;
      values += static_cast<double>(r.hi) - static_cast<double>(r.lo) + 1;
    }
    return type.kind == catalog::TypeKind::OneOf ? values / static_cast<double>(type.values.size()) : type.kind == catalog::TypeKind::YesNo || type.kind == catalog::TypeKind::Consent ? 0.5 : 0.125;
  }

  void looks() {
    s_.attributes_ = plan_.layout.attribute;
    s_.firsts_.resize((conditions_.size() + 7) / 8);
    s_.seconds_.resize(conditions_.size());
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
      const std::vector<const Literal*> all = in_cells(conditions_[i]);
      look(*all[0], s_.firsts_[i / 8], i % 8);
      for (std::size_t n = 1; n < std::min(all.size(), kLooks); ++n) look(*all[n], s_.seconds_[i], n - 1);
    }
  }

  template <std::size_t kLanes>
  void look(const Literal& l, Looks<kLanes>& out, std::size_t i) const {
    const plan::Cell& cell = plan_.layout.attribute[l.source.index];
    const std::int32_t at = std::min(cell.at, plan_.layout.bytes - 4);  // four bytes are read, of the record's own
    out.at[i] = static_cast<std::uint32_t>(at);
    out.shift[i] = static_cast<std::uint32_t>(8 * (cell.at - at));
    out.mask[i] = 0xffff'ffffu >> (32 - 8 * cell.bytes);
    out.gone[i] = l.missing == kNo ? 0 : 0xffff'ffffu;
    const Value moved = Chunk::moved(static_cast<std::uint16_t>(cell.bytes)), least = 1 - moved, most = Value{out.mask[i]} - 1 - moved;  // what a cell can say
    const auto raw = [&](Value v) { return static_cast<std::uint32_t>(std::clamp(v, least, most) + moved); };
    out.lo[i] = raw(l.yes.front().lo);
    out.span[i] = raw(l.yes.back().hi) - out.lo[i];
    for (const Range& r : l.yes)
      for (std::uint32_t x = raw(r.lo), n = 0; n < 32 && x <= raw(r.hi); ++x, ++n) out.set[i] |= 1u << (x & 31);
  }

  // The entries of a condition.
  void enter(std::uint32_t i) {
    const Condition& condition = conditions_[i];
    std::vector<Literal> base;
    std::vector<const Clause*> several;
    std::size_t alternatives = 1;
    bool looks_up = false;
    for (const Clause& c : condition.all) {
      const bool late = std::any_of(c.begin(), c.end(), [](const Literal& l) { return l.source.kind == Source::Kind::Lookup; });
      looks_up = looks_up || late;
      if (late && c.size() > 1) continue;  // left to its tests
      if (c.size() == 1) {
        base.push_back(c[0]);
        continue;
      }
      several.push_back(&c);
      alternatives = alternatives > kAlternatives ? alternatives : alternatives * c.size();
    }
    const std::size_t first = entries_.size();
    const bool split = alternatives <= kAlternatives;
    entries_.push_back({i, std::move(base), !condition.whole ? kOpen : looks_up || !split ? kChecked : asked_[i].tell ? kWhole : kExact});
    if (!split) return;
    for (const Clause* c : several)
      for (std::size_t e = first, end = entries_.size(); e < end; ++e) {
        const Entry before = entries_[e];
        for (std::size_t l = 0; l < c->size(); ++l) {
          Entry& entry = l == 0 ? entries_[e] : entries_.emplace_back(before);
          intersect(entry.literals, (*c)[l]);
        }
      }
  }

  bool in_cell(const Source& s) const { return s.kind == Source::Kind::Attribute && plan_.layout.attribute[s.index].bytes <= 4; }

  // The steps of each column: as wide as its constants allow, wider if there would be too many.
  void steps() {
    std::vector<Value> cuts;
    for (Column& c : columns_) {
      cuts.clear();
      const Value farthest = in_cell(c.source) ? kFarthestInCell : kFarthest;
      const auto cut = [&](Value v) {
        if (-farthest < v && v < farthest) cuts.push_back(v);
      };
      for (const Use& u : c.uses)
        for (const Range& r : u.literal->yes) {
          if (r.lo != kLeast) cut(r.lo);
          if (r.hi != kMost) cut(r.hi + 1);
        }
      std::sort(cuts.begin(), cuts.end());
      cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
      if (c.late()) {
        const std::size_t row = s_.blocks_ * s_.words_ * sizeof(std::uint64_t), most = std::max(kSmallest, kColumnBytes / row), each = cuts.size() / most + 1;
        for (std::size_t i = 0; i < cuts.size(); i += each) c.cuts.push_back(cuts[i]);
        c.known = c.cuts.size() + 1;
      } else if (!cuts.empty()) {
        Value apart = 0;
        for (const Value v : cuts) apart |= v - cuts.front();
        const auto width = static_cast<std::uint64_t>(cuts.back() - cuts.front());
        c.shift = apart == 0 ? 0 : __builtin_ctzll(static_cast<std::uint64_t>(apart));
        const std::size_t row = s_.blocks_ * s_.words_ * sizeof(std::uint64_t), most = std::max(kSmallest, std::min({8 * cuts.size(), kColumnBytes / row, Chunk::kLast}));
        while ((width >> c.shift) + 2 > most) ++c.shift;  // at most Chunk::kLast + 1
        c.base = cuts.front() - (Value{1} << c.shift);
        c.top = cuts.back();
        c.known = c.row(c.top) + 1;
      }
      double yes = 0;
      for (const Use& u : c.uses)
        for (const Range& r : u.literal->yes) {
          yes += static_cast<double>(c.row(r.hi) - c.row(r.lo) + 1);
          How& how = entries_[u.entry].how;
          if (!c.late() && (!c.starts(r.lo) || !c.ends(r.hi)) && how < kChecked) how = kChecked;
        }
      c.kept = 1 - (static_cast<double>(c.uses.size()) - yes / static_cast<double>(c.known)) / static_cast<double>(entries_.size());
    }
    std::sort(columns_.begin(), columns_.end(), [&](const Column& a, const Column& b) {  // what is late is found only if it must be, so it stands last, and the cheap of it first
      const int x = cost(a.source), y = cost(b.source);
      return std::tie(x, a.kept, a.source) < std::tie(y, b.kept, b.source);
    });
  }

  // Conditions that ask for the same value of the column that leaves least stand together, so that whole blocks become empty early.
  void arrange() {
    for (std::size_t e = 1; e < entries_.size(); ++e)  // alternatives are told apart by nobody, so they are as good as the worst of them
      if (entries_[e].condition == entries_[e - 1].condition) entries_[e].how = std::max(entries_[e].how, entries_[e - 1].how);
    for (std::size_t e = entries_.size(); e-- > 1;)
      if (entries_[e].condition == entries_[e - 1].condition) entries_[e - 1].how = entries_[e].how;
    std::vector<std::uint32_t>& order = order_;
    order.resize(entries_.size());
    std::iota(order.begin(), order.end(), 0u);
    if (s_.blocks_ > 1) {
      struct Key { std::uint32_t column = UINT32_MAX, row = 0; double share = 1; };
      std::vector<Key> keys(asked_.size());
      for (std::uint32_t n = 0; n < columns_.size() && !columns_[n].late(); ++n)
        for (const Use& u : columns_[n].uses) {
          std::size_t yes = 0;
          for (const Range& r : u.literal->yes) yes += columns_[n].row(r.hi) - columns_[n].row(r.lo) + 1;
          const double share = static_cast<double>(yes) / static_cast<double>(columns_[n].known);
          Key& key = keys[entries_[u.entry].condition];
          if (share < key.share) key = {n, static_cast<std::uint32_t>(yes == 0 ? 0 : columns_[n].row(u.literal->yes[0].lo)), share};
        }
      std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        const Key &x = keys[entries_[a].condition], &y = keys[entries_[b].condition];
        return std::tuple(x.column, x.row, a) < std::tuple(y.column, y.row, b);
      });
    }
    position_.resize(order.size());
    s_.position_of_.resize(asked_.size());
    const std::size_t words = s_.blocks_ * kWords;
    s_.everyone_.assign(words, 0);
    s_.exact_.assign(words, 0);
    s_.others_of_it_.assign(words, 0);
    for (std::size_t p = 0, end; p < order.size(); p = end) {  // alternatives are counted as one within a word
      const auto entry = [&](std::size_t n) -> Entry& { return entries_[order[n]]; };
      for (end = p + 1; end < order.size() && entry(end).condition == entry(p).condition;) ++end;
      if (entry(p).how != kExact) continue;
      for (std::size_t n = p; n < end; ++n) {
        if (p / 64 != (end - 1) / 64) entry(n).how = kWhole;
        else if (n > p) s_.others_of_it_[n / 64] |= std::uint64_t{1} << n % 64;
      }
    }
    for (auto p = static_cast<std::uint32_t>(order.size()); p-- > 0;) {
      const Entry& e = entries_[order[p]];
      position_[order[p]] = p;
      s_.position_of_[e.condition] = p;
      s_.everyone_[p / 64] |= std::uint64_t{1} << p % 64;
      if (e.how == kExact) s_.exact_[p / 64] |= std::uint64_t{1} << p % 64;
    }
    for (const std::uint32_t e : order) s_.positions_.push_back({asked_[entries_[e].condition].number, 0, static_cast<std::uint32_t>(entries_[e].how) & 3, asked_[entries_[e].condition].tell});
  }

  void fill() {
    s_.attributes_ = plan_.layout.attribute;
    chunks();
    for (Column& c : columns_)
      if (!in_cell(c.source) && !c.late()) {
        c.number = static_cast<std::uint32_t>(s_.chunks_.size() * Chunk::kLanes + s_.others_.size());
        s_.others_.push_back({c.source, {}});
      }
    s_.chunk_count_ = s_.chunks_.size();
    s_.lane_words_ = s_.chunk_count_ + (s_.others_.size() + Chunk::kLanes - 1) / Chunk::kLanes;
    s_.open_.assign(s_.lane_words_ * Chunk::kLanes, 0);
    for (const Column& c : columns_) {
      Step step{c.base, c.top, c.shift, 0, 0};
      rows(c, step);
      if (c.late()) {
        late(c, step);
        continue;
      }
      s_.order_.push_back(c.number);
      if (top_ends_.size() < kTopped) top_ends_.push_back(s_.table_.size());
      if (!in_cell(c.source)) {
        s_.others_[c.number - s_.chunks_.size() * Chunk::kLanes].step = step;
        continue;
      }
      Chunk& k = s_.chunks_[c.number / Chunk::kLanes];
      const std::size_t lane = c.number % Chunk::kLanes;
      k.base[lane] = static_cast<std::uint32_t>(c.base) + Chunk::moved(k.bytes);
      k.last[lane] = static_cast<std::uint16_t>(c.known - 1);
      k.shift[lane] = static_cast<std::uint8_t>(c.shift);
      k.first[lane] = step.first;
      if (step.stride == 1) k.single = static_cast<std::uint16_t>(k.single | 1u << lane);
      else k.stride = step.stride;
      k.used = static_cast<std::uint16_t>(k.used | 1u << lane);
    }
    if (s_.blocks_ >= kManyBlocks && !top_ends_.empty()) tops();
  }

  // Rows of the table all have the same length, and those of the columns on top are the first of it.
  void tops() {
    const std::size_t width = s_.blocks_ * kWords;
    decltype(s_.tops_) tops(top_ends_.back() / kWords, 0);
    double left = 1;
    for (std::size_t c = 0, row = 0; c < top_ends_.size(); ++c) {
      const std::size_t first = row;
      std::size_t some = 0;
      for (; row < top_ends_[c]; row += width)
        for (std::size_t b = 0; b < s_.blocks_; ++b) {
          const std::uint64_t* const words = &s_.table_[row + b * kWords];
          if (std::none_of(words, words + kWords, [](std::uint64_t w) { return w != 0; })) continue;
          tops[row / kWords + b / 64] |= std::uint64_t{1} << b % 64;
          ++some;
        }
      left *= static_cast<double>(some * width) / static_cast<double>((row - first) * s_.blocks_);
    }
    if (left > kWorth) return;
    s_.topped_ = top_ends_.size();
    s_.tops_ = std::move(tops);
  }

  void late(const Column& c, const Step& step) {
    const auto cut = static_cast<std::uint32_t>(s_.late_cuts_.size()), users = static_cast<std::uint32_t>(s_.table_.size());
    s_.late_cuts_.insert(s_.late_cuts_.end(), c.cuts.begin(), c.cuts.end());
    s_.table_.resize(users + s_.blocks_ * s_.words_);
    for (const Use& u : c.uses) s_.table_[users + position_[u.entry] / 64] |= std::uint64_t{1} << position_[u.entry] % 64;
    s_.late_.push_back({c.source, step.first, step.stride, users, cut, static_cast<std::uint32_t>(c.cuts.size())});
  }

  // The attributes that are asked for and whose cells follow each other.
  void chunks() {
    constexpr auto kLanes = static_cast<std::int32_t>(Chunk::kLanes);
    std::map<std::int32_t, Column*> by_attribute;
    for (Column& c : columns_)
      if (in_cell(c.source)) by_attribute[c.source.index] = &c;
    for (const plan::Layout::Run& run : plan_.layout.runs) {
      for (auto a = by_attribute.lower_bound(run.first); a != by_attribute.end() && a->first < run.first + run.count;) {
        Chunk k;
        const std::int32_t first = a->first, count = std::min(kLanes, run.first + run.count - first);
        k.at = run.cell.at + (first - run.first) * run.cell.bytes;
        k.bytes = run.cell.bytes;
        // Kernels read all lanes at once where the record has as many cells from there on, so a chunk at its end begins in front of its first attribute.
        const std::int32_t beyond = k.at + kLanes * k.bytes - plan_.layout.bytes, before = beyond <= 0 ? 0 : (beyond + k.bytes - 1) / k.bytes;
        const bool whole = before * k.bytes <= k.at;
        const std::int32_t lane = whole ? before : 0;
        k.at -= lane * k.bytes;
        k.lanes = whole ? Chunk::kAll : static_cast<std::uint16_t>((1u << count) - 1);
        for (; a != by_attribute.end() && a->first < first + count; ++a)
          a->second->number = static_cast<std::uint32_t>(s_.chunks_.size() * Chunk::kLanes) + static_cast<std::uint32_t>(a->first - first + lane);
        s_.chunks_.push_back(k);
      }
    }
  }

  // The rows of a column, of missing first, then of its steps; where most are like the one before them, each only once.
  void rows(const Column& c, Step& step) {
    const std::size_t width = s_.blocks_ * s_.words_, open = c.known + 1;
    const auto position = [&](const Use& u) { return position_[u.entry]; };
    const auto each = [&](auto set) {  // set(row, use): the use's position is in it
      for (const Use& u : c.uses) {
        for (const Range& r : u.literal->yes)
          for (std::size_t row = c.row(r.lo) + 1; row <= c.row(r.hi) + 1; ++row) set(row, u);
        if (u.literal->missing == kNo) continue;
        set(open, u);
        if (u.literal->missing == kYes || entries_[u.entry].how != kExact) set(0, u);
      }
    };
    // A row is like the one before it if no range begins or ends between them, and empty ones are all alike.
    std::vector<char> begins(c.known + 3, 0);
    std::vector<std::int32_t> held(c.known + 3, 0);
    for (const Use& u : c.uses)
      for (const Range& r : u.literal->yes) {
        begins[c.row(r.lo) + 1] = begins[c.row(r.hi) + 2] = 1;
        ++held[c.row(r.lo) + 1];
        --held[c.row(r.hi) + 2];
      }
    std::vector<std::uint32_t> own(c.known + 2);         // of each row: which of those kept it is
    std::uint32_t kept = 2;                              // 0: missing, 1: open
    std::int64_t empty = -1;
    own[0] = 0;
    own[open] = 1;
    std::int32_t here = 0;
    for (std::size_t row = 1; row <= c.known; ++row) {
      here += held[row];
      if (here == 0 && empty >= 0) own[row] = static_cast<std::uint32_t>(empty);
      else if (row > 1 && !begins[row]) own[row] = own[row - 1];
      else own[row] = kept++;
      if (here == 0) empty = own[row];
    }
    const bool shared = !c.late() && kept * 2 < c.known + 2 && (c.known + 2) * width * sizeof(std::uint64_t) > kUnshared;
    const auto kept_row = [&](std::size_t row) { return shared ? own[row] : row; };
    const std::size_t base = s_.table_.size(), count = shared ? kept : c.known + 2;
    s_.table_.resize(base + count * width);
    if (!c.late() && (s_.fewest_end_ == 0 || count * width < s_.fewest_end_ - s_.fewest_)) s_.fewest_ = base, s_.fewest_end_ = s_.table_.size();
    std::uint64_t* const first = s_.table_.data() + base;
    std::copy_n(s_.everyone_.data(), width, first);
    for (const Use& u : c.uses) first[position(u) / 64] &= ~(std::uint64_t{1} << position(u) % 64);
    for (std::size_t r = 1; r < count; ++r) std::copy_n(first, width, first + r * width);
    each([&](std::size_t row, const Use& u) { first[kept_row(row) * width + position(u) / 64] |= std::uint64_t{1} << position(u) % 64; });
    const auto place = [&](std::size_t row) { return static_cast<std::uint32_t>(base + kept_row(row) * width); };
    if (!c.late()) s_.open_[c.number] = place(open);
    step.first = shared ? static_cast<std::uint32_t>(s_.rows_.size()) : place(0);
    step.stride = shared ? 1 : static_cast<std::uint32_t>(width);
    if (!shared) return;
    s_.shared_.push_back(c.number);
    for (std::size_t row = 0; row <= c.known; ++row) s_.rows_.push_back(place(row));
  }

  // Of each condition that may need them, once; what is cheap to find stands first, and what the tables have last.
  void tests() {
    std::vector<std::tuple<int, double, const Clause*>> clauses;
    for (std::size_t p = 0; p < s_.positions_.size(); ++p) {
      Position& position = s_.positions_[p];
      if (p > 0 && s_.positions_[p - 1].number == position.number) {
        position.first_test = s_.positions_[p - 1].first_test;
        continue;
      }
      position.first_test = kMostTests;
      if (condition_at(p).all.empty()) continue;
      position.first_test = static_cast<std::uint32_t>(s_.tests_.size()) & kMostTests;
      clauses.clear();
      for (const Clause& c : condition_at(p).all) clauses.emplace_back(cost(c), few_ ? later(condition_at(p), c) : 0, &c);
      std::sort(clauses.begin(), clauses.end());
      bool open = false;
      for (std::size_t i = 0; i < clauses.size(); ++i) {
        for (const Literal& l : *std::get<const Clause*>(clauses[i])) {
          const auto missing = static_cast<std::uint8_t>(l.missing == kNo ? 0 : l.missing == kYes ? 1 : 2);
          for (const Range& r : l.yes) s_.tests_.push_back({r.lo, r.hi, l.source, missing, 0, 0, 0});
          if (l.yes.empty()) s_.tests_.push_back({1, 0, l.source, missing, 0, 0, 0});
        }
        s_.tests_.back().last = 1;
        if (open || (i + 1 < clauses.size() && std::get<int>(clauses[i + 1]) < kTabled)) continue;
        open = true;
        s_.tests_.back().last_open = 1;
      }
      s_.tests_.back().last_of_all = 1;
    }
  }

  // Of few conditions: what has been looked at comes last.
  double later(const Condition& condition, const Clause& c) const {
    const std::vector<const Literal*> all = in_cells(condition);
    const auto tested = static_cast<std::size_t>(std::find(all.begin(), all.end(), &c[0]) - all.begin());
    return tested < std::min(all.size(), kLooks) ? 1 : 0;
  }

  static constexpr int kTabled = 100;
  int cost(const Clause& c) const {
    int most = 0;
    for (const Literal& l : c) most = std::max(most, cost(l.source));
    return most == 0 && c.size() == 1 && exact(c[0]) ? kTabled : most;
  }
  // To find the value, if it is not in a cell.
  int cost(const Source& source) const {
    if (source.kind != Source::Kind::Lookup) return 0;
    const Lookup& l = lookups_.all[source.index];
    switch (l.kind) {
      case Lookup::Kind::Age: return 1;
      case Lookup::Kind::Read: return l.op == plan::Op::LastField ? 2 : l.op == plan::Op::CountAtLeast ? 3 : 4;
      case Lookup::Kind::Code: return 5;
    }
    return 0;
  }

  // The column's bits say all about it.
  bool exact(const Literal& l) const {
    const auto c = std::find_if(columns_.begin(), columns_.end(), [&](const Column& o) { return o.source == l.source; });
    return c != columns_.end() && std::all_of(l.yes.begin(), l.yes.end(), [&](const Range& r) { return c->starts(r.lo) && c->ends(r.hi); });
  }
  const Condition& condition_at(std::size_t position) const { return conditions_[entries_[order_[position]].condition]; }

  Screen& s_;
  const plan::Plan& plan_;
  const std::vector<Asked>& asked_;
  Lookups lookups_;
  std::vector<Condition> conditions_;
  std::vector<Entry> entries_;                            // those of one condition next to each other
  std::vector<std::uint32_t> order_, position_;           // by position: the entry; by entry: the position
  std::vector<Column> columns_;
  bool few_ = false;
  std::vector<std::size_t> top_ends_;                     // of the rows of each column on top
};

Screen::Screen(const plan::Plan& plan, const plan::SharedTests& shared, const std::vector<Asked>& conditions, const Kernel& kernel) : kernel_(&kernel) {
  Maker(*this, plan, shared, conditions).run();
}

}  // namespace polku::match
