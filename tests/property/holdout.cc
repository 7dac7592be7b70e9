// A holdout of 10 % holds 10 % of a million ids, and nobody changes sides when rules are edited.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "runtime/history/event.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"
#include "tests/property/sha256.h"

namespace polku::property {

namespace {

constexpr std::size_t kMillionIds = 1'000'000;
constexpr std::uint32_t kBuckets = 10'000;

std::uint32_t bucket_by_hand(const std::string& salt, const std::string& name, const std::string& person) {
  const auto digest = sha256(salt + std::string(1, '\0') + name + std::string(1, '\0') + person);
  return static_cast<std::uint32_t>((std::uint64_t{digest[0]} << 32 | digest[1]) % kBuckets);
}

std::string random_uuid(Random& random) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx";
  std::uint64_t bits = 0;
  for (std::size_t i = 0, left = 0; i < out.size(); ++i) {
    if (out[i] != 'x') continue;
    if (left == 0) bits = random.next(), left = 16;
    out[i] = kDigits[bits & 15];
    bits >>= 4, --left;
  }
  return out;
}

std::string any_text(Random& random) {
  static const std::vector<std::string> texts = {"ferry", "h1", "unfinished-booking", "", "S\xc3\xa4lz \xe2\x9c\x88", "a", "Journey 7"};
  return random.percent(50) ? random.of(texts) : std::to_string(random.next());
}

// Case 0: visitor-0 to visitor-999999. The others: random ids, salts and names.
class HoldoutShares : public Property {
 public:
  const char* name() const override { return "holdout-share"; }
  const char* says() const override { return "a holdout of 10 % holds 10 % of a million ids"; }

  std::vector<std::uint64_t> cases(Random& random, std::size_t asked) const override {
    std::vector<std::uint64_t> out = Property::cases(random, 1 + asked / 150);
    out.insert(out.begin(), 0);
    return out;
  }

  std::string check(std::uint64_t number) override {
    if (sha256("abc")[0] != 0xba7816bfu || sha256("abc")[7] != 0xf20015adu) return "  SHA-256 of this test is wrong (FIPS 180-4: ba7816bf … f20015ad)";
    Random random(number);
    const std::string salt = number == 0 ? "ferry" : any_text(random), name = number == 0 ? "unfinished-booking" : any_text(random);
    std::vector<std::uint32_t> in(kBuckets, 0);
    for (std::size_t i = 0; i < kMillionIds; ++i) {
      const std::string id = number == 0 ? "visitor-" + std::to_string(i) : random_uuid(random);
      const std::uint32_t bucket = history::bucket(salt, name, id);
      if (bucket >= kBuckets) return "  bucket " + std::to_string(bucket);
      ++in[bucket];
      if (i % 499 == 0 && bucket != bucket_by_hand(salt, name, id))
        return "  " + id + ": bucket " + std::to_string(bucket) + ", by hand " + std::to_string(bucket_by_hand(salt, name, id));
    }
    std::size_t held = 0;
    for (std::uint32_t b = 0; b < kBuckets / 10; ++b) held += in[b];
    ++tally["held out of a million: " + std::to_string(held)];
    // 0.1 % of a million is 3.3 standard deviations (300): sure for the ids that are always the same. One of 1,200 random sets would miss it though nothing is
    // wrong; so these may be 5 apart.
    const double tenth = static_cast<double>(kMillionIds) / 10, off = std::abs(static_cast<double>(held) - tenth);
    if (off > (number == 0 ? 1000 : 1500)) return "  10 % hold " + std::to_string(held) + " of a million";
    double chi_square = 0;
    for (const std::uint32_t n : in) chi_square += (n - 100.0) * (n - 100.0) / 100.0;
    if (std::abs(chi_square - (kBuckets - 1)) > 6 * std::sqrt(2.0 * (kBuckets - 1))) return "  buckets are uneven: chi-square " + std::to_string(chi_square);
    return {};
  }
};

// What an edit may change, and what it must keep: the salt, the name of the holdout, of the split, its variants and their shares.
struct Edited {
  std::string salt, as, split;
  std::string share = "10%", shares = "25% a, 35% b, 40% c";
};

std::string catalog_text(const Edited& e, Random& random) {
  std::string out = "catalog: c" + std::to_string(random.below(1000)) + "\nsalt: \"" + e.salt + "\"\nhistory: 40 days\nevents:\n";
  if (random.percent(50)) out += "  other: { n: whole number }\n";
  return out + "  e: {}\nvisitor:\n  a: whole number optional\nchannels:\n  push: {}\n  email: {}\n" +
         "templates:\n  t1: { by: [push] }\n  t2: { by: [email, push] }\ntasks:\n  call: {}\n";
}

// The rules around it are others each time; what is looked at is done whenever an e comes.
std::string rules_text(const Edited& e, Random& random) {
  std::string out;
  if (random.percent(50)) out += "segment s\n  is e happened ever\nend\n";
  if (random.percent(50)) out += "journey \"before\"\n  hold out 50% as \"another\"\n  rule r\n    when e\n    priority 5\n    do raise task \"call\"\nend\n";
  const bool own_name = random.percent(30);  // the holdout has the journey's name
  out += "journey \"" + (own_name ? e.as : "J" + std::to_string(random.below(1000))) + "\"";
  if (random.percent(50)) out += " version " + std::to_string(random.below(9));
  out += "\n  hold out " + e.share + (own_name ? "" : " as \"" + e.as + "\"") + "\n";
  if (random.percent(50)) out += "  rule other\n    when e\n    only if a is given\n    do raise task \"call\"\n";
  out += "  rule held" + std::to_string(random.below(1000)) + "\n    when e\n";
  if (random.percent(50)) out += "    not if (a otherwise 0) at least 3\n    only if e happened ever\n";
  out += "    priority " + std::to_string(random.below(10)) + "\n    do send ";
  out += random.percent(50) ? "\"t1\" by push" : "\"t2\" by email";
  out += "\n       split \"" + e.split + "\": " + e.shares + "\n";
  if (random.percent(30)) out += "  rule last\n    when e\n    then wait 2 days\n    do raise task \"call\"\n";
  out += "end\n";
  if (random.percent(50))
    out += "journey \"after\"\n  hold out " + e.share + " as \"" + e.as + "\"\n  rule q\n    when e\n    then wait 1 day\n    do raise task \"call\"\nend\n";
  return out;
}

struct Sides { std::set<std::string> held; std::map<std::string, std::string> variant; };

class HoldoutEdits : public Property {
 public:
  const char* name() const override { return "holdout-edits"; }
  const char* says() const override { return "nobody changes sides when rules are edited"; }

