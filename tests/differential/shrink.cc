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

class Shrinker {
 public:
  Shrinker(Case best, const std::function<bool(const Case&)>& fails, std::size_t attempts) : best_(std::move(best)), fails_(fails), left_(attempts) {}

  Case run() {
    for (bool progress = true; progress && left_ > 0;) {
      progress = reduce([](Case& c) -> std::string& { return c.log; }, "\n");
      for (std::size_t f = 0; f < best_.files.size(); ++f) progress |= reduce([f](Case& c) -> std::string& { return c.files[f].text; }, "\n");
      progress |= reduce([](Case& c) -> std::string& { return c.catalog; }, "\n");
      if (progress) continue;
      for (std::size_t f = 0; f < best_.files.size(); ++f) progress |= reduce([f](Case& c) -> std::string& { return c.files[f].text; }, " ()\n");
      progress |= reduce([](Case& c) -> std::string& { return c.log; }, ",{\n");
      progress |= reduce([](Case& c) -> std::string& { return c.catalog; }, ",\n");
    }
    std::erase_if(best_.files, [](const RuleFile& f) { return f.text.find_first_not_of(" \n") == std::string::npos; });
    return best_;
  }

 private:
  // Drops runs of parts, long ones first. True if something could be dropped.
  template <typename Part>
  bool reduce(Part part, const char* ends) {
    bool progress = false;
    std::vector<std::string> parts = split(part(best_), ends);
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
