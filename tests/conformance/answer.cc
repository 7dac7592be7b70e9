#include "tests/conformance/answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "runtime/history/decision.h"

namespace polku::conformance {

namespace {

// ---- the JSON of one decision; numbers keep their text ----

struct Json {
  enum class Kind { Null, Word, Number, Text, List, Object } kind = Kind::Null;
  std::string text;
  std::vector<std::string> keys;  // Object: of the items
  std::vector<Json> items;

  const Json& operator[](std::string_view key) const;
};

const Json kNone;

const Json& Json::operator[](std::string_view key) const {
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key) return items[i];
  return kNone;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Json value() {
    Json j;
    switch (peek()) {
      case '"': j.kind = Json::Kind::Text; j.text = text(); return j;
      case '[':
        j.kind = Json::Kind::List;
        for (++at_; peek() != ']' && peek() != 0;) {
          j.items.push_back(value());
          if (peek() == ',') ++at_;
        }
        ++at_;
        return j;
      case '{':
        j.kind = Json::Kind::Object;
        for (++at_; peek() != '}' && peek() != 0;) {
          j.keys.push_back(text());
          ++at_;
          j.items.push_back(value());
          if (peek() == ',') ++at_;
        }
        ++at_;
        return j;
      default: break;
    }
    const std::size_t end = std::min(text_.find_first_of(",]}", at_), text_.size());
    j.text = text_.substr(at_, end - at_);
    at_ = end;
    j.kind = j.text == "null" ? Json::Kind::Null : j.text == "true" || j.text == "false" ? Json::Kind::Word : Json::Kind::Number;
    return j;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string text() {
    std::string out;
    for (++at_; peek() != '"' && peek() != 0; ++at_) {
      if (peek() != '\\') {
        out += peek();
        continue;
      }
      ++at_;
      out += peek() == 'n' ? '\n' : peek() == 't' ? '\t' : peek();  // others stand for themselves
    }
    ++at_;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string shown(const Json& j) {
  switch (j.kind) {
    case Json::Kind::Null: return "not known";
    case Json::Kind::Word: return j.text == "true" ? "yes" : "no";
    case Json::Kind::Number: case Json::Kind::Text: return j.text;
    case Json::Kind::List: {
      std::string out = "[";
      for (const Json& i : j.items) out.append(out.size() > 1 ? ", " : "").append(shown(i));
      return out + "]";
    }
    case Json::Kind::Object: break;
  }
  return "?";
}

std::string shown_members(const Json& j, std::string_view between) {
  std::string out;
  for (std::size_t i = 0; i < j.keys.size(); ++i) out.append(out.empty() ? "" : between).append(j.keys[i]).append(" = ").append(shown(j.items[i]));
  return out;
}

std::string shown_action(const Json& a) {
  const std::string& kind = a["kind"].text;
  std::string out = kind + " " + a["name"].text;
  if (kind == "send" && a["channel"].kind != Json::Kind::Null) out += " by " + a["channel"].text;
  if (kind == "show") out += " in " + a["channel"].text + "." + a["slot"].text;
  if (kind == "suppress") out += " for " + a["for"].text;
  if (kind == "split") out += ": " + a["variant"].text;
  if (const std::string params = shown_members(a["params"], ", "); !params.empty()) out += " with " + params;
  return out;
}

bool about_the_run(const std::string& line) {
  for (const char* word : {"rejected: ", "duplicates: ", "out of order: ", "after until: ", "error: "})
    if (line.starts_with(word)) return true;
  return false;
}

std::string joined(const std::vector<std::string>& words, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) out.append(out.empty() ? "" : " ").append(words[i]);
  return out;
}

// `...` stands for any number of reasons.
bool fit(const std::vector<std::string>& wanted, std::size_t w, const std::vector<std::string>& got, std::size_t g) {
  if (w == wanted.size()) return g == got.size();
  if (wanted[w] == "...") return fit(wanted, w + 1, got, g) || (g < got.size() && fit(wanted, w, got, g + 1));
  return g < got.size() && wanted[w] == got[g] && fit(wanted, w + 1, got, g + 1);
}

std::string print(char sign, const Answer& a, bool reasons) {
  std::string out = fmt::format("    {} {}", sign, a.head);
  if (a.actions && !a.actions->empty()) out += " " + *a.actions;
  out += '\n';
  if (reasons)
    for (const std::string& r : a.reasons) out += fmt::format("    {}     {}\n", sign, r);
  return out;
}

}  // namespace

std::optional<Millis> Calendar::take(std::vector<std::string>& words) const {
  std::size_t used = 0;
  std::int64_t day = first_;
  const auto whole = [](std::string_view text, std::int64_t& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc() && end == text.data() + text.size();
  };
  if (words.size() > 1 && words[0].starts_with("day")) {
    std::int64_t n = 0;
    if (!whole(std::string_view(words[0]).substr(3), n)) return std::nullopt;
    day += n - 1;
    ++used;
  }
  if (used >= words.size()) return std::nullopt;
  std::string time = words[used++];
  Millis offset = 0;
  if (const std::size_t sign = time.find_first_of("+"); sign != std::string::npos) {
    std::string_view more = std::string_view(time).substr(sign + 1);
    if (!more.ends_with("ms") || !whole(more.substr(0, more.size() - 2), offset)) return std::nullopt;
    time.resize(sign);
  }
  const auto at = base::parse_instant(time.find('T') != std::string::npos ? time : base::format_date(day) + "T" + time, zone_);
  if (!at) return std::nullopt;
  words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(used));
  return *at + offset;
}

std::string Calendar::say(Millis at) const {
  const auto clock = [](Millis of_day) { return history::clock_words(of_day); };
  Millis local = zone_.to_local(at);
  const bool second = zone_.to_instant(local) != at;  // of the two of a doubled time
  if (second) local = at;
  const Millis of_day = (local % kDay + kDay) % kDay;
  const std::int64_t day = (local - of_day) / kDay, n = day - first_ + 1;
  const std::string z = second ? "Z" : "";
  if (n == 1) return clock(of_day) + z;
  if (n > 1 && n < 1000) return fmt::format("day{} {}{}", n, clock(of_day), z);
  return base::format_date(day) + "T" + clock(of_day) + z;
}

std::vector<Answer> expected_answers(const std::vector<Line>& lines, const Calendar& calendar, std::vector<std::string>& faults) {
  std::vector<Answer> out;
  bool none = false;
  for (const Line& l : lines) {
    const std::string text = collapsed(l.text);
    if (text.empty() || text.front() == '#') continue;
    if (text == "none") {
      none = true;
      continue;
    }
    if (l.text.front() == ' ' && !out.empty()) {
      out.back().reasons.push_back(text);
      out.back().reasoned = true;
      continue;
    }
    Answer a;
    a.line = l.number;
    std::vector<std::string> words = words_of(text);
    if (about_the_run(text)) {
      a.head = text;
      a.actions = "";
    } else if (const auto at = calendar.take(words)) {
      if (words.back().size() > 1 && words.back().front() == '#') {
        a.label = words.back();
        words.pop_back();
      }
      std::size_t outcome = 2;
      while (outcome < words.size() && !history::outcome_of(words[outcome])) ++outcome;
      if (outcome >= words.size()) {
        faults.push_back(fmt::format("{}: no outcome: {}", l.number, text));
        continue;
      }
      a.head = calendar.say(*at) + " " + joined(words, 0, outcome + 1);
      std::string actions = joined(words, outcome + 1, words.size());
      const auto is = *history::outcome_of(words[outcome]);
      if (actions == "-") a.actions = "";
      else if (!actions.empty() || is == history::Outcome::converted) a.actions = actions;
      else if (is == history::Outcome::acted) faults.push_back(fmt::format("{}: what was done? {}", l.number, text));
    } else {
      faults.push_back(fmt::format("{}: no time: {}", l.number, text));
      continue;
    }
    out.push_back(std::move(a));
  }
  if (out.empty() != none) faults.push_back(none ? "`none` beside decisions" : "no decisions, and no `none`");
  return out;
}

Answer answer_of_json(std::string_view line, const Calendar& calendar) {
  const Json d = Parser(line).value();
  Answer a;
  a.id = d["id"].text;
  std::string rule = d["rule"].text;
  const bool version = d["version"].kind == Json::Kind::Number;
  if (d["journey"].text != "J" || version) rule = d["journey"].text + (version ? "@" + d["version"].text : "") + "/" + rule;
  const auto at = base::parse_instant(d["at"].text, base::Zone::utc());
  a.head = fmt::format("{} {} {} {}", at ? calendar.say(*at) : d["at"].text, d["visitor"].text, rule, d["outcome"].text);
  std::string actions;
  for (const Json& x : d["actions"].items) actions.append(actions.empty() ? "" : "; ").append(shown_action(x));
  a.actions = actions;
  for (const Json& r : d["because"].items) {
    std::string saw = shown_members(r["saw"], "; ");
    a.reasons.push_back(r["clause"].text + " -> " + r["is"].text + (saw.empty() ? "" : " (" + saw + ")"));
  }
  return a;
}

bool same(const Answer& expected, const Answer& got) {
  if (expected.head != got.head || (expected.actions && *expected.actions != got.actions.value_or(""))) return false;
  return !expected.reasoned || fit(expected.reasons, 0, got.reasons, 0);
}

std::string difference(const std::vector<Answer>& expected, const std::vector<Answer>& got) {
  const std::size_t n = expected.size(), m = got.size();
  std::vector<std::vector<std::size_t>> common(n + 1, std::vector<std::size_t>(m + 1, 0));
  for (std::size_t i = n; i-- > 0;)
    for (std::size_t j = m; j-- > 0;)
      common[i][j] = same(expected[i], got[j]) ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
  std::string out;
  if (common[0][0] != n || n != m) {
    for (std::size_t i = 0, j = 0; i < n || j < m;) {
      if (i < n && j < m && same(expected[i], got[j])) {
        out += print(' ', expected[i++], false);
        ++j;
      } else if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1])) {
        out += print('-', expected[i++], true);
      } else {
        out += print('+', got[j++], true);
      }
    }
    return out;
  }
  std::map<std::string, std::string> ids, labels;
  for (std::size_t i = 0; i < n; ++i) {
    if (expected[i].label.empty()) continue;
    const bool one = ids.emplace(expected[i].label, got[i].id).first->second == got[i].id;
    const bool other = labels.emplace(got[i].id, expected[i].label).first->second == expected[i].label;
    if (!one || !other) out += fmt::format("    {} {}: {}\n", got[i].head, expected[i].label, one ? "the id of another decision" : "another id than the decision above");
  }
  return out;
}

}  // namespace polku::conformance
