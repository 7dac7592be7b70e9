// The one layout of rule files: what it looks like, that comments stay, and that it never changes what a file means.
#include "compiler/format/format.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "compiler/syntax/syntax.h"
#include "compiler/syntax/tree_text.h"

namespace polku::format {
namespace {

std::optional<std::string> formatted(const std::string& text, diag::Diagnostics& d) {
  diag::Sources sources;
  return format(sources, sources.add("rules.polku", text), d);
}

std::string formatted(const std::string& text) {
  diag::Diagnostics d;
  const auto made = formatted(text, d);
  EXPECT_TRUE(made) << text << (d.all().empty() ? "" : d.all()[0].message);
  return made.value_or("");
}

// What the text says, or nothing if it has faults.
std::optional<std::string> meaning(const std::string& text) {
  diag::Sources sources;
  diag::Diagnostics d;
  const syntax::File file = syntax::parse(sources, sources.add("rules.polku", text), d);
  return d.ok() ? std::optional(syntax::tree_text(file)) : std::nullopt;
}

std::vector<std::string> comments_of(const std::string& text) {
  std::vector<std::string> all;
  bool quoted = false, ticked = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') quoted = ticked = false;
    if (quoted && text[i] == '\\') ++i;
    else if (text[i] == '"' && !ticked) quoted = !quoted;
    else if (text[i] == '`' && !quoted) ticked = !ticked;
    else if (text[i] == '#' && !quoted && !ticked) {
      std::size_t end = std::min(text.find_first_of("\r\n", i), text.size());
      std::string comment = text.substr(i, end - i);
      while (comment.ends_with(' ') || comment.ends_with('\t')) comment.pop_back();
      all.push_back(comment);
      i = end - 1;
    }
  }
  return all;
}

// Whatever the text: the layout means the same, has the same comments in their order, and is its own layout.
void expect_faithful(const std::string& text) {
  const auto before = meaning(text);
  diag::Diagnostics d;
  const auto made = formatted(text, d);
  ASSERT_EQ(made.has_value(), before.has_value()) << text << (d.all().empty() ? "" : d.all()[0].message);
  if (!made) {
    ASSERT_GT(d.errors(), 0u) << text;
    return;
  }
  ASSERT_EQ(meaning(*made), before) << text << "\n----\n" << *made;
  auto had = comments_of(text), has = comments_of(*made);
  ASSERT_EQ(has, had) << text << "\n----\n" << *made;
  const auto again = formatted(*made, d);
  ASSERT_TRUE(again) << *made;
  ASSERT_EQ(*again, *made) << text;
  for (std::size_t i = 0; i + 1 < made->size(); ++i) ASSERT_FALSE((*made)[i] == ' ' && (*made)[i + 1] == '\n') << *made;
}

void expect_layout(const std::string& text, const std::string& layout) {
  EXPECT_EQ(formatted(text), layout);
  expect_faithful(text);
}

// A text of one line becomes this rule.
std::string rule(const std::string& clauses) { return "journey \"J\"\n  rule r\n" + clauses + "end\n"; }

// ---- the layout ----

TEST(Format, BlocksRulesAndClauses) {
  expect_layout(
      "segment a is x end journey \"J\" version 2 owner \"me\" goal a within 2 days stop when a hold out 5% as \"x\" only if b not if c quiet 21:00 to 08:00 visitor time,then skip once per "
      "visitor from 1 June 2026 until 2 June 2026 limit 2 messages in 7 days across \"g\" priority -3 rule r when a then wait 2 days once in 3 days do send \"x\" by email rule q when b do show \"y\" "
      "in web.hero end guarantee \"g\" at most 3 tasks in 7 days end test \"t\" visitor a = 1 at 10:00 b until 11:00 expect nothing because quiet end",
      R"(segment a
  is x
end

journey "J" version 2
  owner   "me"
  goal    a within 2 days
  stop when a
  hold out 5% as "x"
  only if b
  not if  c
  quiet   21:00 to 08:00 visitor time, then skip
  once    per visitor
  from    1 June 2026 until 2 June 2026
  limit   2 messages in 7 days across "g"
  priority -3

  rule r
    when    a
    then    wait 2 days
    once    in 3 days
    do send "x" by email

  rule q
    when    b
    do show "y" in web.hero
end

guarantee "g"
  at most 3 tasks in 7 days
end

test "t"
  visitor  a = 1
  at 10:00 b
  until 11:00 expect nothing because quiet
end
)");
}

TEST(Format, SignsBecomeWordsInClausesAndWordsBecomeSignsInCells) {
  expect_layout(rule("only if a=3 and b != 4 and c<5 and d<=6 and e>7 and f>=8 and g is at least 9 and h is not more than 10 and i is not 11\n"),
                rule("    only if a is 3\n            and b is not 4\n            and c less than 5\n            and d at most 6\n            and e more than 7\n"
                     "            and f at least 8\n            and g at least 9\n            and h at most 10\n            and i is not 11\n"));
  expect_layout(rule("do choose\n| a | b | c | do |\n| at least 200 EUR | is gold | is missing | nothing |\n| less than 3 | is not gold | is one of [x,y] | send \"x\" by email |\n| = 4 | gold | - | nothing |\n"),
                rule("    do choose\n"
                     "       | a          | b       | c             | do                |\n"
                     "       | >= 200 EUR | gold    | missing       | nothing           |\n"
                     "       | < 3        | != gold | one of [x, y] | send \"x\" by email |\n"
                     "       | 4          | gold    | -             | nothing           |\n"));
}

// Where the words of a comparison would be read together with a name, it is left as it is.
TEST(Format, ComparisonsWithNamesThatAreWords) {
  for (const char* text : {"a = in", "a = one", "a = at", "a != is", "a < less", "visitor = anonymous", "visitor != anonymous", "`visitor` = a", "is = is", "at >= least", "visitor is in", "a is in.x",
                           "last = first", "a.visitor = b", "not a = not_b", "happened = sent", "x = `in`", "number = sum", "a where b = ever ever is 1 happened ever"})
    expect_faithful(rule(std::string("only if ") + text + "\n"));
  for (const char* cell : {"= is", "is at", "= one", "is one", "is less", "= in", "is visitor", "-3", "is -3", "= - 3", "is not in", "is (a is b)", "not_b", "is one of [is]"})
    expect_faithful(rule(std::string("do choose\n| a | do |\n| ") + cell + " | nothing |\n"));
  EXPECT_EQ(formatted(rule("only if visitor = anonymous\n")), rule("    only if visitor = anonymous\n"));
}

TEST(Format, BlanksBetweenWordsAndSigns) {
  expect_layout(rule("only if ( a . b+3 ) * - 4 at least 40EUR and \"J\" . r sent in the last 3 days and x is one of[ \"a\" ,- 5 ,10 % ]\n"),
                rule("    only if (a.b + 3) * -4 at least 40 EUR\n            and \"J\".r sent in the last 3 days\n            and x is one of [\"a\", -5, 10%]\n"));
}

TEST(Format, LongClausesAreDivided) {
  expect_layout(rule("when in order within 14 days : page_viewed where group is contract, faq_viewed where tag is \"cancellation\", call_ended where queue is \"customer care\" without order_placed\n"),
                rule("    when    in order within 14 days:\n              page_viewed where group is contract,\n              faq_viewed where tag is \"cancellation\",\n"
                     "              call_ended where queue is \"customer care\"\n            without order_placed\n"));
  expect_layout(rule("when in order within 2 days: a,\n b\n without c\n"), rule("    when    in order within 2 days: a, b without c\n"));
  expect_layout(rule("then no offer_sent_back where step is complete, application_cancelled where step is complete, application_declined for 14 days\n"),
                rule("    then    no offer_sent_back where step is complete,\n               application_cancelled where step is complete,\n               application_declined\n            for 14 days\n"));
  expect_layout(rule("not if number of order_placed where total more than 100 EUR in the last 30 days at least 3 or customer.tier is gold and customer.since more than 10\n"),
                rule("    not if  number of order_placed where total more than 100 EUR in the last 30 days at least 3\n"
                     "            or customer.tier is gold and customer.since more than 10\n"));
  expect_layout(rule("do send \"cart_reminder\" by best of push, email, sms with product = cart.top_item otherwise \"your trip\" raise task \"x\"\n"),
                rule("    do send \"cart_reminder\" by best of push, email, sms\n       with product = cart.top_item otherwise \"your trip\"\n       raise task \"x\"\n"));
  expect_layout(rule("do show \"shop_bonus\" in app.deck for 2 hours with spent = sum of purchase.total in the last 18 hours, bonus = sum of purchase.total ever * 5%\n"),
                rule("    do show \"shop_bonus\" in app.deck for 2 hours\n       with spent = sum of purchase.total in the last 18 hours,\n            bonus = sum of purchase.total ever * 5%\n"));
  expect_layout("test \"t\" at 10:00 sailing_changed ship = \"MS Saimaa\", change = delayed, delay = 45 minutes, fare = 72.50 EUR end",
                "test \"t\"\n  at 10:00 sailing_changed ship = \"MS Saimaa\", change = delayed, delay = 45 minutes,\n                           fare = 72.50 EUR\nend\n");
}

TEST(Format, CommentsStayWhereTheyStand) {
  expect_layout(R"(# The file.


# The segment.
segment a   # its name
  # why
  is x      # what

  # at its end

end  # of a
# about a

# about J
journey "J"   # head

  # first
  owner "me"


  only if a and   # one
    # two
    b
  # belongs to the clause above

  rule r  # rule
    # when it begins
    when in order within 3 days: a # first
      , b   # second
      # and not
      without c
    do choose # a table
       # head
       | a | do | # columns
       # row
       | 1 | nothing | # none

    # the end
end
# The last word.

# Really.   )",
                R"(# The file.

# The segment.
segment a  # its name
  # why
  is x  # what

  # at its end
end  # of a
# about a

# about J
journey "J"  # head
  # first
  owner   "me"

  only if a
          and  # one
          # two
          b
  # belongs to the clause above

  rule r  # rule
    # when it begins
    when    in order within 3 days:
              a,  # first
              b  # second
            # and not
            without c
    do choose  # a table
       # head
       | a | do      |  # columns
       # row
       | 1 | nothing |  # none

    # the end
end
# The last word.

# Really.
)");
}

TEST(Format, EmptyLinesOfTheAuthorStayAsOne) {
  expect_layout("test \"t\"\n\n  visitor a = 1\n\n\n  at 10:00 b\n  at 11:00 c\n\nend\n\n\n\ntest \"u\"\n at 10:00 c\nend",
                "test \"t\"\n  visitor  a = 1\n\n  at 10:00 b\n  at 11:00 c\nend\n\ntest \"u\"\n  at 10:00 c\nend\n");
  expect_layout("journey \"J\"\n\n\n rule r\n when a\n\n do send \"x\" by y\nend", "journey \"J\"\n  rule r\n    when    a\n\n    do send \"x\" by y\nend\n");
}

TEST(Format, FilesWithoutRules) {
  expect_layout("", "");
  expect_layout("  \n\n", "");
  expect_layout("\n\n# only\n\n\n# comments", "# only\n\n# comments\n");
  expect_layout("\xEF\xBB\xBF# mark\r\nsegment a\r\n\r\n is x # y\r\nend\r\n", "# mark\nsegment a\n  is x  # y\nend\n");
}

TEST(Format, FaultyFilesAreLeftAlone) {
  for (const char* text : {"journey", "segment a is x", "segment a is (x end", "segment a is x end end", "when a", "segment a is \"x end", "\xFF"}) {
    diag::Diagnostics d;
    EXPECT_FALSE(formatted(std::string(text), d)) << text;
    EXPECT_GT(d.errors(), 0u) << text;
  }
}

TEST(Format, DepthAndLength) {
  const auto repeated = [](const std::string& part, std::size_t n) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all += part;
    return all;
  };
  expect_faithful(rule("only if " + repeated("(", 199) + "x" + repeated(")", 199) + "\n"));
  expect_faithful(rule("only if " + repeated("(a and ", 190) + "x" + repeated(")", 190) + "\n"));
  expect_faithful(rule("only if x" + repeated(" or x and y", 900) + "\n"));
  expect_faithful(rule("only if x is one of [1" + repeated(", 1", 5000) + "]\n"));
  expect_faithful(rule("do choose\n| a | do |\n" + repeated("| 1 | nothing | # c\n", 2000)));
}

