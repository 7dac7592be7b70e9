#include "compiler/syntax/cache.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>

#include "compiler/syntax/input.h"
#include "compiler/syntax/outline.h"

namespace polku::syntax {

namespace {

constexpr std::size_t kWorthAThread = 32u << 10;  // bytes of text

// Does a block begin here, at the begin of a line? Only mostly: `journey` may be the field of an event whose dot ends the line above. Then there
// are faults on both sides, and the file is parsed as a whole.
bool block_begins(std::string_view text, std::size_t at) {
  static constexpr std::array<std::string_view, 4> kWords{"journey", "segment", "guarantee", "test"};
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  const std::string_view rest = text.substr(at);
  for (const std::string_view word : kWords)
    if (rest.starts_with(word)) return rest.size() > word.size() && (rest[word.size()] == ' ' || rest[word.size()] == '\t');
  return false;
}

// A faultless block ends with its `end`, so that one after the other they are the file. What stands above the first block is one for itself.
std::vector<std::string_view> cut(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
    if (!block_begins(text, end + 1)) continue;
    out.push_back(text.substr(begin, end + 1 - begin));
    begin = end + 1;
  }
  out.push_back(text.substr(begin));
  return out;
}

constexpr std::size_t kStretch = 4096;  // bytes compared at once

// How many bytes two texts have in common at their begin; how many, of at most `most`, at their end.
std::size_t common_begin(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t n = 0;
  while (n + kStretch <= most && std::memcmp(a.data() + n, b.data() + n, kStretch) == 0) n += kStretch;
  while (n < most && a[n] == b[n]) ++n;
  return n;
}
std::size_t common_end(std::string_view a, std::string_view b, std::size_t most) {
  const char *of_a = a.data() + a.size(), *of_b = b.data() + b.size();
  std::size_t n = 0;
  while (n + kStretch <= most && std::memcmp(of_a - n - kStretch, of_b - n - kStretch, kStretch) == 0) n += kStretch;
  while (n < most && of_a[-1 - static_cast<std::ptrdiff_t>(n)] == of_b[-1 - static_cast<std::ptrdiff_t>(n)]) ++n;
  return n;
}

// Null if there is any fault, which the whole file will tell better.
std::shared_ptr<const File> read(std::string_view text, std::uint32_t section, PieceParser& parser, const Limits& limits) {
  try {
    diag::Diagnostics d;
    Input input(text, {section, 0, 0}, true, limits, d);
    if (!readable(input)) return nullptr;
    tokenise(input);
    if (input.faulty()) return nullptr;
    auto tree = std::make_shared<File>(Outline(input, parser).file(section));
    return input.faulty() || !d.all().empty() ? nullptr : tree;
  } catch (const std::exception&) {
    return nullptr;
  }
}

// All of them, each on the next thread that is free. parser: this thread's.
void each(std::size_t count, std::size_t threads, PieceParser& parser, const std::function<void(std::size_t, PieceParser&)>& use) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&](PieceParser& mine) {
    for (std::size_t i = next++; i < count; i = next++) use(i, mine);
  };
  std::vector<std::thread> others;
  try {
    for (std::size_t i = 1; i < threads; ++i)
      others.emplace_back([&] {
        PieceParser mine;
        work(mine);
      });
  } catch (const std::system_error&) {  // there are no more to be had; those that are here do all of it
  }
  work(parser);
  for (std::thread& t : others) t.join();
}

}  // namespace

// A block stands in one place at a time: the same text twice is two blocks, or their spans would be one.
std::shared_ptr<Cache::Block> Cache::known(std::size_t hash, std::string_view text) {
  for (auto [it, end] = blocks_.equal_range(hash); it != end; ++it)
    if (it->second->used != time_ && it->second->text == text) return it->second;
  return nullptr;
}

std::uint32_t Cache::free_section() {
  if (free_.empty()) return next_section_++;
  const std::uint32_t section = free_.back();
  free_.pop_back();
  return section;
}

