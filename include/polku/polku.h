// The embedding API of Polku: compile a rule pack, feed it events, move the clock, read decisions.
//
//   polku::Pack pack = polku::Pack::load("rules/ferry");
//   if (!pack.ok()) { std::cerr << pack.messages(); return 1; }
//   polku::Engine engine(pack);
//   engine.ingest({.visitor = "v1", .at = "2026-01-05T10:00:00Z", .event = "cart_updated", .fields = {{"items", 2}, {"value", "55 EUR"}}});
//   engine.advance("2026-01-05T10:30:00Z");
//   for (const polku::Decision& d : engine.decisions()) std::cout << d.json << "\n";
//
// Versions are numbered as SemVer has it: while the major one is 0, a minor one may change what stands here, a patch does not. The inline namespace says which it is.
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

// How a pack comes to run.
enum class Tier {
  Auto,          // at once by the interpreter; machine code is made in the background and takes over code by code
  Compiled,      // machine code for all before the pack is there: seconds for thousands of rules, unless the cache has it
  Interpreted,   // nothing is compiled
};
struct PackOptions {
  Tier tier = Tier::Auto;        // decisions are the same whatever runs
  // Folder in which machine code is kept from one process to the next; empty: none. It must be yours alone, as what lies in it is run. A pack works as
  // well where it cannot be used: see Tiers::fault.
  std::string cache = {};
  std::uint64_t cache_bytes = 256u << 20;  // the most that is kept there
  bool count = false;            // Tiers::interpreted and native; some 4 ns an evaluation
};
// What runs a pack, so far.
struct Tiers {
  std::uint64_t interpreted = 0, native = 0;  // evaluations of a condition or value, with PackOptions::count, unless nothing is compiled
  std::size_t codes = 0;                      // different conditions and values
  std::size_t compiled = 0, cached = 0, waiting = 0;  // of those: compiled, taken from the cache, still interpreted
  double seconds = 0;                         // spent on making machine code
  std::string fault = {};                     // why some wait for ever, or the cache is not used; empty if there is nothing to say
};

// A compiled rule pack. Cheap to copy (copies share it); read-only, so any number of engines and threads may use it.
class Pack {
 public:
  // Reads `folder`/catalog.yaml and its *.polku files, and compiles them.
  static Pack load(const std::string& folder, const PackOptions& options = {});
  // The same from memory: the text of the catalog, and (name, text) of each rule file. Names order the rules and stand in messages.
  static Pack compile(std::string catalog, std::vector<std::pair<std::string, std::string>> rules, const PackOptions& options = {});

  bool ok() const;                      // false: it cannot be used; see messages()
  const std::string& messages() const;  // errors and warnings for people, with source lines; empty if there are none
  const std::string& tier() const;      // what judges: "jit" (in the end, see Tier::Auto) or "interpreter" (also where the library was built without LLVM); empty unless ok()
  Tiers tiers() const;                  // ok() must hold

 private:
  friend class Engine;
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// What became of an update of a Live pack.
struct Update {
  enum class Kind {
    Refused,     // nothing has changed; messages says why
    Rules,       // rules were exchanged under the engines
    Whole,       // another pack: each visitor's record was made anew from its history
  };
  Kind kind = Kind::Refused;
  std::string messages = {};            // errors and warnings of the whole pack as it would be, for people
  std::size_t rules = 0;                // Rules: how many are looked at otherwise or were compiled anew
  std::size_t visitors = 0;             // whose histories were folded, or whose records had to be changed
  double milliseconds = 0;              // until the engines decide by the new text
};

// A compiled rule pack whose files may be edited while engines run it. It, its copies (which share it) and its engines belong to one thread at a time, all
// together; what compiles in the background looks after itself.
class Live {
 public:
  // As those of Pack, but that two files of one name are a fault. In a build with machine code, Tier::Compiled makes it for all that is there at first; what
  // is edited later is interpreted until its machine code is there.
  static Live load(const std::string& folder, const PackOptions& options = {});
  static Live compile(std::string catalog, std::vector<std::pair<std::string, std::string>> rules, const PackOptions& options = {});

  bool ok() const;                      // false: it cannot be used; see messages()
  const std::string& messages() const;  // of the pack as it is
  Tiers tiers() const;                  // ok() must hold

  // Other texts for files, by the names they have in messages; "catalog.yaml" is the catalog of a pack from memory. A file of a new name is added, one without
  // text is gone. From `at` on the engines decide by them: each is advanced to the instant before first. `at` is a time as in Event::at, later than all that any
  // engine has taken in. ok() must hold.
  // Refused: there is a fault in the text or the time; or the new text asks of the visitors' records what they do not keep (a new trigger, a longer count, another
  // catalog …) and some engine has visitors, but no histories.
  struct File { std::string name; std::variant<std::monostate, std::string> text; };
  Update update(std::vector<File> files, const std::string& at);
  // The same with the files of the folder that it was loaded from, as they are now.
  Update reload(const std::string& at);

 private:
  friend class Engine;
  struct Impl;
  std::shared_ptr<Impl> impl_;
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
  explicit Engine(const Live& live, const Options& options = {});  // live.ok() must hold; follows each of its updates
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
  friend class Live;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace v0
}  // namespace polku
