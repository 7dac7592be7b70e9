// What an engineer is told of a catalog that is wrong: files, YAML, names, types, attributes.
#include "tests/unit/catalog_world.h"

namespace polku::catalog {
namespace {

TEST(Wrong, Files) {
  const auto nothing = [](const std::string& text) {
    expect_told(text, {{Code::CatalogEmpty, 1, 1, 1, "This catalog says nothing.", "Begin with its name, as in `catalog: ferry`."}});
  };
  nothing("");
  nothing("# x\n");
  nothing("---\n");
  expect_told("catalog: \xFF", {{Code::CatalogNotUtf8, 1, 10, 11, "This byte is not UTF-8 text.", "Save the file as UTF-8."}});
  expect_told("catalog: a\nb\x04", {{Code::CatalogControl, 2, 2, 3, "A control character stands here.", "Take it out; lines end with a line feed."}});
  expect_told("catalog: a\rb", {{Code::CatalogControl, 1, 11, 12, "A control character stands here.", "Take it out; lines end with a line feed."}});
  expect_told(std::string("a\0b", 3), {{Code::CatalogControl, 1, 2, 3, "A control character stands here.", "Take it out; lines end with a line feed."}});
  expect_told("catalog: " + std::string(4 << 20, 'a'),
              {{Code::CatalogTooBig, 1, 1, 2, "This catalog is larger than 4 MiB.", "A catalog describes data and holds none; make it smaller."}});
  expect_told("catalog: a\n---\ncatalog: b\n",
              {{Code::CatalogDocuments, 2, 1, 2, "A second document begins here, but a catalog is one.", "Take out the line `---`."}});
  expect_told("hello", {{Code::CatalogShape, 1, 1, 6, "A catalog must be a map of keys and values, and here stands a word.", "Write it as in `catalog: ferry`."}});
  expect_told("events: {}", {{Code::CatalogMissingKey, 1, 1, 7, "The catalog has no name.", "Begin with it, as in `catalog: ferry`."}});
}

TEST(Wrong, Yaml) {
  expect_told("catalog: ä: b", {{Code::CatalogYaml, 1, 11, 12, "A `:` cannot stand here.",
                                 "Begin a key in the column of the keys beside it; put text that holds `: ` in quotes."}});
  expect_told("catalog: a\nevents:\n\tx: {}", {{Code::CatalogYaml, 3, 1, 2, "This line is indented by a tab.", "Indent with blanks."}});
  expect_told("events: { x: {}\n", {{Code::CatalogYaml, 2, 1, 1, "The `{` before this place is never closed.",
                                     "Close it with `}`, and part what stands in it by commas."}});
  expect_told("catalog: 'a", {{Code::CatalogYaml, 1, 12, 12, "The file ends inside quotes.", "Close them."}});
  expect_told("catalog: @x", {{Code::CatalogYaml, 1, 10, 11, "A word cannot begin with this character.", "Put it in quotes."}});
  expect_told("a: { *.x : b }", {{Code::CatalogYaml, 1, 6, 7, "A word that begins with `*` repeats an `&` of the same name, and there is none.",
                                  "Put names that begin with `*` in quotes, as in `\"*.total\"`."}});
  expect_told("catalog: !!str a", {{Code::CatalogTag, 1, 10, 11, "A catalog has no use for tags (`!…`).", "Take it out; a word is read as what its place asks for."}});
}

TEST(Wrong, DepthAndSizeAreBounded) {
  const Told deep{Code::CatalogTooDeep, 1, 0, 0, "This is nested more than 64 deep.", "A catalog needs no more than six levels."};
  const auto too_deep = [&](const std::string& text, std::size_t line, std::size_t column) {
    Told told = deep;
    told.line = line;
    told.column = column;
    told.end_column = column + 1;
    expect_told(text, {told});
  };
  too_deep("a: " + std::string(100000, '[') + std::string(100000, ']'), 1, 67);
  too_deep("a: " + std::string(100000, '['), 1, 36);  // never closed, so each could be a key
  std::string braces = "a: ", dashes, questions, indents;
  for (int i = 0; i < 20000; ++i) braces += "{a: ", dashes += "- ", questions += "? ";
  for (int i = 0; i < 100; ++i) indents += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  too_deep(braces, 1, 256);
  too_deep(dashes, 1, 129);
  too_deep(questions, 1, 129);
  too_deep(indents, 65, 65);

  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i > 0 ? ", " : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  expect_told(bomb, {{Code::CatalogTooMany, 5, 7, 8, "From here on this catalog has more than a million parts (what an alias repeats counts each time).", "Make it smaller."}});
  expect_told("a: &a {b: *a}", {{Code::CatalogAlias, 1, 11, 12, "This alias stands inside the part that it repeats.", "Write the part out."}});
}

TEST(Wrong, ManyMistakesStayQuick) {
  std::string text = "catalog: a\nevents:\n", until;
  for (int i = 0; i < 20000; ++i) {
    text += "  e" + std::to_string(i) + ": {}\n";
    until += "f" + std::to_string(i) + ", ";
  }
  const auto l = load_text(text + "visitor: { x: { type: text, is: y, until: [" + until + "] } }\n");
  EXPECT_EQ(l->d.errors(), 20000u);
  EXPECT_EQ(l->d.all().size(), 50u);
}

TEST(Wrong, KeysAtTheTop) {
  expect_told("catalog: a\nevnts: {}", {{Code::CatalogUnknownKey, 2, 1, 6, "There is no key `evnts` in a catalog.", "Did you mean `events`?"}});
  expect_told("catalog: a\ncatalog: b", {{Code::CatalogDuplicateKey, 2, 1, 8, "`catalog` stands twice in a catalog; it was already said in line 1.", "Keep one of them."}});
  expect_told("catalog: 3f", {{Code::CatalogBadName, 1, 10, 12, "`3f` cannot be the name of a catalog.", "A name is made of letters, digits and `_`, and does not begin with a digit."}});
  expect_told("catalog: a\ncurrency: Euro", {{Code::CatalogCurrency, 2, 11, 15, "A currency has three capital letters, and `Euro` is none.", "Write it as in `currency: EUR`."}});
  expect_told("catalog: a\ntime zone: Europe/Helsink", {{Code::CatalogZone, 2, 12, 26, "There is no time zone `Europe/Helsink`.",
                                                         "Name a zone of the IANA list, as in `Europe/Helsinki`."}});
  expect_told("catalog: a\nhistory: 12 months", {{Code::CatalogDuration, 2, 10, 19, "`history` must be a duration, and `12 months` is none.", "Months and years differ in length; say how many days."}});
  expect_told("catalog: a\nlateness: 5 minuts", {{Code::CatalogDuration, 2, 11, 19, "`lateness` must be a duration, and `5 minuts` is none.", "Did you mean `minutes`?"}});
  expect_told("catalog: a\nhistory: 0 days", {{Code::CatalogDuration, 2, 10, 16, "`history` cannot be nothing.", "Write it as in `400 days`."}});
  expect_told("catalog: a\nhistory: 366001 days", {{Code::CatalogDuration, 2, 10, 21, "`history` cannot be longer than 366000 days, a thousand years.", "Write it as in `400 days`."}});
  EXPECT_TRUE(load_text("catalog: a\nhistory: 366000 days")->d.ok());
  expect_told("catalog: a\npatience: [1, hour]", {{Code::CatalogShape, 2, 11, 12, "`patience` must be a word, and here stands a list.", "Write it as in `30 minutes`."}});
  expect_told("catalog: a\n? [b]\n: c", {{Code::CatalogShape, 2, 3, 4, "A key of a catalog must be a word, and here stands a list.", ""}});
  expect_told("catalog: a\nevents:\n  <<: { a: {} }", {{Code::CatalogBadName, 3, 3, 5, "A catalog has no merge keys (`<<`).", "Write the keys out, or repeat a whole part by an alias."}});
}

TEST(Wrong, Names) {
  const auto event = [](const std::string& name, Told told) {
    told.line = 2;
    told.column = 11;
    expect_told("catalog: a\nevents: { " + name + ": {} }", {told});
  };
  const std::string letters = "A name is made of letters, digits and `_`, and does not begin with a digit.";
  event("a b", {Code::CatalogBadName, 0, 0, 14, "`a b` cannot be the name of an event.", letters});
  event("2x", {Code::CatalogBadName, 0, 0, 13, "`2x` cannot be the name of an event.", letters});
  event("a.b", {Code::CatalogBadName, 0, 0, 14, "`a.b` cannot be the name of an event.", letters});
  event("😀", {Code::CatalogBadName, 0, 0, 12, "`😀` cannot be the name of an event.", letters});
  event("\"\"", {Code::CatalogBadName, 0, 0, 13, "`` cannot be the name of an event.", letters});
  event("end", {Code::CatalogHardWord, 0, 0, 14, "`end` is a word of the language, so it cannot be the name of an event.", "Choose another, as in `end_1`."});
  event("now", {Code::CatalogReservedName, 0, 0, 14, "`now` already has a meaning in rules, so it cannot be the name of an event.", "Choose another."});
  for (const char* good : {"ääkkönen", "漢字", "_x1", "Order", "ends", "हिन्दी"}) {
    EXPECT_TRUE(load_text("catalog: a\nevents: { " + std::string(good) + ": {} }")->d.ok()) << good;
  }
  for (const char* hard : {"journey", "rule", "segment", "guarantee", "test", "end", "when", "then", "only", "not", "limit", "once", "quiet", "hold", "stop",
                           "goal", "owner", "priority", "do", "send", "show", "raise", "suppress", "choose", "split", "given", "missing", "unknown", "nothing"}) {
    const auto l = load_text("catalog: a\nevents: { " + std::string(hard) + ": {} }");
    EXPECT_EQ(l->d.errors(), 1u) << hard;
  }
  const std::string dotted = "A name is made of letters, digits and `_`, and does not begin with a digit; it may have parts with dots between them.";
  expect_told("catalog: a\nvisitor: { a..b: text }", {{Code::CatalogBadName, 2, 12, 16, "`a..b` cannot be the name of an attribute.", dotted}});
  expect_told("catalog: a\nvisitor: { limit.x: text }", {{Code::CatalogHardWord, 2, 12, 19, "`limit` is a word of the language, so it cannot begin the name of an attribute.",
                                                          "Choose another, as in `limit_1.x`."}});
  expect_told("catalog: a\nvisitor: { visitor.x: text }", {{Code::CatalogReservedName, 2, 12, 21, "`visitor` already has a meaning in rules, so it cannot begin the name of an attribute.",
                                                            "Choose another."}});
  EXPECT_TRUE(load_text("catalog: a\nvisitor: { order.limit: text }")->d.ok());
  // The same letters, composed and not, are one name.
  expect_told("catalog: a\nevents:\n  \xC3\xA4: {}\n  a\xCC\x88: {}", {{Code::CatalogDuplicateKey, 4, 3, 5, "`ä` stands twice in `events`; it was already said in line 3.", "Keep one of them."}});
}

TEST(Wrong, Clashes) {
  expect_told("catalog: a\nevents: { cart: { value: money } }\nvisitor:\n  cart.value: money\n  cart.item: text\n",
              {{Code::CatalogNameClash, 4, 3, 13, "The attribute `cart.value` is also the field `value` of the event `cart`.", "Rename one of them."}});
  expect_told("catalog: a\nevents: { cart: {} }\nvisitor: { cart: money }\n",
              {{Code::CatalogNameClash, 3, 12, 16, "The attribute `cart` has the name of an event.", "Rename one of them."}});
}

TEST(Wrong, Types) {
  const auto field = [](const std::string& type, std::vector<Told> told) {
    for (Told& one : told) one.line = 2;
    expect_told("catalog: a\nevents: { e: { f: " + type + " } }", told);
  };
  field("mony", {{Code::CatalogUnknownType, 0, 19, 23, "There is no type `mony`.", "Did you mean `money`?"}});
  field("boolean optional", {{Code::CatalogUnknownType, 0, 19, 35, "There is no type `boolean`.", "Say `yes/no`."}});
  field("zzz", {{Code::CatalogUnknownType, 0, 19, 22, "There is no type `zzz`.",
                 "The types are `yes/no`, `whole number`, `number`, `money`, `percent`, `text`, `time`, `date`, `duration`, `list of text`, `consent`, and a "
                 "list of values, as in `[silver, gold]`."}});
  field("", {{Code::CatalogShape, 0, 16, 17, "The type of `f` must be a word, and here stands nothing.", "Write it as in `whole number`."}});
  field("[]", {{Code::CatalogBadList, 0, 19, 20, "The list of `f` is an empty list.", "Write it as in `[silver, gold]`."}});
  field("[a, b, a]", {{Code::CatalogBadList, 0, 26, 27, "The list of `f` says `a` twice.", "Keep one of them."}});
  field("[1, yes, \"a b\", missing]",
        {{Code::CatalogBadName, 0, 20, 21, "`1` cannot be the name of a value of `f`.", "A name is made of letters, digits and `_`, and does not begin with a digit."},
         {Code::CatalogReservedName, 0, 23, 26, "`yes` already has a meaning in rules, so it cannot be the name of a value of `f`.", "For what is either yes or no there is the type `yes/no`."},
         {Code::CatalogBadName, 0, 28, 33, "`a b` cannot be the name of a value of `f`.", "A name is made of letters, digits and `_`, and does not begin with a digit."},
         {Code::CatalogHardWord, 0, 35, 42, "`missing` is a word of the language, so it cannot be the name of a value of `f`.", "Choose another, as in `missing_1`."}});
  field("consent", {{Code::CatalogConsent, 0, 19, 26, "A consent belongs to the visitor, not to the event `e`.", "Declare it under `visitor`, as in `consent.marketing: consent`."}});
  field("{ optional: true }", {{Code::CatalogMissingKey, 0, 16, 17, "`f` has no `type`.", "Write it as in `{ type: text, optional: true }`."}});
  field("{ type: text, optional: maybe }", {{Code::CatalogYesNo, 0, 43, 48, "`optional` can only be `true` or `false`.", ""}});
  expect_told("catalog: a\nevents: { e: }", {{Code::CatalogShape, 2, 11, 12, "The event `e` must be a map of keys and values, and here stands nothing.", "Write it as in `e: {}`."}});
}

TEST(Wrong, Attributes) {
  const auto attribute = [](const std::string& text, std::vector<Told> told) {
    for (Told& one : told) one.line = 3;
    expect_told("catalog: a\nevents: { e: { f: text } }\nvisitor: { x: " + text + " }", told);
  };
  const Told consent{Code::CatalogConsent, 0, 12, 13, "The consent `x` can only be given or refused: it has no default, is not optional and not derived.", "Write `x: consent`."};
  attribute("consent optional", {consent});
  attribute("{ type: consent, optional: true }", {consent});
  attribute("{ type: consent, default: given }", {consent});
  attribute("{ type: consent, is: e.f }", {consent});
  attribute("{ default: 3 }", {{Code::CatalogMissingKey, 0, 12, 13, "`x` has no `type`.", "Write it as in `{ type: text, optional: true }`."}});
  attribute("{ type: text, defalt: b }", {{Code::CatalogUnknownKey, 0, 29, 35, "There is no key `defalt` in an attribute.", "Did you mean `default`?"}});
  attribute("{ type: text, optional: true, default: b }", {{Code::CatalogPresence, 0, 45, 52, "`x` has a default, so it is never missing.", "Take out `optional` or `default`."}});
  attribute("{ type: text, is: last e.f, default: b }", {{Code::CatalogPresence, 0, 43, 50, "`x` is derived from events, so it has no default.", "Say `otherwise` in its expression."}});
  attribute("{ type: text optional, is: last e.f }", {{Code::CatalogPresence, 0, 12, 13, "`x` is derived from events, so it cannot be optional.", "Take `optional` out: it is missing when its expression is."}});
  attribute("{ type: text, until: [e] }", {{Code::CatalogPresence, 0, 29, 34, "`x` says `until`, but not what it `is`.", "Only a derived attribute ends with an event."}});
  attribute("{ type: text, is: last e.f, until: [ev] }", {{Code::CatalogUnknownEvent, 0, 51, 53, "There is no event `ev` in the catalog.", ""}});
  attribute("{ type: text, is: last e.f, until: e }", {{Code::CatalogShape, 0, 50, 51, "`until` of `x` must be a list, and here stands a word.", "Write it as in `until: [order_placed]`."}});
  attribute("{ type: text, is: ' ' }", {{Code::CatalogDerivedText, 0, 33, 36, "`is` of `x` says nothing.", "Write an expression, as in `is: last cart_updated.value`."}});
  attribute("{ type: text, is: \"last e.f otherwise \\\"a\\\"\" }",
            {{Code::CatalogDerivedText, 0, 33, 59, "The expression of `x` is written with escapes.",
              "Put it between quotes of the other kind, so that it stands there as it is meant: `is: 'last cart_updated.item otherwise \"x\"'`."}});
  expect_told("catalog: a\nvisitor: { time zone: number }", {{Code::CatalogZoneAttribute, 2, 23, 29, "The attribute `time zone` must be `text`, the name of a zone.", "Write `time zone: text optional`."}});
  expect_told("catalog: a\nvisitor: { time zone: { type: text, default: Nowhere } }",
              {{Code::CatalogZone, 2, 46, 53, "There is no time zone `Nowhere`.", "Name a zone of the IANA list, as in `Europe/Helsinki`."}});
}

TEST(Wrong, Defaults) {
  const auto fallback = [](const std::string& type, const std::string& text, Told told) {
    told.code = Code::CatalogBadDefault;
    told.line = 4;
    told.column = 14;
    told.end_column = told.column + text.size();
    expect_told("catalog: a\nvisitor:\n  x: { type: " + type + ", default:\n             " + text + " }", {told});
  };
  fallback("whole number", "2.5", {{}, 0, 0, 0, "The default of `x` must be a whole number, and `2.5` is none.", "Write it as in `3`."});
  fallback("number", "a", {{}, 0, 0, 0, "The default of `x` must be a number of at most six decimal places, and `a` is none.", "Write it as in `2.5`."});
  fallback("money", "40 USD", {{}, 0, 0, 0, "The default of `x` is in `USD`, but the currency of the catalog is `EUR`.", "Write it as in `40 EUR`, with at most two decimal places."});
  fallback("money", "40.123 EUR", {{}, 0, 0, 0, "The default of `x` must be an amount of money, and `40.123 EUR` is none.", "Write it as in `40 EUR`, with at most two decimal places."});
  fallback("percent", "0.1", {{}, 0, 0, 0, "The default of `x` must be a percentage, and `0.1` is none.", "Write it as in `10%`, with at most four decimal places."});
  fallback("text", "null", {{}, 0, 0, 0, "The default of `x` must be a text, and `null` is none.", "Put the word in quotes, or make the attribute `optional` instead."});
  fallback("date", "1.2.2026", {{}, 0, 0, 0, "The default of `x` must be a date, and `1.2.2026` is none.", "Write it as in `2026-12-01`."});
  fallback("time", "noon", {{}, 0, 0, 0, "The default of `x` must be a time, and `noon` is none.", "Write it as in `2026-12-01T10:00:00+02:00`."});
  fallback("[silver, gold]", "silvr", {{}, 0, 0, 0, "The default of `x` is not in the list of its values: `silvr`.", "Did you mean `silver`?"});
  fallback("[silver, gold]", "iron", {{}, 0, 0, 0, "The default of `x` is not in the list of its values: `iron`.", "Its list has `silver`, `gold`."});
}

}  // namespace
}  // namespace polku::catalog
