// The only place that knows libcurl.
#include "runtime/sinks/webhook.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/sinks/signature.h"

namespace polku::sinks {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFlights = 8;                 // requests at once
constexpr std::size_t kWindow = 1000;               // decisions that are read and not done with
constexpr std::size_t kWindowBytes = 16u << 20;
constexpr milliseconds kFirstPause = 500ms, kLongestPause = 60s;  // between attempts: at random below a bound that doubles from the first to the longest
constexpr auto kLongestAsked = 1h;                  // by a Retry-After
constexpr std::size_t kSigns = 4;                   // different decisions that fail and none that is taken: the receiver is taken to be down
constexpr std::size_t kLetters = 100;               // of the window, so that letters that fail again do not keep the log waiting
constexpr auto kStopping = 5s;
constexpr auto kKeepCursor = 200ms;                 // between two times that it is told what is done
constexpr auto kLook = 20ms, kIdle = 200ms;         // for new decisions: with something to do, and without

// A pointer of libcurl, and how it is freed.
template <class T, auto free>
struct Freed {
  void operator()(T* p) const { free(p); }
};
template <class T, auto free>
using Held = std::unique_ptr<T, Freed<T, free>>;

std::string words(long status) {
  if (status == 429) return "429: it asks for fewer requests";
  if (status >= 300 && status < 400) return fmt::format("{}: it sends elsewhere, which is not followed; give the URL that it leads to", status);
  if (status == 410) return "410: it wants no more of this";
  return fmt::format("it answered {}", status);
}

// A decision on its way: from the log, or a dead letter that is to be tried again.
struct Item {
  std::string key;                        // of the letter; empty: it comes from the log
  shards::Letter about;                   // position, id, visitor, json; attempts so far; status and error of the last
  std::uint64_t number = 0;               // ascending
  std::uint64_t tries = 0, counted = 0;   // here; those that count (WebhookOptions::attempts)
  std::uint64_t others = 0;               // taken when it was tried last
  Clock::time_point since = {}, due = {};
};

std::size_t discard(char*, std::size_t size, std::size_t n, void*) { return size * n; }

}  // namespace

std::string read_url(const std::string& url, std::string& name, std::string& host) {
  // What stands before an @ or behind a ? may be a secret.
  std::string shown = url.substr(0, std::min(url.find('?'), url.find('#')));
  if (const std::size_t at = shown.rfind('@'); at != std::string::npos) shown = "…" + shown.substr(at);
  const Held<CURLU, curl_url_cleanup> parts(curl_url());
  const auto part = [&](CURLUPart which, unsigned flags) {
    char* text = nullptr;
    const bool there = curl_url_get(parts.get(), which, &text, flags) == CURLUE_OK;
    const Held<char, curl_free> held(text);
    return there ? std::string(text) : std::string();
  };
  const bool fine = curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  const std::string scheme = fine ? part(CURLUPART_SCHEME, 0) : "";
  if (scheme != "http" && scheme != "https") return fmt::format("`{}` is no URL for a webhook: it begins with https:// or http:// and a host, as in https://hooks.example/polku.", shown);
  host = part(CURLUPART_HOST, 0) + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) curl_url_set(parts.get(), secret, nullptr, 0);
  name = part(CURLUPART_URL, 0);
  return name.empty() ? fmt::format("`{}` is no URL for a webhook.", shown) : "";
}

struct Webhook::Impl {
  struct Flight {
    Held<CURL, curl_easy_cleanup> easy{curl_easy_init()};
    Held<curl_slist, curl_slist_free_all> headers;
    Item* item = nullptr;                 // null: free
    Clock::time_point begun = {};
    std::array<char, CURL_ERROR_SIZE> said{};
  };

  shards::Service& service;
  WebhookOptions options;
  std::string name, host, cursor;
  std::thread thread;
  std::atomic<bool> stopping = false;
  Held<CURLM, curl_multi_cleanup> multi{curl_multi_init()};  // curl_multi_wakeup() from any thread

