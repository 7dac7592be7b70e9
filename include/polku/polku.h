// The embedding API of Polku: compile a rule pack, feed it events, move the clock, read decisions.
//
//   polku::Pack pack = polku::Pack::load("rules/ferry");
//   if (!pack.ok()) { std::cerr << pack.messages(); return 1; }
//   polku::Engine engine(pack);
//   engine.ingest({.visitor = "v1", .at = "2026-01-05T10:00:00Z", .event = "cart_updated", .fields = {{"items", 2}, {"value", "55 EUR"}}});
//   engine.advance("2026-01-05T10:30:00Z");
//   for (const polku::Decision& d : engine.decisions()) std::cout << d.json << "\n";
//
// Nothing here throws, but for std::bad_alloc: errors are values. docs/embedding.md is the tutorial.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace polku {
inline namespace v0 {

// A compiled rule pack. Cheap to copy (copies share it); read-only, so any number of engines and threads may use it.
class Pack {
 public:
  // Reads `folder`/catalog.yaml and its *.polku files, and compiles them to machine code (or for the interpreter, where the library was
  // built without LLVM).
  static Pack load(const std::string& folder);
  // The same from memory: the text of the catalog, and (name, text) of each rule file. Names order the rules and stand in messages.
  static Pack compile(std::string catalog, std::vector<std::pair<std::string, std::string>> rules);

  bool ok() const;                      // false: it cannot be used; see messages()
  const std::string& messages() const;  // errors and warnings for people, with source lines; empty if there are none
  const std::string& tier() const;      // what judges: "jit" or "interpreter"; empty unless ok()

 private:
  friend class Engine;
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// A value of a field or attribute. A text is read by the type that the catalog declares: "55 EUR", "10%", "30 minutes",
// "2026-12-24", "given", "gold". A whole number also serves for number (as is), money (whole units of the currency) and time (milliseconds
// since 1970, UTC). Nothing (std::monostate) is missing; an attribute set to it is missing from then on.
using FieldValue = std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

struct Field {
  Field(std::string name, const char* text) : name(std::move(name)), value(std::string(text)) {}
  Field(std::string name, int number) : name(std::move(name)), value(std::int64_t{number}) {}
  Field(std::string name, FieldValue value) : name(std::move(name)), value(std::move(value)) {}
  std::string name;
  FieldValue value;
};

// Something that happened. event empty: the fields are attributes of the visitor, set from `at` on.
struct Event {
  std::string visitor;
  std::string at;                       // RFC 3339, or local in the pack's zone if it has no offset
  std::string event;
  std::vector<Field> fields;
  std::string id;                       // of the record, if it has one: a second record with it is ignored
  std::string received = {};            // when it reached you, as `at`; empty: at `at`. Later than `at` only with Options::histories
  // Another name of this visitor, which from `at` on goes by `visitor` alone; then `event` is empty. Only with Options::histories.
  std::string merges = {};
};

enum class Accepted {
  Yes,
  Partly,        // some fields were unknown or unusable and count as missing: see Engine::fault()
  Duplicate,     // a record with this id was taken in before; nothing changed
  Refused,       // nothing changed: see Engine::fault()
};

// A request for what to show in one or several slots ("web.hero") now.
struct Request {
  std::string visitor;
  std::string at;                       // as Event::at
  std::vector<std::string> slots;
  std::string id;                       // as Event::id
  std::string received = {};            // as Event::received
};

struct Action {
  std::string kind;                     // "send", "show", "task", "suppress" or "split"
  std::string name;                     // the template, task, journey or group, or split
  std::string channel, slot;            // "send": the channel; "show": both
  std::string variant;                  // "split"
  std::int64_t length_ms = 0;           // "suppress"
  std::vector<std::pair<std::string, std::string>> params;     // as a person reads them: "55.00 EUR"
};

// A decision that acted. The same record as a line of `polku run`, in parts and as JSON.
struct Decision {
  std::string id;
  std::int64_t at_ms = 0;               // milliseconds since 1970, UTC
  std::string visitor, journey, rule;
  std::vector<Action> actions;          // in written order; all of them are to be done
  std::string json;                     // one line, with reasons; docs/decisions-format.md. Empty if it was not asked for
};

enum class Json { With, Without };

struct Options {
  // Keep the whole history of each visitor, so that records may come late and visitors become one. Memory then grows with every record, and a
  // late one costs a fold of its visitor's history; without, memory stays bounded by what the rules look back at.
  bool histories = false;
};

// The state of visitors and the clock. One thread at a time; engines share nothing but the pack, which it keeps alive.
class Engine {
 public:
  explicit Engine(const Pack& pack, const Options& options = {});  // pack.ok() must hold
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  // Takes in one event, after the visitor's timers that are due until then (with histories: until it was received). Refused if it lies before
  // the visitor's latest event or before the time advanced to (with histories: if it was received before the visitor's latest), if the visitor is
  // empty, or if event or time make no sense.
  Accepted ingest(const Event& event);
  // Takes in one request, as ingest() does an event; what is to be shown is among the next decisions().
  Accepted ask(const Request& request);
  const std::string& fault() const;     // why the last call was not plainly accepted; empty if it was

  // Moves the clock of all visitors and runs their timers, those due at `at` included. False if `at` is no time; see fault().
  bool advance(const std::string& at);

  // Decisions made since the last call, in the order they were made. Without JSON they come quicker.
  std::vector<Decision> decisions(Json json = Json::With);

  std::size_t visitors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace polku
