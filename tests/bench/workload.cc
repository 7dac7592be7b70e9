#include "tests/bench/workload.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace polku::bench {

static_assert(std::endian::native == std::endian::little, "rows.bin is little-endian");

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::int32_t number(element e) {
  const std::int64_t n = e.get_int64();
  if (n <= kMissing || n >= std::numeric_limits<std::int32_t>::max()) throw std::runtime_error("a number is too large");
  return static_cast<std::int32_t>(n);
}

Part part(element e, std::size_t attributes) {
  Part p;
  const array all = e.get_array();
  element first = all.at(0);
  if (first.is_string()) {
    const std::string_view word = first.get_string();
    if (word != "or" && word != "and" && word != "not") throw std::runtime_error("unknown word " + std::string(word));
    p.kind = word == "or" ? Part::Kind::Or : word == "and" ? Part::Kind::And : Part::Kind::Not;
    for (auto i = ++all.begin(); i != all.end(); ++i) p.parts.push_back(part(*i, attributes));
    if (p.parts.empty() || (p.kind == Part::Kind::Not && p.parts.size() != 1)) throw std::runtime_error("a wrong number of parts");
    return p;
  }
  p.attribute = number(first);
  if (p.attribute < 0 || static_cast<std::size_t>(p.attribute) >= attributes) throw std::runtime_error("no such attribute");
  const std::string_view op = all.at(1).get_string();
  if (op != "=" && op != ">=" && op != "<" && op != "in" && op != "given") throw std::runtime_error("unknown test " + std::string(op));
  p.kind = op == "=" ? Part::Kind::Equal : op == ">=" ? Part::Kind::AtLeast : op == "<" ? Part::Kind::Less : op == "in" ? Part::Kind::In : Part::Kind::Given;
  if (p.kind == Part::Kind::In)
    for (element v : all.at(2).get_array()) p.values.push_back(number(v));
  else if (p.kind != Part::Kind::Given)
    p.values.push_back(number(all.at(2)));
  return p;
}

}  // namespace

Workload load(const std::string& folder) {
  Workload w;
  std::ifstream rows(folder + "/rows.bin", std::ios::binary);
  char magic[4] = {};
  std::uint32_t size[2] = {};
  rows.read(magic, 4).read(reinterpret_cast<char*>(size), sizeof(size));
  if (!rows || std::string_view(magic, 4) != "W1R1" || size[1] == 0) throw std::runtime_error(folder + "/rows.bin: no rows of this form");
  w.rows = size[0];
  w.attributes = size[1];
  w.values.resize(w.rows * w.attributes);
  if (!rows.read(reinterpret_cast<char*>(w.values.data()), static_cast<std::streamsize>(w.values.size() * sizeof(std::int32_t)))) throw std::runtime_error(folder + "/rows.bin: cut off");

  const std::string name = folder + "/rules.jsonl";
  std::ifstream file(name);
  if (!file) throw std::runtime_error("cannot read " + name);
  simdjson::dom::parser parser;
  for (std::string line; std::getline(file, line);) {
    try {
      const element e = parser.parse(line);
      Rule rule;
      rule.type = number(e.at(0));
      for (element p : e.at(1).get_array()) rule.parts.push_back(part(p, w.attributes));
      w.rules.push_back(std::move(rule));
    } catch (const std::exception& wrong) {
      throw std::runtime_error(name + ", line " + std::to_string(w.rules.size() + 1) + ": " + wrong.what());
    }
  }
  return w;
}

Is evaluate(const Part& p, const std::int32_t* row) {
  const std::int32_t x = row[p.attribute];
  const auto known = [&](bool is) { return x == kMissing ? Is::Unknown : is ? Is::Yes : Is::No; };
  switch (p.kind) {
    case Part::Kind::Equal: return known(x == p.values[0]);
    case Part::Kind::AtLeast: return known(x >= p.values[0]);
    case Part::Kind::Less: return known(x < p.values[0]);
    case Part::Kind::In: return known(std::find(p.values.begin(), p.values.end(), x) != p.values.end());
    case Part::Kind::Given: return x != kMissing ? Is::Yes : Is::No;
    case Part::Kind::Or: {
      Is is = Is::No;
      for (const Part& q : p.parts) is = std::max(is, evaluate(q, row));
      return is;
    }
    case Part::Kind::And: {
      Is is = Is::Yes;
      for (const Part& q : p.parts) is = std::min(is, evaluate(q, row));
      return is;
    }
    case Part::Kind::Not: {
      const Is is = evaluate(p.parts[0], row);
      return is == Is::Yes ? Is::No : is == Is::No ? Is::Yes : Is::Unknown;
    }
  }
  return Is::Unknown;
}

bool holds(const Rule& rule, const std::int32_t* row) {
  return std::all_of(rule.parts.begin(), rule.parts.end(), [&](const Part& p) { return evaluate(p, row) == Is::Yes; });
}

}  // namespace polku::bench