  mutable std::mutex mutex;               // for what follows
  WebhookCounts shown;
  std::atomic<std::uint64_t> done = 0;    // position up to which all is
  std::deque<std::string> asked;          // letters to be sent again
  std::unordered_set<std::string> again;  // and those that are on their way

  // The thread's own.
  std::array<Flight, kFlights> flights;
  std::size_t flying = 0;
  std::unordered_map<std::string, std::deque<std::unique_ptr<Item>>> queues;  // by visitor; only the first of each may be sent
  std::map<std::pair<Clock::time_point, std::uint64_t>, Item*> ready;         // the first ones that are not being sent, by when they are due
  std::map<std::uint64_t, std::size_t> open;                                  // positions of the log with decisions that are not done with, how many
  std::vector<Item*> taken_letters, dead;                                     // done with, once that is written down
  Clock::time_point write_again = {};                                         // not before: the disk refused
  std::size_t items = 0, bytes = 0, letters = 0;                              // in queues; those of the first that are dead letters
  std::uint64_t position = 0, opened = 0, numbers = 0, taken = 0;             // opened: the log ended there when the service was opened
  // What the last process had read up to, and the decisions of that which it was not done with: all others up to there were delivered.
  std::uint64_t was_read = 0;
  std::unordered_set<std::string> was_open;
  bool moved = false;                     // and the cursor has not
  Clock::time_point cursor_kept = {};
  std::unordered_set<std::uint64_t> failing;  // numbers of items that failed since the receiver was last known to be there
  std::uint64_t failures = 0, probes = 0;     // attempts that failed since then; and of these, those while it was taken to be down
  std::string trouble;                        // of the last of them
  Clock::time_point paused = {};          // nothing is sent before
  WebhookCounts counts;
  std::minstd_rand random{std::random_device{}()};  // when, never what

  explicit Impl(shards::Service& s) : service(s) {}

  bool unreadable = false;                    // the log is; `trouble` says why

  bool down() const { return failing.size() >= kSigns; }

