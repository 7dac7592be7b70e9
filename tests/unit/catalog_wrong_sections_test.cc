// What an engineer is told of a catalog that is wrong: channels, templates, tasks, sources.
#include "tests/unit/catalog_world.h"

namespace polku::catalog {
namespace {

TEST(Wrong, Channels) {
  const auto channel = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nvisitor: { consent.ads: consent, phone: text }\nchannels: { x: { " + text + " } }", told);
  };
  channel("needs: consent.asd", {{Code::CatalogUnknownAttribute, 0, 25, 36, "The visitor has no attribute `consent.asd`.", "Did you mean `consent.ads`?"}});
  channel("needs: phone", {{Code::CatalogNeeds, 0, 25, 30, "`phone` is no consent, so a channel cannot need it.", "What must be known to reach the visitor is said with `reach`."}});
  channel("reach: consent.ads", {{Code::CatalogNeeds, 0, 25, 36, "`consent.ads` is a consent, which does not reach anybody.", "What the visitor must have agreed to is said with `needs`."}});
  for (const char* limit : {"3 per week", "0 in 7 days", "-1 in 7 days", "3 in 0 days", "3 in a week", "three in 7 days", "1000001 in 7 days", "3 messages in 7 days"}) {
    channel("limit: " + std::string(limit), {{Code::CatalogBadLimit, 0, 25, 25 + std::string(limit).size(), "The limit of the channel `x` cannot be read: `" + std::string(limit) + "`.",
                                              "Say how many messages in which time, as in `3 in 7 days`."}});
  }
  channel("limit: 3 in 401 days", {{Code::CatalogLongLimit, 0, 25, 38, "The limit of the channel `x` looks further back than the history kept.", "Shorten it, or lengthen `history`."}});
  channel("slots: hero", {{Code::CatalogShape, 0, 25, 29, "`slots` of the channel `x` must be a list, and here stands a word.", "Write it as in `slots: [hero, sidebar]`."}});
  channel("slots: [a, a]", {{Code::CatalogBadList, 0, 29, 30, "`slots` of the channel `x` says `a` twice.", "Keep one of them."}});
  channel("slots: [hero], quiet: \"21:00 to 08:00\", answer: e within 1 day",
          {{Code::CatalogSlots, 0, 33, 38, "`quiet` is for channels that carry messages, and the channel `x` has slots.", "Take it out: what stands in a slot is there because the visitor came."},
           {Code::CatalogSlots, 0, 58, 64, "`answer` is for channels that carry messages, and the channel `x` has slots.", "Take it out: what stands in a slot is there because the visitor came."}});
}

TEST(Wrong, QuietHoursAndAnswers) {
  const auto channel = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nevents: { opened: {} }\nchannels: { x: { " + text + " } }", told);
  };
  for (const char* good : {"quiet: 00:00 to 23:59:59", "quiet: \"21:00 to 08:00\"", "answer: opened within 400 days", "answer: \"opened within 1 second\""}) channel(good, {});
  for (const char* bad : {"21:00", "21:00 - 08:00", "21:00 to 8:00", "9 to 5", "24:00 to 08:00", "21:00 to 08:60", "21:00 to 08:00:60", "21:00 to 08:00 ", "21.00 to 08.00", "21:00 to", "to 08:00",
                          "21:00 to 08:00 to 09:00", "9pm to 8am", "21:00  to 08:00", "\u0662\u0661:00 to 08:00", "21:0a to 08:00", ""}) {
    const std::string quoted = "\"" + std::string(bad) + "\"";
    const auto l = load_text("catalog: a\nchannels: { x: { quiet: " + quoted + " } }");
    ASSERT_EQ(l->d.errors(), 1u) << bad;
    EXPECT_EQ(l->d.all()[0].code, Code::CatalogBadQuiet) << bad;
    EXPECT_EQ(l->d.all()[0].message, "The quiet hours of the channel `x` cannot be read: `" + std::string(bad) + "`.");
  }
  const std::string times = "Say from when to when, in the visitor's time of day from `00:00` to `23:59`, as in `quiet: \"21:00 to 08:00\"`.";
  channel("quiet: 9 to 5", {{Code::CatalogBadQuiet, 0, 25, 31, "The quiet hours of the channel `x` cannot be read: `9 to 5`.", times}});
  channel("quiet: 09:00 to 09:00:00", {{Code::CatalogBadQuiet, 0, 25, 42, "The quiet hours of the channel `x` begin when they end.", "Say two different times of day, or take the key out."}});
  channel("quiet: [a]", {{Code::CatalogShape, 0, 25, 26, "`quiet` of the channel `x` must be a word, and here stands a list.", "Write it as in `quiet: \"21:00 to 08:00\"`."}});

