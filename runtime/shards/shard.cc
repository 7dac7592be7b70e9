#include "runtime/shards/shard.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace polku::shards {

namespace {

constexpr int kMostSteps = 10'000;  // from name to name
constexpr Millis kLongAgo = std::numeric_limits<Millis>::min() / 4;

base::Texts& preloaded(base::Texts& texts, const plan::Plan& plan) {
  plan::preload(texts, plan);
  return texts;
}

void put(std::string& out, const StateHead& head) {
  base::put_number(out, kStateFormat);
  base::put_number(out, head.pack);
  base::put_number(out, head.number);
  base::put_signed(out, head.deadline);
  base::put_number(out, head.identified);
}

}  // namespace

bool read_state_head(base::Bytes& in, StateHead& head) {
  const std::uint64_t format = in.number();
  head.pack = in.number();
  head.number = in.number();
  head.deadline = in.signed_number();
  head.identified = in.below(2) == 1;
  return in.fine() && format == kStateFormat;
}

std::string deadline_key(std::size_t shard, Millis due, std::string_view key) {
  std::string out(1, static_cast<char>(shard));
  base::put_fixed(out, static_cast<std::uint64_t>(due) ^ std::uint64_t{1} << 63);  // negative ones first
  out += key;
  return out;
}

std::size_t shard_of(std::string_view visitor, std::size_t shards) { return base::NameIndex::hash(visitor) % shards; }

Shard::Shard(const plan::Plan& plan, const plan::Evaluator& evaluator, const store::Store& store, const Known& known, Moves& moves, const ShardOptions& options)
    : store_(store), known_(known), moves_(moves), options_(options), engine_(plan, evaluator, preloaded(texts_, plan), {.keep = engine::Keep::Acted, .remember = engine::Remember::Histories, .unknowns = true}),
      portable_(plan.catalog, texts_), identity_(plan.catalog), currency_(plan.catalog.currency), lateness_(plan.catalog.lateness), clock_(kLongAgo), reached_(kLongAgo), woken_until_(kLongAgo), next_listed_(kLongAgo) {
  engine_.begin_at({0, options.first_round});
  if (std::string value; get(store::Table::Meta, numbers_key(), value)) {
    base::Bytes in(value);
    engine_.begin_at({0, in.number()});
    reached_ = in.signed_number();
    number_ = in.number();
    order_ = in.number();
  }
  before_ = {reached_, number_, order_};
  if (options.before) {
    texts_before_ = std::make_unique<base::Texts>();
    engine_before_ = std::make_unique<engine::Engine>(*options.before, *options.evaluator_before, preloaded(*texts_before_, *options.before), engine::Options{.remember = engine::Remember::Histories});
  }
  if (std::string value; options.before && (!get(store::Table::Meta, swept_key(options_.index), value) || base::Bytes(value).number() != options.pack)) swept_ = false;
}

std::string Shard::swept_key(std::size_t shard) { return "swept " + std::to_string(shard); }

std::string Shard::numbers_key() const { return "shard " + std::to_string(options_.index); }

std::string Shard::numbers() const {
  const Reached at = replayed_ ? before_ : Reached{clock_, number_, order_};
  std::string out;
  base::put_number(out, engine_.numbers().rounds);
  base::put_signed(out, at.clock);
  base::put_number(out, at.number);
  base::put_number(out, at.order);
  return out;
}

// ---- who is where ----

bool Shard::get(store::Table table, std::string_view key, std::string& value) { return fault_.empty() && store_.get(table, key, value, fault_); }