// ---- never another meaning ----

std::vector<std::string> packs() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(POLKU_SOURCE_DIR) + "/rules")) {
    if (entry.path().extension() != ".polku") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    all.push_back(text.str());
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Format, RulesOfTheTree) {
  const auto all = packs();
  ASSERT_GE(all.size(), 7u);
  for (const std::string& text : all) expect_faithful(text);
}

unsigned seed() {
  const char* given = std::getenv("POLKU_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 23;
}

// Comments and line ends anywhere between the words of the rules.
TEST(Format, CommentsEverywhere) {
  std::mt19937 random(seed());
  std::size_t kept = 0;
  for (const std::string& text : packs())
    for (int round = 0; round < 8; ++round) {
      std::string mutated;
      bool quoted = false, comment = false;
      for (const char c : text) {
        mutated += c;
        if (c == '\n') comment = quoted = false;
        if (c == '#' && !quoted) comment = true;
        if (c == '"' && !comment) quoted = !quoted;
        if (c != ' ' || quoted || comment || random() % 60 != 0) continue;
        switch (random() % 4) {
          case 0: mutated += "# said\n"; break;
          case 1: mutated += "\n# above\n"; break;
          case 2: mutated += "\n\n  # far above  \n\n"; break;
          case 3: mutated += "\n"; break;
        }
      }
      expect_faithful(mutated);
      kept += meaning(mutated).has_value();
    }
  EXPECT_GT(kept, 20u);
}

// Words and signs in any order, and the rules of the tree with words deleted, doubled and exchanged: mostly faulty, never a crash.
TEST(Format, SoupOfWords) {
  const std::vector<std::string> words{"a", "b.c", "visitor", "is", "not", "in", "one", "of", "[", "]", "(", ")", ",", "and", "or", "at", "least", "most", "less", "more", "than", "=", "!=", "<", ">=", "-",
                                       "+", "3", "40 EUR", "10%", "\"t\"", "given", "missing", "otherwise", "number of e", "happened", "ever", "today", "before this", "where", "in the last 3 days", "since e",
                                       "first a.b", "contains", "starts with", "now", "\n", "# c\n", "`x y`", "sent", "\"J\".r", "1 June 2026", "2 days", "not"};
  std::mt19937 random(seed());
  std::size_t valid = 0;
  for (int round = 0; round < 8'000; ++round) {
    std::string text = "segment s is ";
    const std::size_t n = 1 + random() % 9;
    for (std::size_t i = 0; i < n; ++i) text += words[random() % words.size()] + " ";
    text += " end";
    if (!meaning(text)) continue;
    ++valid;
    expect_faithful(text);
  }
  EXPECT_GT(valid, 80u);
  const auto all = packs();
  for (int round = 0; round < 250; ++round) {
    std::string text = all[random() % all.size()];
    for (int edits = 0; edits < 2; ++edits) {
      const std::size_t at = random() % text.size(), from = random() % text.size();
      switch (random() % 4) {
        case 0: text.erase(at, random() % 8); break;
        case 1: text.insert(at, " " + words[random() % words.size()] + " "); break;
        case 2: text.insert(at, text.substr(from, random() % 20)); break;
        case 3: text.replace(at, 1, "\n"); break;
      }
    }
    expect_faithful(text);
  }
}

}  // namespace
}  // namespace polku::format
