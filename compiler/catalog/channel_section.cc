// What can be done: channels, the templates they carry, and tasks.
#include <algorithm>
#include <charconv>

#include "compiler/catalog/reader.h"

namespace polku::catalog {
namespace {

using diag::Code;

void read_limit(Reader& r, const Node& node, const std::string& what, Channel& to) {
  if (!r.expect(node, Shape::Word, "The limit of " + what, "limit: 3 in 7 days")) return;
  constexpr int kMost = 1000;  // each place costs 8 bytes a visitor
  const std::string_view text = node.text;
  const std::size_t gap = text.find(" in ");
  Quota quota;
  const std::string_view count = text.substr(0, gap);
  const auto [end, fault] = std::from_chars(count.data(), count.data() + count.size(), quota.count);
  const Millis within = gap == std::string_view::npos ? 0 : parse_duration(text.substr(gap + 4)).value_or(0);
  if (fault != std::errc() || end != count.data() + count.size() || quota.count < 1 || quota.count > kMost || within < 1) {
    r.error(Code::CatalogBadLimit, node.span, "The limit of " + what + " cannot be read: " + quote(text) + ".",
          "Say how many messages in which time, as in `3 in 7 days`.");
    return;
  }
  if (within > r.out.history) {
    r.error(Code::CatalogLongLimit, node.span, "The limit of " + what + " looks further back than the history kept.",
          "Shorten it, or lengthen `history`.");
    return;
  }
  quota.within = within;
  to.limit = quota;
}

// HH:MM or HH:MM:SS, as in rules.
std::optional<Millis> time_of_day(std::string_view text) {
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':' || (text.size() == 8 && text[5] != ':')) return std::nullopt;
  const auto two = [&](std::size_t at) {
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : 100; };
    return digit(at) * 10 + digit(at + 1);
  };
  const int hours = two(0), minutes = two(3), seconds = text.size() == 8 ? two(6) : 0;
  if (hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  return hours * kHour + minutes * kMinute + seconds * kSecond;
}

void read_quiet(Reader& r, const Node& node, const std::string& what, Channel& to) {
  if (!r.expect(node, Shape::Word, "`quiet` of " + what, "quiet: \"21:00 to 08:00\"")) return;
  const std::string_view text = node.text, between = " to ";
  const std::size_t gap = text.find(between);
  const auto from = time_of_day(text.substr(0, gap));
  const auto until = gap == std::string_view::npos ? std::nullopt : time_of_day(text.substr(gap + between.size()));
  if (!from || !until) {
    r.error(Code::CatalogBadQuiet, node.span, "The quiet hours of " + what + " cannot be read: " + quote(text) + ".",
            "Say from when to when, in the visitor's time of day from `00:00` to `23:59`, as in `quiet: \"21:00 to 08:00\"`.");
  } else if (*from == *until) {
    r.error(Code::CatalogBadQuiet, node.span, "The quiet hours of " + what + " begin when they end.", "Say two different times of day, or take the key out.");
  } else {
    to.quiet = Hours{*from, *until};
  }
}

void read_answer(Reader& r, const Node& node, const std::string& what, Channel& to) {
  if (!r.expect(node, Shape::Word, "`answer` of " + what, "answer: email_opened within 2 days")) return;
  const std::string_view text = node.text, between = " within ";
  const std::size_t gap = text.find(between);
  const Millis within = gap == std::string_view::npos ? 0 : parse_duration(text.substr(gap + between.size())).value_or(0);
  if (gap == 0 || within < 1) {
    r.error(Code::CatalogBadAnswer, node.span, "The answer of " + what + " cannot be read: " + quote(text) + ".",
            "Say which event counts as an answer, and within which time, as in `answer: email_opened within 2 days`.");
    return;
  }
  diag::Span name = node.span;
  if (node.verbatim) name = {node.inner.file, node.inner.begin, node.inner.begin + static_cast<std::uint32_t>(gap)};
  const int event = r.event(name, nfc(text.substr(0, gap)));
  if (within > r.out.history) {
    r.error(Code::CatalogLongLimit, node.span, "The answer of " + what + " may take longer than the history kept.", "Shorten its time, or lengthen `history`.");
  } else if (event >= 0) {
    to.answer = Answer{event, within};
  }
}

void read_channel(Reader& r, const Node& node, Channel& to) {
  const std::string what = "the channel " + quote(to.name);
  if (!r.expect(node, Shape::Map, "The channel " + quote(to.name), cut(to.name) + ": { needs: consent.marketing }")) return;
  const Keys keys = r.keys(node, "a channel", {"needs", "reach", "limit", "slots", "quiet", "answer"});
  const auto attribute = [&](const char* key, bool consent) {
    const Node* word = value_of(keys, key);
    if (!word || !r.expect(*word, Shape::Word, "`" + std::string(key) + "` of " + what,
            consent ? "needs: consent.marketing" : "reach: email_address")) return -1;
    const int found = r.attribute(*word);
    if (found < 0) return -1;
    const Attribute& a = r.out.attributes[static_cast<std::size_t>(found)];
    if (r.broken_attributes.contains(found) || (a.type.kind == TypeKind::Consent) == consent) return found;
    r.error(Code::CatalogNeeds, word->span,
          consent ? quote(a.name) + " is no consent, so a channel cannot need it." : quote(a.name) + " is a consent, which does not reach anybody.",
            consent ? "What must be known to reach the visitor is said with `reach`." : "What the visitor must have agreed to is said with `needs`.");
    return -1;
  };
  to.needs = attribute("needs", true);
  to.reach = attribute("reach", false);
  if (const Node* limit = value_of(keys, "limit")) read_limit(r, *limit, what, to);
  if (const Node* slots = value_of(keys, "slots")) {
    for (const Node* slot : r.words(*slots, "`slots` of " + what, "slots: [hero, sidebar]")) {
      to.slots.push_back(nfc(slot->text));
      r.check_name(*slot, to.slots.back(), "a slot");
    }
  }
  const Node *quiet = value_of(keys, "quiet"), *answer = value_of(keys, "answer");
  if (!to.slots.empty()) {
    for (const char* key : {"quiet", "answer"}) {
      if (const auto found = keys.find(key); found != keys.end()) {
        r.error(Code::CatalogSlots, found->second.key->span, quote(key) + " is for channels that carry messages, and " + what + " has slots.",
                "Take it out: what stands in a slot is there because the visitor came.");
      }
    }
    return;
  }
  if (quiet) read_quiet(r, *quiet, what, to);
  if (answer) read_answer(r, *answer, what, to);
}

// The parameters of a template or a task.
std::vector<Field> read_with(Reader& r, const Keys& keys, const std::string& what) {
  const Node* with = value_of(keys, "with");
  if (!with || !r.expect(*with, Shape::Map, "`with` of " + what, "with: { product: text }")) return {};
  std::vector<int> broken;
  return r.fields(*with, what, "parameter", broken);
}

void read_template(Reader& r, const Node& node, Template& to) {
  const std::string what = "the template " + quote(to.name);
  if (!r.expect(node, Shape::Map, "The template " + quote(to.name), cut(to.name) + ": { by: [email] }")) return;
  const Keys keys = r.keys(node, "a template", {"by", "with", "service"});
  if (const Node* by = value_of(keys, "by")) {
    for (const Node* word : r.words(*by, "`by` of " + what, "by: [email, push]")) {
      if (const int channel = r.channel(*word); channel >= 0) to.by.push_back(channel);
    }
  } else {
    r.error(Code::CatalogMissingKey, to.span, "No channel carries " + what + ".", "Say which, as in `by: [email, push]`.");
  }
  if (const auto found = keys.find("service"); found != keys.end()) {
    to.service = r.yes_no(*found->second.value, "`service` of " + what).value_or(false);
    const auto shown = std::find_if(to.by.begin(), to.by.end(), [&](int c) { return !r.out.channels[static_cast<std::size_t>(c)].slots.empty(); });
    if (to.service && shown != to.by.end()) {
      const std::string channel = quote(r.out.channels[static_cast<std::size_t>(*shown)].name);
      r.error(Code::CatalogSlots, found->second.key->span, "Only messages can be a service, and " + what + " can stand in a slot of " + channel + ".",
              "Take " + channel + " out of `by`, or take `service` out.");
    }
  }
  to.params = read_with(r, keys, what);
}

void read_task(Reader& r, const Node& node, Task& to) {
  const std::string what = "the task " + quote(to.name);
  if (!r.expect(node, Shape::Map, "The task " + quote(to.name), cut(to.name) + ": {}")) return;
  to.params = read_with(r, r.keys(node, "a task", {"with"}), what);
}

}  // namespace

