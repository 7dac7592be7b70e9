// A catalog read from text, and what is told of it, with the exact place.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compiler/catalog/catalog.h"

namespace polku::catalog {

using diag::Code;

struct Loaded {
  diag::Sources sources;
  diag::Diagnostics d;
  Catalog catalog;
};

inline std::unique_ptr<Loaded> load_text(std::string text) {
  auto l = std::make_unique<Loaded>();
  const auto file = l->sources.add("catalog.yaml", std::move(text));
  l->catalog = load(l->sources, file, l->d);
  return l;
}

inline std::string listing(const Loaded& l) {
  std::string out;
  for (const auto& one : l.d.all()) out += diag::render_text(one, l.sources, false);
  return out;
}

struct Told {
  Code code;
  std::size_t line, column, end_column;
  std::string message, help;
};

inline void expect_told(const std::string& text, const std::vector<Told>& told) {
  const auto l = load_text(text);
  EXPECT_EQ(l->d.errors(), told.size()) << listing(*l);
  for (std::size_t i = 0; i < std::min(told.size(), l->d.all().size()); ++i) {
    const auto& is = l->d.all()[i];
    const auto at = l->sources.position(0, is.span.begin), end = l->sources.position(0, is.span.end);
    EXPECT_EQ(diag::code_text(is.code), diag::code_text(told[i].code)) << listing(*l);
    EXPECT_EQ(at.line, told[i].line) << listing(*l);
    EXPECT_EQ(at.column, told[i].column) << listing(*l);
    EXPECT_EQ(end.line, at.line) << listing(*l);
    EXPECT_EQ(end.column, told[i].end_column) << listing(*l);
    EXPECT_EQ(is.message, told[i].message);
    EXPECT_EQ(is.help, told[i].help);
  }
}

}  // namespace polku::catalog
