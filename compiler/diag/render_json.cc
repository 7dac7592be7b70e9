// Diagnostics for programs: one line of JSON.
#include <fmt/format.h>
#include <utf8proc.h>

#include <iterator>

#include "compiler/diag/diag.h"

namespace polku::diag {
namespace {

// Bytes that are no UTF-8 become U+FFFD: the result is always valid JSON.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    utf8proc_int32_t character = 0;
    const auto step = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + i,
                                       static_cast<utf8proc_ssize_t>(text.size() - i), &character);
    if (step <= 0) {
      out += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    if (character == '"') out += "\\\"";
    else if (character == '\\') out += "\\\\";
    else if (character == '\n') out += "\\n";
    else if (character == '\r') out += "\\r";
    else if (character == '\t') out += "\\t";
    else if (character < 0x20 || character == 0x7F) fmt::format_to(std::back_inserter(out), "\\u{:04x}", character);
    else out += text.substr(i, static_cast<std::size_t>(step));
    i += static_cast<std::size_t>(step);
  }
  return out + "\"";
}

}  // namespace

std::string render_json(const Diagnostics& d, const Sources& sources) {
  std::string out = "{\"schema\":1,\"diagnostics\":[";
  bool first = true;
  for (const Diagnostic& one : d.all()) {
    const Position begin = sources.position(one.span.file, one.span.begin), end = sources.position(one.span.file, one.span.end);
    if (!first) out += ',';
    first = false;
    fmt::format_to(std::back_inserter(out),
                   "{{\"code\":\"{}\",\"severity\":\"{}\",\"message\":{},\"help\":{},\"file\":{},\"line\":{},\"column\":{},"
                   "\"end_line\":{},\"end_column\":{}}}",
                   code_text(one.code), code_severity(one.code) == Severity::Error ? "error" : "warning", quoted(one.message),
                   quoted(one.help), quoted(sources.name(one.span.file)), begin.line, begin.column, end.line, end.column);
  }
  fmt::format_to(std::back_inserter(out), "],\"errors\":{},\"warnings\":{}}}", d.errors(), d.warnings());
  return out;
}

}  // namespace polku::diag
