// A catalog beside a fixed rule file: what is said about it, and that a catalog without faults can be read with.
#include "compiler/driver/driver.h"
#include "runtime/ingest/ingest.h"
#include "tests/fuzz/fuzz.h"

namespace {

constexpr std::string_view kRules = R"(journey "Carts"
  rule nudge
    when    cart_updated where items more than 0
    then    no order_placed for 30 minutes
    only if cart.value at least 40 EUR
    do send "cart_reminder" by email with product = cart_updated.top_item otherwise "your trip"
       raise task "call"
  rule show
    when    asked for web.hero
    do show "teaser" in web.hero
end
test "a cart"
  visitor  tier = gold
  at 10:00 cart_updated items = 2
  at 10:30 expect nothing
end
)";

constexpr std::string_view kLogs[] = {
    "visitor,at,event,received,id,asked_for,merges,items,value,tier\nv,2026-07-01T10:00:00Z,cart_updated,,1,,,2,55 EUR,gold\nv,1782900000000,visitor updated,,,,,,,x\nv,2026-07-01T10:00,,,,web.hero,,,,\nv,2026-07-01,,,,,w,,,\n",
    "{\"visitor\":\"v\",\"at\":\"2026-07-01T10:00:00\",\"event\":\"cart_updated\",\"fields\":{\"items\":2,\"value\":\"55 EUR\",\"top_item\":\"a\"}}\n{\"id\":\"v\",\"time\":1,\"name\":\"CART\",\"properties\":{\"value\":5}}\n"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace polku;
  std::string text(reinterpret_cast<const char*>(data), size);
  const auto pack = driver::compile({"catalog.yaml", std::move(text)}, {{"rules.polku", std::string(kRules)}}, true);
  fuzz::check(pack->diagnostics, pack->sources);
  fuzz::must(pack->plan.has_value() == pack->diagnostics.ok(), "there is a plan, or an error");
  // Rules may name what this catalog lacks; a source is read with whatever was understood of it only where nothing is wrong with the catalog itself.
  for (const diag::Diagnostic& d : pack->diagnostics.all())
    if (d.span.file == 0 && diag::code_severity(d.code) == diag::Severity::Error) return 0;
  std::vector<const catalog::Source*> sources{nullptr};
  for (const catalog::Source& s : pack->catalog.sources)
    if (sources.size() < 8) sources.push_back(&s);
  for (const catalog::Source* source : sources)
    for (const std::string_view log : kLogs) {
      base::Texts texts;
      const ingest::Opened opened = ingest::open_text(log, pack->catalog, source, texts);
      fuzz::must((opened.reader == nullptr) == !opened.error.empty(), "there is a reader, or a word why not");
      ingest::Record record;
      while (opened.reader && opened.reader->next(record)) {
      }
    }
  if (pack->plan) fuzz::must(!plan::print(*pack->plan).empty() && plan::footprint(*pack->plan).bytes < (1u << 30), "a plan can be shown");
  return 0;
}