bool Shard::wake(std::string_view state) {
  base::Bytes in(state);
  StateHead head;
  std::string key;
  if (read_state_head(in, head)) key = base::Bytes(in.rest()).text();
  const engine::Engine::Older older{engine_before_.get(), options_.since};
  const bool old = head.pack != options_.pack;
  if (key.empty() || (old && (head.pack + 1 != options_.pack || !engine_before_)) || !engine_.wake(in.rest(), old ? &older : nullptr)) {
    fault_ = "The state of a visitor is damaged or of another format. Restore the latest backup (`polku data restore`).";
    return false;
  }
  Kept& k = kept_[key];
  k.saved = head.number;
  k.listed = head.deadline;
  k.identified = head.identified;
  k.used = used_;
  idle_.emplace_back(used_, key);
  ++counts_.woken;
  if (engine_.deadline(key) != head.deadline) changed(key);  // it was to be looked at for nothing; and would be again after every start
  if (old) {
    ++counts_.refolded;
    changed(key);
    if (!replaying_) writer_.add({.kind = ItemKind::Wake, .visitor = key});  // what follows must follow from the log
    if (resumed_) engine_.resume(clock_);  // it was not seen since before the service was down: what is overdue is judged now
  }
  return true;
}

bool Shard::fetch(const std::string& key) {
  if (renamed_.contains(key) || struck_.contains(key)) return false;  // what the tables say of it is old
  if (const auto leaving = leaving_.find(key); leaving != leaving_.end()) {
    const std::string state = std::move(leaving->second.state);
    leaving_.erase(leaving);
    return wake(state);
  }
  return get(store::Table::Visitors, key, scratch_) && wake(scratch_);
}

Shard::Found Shard::find(std::string_view name) {
  // Names lead to those that came to stand for them later, never back. Where one leads, there may be nobody yet: whoever brings it is on the way.
  std::string key(name), to;
  for (int steps = 0; steps < kMostSteps; ++steps, key = std::move(to)) {
    if (engine_.awake(key)) return {true, std::string(engine_.key(key))};
    if (struck_.contains(key)) return {};
    if (const auto renamed = renamed_.find(key); renamed != renamed_.end()) to = renamed->second.to;
    else if (shard_of(key, options_.shards) == options_.index && fetch(key)) return {true, std::move(key)};
    else if (!get(store::Table::Names, key, to) || to == key) return {true, steps == 0 ? std::string() : std::move(key)};
    if (shard_of(to, options_.shards) != options_.index) return {false, std::move(to)};
  }
  return {};
}

void Shard::changed(std::string_view key) {
  Kept& k = kept(key);
  k.used = ++used_;
  if (k.unsaved_from != 0) return;
  k.unsaved_from = position_;
  unsaved_.push_back({position_, time_, std::string(key)});
}

// ---- time ----

// Whoever sleeps and has something to do by now wakes.
void Shard::wake_due(Millis now) {
  std::vector<std::string> due;
  for (const auto& [key, leaving] : leaving_)
    if (leaving.deadline <= now) due.push_back(key);
  std::sort(due.begin(), due.end());
  for (const std::string& key : due) fetch(key);
  if (now < next_listed_) return;
  store::Store::Scan scan = store_.scan(store::Table::Deadlines);
  const char mine = static_cast<char>(options_.index);
  for (scan.seek(deadline_key(woken_until_, {})); scan.valid() && scan.key().front() == mine; scan.next()) {
    const Millis at = static_cast<Millis>(base::Bytes(scan.key().substr(1)).fixed() ^ std::uint64_t{1} << 63);
    if (at > now) break;
    const std::string key(scan.key().substr(9));
    if (!engine_.awake(key)) fetch(key);  // else its place in the list is an old one: it is another's name by now, or will be written down
  }
  next_listed_ = scan.valid() && scan.key().front() == mine ? static_cast<Millis>(base::Bytes(scan.key().substr(1)).fixed() ^ std::uint64_t{1} << 63) : kNever;
  if (std::string error = scan.error(); !error.empty()) fault_ = std::move(error);
  woken_until_ = now;
}

void Shard::pass_time(Millis now, bool resumed) {
  clock_ = std::max(clock_, now);
  wake_due(clock_);
  ran_.clear();
  if (resumed) engine_.resume(clock_, {}, &ran_);
  else engine_.advance(clock_, std::numeric_limits<std::size_t>::max(), &ran_);
  for (const std::string_view key : ran_) changed(key);
  collect(nullptr);
}

// ---- messages ----

history::Event& Shard::event_of(std::string_view bytes, Millis received) {
  base::Bytes in(bytes);
  portable_.read(in, event_);
  if (!in.done()) fault_ = "A record in the log is damaged or of another pack.";
  event_.received = std::max({received, event_.at});
  return event_;
}