  milliseconds pause(std::uint64_t failures) {
    const auto most = std::min<std::int64_t>(kLongestPause.count(), kFirstPause.count() << std::min<std::uint64_t>(failures, 16));
    return milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random));
  }

  // ---- what waits ----

  void make_ready(Item* item, Clock::time_point due) {
    item->due = due;
    ready.emplace(std::pair(due, item->number), item);
  }

  void add(std::unique_ptr<Item> item) {
    item->number = ++numbers;
    item->since = Clock::now();
    ++items;
    bytes += item->about.json.size();
    if (item->key.empty()) {
      ++open[item->about.position];
      moved = true;
    } else {
      ++letters;
    }
    auto& queue = queues[item->about.visitor];
    queue.push_back(std::move(item));
    if (queue.size() == 1) make_ready(queue.front().get(), queue.front()->since);
  }

  // It was taken, or is a letter that outlives the process: the next one of its visitor may go.
  void finish(Item* item) {
    --items;
    bytes -= item->about.json.size();
    if (item->key.empty()) {
      if (const auto at = open.find(item->about.position); --at->second == 0) open.erase(at);
      moved = true;
    } else {
      --letters;
      const std::lock_guard lock(mutex);
      again.erase(item->key);
    }
    const auto queue = queues.find(item->about.visitor);
    queue->second.pop_front();
    if (queue->second.empty()) queues.erase(queue);
    else make_ready(queue->second.front().get(), Clock::now());
  }

  // Reads on, if there is room; waits for something to do if there is nothing.
  void fill() {
    while (letters < kLetters && items < kWindow && bytes < kWindowBytes) {
      std::string key;
      {
        const std::lock_guard lock(mutex);
        if (asked.empty()) break;
        key = std::move(asked.front());
        asked.pop_front();
      }
      auto item = std::make_unique<Item>();
      item->key = key;
      if (service.letter(key, item->about)) {
        add(std::move(item));
      } else {
        const std::lock_guard lock(mutex);
        again.erase(key);
      }
    }
    if (items >= kWindow || bytes >= kWindowBytes) return;
    std::vector<shards::Delivery> some;
    shards::Letter known;
    const std::uint64_t before = position;
    if (std::string error = service.read(position, kWindow - items, items == 0 ? kIdle : 0ms, some); !error.empty()) {
      trouble = std::move(error);
      unreadable = true;
      if (items == 0) std::this_thread::sleep_for(kIdle);
    } else {
      unreadable = false;
    }
    moved = moved || position != before;
    for (shards::Delivery& d : some) {
      if (d.position <= was_read && !was_open.contains(d.id)) continue;
      auto item = std::make_unique<Item>();
      item->about.sink = name;
      item->about.position = d.position;
      item->about.id = std::move(d.id);
      item->about.visitor = std::move(d.visitor);
      item->about.json = std::move(d.json);
      if (d.position <= opened && service.letter(letter_key(item->about), known)) continue;  // it was given up on, and then the process died
      add(std::move(item));
    }
  }

  // With the cursor goes what behind it is not done with, so that a decision that waits for long does not let all that were delivered meanwhile be sent again.
  void move_cursor(bool at_once) {
    done = open.empty() ? position : open.begin()->first - 1;
    const auto now = Clock::now();
    if (!moved || (!at_once && now - cursor_kept < kKeepCursor)) return;
    moved = false;
    cursor_kept = now;
    shards::Cursor at{.position = done};
    if (!open.empty()) {
      base::put_number(at.note, position);
      for (const auto& [visitor, queue] : queues)
        for (const auto& item : queue)
          if (item->key.empty()) base::put_text(at.note, item->about.id);
    }
    service.keep_cursor(cursor, std::move(at));
  }

  void go_on(const shards::Cursor& at) {
    position = at.position;
    if (at.note.empty()) return;
    base::Bytes note(at.note);
    was_read = note.number();
    while (note.fine() && !note.done()) was_open.emplace(note.text());
  }

  // ---- requests ----

  void launch(Clock::time_point now) {
    while (flying < (down() ? 1 : kFlights) && now >= paused && !ready.empty() && ready.begin()->first.first <= now) {
      Item* const item = ready.begin()->second;
      ready.erase(ready.begin());
      if (service.forgotten(item->about.visitor, item->about.position)) finish(item);
      else send(*std::find_if(flights.begin(), flights.end(), [](const Flight& f) { return f.item == nullptr; }), item);
    }
  }

  void send(Flight& f, Item* item) {
    const std::string& id = item->about.id;
    const std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    curl_slist* list = nullptr;
    const auto header = [&](const std::string& text) { list = curl_slist_append(list, text.c_str()); };
    header("Content-Type: application/json");
    header("Expect:");
    header("Idempotency-Key: " + id);
    header("webhook-id: " + id);
    header(fmt::format("webhook-timestamp: {}", seconds));
    if (const shards::Trace trace = shards::trace_of(item->about.json)) header("traceparent: " + shards::traceparent(shards::caused_by(trace, id)));
    if (!options.keys.empty()) header("webhook-signature: " + signatures(options.keys, id, seconds, item->about.json));
    f.headers.reset(list);
    CURL* const easy = f.easy.get();
    curl_easy_reset(easy);  // connections stay
    f.said[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_URL, options.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "polku");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(item->about.json.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, item->about.json.data());
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &discard);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, f.said.data());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &f);
    f.item = item;
    f.begun = Clock::now();
    ++flying;
    curl_multi_add_handle(multi.get(), easy);
  }

  // False: no attempt ended.
  bool land() {
    bool any = false;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      const CURLcode code = message->data.result;  // the message goes with the handle
      Flight* f = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &f);
      curl_multi_remove_handle(multi.get(), f->easy.get());
      ++counts.answered;
      counts.seconds += std::chrono::duration<double>(Clock::now() - f->begun).count();
      --flying;
      Item* const item = std::exchange(f->item, nullptr);
      ++item->tries;
      ++item->about.attempts;
      long status = 0;
      curl_off_t wait = 0;
      curl_easy_getinfo(f->easy.get(), CURLINFO_RESPONSE_CODE, &status);
      curl_easy_getinfo(f->easy.get(), CURLINFO_RETRY_AFTER, &wait);
      if (code != CURLE_OK) fail(item, 0, f->said[0] != '\0' ? f->said.data() : curl_easy_strerror(code), 0s);
      else if (status >= 200 && status < 300) take(item);
      else fail(item, status, words(status), std::chrono::seconds(wait));
    }
    return any;
  }

  // The receiver is there: what waited for that need not wait longer.
  void up() {
    if (down()) {
      std::map<std::pair<Clock::time_point, std::uint64_t>, Item*> waiting;
      waiting.swap(ready);
      const auto now = Clock::now();
      for (const auto& [when, item] : waiting) make_ready(item, std::min(item->due, now));
      paused = {};
    }
    failing.clear();
    failures = probes = 0;
    if (!unreadable) trouble.clear();
  }

  void take(Item* item) {
    ++counts.delivered;
    ++taken;
    up();
    if (item->key.empty()) finish(item);
    else taken_letters.push_back(item);
  }

  void fail(Item* item, long status, std::string why, std::chrono::seconds asked_for) {
    const auto now = Clock::now();
    item->about.status = static_cast<int>(status);
    item->about.error = why;
    if (status != 0 && status != 408 && status != 429 && status < 500) {  // the same request will never be taken
      up();
      dead.push_back(item);
      return;
    }
    if (asked_for > 0s) {                                                // to wait is no fault
      paused = std::max(paused, now + std::min<std::chrono::seconds>(asked_for, kLongestAsked));
    } else {
      failing.insert(item->number);
      ++failures;
      trouble = std::move(why);
      if (item->counted == 0 || item->others != taken) ++item->counted;  // but for others that were taken meanwhile, it may be the receiver's fault
      item->others = taken;
      if (down()) paused = std::max(paused, now + pause(probes++));
    }
    if (item->counted >= options.attempts || now - item->since >= options.retry_for) {
      dead.push_back(item);
      return;
    }
    ++counts.retried;
    make_ready(item, std::max(now + pause(item->tries - 1), asked_for > 0s ? paused : now));
  }

  // No attempt is made for those whose time is up while the receiver is down.
  void give_up(Clock::time_point now) {
    if (!down()) return;
    for (auto at = ready.begin(); at != ready.end();) {
      Item* const item = at->second;
      if (now - item->since < options.retry_for) {
        ++at;
        continue;
      }
      if (item->about.error.empty()) item->about.error = trouble;
      dead.push_back(item);
      at = ready.erase(at);
    }
  }

  // On the disk before anything moves over them. While that refuses, their visitors' next ones wait, and so does the cursor.
  void write_letters() {
    if ((taken_letters.empty() && dead.empty()) || Clock::now() < write_again) return;
    write_again = Clock::now() + 1s;
    std::vector<std::string> keys;
    for (const Item* item : taken_letters) keys.push_back(item->key);
    if (!keys.empty() && !service.erase_letters(keys).empty()) return;
    for (Item* item : std::exchange(taken_letters, {})) finish(item);
    std::vector<shards::Letter> letters;
    for (const Item* item : dead) (letters.emplace_back(item->about)).when = service.now();
    if (!letters.empty() && !service.put_letters(letters).empty()) return;
    counts.dead += dead.size();
    for (Item* item : std::exchange(dead, {})) {
      tell_dead(*item);
      finish(item);
    }
    write_again = {};
  }

  // By host alone, as the rest of a URL may be a secret; and not whose decision it was.
  void tell_dead(const Item& item) const {
    if (!options.log) return;
    const shards::Trace trace = shards::trace_of(item.about.json);
    const std::string trace_id = trace ? shards::trace_id(trace) : "";
    options.log->say(base::OperationLog::Level::Warning, "dead_letter", fmt::format("{} does not take the decision {}: {}", host, item.about.id, item.about.error),
                     {{"sink", std::string_view(host)}, {"decision", std::string_view(item.about.id)}, {"error", std::string_view(item.about.error)},
                      {"status", static_cast<std::uint64_t>(item.about.status)}, {"attempts", item.about.attempts}, {"trace_id", std::string_view(trace_id)}});
  }

  void tell_down(const std::string& before) const {
    if (!options.log || counts.down.empty() == before.empty()) return;
    if (counts.down.empty()) options.log->say(base::OperationLog::Level::Info, "sink_up", fmt::format("{} takes decisions again", host), {{"sink", std::string_view(host)}});
    else options.log->say(base::OperationLog::Level::Warning, "sink_down", fmt::format("{} takes nothing: {}", host, counts.down), {{"sink", std::string_view(host)}, {"error", std::string_view(counts.down)}});
  }

  void run() {
    while (!stopping) {
      fill();
      if (stopping) break;
      const auto now = Clock::now();
      give_up(now);
      launch(now);
      turn(items == 0 ? 0ms : kLook);
    }
    for (const auto until = Clock::now() + kStopping; flying > 0 && Clock::now() < until;) turn(kLook);
    for (Flight& f : flights)
      if (f.item != nullptr) curl_multi_remove_handle(multi.get(), f.easy.get());
    move_cursor(true);
  }

  void turn(milliseconds wait) {
    int running = 0;
    curl_multi_perform(multi.get(), &running);
    if (land()) wait = 0ms;
    write_letters();
    move_cursor(open.empty());
    counts.in_flight = flying;
    const std::string before = std::exchange(counts.down, unreadable || failures >= kSigns ? trouble : "");
    tell_down(before);
    {
      const std::lock_guard lock(mutex);
      shown = counts;
    }
    if (wait > 0ms) curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }
};