  const std::string within = "Say which event counts as an answer, and within which time, as in `answer: email_opened within 2 days`.";
  for (const char* bad : {"opened", "within 2 days", "opened within", "opened within 0 days", "opened within 2", "opened in 2 days", "opened within 2 months"})
    channel("answer: " + std::string(bad), {{Code::CatalogBadAnswer, 0, 26, 26 + std::string(bad).size(), "The answer of the channel `x` cannot be read: `" + std::string(bad) + "`.", within}});
  channel("answer: opend within 2 days", {{Code::CatalogUnknownEvent, 0, 26, 31, "There is no event `opend` in the catalog.", "Did you mean `opened`?"}});
  channel("answer: \"opend within 2 days\"", {{Code::CatalogUnknownEvent, 0, 27, 32, "There is no event `opend` in the catalog.", "Did you mean `opened`?"}});
  channel("answer: opened within 401 days", {{Code::CatalogLongLimit, 0, 26, 48, "The answer of the channel `x` may take longer than the history kept.", "Shorten its time, or lengthen `history`."}});
  channel("answer: {}", {{Code::CatalogShape, 0, 26, 27, "`answer` of the channel `x` must be a word, and here stands a map of keys and values.", "Write it as in `answer: email_opened within 2 days`."}});
  channel("quit: 21:00 to 08:00", {{Code::CatalogUnknownKey, 0, 18, 22, "There is no key `quit` in a channel.", "Did you mean `quiet`?"}});
  // Where the events could not be read, nothing is said of one.
  expect_told("catalog: a\nevents: []\nchannels: { x: { answer: opened within 2 days } }",
              {{Code::CatalogShape, 2, 9, 10, "`events` must be a map of keys and values, and here stands a list.", "Write it as in `events: { order_placed: { total: money } }`."}});
}

TEST(Wrong, Templates) {
  const auto template_ = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nchannels: { email: {}, web: { slots: [hero] } }\ntemplates: { x: { " + text + " } }", told);
  };
  template_("by: [emial]", {{Code::CatalogUnknownChannel, 0, 24, 29, "There is no channel `emial` in the catalog.", "Did you mean `email`?"}});
  template_("by: []", {{Code::CatalogBadList, 0, 23, 24, "`by` of the template `x` is an empty list.", "Write it as in `by: [email, push]`."}});
  template_("with: {}", {{Code::CatalogMissingKey, 0, 14, 15, "No channel carries the template `x`.", "Say which, as in `by: [email, push]`."}});
  template_("by: [email], service: true", {});
  template_("by: [email], service: maybe", {{Code::CatalogYesNo, 0, 41, 46, "`service` of the template `x` can only be `true` or `false`.", ""}});
  template_("by: [email, web], service: false", {});
  template_("by: [email, web], service: true", {{Code::CatalogSlots, 0, 37, 44, "Only messages can be a service, and the template `x` can stand in a slot of `web`.",
                                                 "Take `web` out of `by`, or take `service` out."}});
  template_("by: [email], with: { only: text }", {{Code::CatalogHardWord, 0, 40, 44, "`only` is a word of the language, so it cannot be the name of a parameter of the template `x`.", "Choose another, as in `only_1`."}});
}

TEST(Wrong, Tasks) {
  const auto task = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 2;
    expect_told("catalog: a\ntasks: { " + text + " }", told);
  };
  task("x: {}, y: { with: { a: text, b: [c, d] } }", {});
  task("x: text", {{Code::CatalogShape, 0, 13, 17, "The task `x` must be a map of keys and values, and here stands a word.", "Write it as in `x: {}`."}});
  task("x: { by: [email] }", {{Code::CatalogUnknownKey, 0, 15, 17, "There is no key `by` in a task.", "The only key of a task is `with`."}});
  task("x: { with: [a] }", {{Code::CatalogShape, 0, 21, 22, "`with` of the task `x` must be a map of keys and values, and here stands a list.", "Write it as in `with: { product: text }`."}});
  task("x: { with: { a: txt } }", {{Code::CatalogUnknownType, 0, 26, 29, "There is no type `txt`.", "Did you mean `text`?"}});
  task("x: { with: { a: consent } }", {{Code::CatalogConsent, 0, 26, 33, "A consent belongs to the visitor, not to the task `x`.", "Declare it under `visitor`, as in `consent.marketing: consent`."}});
  task("end: {}", {{Code::CatalogHardWord, 0, 10, 13, "`end` is a word of the language, so it cannot be the name of a task.", "Choose another, as in `end_1`."}});
  expect_told("catalog: a\ntasks: x", {{Code::CatalogShape, 2, 8, 9, "`tasks` must be a map of keys and values, and here stands a word.", "Write it as in `tasks: { call_back: {} }`."}});
}