void Shard::begin(std::uint64_t number, std::uint64_t position, Millis now, bool resumed) {
  if (engine_.profile()) begun_ = engine::ticks();
  if (!replaying_) clock_ = std::max(clock_, reached_);
  number_ = number;
  position_ = position;
  time_ = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  replayed_ = all_saved_ = false;
  resumed_ = resumed;
  chunk_ = {};
  chunk_.number = number;
  writer_.begin({options_.index, number, std::max(clock_, now), resumed, engine_.numbers().rounds});
  pass_time(now, resumed);
}

// It has to wait for a visitor who is on the way.
void Shard::again(Message&& m) { chunk_.forwards.emplace_back(options_.index, std::move(m)); }

void Shard::forward(Message&& m, std::string_view to) { chunk_.forwards.emplace_back(shard_of(to, options_.shards), std::move(m)); }

// Who is known by the name `m.also` here goes to the shard of `to` with the message, to be one with its visitor.
void Shard::move_out(Message&& m, const std::string& key, const std::string& to) {
  std::vector<std::string> names{key.empty() ? m.also : key};
  if (!key.empty())
    for (const std::string_view alias : engine_.aliases(key)) names.emplace_back(alias);
  if (!moves_.begin(names, {m.visitor, to})) {
    m.settled = false;
    return again(std::move(m));
  }
  ++counts_.moves;
  m.settled = m.moves = true;
  if (!key.empty()) m.state = state_of(key, kept(key));
  leave(m.also, key, to);
  if (!key.empty()) m.also = key;
  chunk_.writes.put(store::Table::Handovers, m.also, handover(m));
  writer_.add({.kind = ItemKind::MoveOut, .visitor = m.also, .other = to});
  forward(std::move(m), to);
}

// Who is known by that name and has the key, if there is anybody, is not here any more; all their names lead to another.
void Shard::leave(const std::string& name, const std::string& key, const std::string& to) {
  std::vector<std::string> names{name};
  if (!key.empty()) {
    names.push_back(key);
    for (const std::string_view alias : engine_.aliases(key)) names.emplace_back(alias);
    const Kept& k = kept(key);
    strike(key, k);
    engine_.sleep(key);
    kept_.erase(key);
  }
  for (const std::string& each : names) {
    chunk_.writes.put(store::Table::Names, each, to);
    renamed_[each] = {to, number_};
    struck_.erase(each);
    chunk_.renamed.push_back(each);
  }
}

void Shard::expect(const std::vector<Message>& messages) const {
  coming_.clear();
  for (const Message& m : messages) coming_.push_back({m.visitor, history::kVisitorUpdated});
  engine_.prefetch(coming_);
}

void Shard::take(Message&& m) {
  if (!fault_.empty()) return;
  if (options_.wall) m.received = clock_ = std::max(clock_, m.received);
  if (m.kind != Message::Kind::Record) return attend(std::move(m));
  if (m.also == m.visitor) m.also.clear();
  if (m.also.empty() || m.settled) return finish(std::move(m));
  // First it goes to whoever has the other name.
  if (shard_of(m.also, options_.shards) != options_.index && !engine_.awake(m.also)) {
    const std::string also = m.also;
    return forward(std::move(m), also);
  }
  const Found other = find(m.also);
  if (!other.here) {
    if (other.key == m.visitor) {
      m.settled = true;
    } else {
      m.also = other.key;
    }
    return forward(std::move(m), other.key);
  }
  if (!other.key.empty() && !engine_.awake(m.also)) return again(std::move(m));  // whose name it is by now, but who is not here yet
  const bool mine = shard_of(m.visitor, options_.shards) == options_.index || engine_.awake(m.visitor);
  const Found visitor = mine ? find(m.visitor) : Found{};
  m.settled = true;
  if (!other.key.empty() && (other.key == m.visitor || (mine && visitor.here && visitor.key == other.key))) return finish(std::move(m));
  if (!m.merges && !other.key.empty() && kept(other.key).identified) {
    m.apart = true;
    m.also = other.key;
    return mine && visitor.here ? finish(std::move(m)) : forward(std::move(m), mine ? visitor.key : m.visitor);
  }
  if (mine && visitor.here) return finish(std::move(m));
  const std::string to = mine ? visitor.key : m.visitor;
  move_out(std::move(m), other.key, to);
}

