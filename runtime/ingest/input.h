// Bytes from a file, a pipe or memory, in a window that moves on. Inside the ingest stage only.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace polku::ingest {

inline constexpr std::size_t kChunk = 1u << 17;   // read at once
inline constexpr std::size_t kLongest = 1u << 20;  // of a record, without its line end
inline constexpr std::size_t kPadding = 64;        // bytes that may be read, not used, behind the window

class Input {
 public:
  // "-" is standard input. Null with an error if it cannot be opened. `size` is set if it is known.
  static std::unique_ptr<Input> of_file(const std::string& path, std::string& error, std::uint64_t* size = nullptr, std::size_t chunk = kChunk);
  static std::unique_ptr<Input> of_text(std::string_view text, std::size_t chunk = kChunk);
  ~Input();
  Input(const Input&) = delete;

  // What has been read and not consumed. Valid until more(), line_end() or consume().
  std::string_view window() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool more();  // makes the window longer by one read; false at the end of the input
  void consume(std::size_t count) { begin_ += count; }
  // Offset in the window of the first '\n' at or behind `from`, or of the end of the input; npos if that is farther than kLongest + 1.
  std::size_t line_end(std::size_t from);
  bool holds_line(std::size_t from) { return newline(begin_ + from) != std::string_view::npos; }  // a '\n' stands in the window at or behind `from`
  void skip_line();  // consumes up to and with the next '\n', however far it is
  std::uint64_t consumed() const { return before_ + begin_; }
  const std::string& fault() const { return fault_; }  // why reading ended early; else empty

 private:
  Input(int descriptor, bool owned, std::string_view text, std::size_t chunk) : text_(text), chunk_(chunk), descriptor_(descriptor), owned_(owned) {}
  std::size_t read_some(char* into, std::size_t count);
  std::size_t newline(std::size_t from);  // the first one in the buffer at or behind; npos if there is none

  std::string_view text_;  // of memory: what is not read yet
  std::size_t chunk_;
  int descriptor_;         // -1: memory
  bool owned_, ended_ = false;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::size_t searched_ = 0, newline_ = 0;  // the latest that was found, and from where: others are asked for again
  std::uint64_t before_ = 0;  // bytes that stood before the buffer's first
  std::string fault_;
};

}  // namespace polku::ingest
