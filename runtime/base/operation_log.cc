#include "runtime/base/operation_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "runtime/base/text.h"
#include "runtime/base/time.h"

namespace polku::base {

namespace {

constexpr std::string_view name_of(OperationLog::Level level) {
  switch (level) {
    case OperationLog::Level::Info: return "info";
    case OperationLog::Level::Warning: return "warning";
    case OperationLog::Level::Error: return "error";
  }
  return "";
}

void put(std::string& out, const OperationLog::Field& field) {
  out += ',';
  put_json(out, field.name);
  out += ':';
  if (const auto* text = std::get_if<std::string_view>(&field.value)) put_json(out, *text);
  else if (const auto* number = std::get_if<std::uint64_t>(&field.value)) out += std::to_string(*number);
  else if (const auto* real = std::get_if<double>(&field.value)) fmt::format_to(std::back_inserter(out), "{:.6f}", *real);
  else if (const auto* is = std::get_if<bool>(&field.value)) out += *is ? "true" : "false";
  else out += std::get<OperationLog::Json>(field.value).text;
}

}  // namespace

// What of it is no UTF-8 becomes U+FFFD: it is JSON whatever somebody sent.
static std::string whole(std::string_view text) {
  std::string out;
  for (std::size_t bad = 0; !valid_utf8(text, &bad); text.remove_prefix(bad + 1)) (out += text.substr(0, bad)) += "\xEF\xBF\xBD";
  return out += text;
}

void put_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : whole(text)) {
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else out += c;
  }
  out += '"';
}

OperationLog::~OperationLog() {
  const std::lock_guard lock(mutex_);
  for (auto& [event, window] : windows_) tell(event, window);
}

void OperationLog::tell(std::string_view event, Window& window) {
  if (window.left_out == 0) return;
  write(Level::Warning, "left_out", fmt::format("{} more lines of `{}` were left out", window.left_out, event), {{"of", event}, {"lines", window.left_out}});
  window.left_out = 0;
}

void OperationLog::say(Level level, std::string_view event, std::string_view message, Fields fields, std::uint64_t most) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  for (auto& [name, window] : windows_) {
    if (now - window.begun < std::chrono::seconds(1)) continue;
    tell(name, window);
    window = {.begun = now};
  }
  auto at = windows_.find(event);
  if (at == windows_.end()) at = windows_.emplace(std::string(event), Window{.begun = now}).first;
  if (at->second.said >= most) {
    ++at->second.left_out;
    return;
  }
  ++at->second.said;
  write(level, event, message, fields);
}

void OperationLog::write(Level level, std::string_view event, std::string_view message, Fields fields) {
  line_.clear();
  if (format_ == Format::Text) {
    if (level != Level::Info) line_ += "polku: ";
    line_ += message;
  } else {
    const Millis now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    fmt::format_to(std::back_inserter(line_), R"({{"time":"{}","level":"{}","event":)", format_instant(now), name_of(level));
    put_json(line_, event);
    line_ += ",\"message\":";
    put_json(line_, message);
    for (const Field& field : fields) put(line_, field);
    line_ += '}';
  }
  if (!valid_utf8(line_))  // a path may be any bytes
    for (char& c : line_)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  line_ += '\n';
  for (std::size_t done = 0; done < line_.size();) {
    const ssize_t n = ::write(STDERR_FILENO, line_.data() + done, line_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody reads it
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace polku::base