bool Shard::place(Message& m, Found& found) {
  found = find(m.visitor);
  if (!found.here) return forward(std::move(m), found.key), false;
  if (!found.key.empty() && !engine_.awake(m.visitor)) return again(std::move(m)), false;  // whose name it is by now, but who is not here yet
  if (!found.key.empty() || shard_of(m.visitor, options_.shards) == options_.index) return true;
  const std::string visitor = m.visitor;
  return forward(std::move(m), visitor), false;
}

// No record: somebody wants to see a visitor, or them to be forgotten.
void Shard::attend(Message&& m) {
  Found found;
  if (!place(m, found)) return;
  std::string answer;
  if (m.kind == Message::Kind::Look) {
    if (!found.key.empty()) engine_.save(m.visitor, answer);
  } else {
    if (!forget(m.visitor)) return again(std::move(m));
    if (!found.key.empty()) answer = "1";
  }
  if (!m.ticket) return;
  m.ticket->answers[m.place] = std::move(answer);
  chunk_.settled.push_back(std::move(m.ticket));
}

// What stands of one in the tables.
void Shard::strike(const std::string& key, const Kept& k) {
  if (k.listed != kNever) chunk_.writes.erase(store::Table::Deadlines, deadline_key(k.listed, key));
  chunk_.writes.erase(store::Table::Visitors, key);
  for (const auto& [gone, listed] : k.gone) {
    if (listed != kNever) chunk_.writes.erase(store::Table::Deadlines, deadline_key(listed, gone));
    chunk_.writes.erase(store::Table::Visitors, gone);
  }
}

bool Shard::forget(const std::string& name) {
  collect(nullptr);  // what waking them decided stands before
  std::vector<std::string> names{name};
  if (engine_.awake(name)) {
    names.front() = engine_.key(name);
    for (const std::string_view alias : engine_.aliases(name)) names.emplace_back(alias);
  }
  if (std::any_of(names.begin(), names.end(), [&](const std::string& n) { return moves_.coming(n); })) return false;
  if (const auto k = kept_.find(names.front()); k != kept_.end()) {
    ++counts_.forgotten;
    strike(k->first, k->second);
    engine_.sleep(k->first);
    kept_.erase(k);
  }
  for (const std::string& n : names) {
    chunk_.writes.erase(store::Table::Names, n);
    renamed_.erase(n);
    struck_[n] = number_;
    chunk_.struck.push_back(n);
  }
  writer_.add({.kind = ItemKind::Forget, .order = chunk_.forgotten.size()});
  chunk_.forgotten.push_back(std::move(names));
  return true;
}

