// Values that rules, catalogs and logs of one pack all draw from small sets, so that comparisons hit their limits often.
#pragma once
#include <string>
#include <vector>

#include "tests/differential/world.h"

namespace polku::differential {

struct Drawn {
  Type type;
  Value value = 0;                 // as runtime/base/value.h encodes it; Text and TextList use `texts`
  std::vector<std::string> texts;  // OneOf: the value's name
};

// far: from the ends of the 64-bit range, where arithmetic overflows.
Drawn draw(const World& world, Random& random, Type type, bool far);

// As a rule file says it. Times and consents cannot be written.
bool has_literal(TypeKind kind);
std::string rule_literal(const World& world, Random& random, const Drawn& drawn);

// As the value of a default in the catalog.
std::string yaml_value(const World& world, Random& random, const Drawn& drawn);

// As a field or attribute of an NDJSON record.
std::string json_value(const World& world, Random& random, const Drawn& drawn);
std::string json_text(std::string_view text);

std::string length_words(Random& random, Millis length);  // "90 minutes", in any unit that divides it
std::string clock_words(Random& random, Millis of_day);     // "09:00", "09:00:30"
std::string share_words(Value ten_thousandths);            // "12.5%"
std::string quoted(std::string_view text);                 // as a rule file quotes it
std::string instant(Millis at);                            // RFC 3339, UTC, milliseconds

}  // namespace polku::differential
