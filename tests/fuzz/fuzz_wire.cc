// A body as clients send it to a service, of any form, beside a fixed catalog. The first byte says which.
#include "runtime/ingest/wire.h"

#include <tuple>
#include <utility>

#include "runtime/history/portable.h"
#include "tests/fuzz/log.h"

namespace polku::fuzz {
namespace {

constexpr Millis kReceived = 1795420800000;  // 2026-11-23T08:00:00Z
constexpr std::string_view kKinds[] = {"", "track", "identify", "page", "screen", "group", "alias", "nothing"};

// What one record promises, and the record as text.
void show(const ingest::Record& record, const ingest::Envelope& envelope, const ingest::Wire::Body& body, base::Texts& texts, std::string& out) {
  const catalog::Catalog& c = fixed_catalog();
  const history::Event& e = record.event;
  must(!record.visitor.empty() && record.visitor.size() <= ingest::kLongestName && base::nfc(record.visitor) == std::string(record.visitor), "a record has a visitor in NFC, by a name that is not too long");
  must(envelope.also != record.visitor && envelope.also.size() <= ingest::kLongestName && base::nfc(envelope.also) == envelope.also, "another name is another, in NFC and not too long");
  must(e.type >= history::kMerge && e.type < static_cast<int>(c.events.size()), "a record is of an event that the catalog has");
  must(e.merges.empty() == (e.type != history::kMerge), "merges and nothing else name another visitor");
  must(e.fields.size() == (e.type < 0 ? 0 : c.events[static_cast<std::size_t>(e.type)].fields.size()), "a record has the fields of its event");
  must(e.at != kUnknown && e.received != kUnknown, "a record has its times");
  must(body.trusted || (e.received == kReceived && e.at <= kReceived), "nothing happens after it was received");
  history::Event again;
  std::string bytes, twice;
  const history::Portable portable(c, texts);
  portable.write(e, bytes);
  base::Bytes in(bytes);
  portable.read(in, again);
  must(in.done(), "what goes into the log can be read again");
  portable.write(again, twice);
  must(bytes == twice, "and is the same record");
  out.append(std::to_string(record.line)).append(" ").append(record.visitor).append(" ").append(envelope.also).append(envelope.identified ? " known " : " ").append(bytes) += '\n';
}

struct Heard {
  std::string records, key;
  ingest::Counts counts;
};

Heard hear(ingest::Wire& wire, base::Texts& texts, const ingest::Wire::Body& body) {
  Heard all;
  const std::string error = wire.begin(body);
  must(base::valid_utf8(error), "what is said of a body is UTF-8", error);
  all.key = wire.write_key();
  must(base::valid_utf8(all.key), "a key is UTF-8", all.key);
  ingest::Record record;
  ingest::Envelope envelope;
  std::uint64_t count = 0, line = 0, refused = 0;
  while (wire.next(record, envelope)) {
    must(record.line > line, "records are counted upwards");
    line = record.line;
    ++count;
    show(record, envelope, body, texts, all.records);
  }
  must(!wire.next(record, envelope), "the end is the end");
  all.counts = wire.counts();
  must(error.empty() || all.counts.records == 0, "what is no body has no records", error);
  must(all.counts.accepted == count, "what is accepted is handed out");
  for (std::size_t r = 0; r < ingest::kRejects; ++r) {
    const auto reject = static_cast<ingest::Reject>(r);
    if (ingest::reject_refuses(reject)) refused += all.counts.by_reject[r];
    must((all.counts.by_reject[r] > 0) == (all.counts.first[r].line > 0), "a fault that is counted has an example", ingest::reject_name(reject));
    must(base::valid_utf8(all.counts.first[r].what), "an example is UTF-8", all.counts.first[r].what);
  }
  must(all.counts.records == all.counts.accepted + refused, "records are accepted or refused");
  return all;
}

}  // namespace
}  // namespace polku::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace polku;
  using namespace polku::fuzz;
  using Form = ingest::Wire::Form;
  if (size == 0) return 0;
  constexpr std::pair<Form, std::string_view> kForms[] = {{Form::Segment, ""}, {Form::CloudEvents, ""}, {Form::Lines, ""}, {Form::Lines, "app"}};
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  bytes.append(ingest::kBodyPadding, ' ');
  ingest::Wire::Body body;
  std::tie(body.form, body.source) = kForms[data[0] & 3];
  body.kind = kKinds[data[0] >> 2 & 7];
  body.trusted = (data[0] & 0x80) != 0;
  body.received = kReceived;
  body.bytes = std::string_view(bytes).substr(0, size - 1);
  // One who has read other bodies reads this one as somebody new does; and what stands behind a body does not matter.
  base::Texts texts, others;
  ingest::Wire wire(fixed_catalog(), texts), another(fixed_catalog(), others);
  const Heard first = hear(wire, texts, body);
  std::string elsewhere = bytes.substr(0, size - 1) + std::string(ingest::kBodyPadding, '}');
  constexpr std::string_view kBefore = R"({"batch":[{"type":"track","event":"A","userId":"before","writeKey":"k"}],"writeKey":"before"})";
  std::string before(kBefore);
  before.append(ingest::kBodyPadding, ' ');
  hear(another, others, {.form = Form::Segment, .bytes = std::string_view(before).substr(0, kBefore.size()), .received = kReceived});
  body.bytes = std::string_view(elsewhere).substr(0, size - 1);
  const Heard second = hear(another, others, body);
  must(first.records == second.records && first.key == second.key, "the same body is the same records", first.records + "----\n" + second.records);
  for (std::size_t r = 0; r < ingest::kRejects; ++r) must(first.counts.by_reject[r] == second.counts.by_reject[r], "and has the same faults", ingest::reject_name(static_cast<ingest::Reject>(r)));
  return 0;
}