// The visitor is here, or it is nobody's and belongs here; so is whoever has the other name, or the message brings them along.
void Shard::finish(Message&& m) {
  Found found;
  const bool settled = std::exchange(m.settled, m.moves || m.apart);  // if it cannot be finished now: who has the other name by then is to be seen again
  if (!place(m, found)) return;
  m.settled = settled;
  if (m.moves) {
    if (!m.state.empty() && !engine_.awake(m.also)) {  // else it has been handed over before
      if (!move_in(m.also, m.state)) return;
      writer_.add({.kind = ItemKind::MoveIn, .visitor = m.visitor, .other = m.also, .bytes = m.state});
    }
    chunk_.writes.erase(store::Table::Handovers, m.also);
    moves_.end(m.also);
  }
  order_ = std::max(order_, m.order);
  history::Event& event = event_of(m.bytes, m.received);
  if (!fault_.empty()) return;
  const auto known = [&](const std::string& name) { return engine_.awake(name) && engine_.has(name, event.identity); };
  const bool again = m.has_id && (known_.contains(event.identity) || known(m.visitor) || (!m.also.empty() && !m.apart && known(m.also)));
  if (m.apart) {
    if (m.also != found.key) {
      ++counts_.unmerged;
      if (m.ticket) ++m.ticket->unmerged;
    }
  } else if (!m.also.empty() && (!m.merges || (m.moves && again))) {
    if (find(m.also); found.key.empty() || !engine_.awake(m.also) || engine_.key(m.also) != found.key) {
      writer_.add({.kind = ItemKind::Merge, .visitor = m.visitor, .other = m.also, .at = event.at, .received = event.received, .order = m.order});
      merge(m.visitor, m.also, event.at, event.received, m.order);
    }
  }
  if (again) {
    ++counts_.duplicates;
    if (m.ticket) ++m.ticket->duplicates;
  } else {
    if (m.asks) collect(nullptr);
    writer_.add({.kind = ItemKind::Record, .visitor = m.visitor, .received = event.received, .order = m.order, .has_id = m.has_id, .bytes = m.bytes});
    if (m.has_id) chunk_.ids.push_back(event.identity);
    feed(m.visitor, event, 2 * m.order + 1);
    ++counts_.taken;
    if (event.received - event.at > lateness_) ++counts_.late;
    if (m.ticket) ++m.ticket->taken;
    if (m.identified && !kept(engine_.key(m.visitor)).identified) {
      writer_.add({.kind = ItemKind::Identify, .visitor = m.visitor});
      identify(m.visitor);
    }
    collect(m.asks && m.ticket ? &m.ticket->answers[m.place] : nullptr, m.trace ? &m : nullptr);
  }
  if (m.ticket) chunk_.settled.push_back(std::move(m.ticket));
}

// Two names are found to be of one visitor. Whoever has them is awake.
void Shard::merge(std::string_view visitor, const std::string& other, Millis at, Millis received, std::uint64_t order) {
  merge_.at = at;
  merge_.received = received;
  merge_.type = history::kMerge;
  merge_.merges = other;
  merge_.identity = identity_.of_content(visitor, merge_, texts_);
  feed(visitor, merge_, 2 * order);  // before the record that told of it
}

// A visitor from another shard, awake here from now on.
bool Shard::move_in(const std::string& key, std::string_view state) {
  if (!wake(state)) return false;
  Kept& k = kept(key);
  k.listed = kNever;  // its place was in the other shard's list
  k.saved = 0;
  changed(key);
  return true;
}

void Shard::feed(std::string_view visitor, history::Event& event, std::uint64_t arrival) {
  if (engine_.awake(visitor)) event.received = std::max(event.received, engine_.received(visitor));
  std::string gone;
  if (event.type == history::kMerge) {
    find(event.merges);  // wakes them
    if (!replaying_) ++counts_.merges;
    if (engine_.awake(event.merges)) gone = engine_.key(event.merges);
    if (engine_.awake(visitor) && engine_.key(visitor) == gone) gone.clear();
  }
  engine_.begin_at({arrival - 1, engine_.numbers().rounds});
  if (engine_.take(visitor, event) != engine::Taken::Yes) {
    fault_ = "A record could not be taken: it was received before one that was taken already.";
    return;
  }
  const std::string key(engine_.key(visitor));
  const auto [k, fresh] = kept_.try_emplace(key);
  if (fresh) idle_.emplace_back(used_, key);
  if (event.type == history::kMerge) {
    k->second.renamed = true;
    if (const auto was = gone.empty() ? kept_.end() : kept_.find(gone); was != kept_.end()) {
      const Kept old = std::move(was->second);
      inherit(k->second, old, gone, key);
      k->second.identified |= old.identified;
      k->second.gone.insert(k->second.gone.end(), old.gone.begin(), old.gone.end());
      k->second.gone.emplace_back(gone, old.listed);
      kept_.erase(was);
    }
  }
  changed(key);
}

// What of one who became another was not written down must not be forgotten.
void Shard::inherit(Kept& k, const Kept& old, const std::string& gone, const std::string& key) {
  if (old.unsaved_from == 0 || (k.unsaved_from != 0 && k.unsaved_from <= old.unsaved_from)) return;
  auto u = std::lower_bound(unsaved_.begin(), unsaved_.end(), old.unsaved_from, [](const Unsaved& x, std::uint64_t position) { return x.position < position; });
  while (u != unsaved_.end() && u->position == old.unsaved_from && u->key != gone) ++u;
  if (u == unsaved_.end() || u->key != gone) return;
  u->key = key;
  k.unsaved_from = old.unsaved_from;
}

