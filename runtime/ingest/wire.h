// What clients send to a service: whole bodies to records, by the pack's sources. For Segment's protocol, CloudEvents and lines of JSON.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/catalog/catalog.h"
#include "runtime/base/text.h"
#include "runtime/ingest/ingest.h"

namespace polku::ingest {

inline constexpr std::size_t kBodyPadding = 64;  // bytes behind a body that can be read; what they are does not matter
inline constexpr std::size_t kLongestName = 1024;  // bytes of a visitor's name, which stands in many places for as long as the visitor is known

// Whose a record is, beside Record::visitor.
struct Envelope {
  std::string also;           // another name of the same visitor; empty: none
  bool identified = false;    // the visitor's name is one that the business gave
  std::string trace;          // CloudEvents: its `traceparent`, whatever it is; empty: none
};

// One thread at a time; catalog and texts must outlive it.
//
// Segment (and RudderStack, which speaks it): the source of the format `segment`, or if the pack has none, one that takes every event by its own name, also
// `Cart Viewed` for cart_viewed, its fields from `properties` and every attribute from `traits`. userId names the visitor, anonymousId if there is none;
// both: they are one. alias: userId and previousId are one. Times are corrected as the protocol says: received - (sentAt - timestamp), never later than received.
// CloudEvents: the source of the format `cloudevents`, or one as above with its fields from `data`. Lines: a source by its name, or the native form.
class Wire {
 public:
  enum class Form { Segment, CloudEvents, Lines };
  struct Body {
    Form form = Form::Segment;
    std::string_view bytes = {};  // with kBodyPadding behind; as long as records are read
    std::string_view kind = {};  // Segment: what is said of records without a type (`track`)
    std::string_view source = {};  // Lines: the source's name; empty: the native form
    Millis received = 0;
    bool trusted = false;        // times are those that records carry, as in a log, and none is corrected
  };

  Wire(const catalog::Catalog& catalog, base::Texts& texts);
  ~Wire();

  // Empty; or why no record can be read, for whoever sent it. Ids that stand for nobody (`null`, `undefined`, `0` …) count as missing.
  std::string begin(const Body& body);
  bool next(Record& record, Envelope& envelope);   // false at the end; good until the next call
  const Counts& counts() const;                    // of this body
  std::string_view write_key() const;              // Segment: what the body says; empty: nothing

  // An id as visitors are named: in NFC, without blanks around it; empty: it stands for nobody. Nothing: it is no UTF-8.
  static std::optional<std::string> somebody(std::string_view id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::ingest