// What of another text of the file is the same at its begin and at its end keeps its blocks. That a border stands where it stood can be told by
// the line behind it, so the last block of the begin does not count.
Cache::Middle Cache::take_over(const Cut* before, Cut& now) {
  const std::string& text = *now.text;
  if (!before) return {0, 0, text.size()};
  const std::vector<Place>& places = before->places;
  const std::string& old = *before->text;
  const bool shared = before->text == now.text;
  const std::size_t same = shared ? text.size() : common_begin(old, text);
  const std::size_t end = shared ? 0 : common_end(old, text, std::min(old.size(), text.size()) - same);
  if (same == old.size() && same == text.size()) {
    now.places = places;
    for (const Place& p : places) p.block->used = time_;
    return {places.size(), text.size(), text.size()};
  }
  const auto use = [&](const Place& p, std::size_t begin) {
    p.block->used = time_;
    now.places.push_back({static_cast<std::uint32_t>(begin), p.block});
  };
  auto first = std::partition_point(places.begin(), places.end(), [&](const Place& p) { return p.begin + p.block->text.size() <= same; });
  if (first != places.begin()) --first;
  const auto last = std::partition_point(first, places.end(), [&](const Place& p) { return p.begin + end <= old.size(); });
  now.places.reserve(places.size() + 1);
  for (auto p = places.begin(); p != first; ++p) use(*p, p->begin);
  const Middle middle{now.places.size(), first == places.end() ? 0 : first->begin, last == places.end() ? text.size() : last->begin + text.size() - old.size()};
  for (auto p = last; p != places.end(); ++p) use(*p, p->begin + text.size() - old.size());
  return middle;
}

// Of another text of a file, what is used no more may come back the next time, and not later.
void Cache::forget(const Cut& cut) {
  for (const Place& p : cut.places)
    if (p.block->used != time_) unused_.push_back(p.block);
}

std::vector<std::shared_ptr<const File>> Cache::parse(diag::Sources& sources, const std::vector<std::uint32_t>& files, diag::Diagnostics& d,
                                                      const Limits& limits) {
  ++time_;
  const std::vector<std::shared_ptr<Block>> unused = std::move(unused_);
  unused_.clear();
  std::unordered_map<std::string, Cut> before;
  before.swap(files_);
  std::vector<Cut*> cuts;
  std::vector<Middle> middles;
  for (const std::uint32_t file : files) {
    const diag::Sources::Text& text = sources.shared_text(file);
    const auto [it, fresh] = files_.try_emplace(sources.name(file));
    Cut* const cut = text->size() > limits.bytes || !fresh ? nullptr : &it->second;  // a name that comes twice stands for nothing
    cuts.push_back(cut);
    middles.emplace_back();
    if (!cut) continue;
    cut->text = text;
    const auto old = before.find(it->first);
    middles.back() = take_over(old == before.end() || !old->second.text ? nullptr : &old->second, *cut);
  }
  std::vector<std::shared_ptr<Block>> fresh;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!cuts[i]) continue;
    const std::string_view text = *cuts[i]->text;
    if (middles[i].begin == middles[i].end && !text.empty()) continue;
    std::vector<Place> places;
    for (const std::string_view part : cut(text.substr(middles[i].begin, middles[i].end - middles[i].begin))) {
      const std::size_t hash = std::hash<std::string_view>()(part);
      std::shared_ptr<Block> block = known(hash, part);
      if (!block) {
        block = std::make_shared<Block>(Block{std::string(part), hash, free_section(), 0, nullptr});
        blocks_.emplace(hash, block);
        fresh.push_back(block);
        bytes += part.size();
      }
      block->used = time_;
      places.push_back({static_cast<std::uint32_t>(part.data() - text.data()), std::move(block)});
    }
    std::vector<Place>& all = cuts[i]->places;
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(middles[i].first), std::make_move_iterator(places.begin()), std::make_move_iterator(places.end()));
  }
  parsed_ = fresh.size();
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 1 + bytes / kWorthAThread);
  if (!parser_) parser_ = std::make_unique<PieceParser>();
  each(fresh.size(), threads, *parser_, [&](std::size_t i, PieceParser& parser) { fresh[i]->tree = read(fresh[i]->text, fresh[i]->section, parser, limits); });

  std::vector<std::shared_ptr<const File>> out;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!cuts[i] || std::any_of(cuts[i]->places.begin(), cuts[i]->places.end(), [](const Place& p) { return !p.block->tree; })) {
      out.push_back(std::make_shared<File>(syntax::parse(sources, files[i], d, limits)));
      continue;
    }
    for (const Place& p : cuts[i]->places) {
      sources.place(p.block->section, files[i], p.begin);
      out.push_back(p.block->tree);
    }
  }
  for (const auto& [name, cut] : before) forget(cut);
  for (const std::shared_ptr<Block>& block : unused) {
    if (block->used + 1 >= time_) continue;
    const auto [begin, end] = blocks_.equal_range(block->hash);
    blocks_.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == block; }));
    free_.push_back(block->section);
  }
  return out;
}

Cache::Cache() = default;
Cache::Cache(Cache&&) noexcept = default;
Cache::~Cache() = default;

}  // namespace polku::syntax
