#include <polku/polku.h>

#include <iostream>

int main(int argc, char** argv) {
  const polku::Pack pack = polku::Pack::load(argc > 1 ? argv[1] : "rules/ferry");
  if (!pack.ok()) {
    std::cerr << pack.messages();
    return 1;
  }
  polku::Engine engine(pack);
  engine.ingest({.visitor = "v1", .at = "2026-01-05T09:59:00Z", .event = "", .fields = {{"consent.marketing", "given"}, {"contact.email", "aino@mail.example"}}, .id = ""});
  const polku::Event cart{.visitor = "v1", .at = "2026-01-05T10:00:00Z", .event = "cart_updated", .fields = {{"items", 2}, {"value", "55 EUR"}}, .id = "order-service:1"};
  if (engine.ingest(cart) != polku::Accepted::Yes) std::cerr << engine.fault() << "\n";
  if (!engine.advance("2026-01-05T12:00:00Z")) std::cerr << engine.fault() << "\n";
  for (const polku::Decision& d : engine.decisions()) std::cout << d.json << "\n";
}
