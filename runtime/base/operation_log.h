// What an operator should know of a service, a line each on standard error: as text for people, or as JSON for programs.
//
// A line says what the service is and does. It never holds a key, or a name or an attribute of a visitor: whoever says something sees to that.
#pragma once
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

namespace polku::base {

// Safe from several threads, which wait for each other and for whoever reads the lines.
class OperationLog {
 public:
  enum class Format { Text, Json };
  enum class Level { Info, Warning, Error };
  struct Json { std::string_view text; };         // a value that is JSON already
  struct Field { std::string_view name; std::variant<std::string_view, std::uint64_t, double, bool, Json> value; };
  using Fields = std::initializer_list<Field>;
  static constexpr std::uint64_t kMost = 20;

  explicit OperationLog(Format format) : format_(format) {}
  ~OperationLog();
  OperationLog(const OperationLog&) = delete;
  OperationLog& operator=(const OperationLog&) = delete;

  Format format() const { return format_; }
  // event: a name for programs, which never changes. As text only the message is said, behind `polku: ` if it is a warning or an error. most: lines of this event
  // in a second; those beyond it are counted, and their number is said in a line of the event `left_out`.
  void say(Level level, std::string_view event, std::string_view message, Fields fields = {}, std::uint64_t most = kMost);

 private:
  struct Window { std::chrono::steady_clock::time_point begun; std::uint64_t said = 0, left_out = 0; };
  void write(Level level, std::string_view event, std::string_view message, Fields fields);
  void tell(std::string_view event, Window& window);

  const Format format_;
  std::mutex mutex_;                              // for what follows
  std::map<std::string, Window, std::less<>> windows_;
  std::string line_;
};

// As JSON, with its quotes.
void put_json(std::string& out, std::string_view text);

}  // namespace polku::base
