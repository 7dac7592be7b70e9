// Figures as Prometheus reads them. Private to the stage.
#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/histogram.h"

namespace polku::serve {

// https://prometheus.io/docs/instrumenting/exposition_formats/, the text format. A family comes as a whole: what samples belong to is the family begun last.
class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  void family(std::string_view name, std::string_view type, std::string_view help);   // the name without `polku_`
  void sample(std::uint64_t value, Labels labels = {});
  void seconds(double value, Labels labels = {});
  void histogram(const base::Histogram::Counts& counts, Labels labels = {});
  void summary(double seconds, std::uint64_t count, Labels labels);
  // A family of one.
  template <std::integral T>
  void counter(std::string_view name, std::string_view help, T value) { family(name, "counter", help), sample(static_cast<std::uint64_t>(value)); }
  template <std::integral T>
  void gauge(std::string_view name, std::string_view help, T value) { family(name, "gauge", help), sample(static_cast<std::uint64_t>(value)); }
  const std::string& text() const { return text_; }

 private:
  void name(std::string_view suffix, Labels labels, std::string_view bound = {});
  std::string text_, name_;
};

}  // namespace polku::serve