  std::vector<std::uint64_t> cases(Random& random, std::size_t asked) const override { return Property::cases(random, 1 + asked / 4); }

  std::string check(std::uint64_t number) override {
    Random random(number);
    Edited e;
    e.salt = "s" + std::to_string(random.below(100));
    e.as = "h" + std::to_string(random.below(100)), e.split = "x" + std::to_string(random.below(100));
    std::vector<std::string> ids;
    for (int i = 0; i < 400; ++i) ids.push_back(random.percent(50) ? "visitor-" + std::to_string(i) : random_uuid(random));
    std::string error;
    const Sides was = sides(e, ids, random, error);
    for (int i = 0; i < 3 && error.empty(); ++i) {
      const Sides is = sides(e, ids, random, error);
      if (is.held != was.held) error = "  others are held out after an edit";
      if (is.variant != was.variant) error = "  others are in a variant of the split after an edit";
    }
    std::set<std::string> by_hand;
    for (const std::string& id : ids)
      if (bucket_by_hand(e.salt, e.as, id) < 1000) by_hand.insert(id);
    if (error.empty() && by_hand != was.held) error = "  those held out are not those of the buckets below 1,000";
    for (const auto& [id, variant] : was.variant) {
      const std::uint32_t b = bucket_by_hand(e.salt, e.split, id);
      if (error.empty() && variant != (b < 2500 ? "a" : b < 6000 ? "b" : "c"))
        error = "  " + id + " is in variant " + variant + " with bucket " + std::to_string(b);
    }
    // A raised share keeps those whom it had; another name or salt deals anew.
    Edited raised = e, other = e;
    raised.share = "20%";
    const Sides more = sides(raised, ids, random, error);
    if (error.empty() && !std::includes(more.held.begin(), more.held.end(), was.held.begin(), was.held.end())) error = "  a raised share lost some that it had";
    if (error.empty() && more.held.size() <= was.held.size()) error = "  a raised share holds no more";
    (random.percent(50) ? other.as : other.salt) += "*";
    if (error.empty() && sides(other, ids, random, error).held == was.held) error = "  another name or salt holds the same";
    tally["held out"] += was.held.size();
    tally["in a variant"] += was.variant.size();
    return error;
  }

 private:
  Sides sides(const Edited& e, const std::vector<std::string>& ids, Random& random, std::string& error) {
    const std::string catalog = catalog_text(e, random);
    const std::vector<differential::RuleFile> files = {{"r.polku", rules_text(e, random)}};
    if (print) print_case(catalog, files, "");
    Sides out;
    Program program = compile(catalog, files, error);
    if (!program.pack) return out;
    history::Event event;
    event.type = program.pack->catalog.event("e");
    Log log;
    for (const std::string& id : ids) {
      event.at = static_cast<Millis>(random.below(100)) * kHour;
      event.identity = random.next();
      log.push_back({id, event});
    }
    for (const history::Decision& d : decide(program, log, {}, end_of(log) + 3 * kDay)) {
      if (!d.rule.starts_with("held")) continue;
      if (d.outcome == history::Outcome::held_out) out.held.insert(d.visitor);
      else if (d.outcome != history::Outcome::acted) error = "  " + line(d);
      for (const history::Action& a : d.actions)
        if (a.kind == history::ActionKind::Split) out.variant[d.visitor] = a.variant;
    }
    if (error.empty() && out.variant.size() != ids.size()) error = "  not everybody was decided on";
    return out;
  }
};

}  // namespace

std::unique_ptr<Property> holdout_shares() { return std::make_unique<HoldoutShares>(); }
std::unique_ptr<Property> holdout_edits() { return std::make_unique<HoldoutEdits>(); }

}  // namespace polku::property
