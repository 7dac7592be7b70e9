#include "tests/differential/shrink.h"

#include <algorithm>

namespace polku::differential {

namespace {

// The text in parts that end with one of `ends`, which stay.
std::vector<std::string> split(const std::string& text, const char* ends) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(ends, at), text.size() - 1);
    parts.push_back(text.substr(at, end + 1 - at));
    at = end + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& p : parts) out += p;
  return out;
}

// The text in parts that begin with one of `starts`: what a list loses with its last part is the comma before it.
std::vector<std::string> split_before(const std::string& text, const char* starts) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(starts, at + 1), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end;
  }
  return parts;
}

// Of each bar outside of quotes in a line, where it stands.
std::vector<std::size_t> bars(const std::string& line) {
  std::vector<std::size_t> out;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quoted) ++i;
    else if (line[i] == '"') quoted = !quoted;
    else if (line[i] == '|' && !quoted) out.push_back(i);
  }
  return out;
}

bool of_table(const std::string& line) {
  const std::size_t first = line.find_first_not_of(' ');
  return first != std::string::npos && line[first] == '|';
}

// `lines` without column `column` of the table that begins at line `from`. Empty if a row of it has no such column but the last.
std::vector<std::string> without_column(std::vector<std::string> lines, std::size_t from, std::size_t column) {
  for (std::size_t i = from; i < lines.size() && of_table(lines[i]); ++i) {
    const std::vector<std::size_t> at = bars(lines[i]);
    if (column + 2 >= at.size() || at.size() < 4) return {};
    lines[i].erase(at[column], at[column + 1] - at[column]);
  }
  return lines;
}

class Shrinker {
 public:
  Shrinker(Case best, const std::function<bool(const Case&)>& fails, std::size_t attempts) : best_(std::move(best)), fails_(fails), left_(attempts) {}

  Case run() {
    for (bool progress = true; progress && left_ > 0;) {
      progress = reduce([](Case& c) -> std::string& { return c.input.log; }, "\n");
      for (std::size_t f = 0; f < best_.files.size(); ++f) progress |= reduce([f](Case& c) -> std::string& { return c.files[f].text; }, "\n");
      progress |= reduce([](Case& c) -> std::string& { return c.catalog; }, "\n");
      progress |= drop_tables();
      progress |= drop_hardships();
      if (progress) continue;
      for (std::size_t f = 0; best_.input.change && f < best_.input.change->files.size(); ++f)
        progress |= reduce([f](Case& c) -> std::string& { return c.input.change->files[f].text; }, "\n");
      for (std::size_t f = 0; f < best_.files.size(); ++f) {
        const auto rules = [f](Case& c) -> std::string& { return c.files[f].text; };
        progress |= drop_columns(f);
        progress |= reduce(rules, ",:", true);  // steps, alternatives, channels, parameters
        progress |= reduce(rules, ",[:");
        progress |= reduce(rules, " ()\n");
      }
      progress |= reduce([](Case& c) -> std::string& { return c.input.log; }, ",{\n");
      progress |= reduce([](Case& c) -> std::string& { return c.catalog; }, ",{\n");
      progress |= reduce([](Case& c) -> std::string& { return c.catalog; }, ",}", true);
    }
    std::erase_if(best_.files, [](const RuleFile& f) { return f.text.find_first_not_of(" \n") == std::string::npos; });
    return best_;
  }

 private:
  bool drop_tables() {
    bool progress = false;
    for (std::size_t i = 0; i < best_.input.tables.size() && left_ > 0;) {
      Case c = best_;
      c.input.tables.erase(c.input.tables.begin() + static_cast<std::ptrdiff_t>(i));
      --left_;
      if (fails_(c)) {
        best_ = std::move(c);
        progress = true;
      } else {
        ++i;
      }
    }
    return progress;
  }

  bool keep_if_fails(Case c) {
    if (left_ == 0 || (--left_, !fails_(c))) return false;
    best_ = std::move(c);
    return true;
  }

  bool drop_hardships() {
    bool progress = false;
    for (std::size_t i = best_.input.outages.size(); i-- > 0;) {
      Case c = best_;
      c.input.outages.erase(c.input.outages.begin() + static_cast<std::ptrdiff_t>(i));
      progress |= keep_if_fails(std::move(c));
    }
    if (best_.input.change) {
      Case c = best_;
      c.input.change.reset();
      progress |= keep_if_fails(std::move(c));
    }
    for (bool Input::* flag : {&Input::engine_afresh, &Input::reference_afresh, &Input::jit_naps}) {
      if (!(best_.input.*flag)) continue;
      Case c = best_;
      c.input.*flag = false;
      progress |= keep_if_fails(std::move(c));
    }
    return progress;
  }

  bool drop_columns(std::size_t file) {
    bool progress = false;
    std::vector<std::string> lines = split(best_.files[file].text, "\n");
    for (std::size_t from = 0; from < lines.size(); ++from) {
      if (!of_table(lines[from]) || (from > 0 && of_table(lines[from - 1]))) continue;
      for (std::size_t column = 0; left_ > 0;) {
        std::vector<std::string> fewer = without_column(lines, from, column);
        if (fewer.empty()) break;
        Case c = best_;
        c.files[file].text = join(fewer);
        --left_;
        if (fails_(c)) {
          best_ = std::move(c);
          lines = std::move(fewer);
          progress = true;
        } else {
          ++column;
        }
      }
    }
    return progress;
  }

  // Drops runs of parts, long ones first. True if something could be dropped.
  template <typename Part>
  bool reduce(Part part, const char* ends, bool before = false) {
    bool progress = false;
    std::vector<std::string> parts = before ? split_before(part(best_), ends) : split(part(best_), ends);
    // With small parts only short runs are likely to leave something well-formed.
    const std::size_t longest = std::string(ends) == "\n" ? parts.size() : 12;
    for (std::size_t run = std::max<std::size_t>(1, std::min(longest, parts.size())); run > 0; run = run > 8 ? run / 2 : run - 1) {
      for (std::size_t at = 0; at + run <= parts.size() && left_ > 0;) {
        std::vector<std::string> fewer(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(at));
        fewer.insert(fewer.end(), parts.begin() + static_cast<std::ptrdiff_t>(at + run), parts.end());
        Case c = best_;
        part(c) = join(fewer);
        --left_;
        if (fails_(c)) {
          best_ = std::move(c);
          parts = std::move(fewer);
          progress = true;
        } else {
          ++at;
        }
      }
    }
    return progress;
  }

  Case best_;
  const std::function<bool(const Case&)>& fails_;
  std::size_t left_;
};

}  // namespace

Case shrink(Case start, const std::function<bool(const Case&)>& fails, std::size_t attempts) { return Shrinker(std::move(start), fails, attempts).run(); }

}  // namespace polku::differential
