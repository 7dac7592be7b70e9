// Rule files block by block: all hardware threads at once, and only what is new since the last time.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/diag/diag.h"
#include "compiler/syntax/syntax.h"

namespace polku::syntax {

class PieceParser;

// What a pack's files consisted of when they were last parsed, by content. For one compilation at a time; what it gave out lives on by itself and
// never changes.
class Cache {
 public:
  Cache();
  Cache(Cache&&) noexcept;
  ~Cache();

  // Parses the files as syntax::parse() does, to the same trees and diagnostics, but with a part for each block of a file, in written order. The
  // spans of a block are those of a section, which is placed in `sources`. A file with faults is one part, without sections.
  // Of a file that was there the last time, by name, only what stands between the blocks that are still the same is looked at.
  // Blocks met neither this time nor the time before are forgotten.
  std::vector<std::shared_ptr<const File>> parse(diag::Sources& sources, const std::vector<std::uint32_t>& files, diag::Diagnostics& d,
                                                 const Limits& limits = {});

  std::size_t parsed() const { return parsed_; }  // blocks that the last parse() had to read anew

 private:
  struct Block {
    std::string text;
    std::size_t hash = 0;
    std::uint32_t section = 0, used = 0;  // used: in which parse() last
    std::shared_ptr<const File> tree;     // null: there is a fault in it
  };
  struct Place { std::uint32_t begin; std::shared_ptr<Block> block; };  // in its file
  struct Cut { diag::Sources::Text text; std::vector<Place> places; };  // a file; places by begin, without gaps
  struct Middle { std::size_t first = 0, begin = 0, end = 0; };         // of a file: bytes to be cut anew, behind so many places

  Middle take_over(const Cut* before, Cut& now);
  std::shared_ptr<Block> known(std::size_t hash, std::string_view text);
  std::uint32_t free_section();
  void forget(const Cut& cut);

  std::unordered_multimap<std::size_t, std::shared_ptr<Block>> blocks_;  // by hash of the text
  std::unordered_map<std::string, Cut> files_;                           // by name
  std::vector<std::shared_ptr<Block>> unused_;                           // by the last parse(), but met by the one before
  std::vector<std::uint32_t> free_;
  std::uint32_t next_section_ = diag::kFirstSection, time_ = 0;
  std::size_t parsed_ = 0;
  std::unique_ptr<PieceParser> parser_;                                  // for what needs no more threads than there are
};

}  // namespace polku::syntax
