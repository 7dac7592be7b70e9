#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "compiler/diag/diag.h"

namespace polku::diag {

void Diagnostics::add(Code code, Span span, std::string message, std::string help) {
  // One cause, one message: a segment that is wrong is looked at by every rule that uses it.
  if (!said_.emplace(code, span.file, span.begin, span.end, message).second) return;
  if (code_severity(code) == Severity::Error) {
    if (errors_++ >= limit_) return;
  } else {
    ++warnings_;
  }
  list_.push_back({code, span, std::move(message), std::move(help)});
}

void Diagnostics::sort(const Sources& sources) {
  // Files by name: the order in which they were read must not show. What is equal stays in the order of adding.
  // (Not std::stable_sort: its buffer is deprecated in the library, which clang 19 tells as an error.)
  std::vector<std::size_t> order(list_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto key = [&](std::size_t i) {
    const Diagnostic& d = list_[i];
    const Span at = sources.absolute(d.span);
    return std::make_tuple(std::string_view(sources.name(at.file)), at.file, at.begin, d.code, at.end, i);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  std::vector<Diagnostic> sorted;
  sorted.reserve(list_.size());
  for (const std::size_t i : order) sorted.push_back(std::move(list_[i]));
  list_ = std::move(sorted);
}

}  // namespace polku::diag
