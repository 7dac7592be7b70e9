#include <polku/polku.h>

#include <iostream>

int main(int argc, char** argv) {
  const polku::Pack pack = polku::Pack::load(argc > 1 ? argv[1] : "rules/ferry");
  if (!pack.ok()) return std::cerr << pack.messages(), 1;
  polku::Engine engine(pack);
  engine.ingest({.visitor = "v1", .at = "2026-01-05T09:59:00Z", .event = "",
                 .fields = {{"consent.marketing", "given"}, {"contact.email", "aino@mail.example"}, {"customer.tier", "gold"}}, .id = ""});
  const polku::Event cart{.visitor = "v1", .at = "2026-01-05T10:00:00Z", .event = "cart_updated", .fields = {{"items", 2}, {"value", "55 EUR"}}, .id = "order-service:1"};
  if (engine.ingest(cart) != polku::Accepted::Yes) std::cerr << engine.fault() << "\n";
  engine.ingest({.visitor = "v1", .at = "2026-01-05T10:05:00Z", .event = "page_viewed", .fields = {{"path", "/offers"}, {"topic", "offers"}}, .id = ""});
  engine.ask({.visitor = "v1", .at = "2026-01-05T10:06:00Z", .slots = {"web.hero"}, .id = ""});
  if (!engine.advance("2026-01-05T12:00:00Z")) std::cerr << engine.fault() << "\n";
  for (const polku::Decision& d : engine.decisions())
    for (const polku::Action& a : d.actions) std::cout << a.kind << " " << a.name << " by " << a.channel << ": " << d.json << "\n";
}