TEST(Wrong, Requests) {
  const auto source = [](const std::string& channels, const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 4;
    expect_told("catalog: a\nevents: { e: { f: money } }\nchannels: { x: " + channels + " }\nsources: { s: { " + text + " } }", told);
  };
  const std::string slots = "{ slots: [hero] }", ok = "format: ndjson, visitor: v, time: t, asked for: ";
  source(slots, ok + "a.b", {});
  source(slots, ok + "a, event: n", {});
  source(slots, ok + "a, events: { E: e }", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.", "Add `event: …` with the name of the column or field."}});
  source(slots, ok + "a..b", {{Code::SourceRawName, 0, 65, 69, "`asked for` of the source `s` is no path: `a..b`.", "Write the name of a field, or a path with dots, as in `properties.total`."}});
  source(slots, ok + "n, event: n", {{Code::SourceRawName, 0, 65, 66, "`asked for` and `event` of the source `s` stand in the same place, so no record could be either.",
                                       "Name the field that holds the slots."}});
  source(slots, ok + "[a]", {{Code::CatalogShape, 0, 65, 66, "`asked for` of the source `s` must be a word, and here stands a list.", ""}});
  source(slots, ok + "a, fields: { e.f: r }", {{Code::SourceUnused, 0, 78, 81, "The source `s` never makes the event `e`.", "Take the line out, or list the event."}});
  source("{}", ok + "a", {{Code::SourceUnused, 0, 54, 63, "The source `s` has requests for slots, but no channel has a slot.",
                           "Take the line out, or give a channel slots, as in `web: { slots: [hero, sidebar] }`."}});
  source(slots, "format: csv, visitor: v, time: t, event: n, asked_for: a", {{Code::CatalogUnknownKey, 0, 61, 70, "There is no key `asked_for` in a source.", "Did you mean `asked for`?"}});
}

TEST(Wrong, ReceivedAndMerges) {
  const auto source = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 4;
    expect_told("catalog: a\nevents: { e: { f: money } }\nchannels: { x: { slots: [hero] } }\nsources: { s: { " + text + " } }", told);
  };
  const std::string begin = "format: ndjson, visitor: v, time: t, ", path = "Write the name of a field, or a path with dots, as in `properties.total`.", other = "Name the field that holds the id of the other visitor.";
  source(begin + "merges: a.b, received: c.d", {});
  source(begin + "event: n, merges: a, asked for: b, received: c, id: a, attributes: {}", {});  // an id may serve twice
  source(begin + "received: r", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.", "Add `event: …` with the name of the column or field."}});
  source(begin + "merges: a, events: { E: e }", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.",
                                                  "Add `event: …` with the name of the column or field."}});
  source(begin + "merges: a, fields: { e.f: r }", {{Code::SourceUnused, 0, 75, 78, "The source `s` never makes the event `e`.", "Take the line out, or list the event."}});
  source(begin + "event: n, received: .r", {{Code::SourceRawName, 0, 74, 76, "`received` of the source `s` is no path: `.r`.", path}});
  source(begin + "event: n, merges: \"\"", {{Code::SourceRawName, 0, 72, 74, "`merges` of the source `s` is empty.", path}});
  source(begin + "event: n, merges: [a]", {{Code::CatalogShape, 0, 72, 73, "`merges` of the source `s` must be a word, and here stands a list.", ""}});
  source(begin + "event: n, received: t", {{Code::SourceUnused, 0, 64, 72, "`received` and `time` of the source `s` stand in the same place, so no record could ever be late.",
                                            "Name the field that says when the record was received, or take the line out."}});
  source(begin + "merges: v", {{Code::SourceRawName, 0, 62, 63, "`merges` and `visitor` of the source `s` stand in the same place, so every record would merge a visitor with itself.", other}});
  source(begin + "event: n, merges: n", {{Code::SourceRawName, 0, 72, 73, "`merges` and `event` of the source `s` stand in the same place, so no record could be either.", other}});
  source(begin + "asked for: n, merges: n", {{Code::SourceRawName, 0, 76, 77, "`merges` and `asked for` of the source `s` stand in the same place, so no record could be either.", other}});
}

