// One record of a visitor's history, as taken in and before anything is judged.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/base/value.h"

namespace polku::catalog {
struct Catalog;
}

namespace polku::history {

struct AttributeChange {
  int attribute = 0;       // in catalog.attributes
  Value value = kUnknown;  // kUnknown: it is missing from now on
};

inline constexpr int kVisitorUpdated = -1;  // the record only changes attributes
inline constexpr int kAsked = -2;           // a request for slots
inline constexpr int kMerge = -3;           // another visitor is found to be this one

struct Place { int channel = 0, slot = 0; };  // in catalog.channels and its slots

// Values are encoded as runtime/base/value.h says; texts are ids in the base::Texts of whoever reads the log.
struct Event {
  Millis at = 0;
  Millis received = kUnknown;             // when it reached us; kUnknown: at its own time
  int type = kVisitorUpdated;             // in catalog.events
  std::uint64_t identity = 0;             // see identify()
  std::vector<Value> fields;              // one for each field the catalog declares for the type, kUnknown if absent or bad
  std::vector<AttributeChange> changes;   // these stand before the event, at the same place
  std::vector<Place> asked;               // kAsked: the slots, each once
  std::string merges;                     // kMerge: the other visitor, in NFC
};

// Where the record came from decides whether two are one: with a (source, id) it is their hash; without, the hash of the
// visitor, the event's name, its time and its given fields by name, plus how many equal ones came before it. The same on
// every machine, and independent of what else the catalog declares. XXH3-64 (https://github.com/Cyan4973/xxHash).
std::uint64_t identity_of_id(std::string_view source, std::span<const std::string_view> id);  // its parts; most have one
inline std::uint64_t identity_of_id(std::string_view source, std::string_view id) { return identity_of_id(source, std::span(&id, 1)); }
std::uint64_t next_equal(std::uint64_t identity);  // identity of the next record that is equal in everything

// The identity of records without an id, over the visitor, the event's name, the time, the given fields, the changed attributes,
// the slots asked for, all by name, and the visitor merged; not over when the record was received. A value is its text, its name in a declared list, or its number, whatever the type. It reads the catalog only when
// it is made. Not thread-safe: it reuses a buffer.
class Identity {
 public:
  explicit Identity(const catalog::Catalog& catalog);
  ~Identity();
  // visitor in NFC. The event's texts are ids in `texts`.
  std::uint64_t of_content(std::string_view visitor, const Event& event, const base::Texts& texts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A firing is (journey, rule, the event that armed or completed it): 32 hexadecimal digits of XXH3-128 over
// "identity\0journey\0rule", identity as 8 bytes, big-endian.
struct DecisionId { std::uint64_t high = 0, low = 0; };
DecisionId decision_id(std::uint64_t identity, std::string_view journey, std::string_view rule);
std::array<char, 32> digits(DecisionId id);  // hexadecimal
std::string firing_id(std::uint64_t identity, std::string_view journey, std::string_view rule);
// An instant as something that triggers start from (schedules, memberships that run out): visitor in NFC.
std::uint64_t identity_of_moment(std::string_view visitor, Millis at);
// 0 … 9,999: the place of a person in a holdout or split, the first 8 bytes, big-endian, of SHA-256(salt, 0, name, 0, person) mod
// 10,000. All in NFC. SHA-256 is OpenSSL's.
std::uint32_t bucket(std::string_view salt, std::string_view name, std::string_view person);
// The identity of an acted decision, as something that later triggers start from.
std::uint64_t identity_of_decision(std::string_view firing_id);

}  // namespace polku::history