Webhook::Webhook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Webhook::~Webhook() { stop(); }

std::unique_ptr<Webhook> Webhook::open(shards::Service& service, const WebhookOptions& options, std::string& error) {
  static const CURLcode begun = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto impl = std::make_unique<Impl>(service);
  impl->options = options;
  error = read_url(options.url, impl->name, impl->host);
  if (error.empty() && (begun != CURLE_OK || !impl->multi || std::any_of(impl->flights.begin(), impl->flights.end(), [](const Impl::Flight& f) { return !f.easy; })))
    error = "libcurl does not work here, and without it there are no webhooks.";
  if (!error.empty()) return nullptr;
  impl->cursor = "webhook " + impl->name;
  const auto were = service.cursor(impl->cursor);
  impl->opened = service.counts().opened;
  impl->go_on(were.value_or(shards::Cursor{.position = impl->opened}));
  if (!service.keeps(impl->position)) {
    error = fmt::format("{} was away for longer than the log is kept for nobody: some of what was decided meanwhile is not sent to it.", impl->host);
    impl->position = 0;
  }
  impl->done = impl->position;
  if (!were) service.keep_cursor(impl->cursor, {.position = impl->position});
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<Webhook>(new Webhook(std::move(impl)));
}

const std::string& Webhook::name() const { return impl_->name; }
const std::string& Webhook::host() const { return impl_->host; }

WebhookCounts Webhook::counts() const {
  const std::uint64_t done = impl_->done, position = impl_->service.position();
  const std::lock_guard lock(impl_->mutex);
  WebhookCounts out = impl_->shown;
  out.behind = position - std::min(done, position);
  return out;
}

std::size_t Webhook::replay(const std::vector<std::string>& letters) {
  std::size_t fresh = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    for (const std::string& key : letters) {
      if (!impl_->again.insert(key).second) continue;
      impl_->asked.push_back(key);
      ++fresh;
    }
  }
  curl_multi_wakeup(impl_->multi.get());
  return fresh;
}

void Webhook::ask_to_stop() {
  impl_->stopping = true;
  curl_multi_wakeup(impl_->multi.get());
}

void Webhook::stop() {
  ask_to_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace polku::sinks
