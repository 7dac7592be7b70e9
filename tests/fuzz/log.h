// The duties of reading a log, for the targets of both formats.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "runtime/ingest/ingest.h"
#include "runtime/ingest/reader.h"
#include "tests/fuzz/fuzz.h"

namespace polku::fuzz {

inline const catalog::Catalog& fixed_catalog() {
  static const catalog::Catalog* made = [] {
    diag::Sources sources;
    diag::Diagnostics d;
    auto* loaded = new catalog::Catalog(catalog::load(sources, sources.add("catalog.yaml", std::string(kCatalog)), d));
    for (const diag::Diagnostic& one : d.all()) std::fputs(diag::render_text(one, sources, false).c_str(), stderr);
    must(d.all().empty(), "the fixed catalog has no faults");
    return loaded;
  }();
  return *made;
}

inline const catalog::Source& source_of(catalog::Format format) {
  const auto& all = fixed_catalog().sources;
  return *std::find_if(all.begin(), all.end(), [&](const catalog::Source& s) { return s.format == format; });
}

struct Read {
  std::string error, records;  // a line each, with texts as they are, so that two reads can be compared
  ingest::Counts counts;
};

// What one record promises, and the record as text.
inline void show(const ingest::Record& record, const base::Texts& texts, std::string& out) {
  const catalog::Catalog& c = fixed_catalog();
  const history::Event& e = record.event;
  const auto value = [&](const catalog::Type& type, Value v) {
    if (v == kUnknown) return out.append("?;"), void();
    if (type.kind == catalog::TypeKind::Text) return out.append(texts.text(v)).append(";"), void();
    if (type.kind == catalog::TypeKind::OneOf) must(v >= 0 && v < static_cast<Value>(type.values.size()), "a value of a list is in the list");
    if (type.kind != catalog::TypeKind::TextList) return out.append(std::to_string(v)).append(";"), void();
    for (const Value id : texts.list(v)) out.append(texts.text(id)).append("|");
    out += ';';
  };
  must(!record.visitor.empty() && base::nfc(record.visitor) == std::string(record.visitor), "a record has a visitor in NFC");
  must(e.type >= history::kMerge && e.type < static_cast<int>(c.events.size()), "a record is of an event that the catalog has");
  must(e.asked.empty() == (e.type != history::kAsked), "requests and nothing else ask for slots");
  must(e.merges.empty() == (e.type != history::kMerge), "merges and nothing else name another visitor");
  must(e.fields.size() == (e.type < 0 ? 0 : c.events[static_cast<std::size_t>(e.type)].fields.size()), "a record has the fields of its event");
  must(e.type != history::kVisitorUpdated || !e.changes.empty(), "a record that is nothing else sets an attribute");
  must(e.at != kUnknown, "a record has a time");
  out.append(std::to_string(record.line)).append(" ").append(record.visitor).append(" ").append(std::to_string(e.at)).append(" ").append(std::to_string(e.received));
  out.append(" ").append(std::to_string(e.type)).append(" ").append(std::to_string(e.identity)).append(record.has_id ? " id " : " ").append(e.merges).append(" ");
  for (std::size_t f = 0; f < e.fields.size(); ++f) value(c.events[static_cast<std::size_t>(e.type)].fields[f].type, e.fields[f]);
  for (const auto& change : e.changes) {
    const auto a = static_cast<std::size_t>(change.attribute);
    must(change.attribute >= 0 && a < c.attributes.size() && c.attributes[a].presence != catalog::Presence::Derived, "an attribute that is set is one that can be");
    out.append(" ").append(c.attributes[a].name).append("=");
    value(c.attributes[a].type, change.value);
  }
  for (const history::Place& p : e.asked) {
    must(p.channel >= 0 && static_cast<std::size_t>(p.channel) < c.channels.size() && p.slot >= 0 &&
             static_cast<std::size_t>(p.slot) < c.channels[static_cast<std::size_t>(p.channel)].slots.size(), "a slot that is asked for is there");
    out.append(" ").append(std::to_string(p.channel)).append(".").append(std::to_string(p.slot));
  }
  out += '\n';
}

inline Read read(std::string_view text, const catalog::Source* source, std::size_t chunk) {
  base::Texts texts;
  ingest::Opened opened = chunk == 0 ? ingest::open_text(text, fixed_catalog(), source, texts)
                                     : ingest::open_input(ingest::Input::of_text(text, chunk), fixed_catalog(), source, texts);
  must((opened.reader == nullptr) == !opened.error.empty(), "there is a reader, or a word why not");
  must(base::valid_utf8(opened.error), "what is said of an input is UTF-8", opened.error);
  Read all;
  all.error = opened.error;
  if (!opened.reader) return all;
  ingest::Record record;
  std::uint64_t count = 0, line = 0;
  while (opened.reader->next(record)) {
    must(record.line > line, "lines are counted upwards");
    line = record.line;
    ++count;
    show(record, texts, all.records);
  }
  all.counts = opened.reader->counts();
  must(all.counts.accepted == count, "what is accepted is handed out");
  std::uint64_t refused = 0, faults = 0;
  for (std::size_t r = 0; r < ingest::kRejects; ++r) {
    const std::uint64_t n = all.counts.by_reject[r];
    faults += n;
    if (ingest::reject_refuses(static_cast<ingest::Reject>(r))) refused += n;
    must((n > 0) == (all.counts.first[r].line > 0), "a fault that is counted has an example", ingest::reject_name(static_cast<ingest::Reject>(r)));
    must(base::valid_utf8(all.counts.first[r].what), "an example is UTF-8", all.counts.first[r].what);
  }
  must(all.counts.records == all.counts.accepted + refused, "records are accepted or refused");
  must(all.counts.faults() == faults, "faults are summed up");
  must(all.counts.stopped.empty() && all.counts.bytes == text.size(), "an input in memory is read to its end");
  return all;
}

// The first byte says: native form or source, and the size of the pieces in which the rest is read the second time.
inline int one_log(const std::uint8_t* data, std::size_t size, catalog::Format format) {
  if (size == 0) return 0;
  const catalog::Source* source = data[0] % 2 == 0 ? nullptr : &source_of(format);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read once = read(text, source, 0), again = read(text, source, 1 + data[0] / 2);
  must(once.error == again.error, "reading twice says the same", once.error + "\n" + again.error);
  must(once.records == again.records, "reading twice gives the same records", once.records + "----\n" + again.records);
  for (std::size_t r = 0; r < ingest::kRejects; ++r) {
    must(once.counts.by_reject[r] == again.counts.by_reject[r], "reading twice counts the same", ingest::reject_name(static_cast<ingest::Reject>(r)));
    must(once.counts.first[r].line == again.counts.first[r].line && once.counts.first[r].what == again.counts.first[r].what, "reading twice shows the same examples");
  }
  return 0;
}

}  // namespace polku::fuzz