TEST(Wrong, Sources) {
  const auto source = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 4;
    expect_told("catalog: a\nevents: { e: { f: money, g: [a, b] }, o: { f: text } }\nvisitor: { d: { type: money, is: last e.f }, t: text }\nsources: { s: { " + text + " } }", told);
  };
  const std::string ok = "format: csv, visitor: v, time: t, event: n";
  const auto after = [&](std::size_t gap) { return 17 + ok.size() + gap; };
  source(ok, {});
  source("format: segment, events: { E: e }", {});
  source("format: cloudevents", {});
  source("format: segment, visitor: id", {{Code::SourceUnused, 0, 34, 41, "A source of the format `segment` says itself where `visitor` stands.", "Take the line out."}});
  source("format: cvs", {{Code::SourceFormat, 0, 25, 28, "There is no format `cvs`.", "Did you mean `csv`?"}});
  source("format: xml", {{Code::SourceFormat, 0, 25, 28, "There is no format `xml`.", "The formats are `csv`, `ndjson`, `segment` and `cloudevents`."}});
  source("visitor: v, time: t, event: n", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say its format.", "Add `format: csv` or `format: ndjson`."}});
  source("format: csv, time: t, event: n", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the visitor stands in a record.",
                                             "Add `visitor: …` with the name of the column or field."}});
  source("format: csv, visitor: v, time: t", {{Code::SourceIncomplete, 0, 12, 13, "The source `s` does not say where the event stands in a record.",
                                               "Add `event: …` with the name of the column or field."}});
  source("format: csv, visitor: v, time: t, attributes: { t: x }", {});
  source("format: ndjson, visitor: a..b, time: t, event: n", {{Code::SourceRawName, 0, 42, 46, "`visitor` of the source `s` is no path: `a..b`.",
                                                               "Write the name of a field, or a path with dots, as in `properties.total`."}});
  source("format: csv, visitor: \"\", time: t, event: n", {{Code::SourceRawName, 0, 39, 41, "`visitor` of the source `s` is empty.", "Write the name of a column as in the header."}});
  source(ok + ", zone: Mars", {{Code::CatalogZone, 0, after(8), after(12), "There is no time zone `Mars`.", "Name a zone of the IANA list, as in `Europe/Helsinki`."}});
  source(ok + ", events: {}", {{Code::SourceIncomplete, 0, after(10), after(11), "`events` of the source `s` lists none.",
                                "List some, or take the key out: then events have the same names in the data and in the catalog."}});
  source(ok + ", events: { A: x }", {{Code::CatalogUnknownEvent, 0, after(15), after(16), "There is no event `x` in the catalog.", ""}});
  source(ok + ", fields: { x.f: r }", {{Code::CatalogUnknownEvent, 0, after(12), after(15), "There is no event `x` in the catalog.", ""}});
  source(ok + ", fields: { e.x: r }", {{Code::SourceField, 0, after(12), after(15), "The event `e` has no field `x`.", ""}});
  source(ok + ", fields: { f: r }", {{Code::SourceField, 0, after(12), after(13), "`f` is not the field of an event.",
                                      "Write event and field, as in `order_placed.total`, or `\"*.total\"` for all events."}});
  source(ok + ", fields: { \"*.x\": r }", {{Code::SourceField, 0, after(12), after(17), "No event has a field `x`.", ""}});
  source(ok + ", events: { O: o }, fields: { e.f: r }", {{Code::SourceUnused, 0, after(30), after(33), "The source `s` never makes the event `e`.", "Take the line out, or list the event."}});
  source(ok + ", events: { O: o }, fields: { \"*.g\": r }", {{Code::SourceUnused, 0, after(30), after(35), "The source `s` makes no event with a field `g`.",
                                                             "Take the line out, or list such an event."}});
  source(ok + ", values: { \"*.f\": { A: a } }", {{Code::SourceNotOneOf, 0, after(12), after(17), "The field `e.f` is `money`, so no values of a list can be named for it.",
                                                "Only a field of a list, such as `[a, b]`, has such values."},
                                               {Code::SourceNotOneOf, 0, after(12), after(17), "The field `o.f` is `text`, so no values of a list can be named for it.",
                                                "Only a field of a list, such as `[a, b]`, has such values."}});
  source(ok + ", values: { e.g: { A: c } }", {{Code::SourceValue, 0, after(22), after(23), "The list of `e.g` has no value `c`.", ""}});
  source(ok + ", attributes: { d: r }", {{Code::SourceDerived, 0, after(16), after(17), "`d` is derived from events, so a source cannot set it.", "Take the line out."}});
  source(ok + ", attributes: { x: r }", {{Code::CatalogUnknownAttribute, 0, after(16), after(17), "The visitor has no attribute `x`.", ""}});
}