void read_channels(Reader& r, const Node& node) {
  r.channels_known = r.expect(node, Shape::Map, "`channels`", "channels: { email: { needs: consent.marketing } }");
  if (!r.channels_known) return;
  r.each(node, "`channels`", [&](const std::string& name, Entry entry) {
    Channel channel;
    channel.name = name;
    channel.span = entry.key->span;
    r.check_name(*entry.key, name, "a channel");
    read_channel(r, *entry.value, channel);
    r.channel_index.emplace(name, static_cast<int>(r.out.channels.size()));
    r.out.channels.push_back(std::move(channel));
  });
}

void read_templates(Reader& r, const Node& node) {
  if (!r.expect(node, Shape::Map, "`templates`", "templates: { welcome: { by: [email] } }")) return;
  r.each(node, "`templates`", [&](const std::string& name, Entry entry) {
    Template t;
    t.name = name;
    t.span = entry.key->span;
    r.check_name(*entry.key, name, "a template");
    read_template(r, *entry.value, t);
    r.out.templates.push_back(std::move(t));
  });
}

void read_tasks(Reader& r, const Node& node) {
  if (!r.expect(node, Shape::Map, "`tasks`", "tasks: { call_back: {} }")) return;
  r.each(node, "`tasks`", [&](const std::string& name, Entry entry) {
    Task task{name, {}, entry.key->span};
    r.check_name(*entry.key, name, "a task");
    read_task(r, *entry.value, task);
    r.out.tasks.push_back(std::move(task));
  });
}

}  // namespace polku::catalog
