#include "compiler/reference/story.h"

#include <utility>

namespace polku::reference {

namespace {

base::Zone zone_of(const catalog::Catalog& catalog) {
  auto zone = base::Zone::find(catalog.zone);
  return zone ? *zone : base::Zone::utc();
}

}  // namespace

Story::Story(const Pack& p, const base::Texts& t) : pack(p), catalog(*p.catalog), texts(t), zone(zone_of(*p.catalog)) {
  for (const syntax::File* file : pack.files) {
    for (const syntax::Journey& journey : file->journeys) {
      for (const syntax::Rule& rule : journey.rules) {
        if (!rule.when || !rule.action) continue;
        const auto& priority = rule.priority ? rule.priority : journey.priority;
        rules.push_back({&journey, &rule, priority ? priority->value : 0});
      }
    }
  }
}

void Story::set_clock(Millis now) {
  now_ = now;
  read_now.clear();
}

void Story::append(Record record) {
  records_.push_back(std::move(record));
  read_now.clear();
}

bool Story::within(Millis at, Millis length) const {
  return static_cast<__int128>(now_) - length < at;
}

int Story::rule(const std::string& journey, const std::string& name) const {
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (rules[i].rule->name.text == name && rules[i].journey->name.text == journey) return static_cast<int>(i);
  return -1;
}

const syntax::Segment* Story::segment(const std::string& name) const {
  for (const syntax::File* file : pack.files)
    for (const syntax::Segment& segment : file->segments)
      if (segment.name.text == name) return &segment;
  return nullptr;
}

}  // namespace polku::reference