void Shard::identify(std::string_view visitor) { kept(engine_.key(visitor)).identified = true; }

// What has been decided since. answer: gains it. cause: of what was decided at the instant at which it was taken; timers that were due before have another.
void Shard::collect(std::string* answer, const Message* cause) {
  if (engine_.empty()) return;
  const bool known = replaying_ && !options_.afresh;
  for (history::Decision& d : engine_.drain(known ? engine::Engine::Reasons::Without : engine::Engine::Reasons::With)) {
    if (known) continue;
    ++counts_.decisions;
    Decided& decided = chunk_.decisions.emplace_back();
    history::append_json(decided.json, d, currency_);
    decided.json.pop_back();
    ((decided.json += R"(,"pack":")") += options_.pack_name) += "\"}";
    if (cause && d.at >= cause->received) add_trace(decided.json, cause->trace);
    decided.id = std::move(d.id);
    decided.visitor = std::move(d.visitor);
    writer_.add({.kind = ItemKind::Decision, .visitor = decided.visitor, .other = decided.id, .bytes = decided.json});
    if (answer) *answer += (answer->empty() ? "" : ",") + decided.json;
  }
}

Chunk Shard::end() {
  if (writer_.items() > 0 || resumed_) chunk_.record = writer_.bytes();  // what was overdue then is not judged at its own time by whoever reads the log
  const Unsaved* const oldest = oldest_unsaved();
  chunk_.needs_from = oldest ? oldest->position : kNowhere;
  chunk_.unsaved_since = oldest ? oldest->since : kNever;
  if (all_saved_ || !chunk_.record.empty() || !chunk_.writes.empty()) chunk_.writes.put(store::Table::Meta, numbers_key(), numbers());
  if (engine_.profile()) engine_.profile()->busy += engine::ticks() - begun_;
  return std::exchange(chunk_, {});
}

// ---- sleep ----

std::string Shard::state_of(std::string_view key, const Kept& k) {
  std::string state;
  put(state, {.pack = options_.pack, .number = std::max(number_, k.saved), .deadline = engine_.deadline(key), .identified = k.identified});
  engine_.save(key, state);
  return state;
}

void Shard::save(const std::string& key, Kept& k) {
  ++counts_.saved;
  const Millis deadline = engine_.deadline(key);
  chunk_.writes.put(store::Table::Visitors, key, state_of(key, k));
  if (k.listed != kNever && k.listed != deadline) chunk_.writes.erase(store::Table::Deadlines, deadline_key(k.listed, key));
  for (const auto& [gone, listed] : k.gone) {
    if (listed != kNever) chunk_.writes.erase(store::Table::Deadlines, deadline_key(listed, gone));
    chunk_.writes.erase(store::Table::Visitors, gone);
  }
  if (deadline != kNever && deadline != k.listed) chunk_.writes.put(store::Table::Deadlines, deadline_key(deadline, key), {});
  if (k.renamed) {
    for (const std::string_view alias : engine_.aliases(key)) {
      chunk_.writes.put(store::Table::Names, alias, key);
      renamed_[std::string(alias)] = {key, number_};
      struck_.erase(std::string(alias));
      chunk_.renamed.emplace_back(alias);
    }
  }
  chunk_.earliest = std::min(chunk_.earliest, deadline);
  k.gone.clear();
  k.renamed = false;
  k.listed = deadline;
  k.saved = std::max(k.saved, number_);
  k.unsaved_from = 0;
}

void Shard::tidy(std::size_t most) {
  rest(most);
  for (std::size_t n = most; !unsaved_.empty(); unsaved_.pop_front()) {
    const Unsaved& u = unsaved_.front();
    const auto k = kept_.find(u.key);
    if (k == kept_.end() || k->second.unsaved_from != u.position) continue;  // it has been since
    if (n == 0 || !(hurry_ || sweep_ended_ != 0 || u.since + options_.save_after <= time_)) break;
    save(u.key, k->second);
    --n;
  }
}

void Shard::sweep(std::size_t most) {
  if (swept_ || !fault_.empty()) return;
  if (sweep_ended_ == 0) {
    store::Store::Scan scan = store_.scan(store::Table::Visitors);
    std::size_t looks = 16 * most;
    for (scan.seek(sweep_from_); scan.valid() && most > 0 && looks > 0; scan.next(), --looks) {
      const std::string key(scan.key());
      sweep_from_ = key + '\0';
      base::Bytes in(scan.value());
      StateHead head;
      if (shard_of(key, options_.shards) != options_.index || (read_state_head(in, head) && head.pack == options_.pack)) continue;
      if (engine_.awake(key) || leaving_.contains(key) || renamed_.contains(key)) continue;
      fetch(key);
      --most;
    }
    if (std::string error = scan.error(); !error.empty()) fault_ = std::move(error);
    if (!scan.valid()) sweep_ended_ = position_;
  } else if (needs_from() > sweep_ended_) {  // and all of them have been written down
    std::string value;
    base::put_number(value, options_.pack);
    chunk_.writes.put(store::Table::Meta, swept_key(options_.index), value);
    swept_ = true;
    sweep_ended_ = 0;
  }
}

void Shard::retire(std::size_t looks) {
  constexpr Millis kRest = 20;            // of the machine's time, as all of it
  constexpr std::size_t kAtOnce = 4;      // who are forgotten: nobody is to wait for that
  if (options_.forget_after == 0 || !swept_ || time_ < next_retire_ || !fault_.empty()) return;
  next_retire_ = time_ + kRest;
  const Millis before = clock_ - options_.forget_after;
  std::vector<std::string> late;
  engine::Saved saved;
  store::Store::Scan scan = store_.scan(store::Table::Visitors);
  for (scan.seek(retire_from_); scan.valid() && looks > 0 && late.size() < kAtOnce; scan.next(), --looks) {
    std::string key(scan.key());
    retire_from_ = key + '\0';
    if (shard_of(key, options_.shards) != options_.index || renamed_.contains(key) || struck_.contains(key)) continue;
    base::Bytes in(scan.value());
    StateHead head;
    if (engine_.awake(key) ? engine_.received(key) < before : read_state_head(in, head) && engine::read_saved(in.rest(), saved) && saved.received < before) late.push_back(std::move(key));
  }
  if (std::string error = scan.error(); !error.empty()) fault_ = std::move(error);
  if (!scan.valid()) {
    retire_from_.clear();
    next_retire_ = time_ + std::clamp(options_.forget_after / 10, kSecond, 6 * kHour);
  }
  for (const std::string& key : late)  // who came again by another name has been seen since
    if (const Found found = find(key); found.here && engine_.awake(key) && engine_.received(key) < before) forget(key);
}

void Shard::save_all() {
  replayed_ = false;  // from here on nothing need be replayed
  all_saved_ = true;
  for (; !unsaved_.empty(); unsaved_.pop_front()) {
    const Unsaved& u = unsaved_.front();
    const auto k = kept_.find(u.key);
    if (k != kept_.end() && k->second.unsaved_from == u.position) save(u.key, k->second);
  }
}

// Those who were not used for longest sleep, while there are too many.
void Shard::rest(std::size_t most) {
  for (std::size_t looks = 8 * most; kept_.size() > options_.most_awake && looks > 0 && !idle_.empty(); --looks) {
    const auto [used, key] = std::move(idle_.front());
    idle_.pop_front();
    const auto at = kept_.find(key);
    if (at == kept_.end()) continue;
    Kept& k = at->second;
    if (k.used != used || engine_.deadline(key) <= clock_) {
      idle_.emplace_back(k.used, key);
      continue;
    }
    if (k.unsaved_from != 0) save(key, k);
    if (k.saved > committed_) {
      leaving_[key] = {state_of(key, k), number_, engine_.deadline(key)};
      struck_.erase(key);
      chunk_.left.push_back(key);
    }
    engine_.sleep(key);
    kept_.erase(at);
    ++counts_.slept;
  }
}

void Shard::committed(const Chunk& chunk) {
  committed_ = chunk.number;
  next_listed_ = std::min(next_listed_, chunk.earliest);
  for (const std::string& key : chunk.left)
    if (const auto l = leaving_.find(key); l != leaving_.end() && l->second.number <= chunk.number) leaving_.erase(l);
  for (const std::string& name : chunk.renamed)
    if (const auto r = renamed_.find(name); r != renamed_.end() && r->second.number <= chunk.number) renamed_.erase(r);
  for (const std::string& name : chunk.struck)
    if (const auto s = struck_.find(name); s != struck_.end() && s->second <= chunk.number) struck_.erase(s);
}

const Shard::Unsaved* Shard::oldest_unsaved() const {
  for (const Unsaved& u : unsaved_)
    if (const auto k = kept_.find(u.key); k != kept_.end() && k->second.unsaved_from == u.position) return &u;
  return nullptr;
}

std::uint64_t Shard::needs_from() const {
  const Unsaved* const oldest = oldest_unsaved();
  return oldest ? oldest->position : kNowhere;
}

ShardCounts Shard::counts() const {
  ShardCounts c = counts_;
  c.awake = kept_.size();
  c.unsaved = unsaved_.size();
  c.swept = swept_;
  c.clock = clock_;
  c.next_due = std::min(engine_.next_due(), std::max(next_listed_, clock_));
  c.folds = engine_.folds() - replayed_folds_;
  return c;
}

void Shard::begin_counting() {
  replayed_outcomes_ = engine_.counts();
  replayed_folds_ = engine_.folds();
  engine_.forget_unknowns();
}

std::vector<engine::OutcomeCounts> Shard::outcomes() const {
  std::vector<engine::OutcomeCounts> out = engine_.counts();
  for (std::size_t r = 0; r < replayed_outcomes_.size(); ++r)
    for (std::size_t o = 0; o < out[r].size(); ++o) out[r][o] -= replayed_outcomes_[r][o];
  return out;
}

// ---- the log, after a start ----

bool Shard::replay(const ChunkHead& head, const std::vector<Item>& items, std::uint64_t position) {
  replaying_ = true;
  engine_.begin_at({0, std::max(head.rounds, engine_.numbers().rounds)});
  clock_ = head.clock;
  begin(head.number, position, head.clock, head.resumed);
  const auto covered = [&](const std::string& key) {  // its state goes beyond this chunk
    const auto k = kept_.find(key);
    return k != kept_.end() && k->second.saved >= head.number;
  };
  for (const Item& item : items) {
    if (!fault_.empty()) break;
    if (item.kind == ItemKind::Decision || item.kind == ItemKind::Forget || (item.kind == ItemKind::MoveOut && !options_.afresh)) continue;  // made again, or known by the tables
    if (options_.wall) clock_ = std::max(clock_, item.received);
    order_ = std::max(order_, item.order);
    const Found found = find(item.visitor);
    if (!found.here || (!found.key.empty() && covered(found.key))) continue;
    // Its visitor went to another shard and came back as another's: all of it comes with them.
    if (std::string to; !engine_.awake(item.visitor) && get(store::Table::Names, item.visitor, to)) continue;
    switch (item.kind) {
      case ItemKind::Record: feed(item.visitor, event_of(item.bytes, item.received), 2 * item.order + 1); break;
      case ItemKind::Merge: merge(item.visitor, std::string(item.other), item.at, item.received, item.order); break;
      case ItemKind::MoveIn: {
        const std::string other(item.other);
        if (!engine_.awake(other)) move_in(other, item.bytes);
        break;
      }
      case ItemKind::Identify: identify(item.visitor); break;
      case ItemKind::MoveOut: leave(std::string(item.visitor), found.key, std::string(item.other)); break;
      case ItemKind::Wake:  // find() did
      case ItemKind::Decision:
      case ItemKind::Forget: break;
    }
    collect(nullptr);
  }
  replayed_ = true;
  resumed_ = false;
  writer_.begin(head);  // nothing of it is to be logged again
  chunk_.settled.clear();
  chunk_.forwards.clear();
  replaying_ = false;
  return fault_.empty();
}

}  // namespace polku::shards