// One cause, one message: what depends on a thing at fault is not at fault too.
TEST(Wrong, OneCauseOneMessage) {
  expect_told("catalog: a\nevents: [e]\nvisitor: { x: { type: text, is: y, until: [e] } }\nsources: { s: { format: csv, visitor: v, time: t, event: n, events: { E: e }, fields: { e.f: r, \"*.g\": h } } }\n",
              {{Code::CatalogShape, 2, 9, 10, "`events` must be a map of keys and values, and here stands a list.", "Write it as in `events: { order_placed: { total: money } }`."}});
  expect_told("catalog: a\nevents: { b: &x { f: mony }, c: *x }",
              {{Code::CatalogUnknownType, 2, 22, 26, "There is no type `mony`.", "Did you mean `money`?"}});
  expect_told("catalog: a\nevents: { e: { f: mony } }\nsources: { s: { format: csv, visitor: v, time: t, event: n, values: { e.f: { A: a } } } }",
              {{Code::CatalogUnknownType, 2, 19, 23, "There is no type `mony`.", "Did you mean `money`?"}});
  expect_told("catalog: a\nvisitor: { c: consnt }\nchannels: { x: { needs: c } }", {{Code::CatalogUnknownType, 2, 15, 21, "There is no type `consnt`.", "Did you mean `consent`?"}});
  expect_told("catalog: a\nevents: { e: }\nsources: { s: { format: csv, visitor: v, time: t, event: n, fields: { e.f: r } } }",
              {{Code::CatalogShape, 2, 11, 12, "The event `e` must be a map of keys and values, and here stands nothing.", "Write it as in `e: {}`."}});
}

// A misspelt key of a source is no missing one, and nothing is judged by its absence.
TEST(Wrong, AMisspeltKeyOfASourceIsSaidOnce) {
  const auto source = [](const std::string& text, const std::string& key, const std::string& meant) {
    const std::string line = "sources: { s: { " + text + " } }";
    const auto at = line.find(key) + 1;
    expect_told("catalog: a\nevents: { e: { f: money } }\nchannels: { x: { slots: [hero] } }\nvisitor: { tier: text }\n" + line,
                {{Code::CatalogUnknownKey, 5, at, at + key.size(), "There is no key `" + key + "` in a source.", "Did you mean `" + meant + "`?"}});
  };
  const std::string begin = "format: csv, visitor: v, time: t, ";
  source(begin + "asked_for: a", "asked_for", "asked for");
  source(begin + "attribute: { tier: t }", "attribute", "attributes");
  source(begin + "merge: a", "merge", "merges");
  source(begin + "evnt: n", "evnt", "event");
  source(begin + "evnt: n, fields: { e.f: r }", "evnt", "event");
  source(begin + "evnt: n, events: { E: e }", "evnt", "event");
  source(begin + "evnt: n, attributes: { tier: x }, fields: { \"*.f\": r }", "evnt", "event");
  source(begin + "event: n, recieved: r", "recieved", "received");
  source("format: csv, visitr: v, time: t, event: n", "visitr", "visitor");
  source("format: csv, visitor: v, tim: t, event: n", "tim", "time");
  source("formt: csv, visitor: v, time: t, event: n", "formt", "format");
  // What is misspelt and what is missing are two things.
  expect_told("catalog: a\nsources: { s: { format: csv, visitr: v, event: n } }",
              {{Code::CatalogUnknownKey, 2, 30, 36, "There is no key `visitr` in a source.", "Did you mean `visitor`?"},
               {Code::SourceIncomplete, 2, 12, 13, "The source `s` does not say where the time stands in a record.", "Add `time: …` with the name of the column or field."}});
}

}  // namespace
}  // namespace polku::catalog
