#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "cli/common.h"
#include "cli/live_pack.h"
#include "cli/verbs.h"
#include "runtime/base/operation_log.h"
#include "runtime/serve/serve.h"
#include "runtime/shards/service.h"
#include "runtime/sinks/lines.h"
#include "runtime/sinks/signature.h"
#include "runtime/sinks/webhook.h"

namespace polku::cli {

namespace {

struct Options {
  std::string config, pack, data = "polku-data", listen = "127.0.0.1:7070", clock = "wall", durability = "strict", decisions, cache, admin_listen, log_format = "text";
  std::vector<std::string> write_keys, admin_keys, webhooks, webhook_secrets;
  double webhook_timeout = 10, webhook_retry_for = 24 * 60 * 60;
  double keep_log = 7, keep_letters = 0, forget_after = 0, erase_within = 3600;  // days, but for the last: seconds
  std::uint64_t webhook_attempts = 10;
  std::uint32_t idle = 60;
  std::size_t shards = 0, threads = 0, awake = 1'000'000, waiting = shards::ServiceOptions().most_waiting;
  bool no_cache = false, watch = false, log_requests = false;
};

// A map of options by their long names, for those that were not given as flags. Empty; or what is wrong with it.
std::string read_config(CLI::App& verb, const std::string& path) {
  std::vector<std::string> known;
  for (const CLI::Option* option : verb.get_options())
    if (!option->get_lnames().empty()) known.push_back(option->get_lnames().front());
  std::erase_if(known, [](const std::string& name) { return name == "config" || name == "help"; });
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return fmt::format("`{}`: it is no list of `option: value`", path);
    for (const auto& pair : root) {
      const std::string name = pair.first.as<std::string>();
      if (std::find(known.begin(), known.end(), name) == known.end())
        return fmt::format("`{}`, line {}: there is no option `{}`. {}", path, pair.first.Mark().line + 1, name, diag::did_you_mean(name, known));
      CLI::Option* const option = verb.get_option("--" + name);
      if (option->count() > 0) continue;
      if (pair.second.IsSequence())
        for (const auto& each : pair.second) option->add_result(each.as<std::string>());
      else option->add_result(pair.second.as<std::string>());
      try {
        option->run_callback();
      } catch (const CLI::Error& e) {
        return fmt::format("`{}`, line {}: {}", path, pair.first.Mark().line + 1, e.what());
      }
    }
  } catch (const YAML::Exception& e) {
    return fmt::format("`{}` cannot be read: {}", path, e.what());
  }
  return {};
}

Millis days(double n) { return static_cast<Millis>(n * static_cast<double>(kDay)); }

// Whoever is forgotten must not be missed by a rule. Empty; or what is wrong.
std::string too_soon(const Options& o, const shards::Pack& pack) {
  if (o.forget_after == 0 || days(o.forget_after) >= pack.plan->catalog.history) return {};
  return fmt::format("Visitors would be forgotten after {}, and the pack looks back {} (`history` in its catalog.yaml). Say a longer --forget-after, or a shorter history.", history::words(days(o.forget_after)),
                     history::words(pack.plan->catalog.history));
}

using Level = base::OperationLog::Level;

void tell_diagnostics(base::OperationLog& log, const driver::Pack& pack) {
  const diag::Diagnostics& d = pack.diagnostics;
  if (log.format() == base::OperationLog::Format::Text) return print_diagnostics(pack);
  if (d.all().empty()) return;
  const std::string json = diag::render_json(d, pack.sources);
  log.say(d.errors() > 0 ? Level::Error : Level::Warning, "pack_diagnostics", fmt::format("{}, {} in the files of the pack", counted(d.errors(), "error"), counted(d.warnings(), "warning")),
          {{"errors", std::uint64_t{d.errors()}}, {"warnings", std::uint64_t{d.warnings()}}, {"diagnostics", base::OperationLog::Json{json}}});
}

// Puts in what the folder says by now, whenever it is asked to: by a signal, by a request, or because its files have changed.
class Reloader {
 public:
  using Said = std::function<void(int status, std::string json)>;
  Reloader(shards::Service& service, const Options& o, std::string cache, std::string text, base::OperationLog& log)
      : log_(log), service_(service), options_(o), folder_(o.pack), cache_(std::move(cache)), watches_(o.watch), tried_(std::move(text)), thread_([this] { run(); }) {}
  ~Reloader() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    there_.notify_one();
    thread_.join();
    for (const Said& said : asked_) said(503, R"({"success":false,"error":"The service is stopping."})");
  }
  void ask(Said said) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(std::move(said));
    there_.notify_one();
  }

 private:
  void run() {
    std::string seen = tried_;
    for (;;) {
      std::vector<Said> asked;
      {
        std::unique_lock lock(mutex_);
        const auto something = [&] { return stop_ || !asked_.empty(); };
        if (watches_) there_.wait_for(lock, std::chrono::seconds(1), something);
        else there_.wait(lock, something);
        if (stop_) return;
        asked.swap(asked_);
      }
      std::string error;
      const auto folder = driver::read_folder(folder_, error);
      const std::string text = folder ? driver::archive(*folder) : error;
      const bool quiet = std::exchange(seen, text) == text;  // who saves several files is not interrupted half way
      if (asked.empty() && (!quiet || text == tried_)) continue;
      const auto [status, json] = folder ? put_in(*folder) : refused(error, "[]");
      if (status != 503) tried_ = text;
      for (const Said& said : asked) said(status, json);
    }
  }

  std::pair<int, std::string> put_in(const driver::Folder& folder) {
    std::shared_ptr<driver::Pack> compiled;
    std::string error;
    const shards::PackPtr pack = make_pack(folder, cache_, compiled, error);
    tell_diagnostics(log_, *compiled);
    if (!pack) return refused(error.empty() ? "The files have faults." : error, diag::render_json(compiled->diagnostics, compiled->sources));
    if (error = too_soon(options_, *pack); !error.empty()) return refused(error, "[]");
    if (error = service_.reload(pack); !error.empty()) {
      log_.say(Level::Error, "pack_not_replaced", error);
      return {503, fmt::format(R"({{"success":false,"error":"{}"}})", error)};
    }
    log_.say(Level::Info, "pack_replaced", fmt::format("{}: pack {}, {}", folder_, pack->name, counted(pack->plan->rules.size(), "rule")), {{"pack", std::string_view(pack->name)}, {"rules", std::uint64_t{pack->plan->rules.size()}}});
    return {200, fmt::format(R"({{"success":true,"pack":"{}","rules":{}}})", pack->name, pack->plan->rules.size())};
  }

  std::pair<int, std::string> refused(const std::string& why, const std::string& diagnostics) {
    log_.say(Level::Warning, "pack_refused", fmt::format("{} The pack that was put in last goes on deciding.", why));
    std::string json = R"({"success":false,"error":)";
    serve::append_text(json, why);
    return {422, json + R"(,"diagnostics":)" + diagnostics + "}"};
  }

  base::OperationLog& log_;
  shards::Service& service_;
  const Options& options_;
  const std::string folder_, cache_;
  const bool watches_;
  std::string tried_;                      // what it said when it was put in, or refused, last
  std::mutex mutex_;                       // for what follows
  std::condition_variable there_;
  std::vector<Said> asked_;
  bool stop_ = false;
  std::thread thread_;
};
// The keys that a secret stands for: `env:NAME`, or a file. Empty; or what is wrong, without a word of the secret.
std::string read_secret(const std::string& where, std::vector<std::string>& keys) {
  constexpr std::string_view kVariable = "env:";
  std::string text;
  if (where.starts_with(kVariable)) {
    const char* const value = std::getenv(where.substr(kVariable.size()).c_str());
    if (!value) return fmt::format("--webhook-secret: there is no environment variable `{}`.", where.substr(kVariable.size()));
    text = value;
  } else if (std::error_code ec; where.starts_with("whsec_") || (!std::filesystem::exists(where, ec) && sinks::read_keys(where, keys).empty())) {  // which is not to be repeated
    return "--webhook-secret takes the place of a secret and not the secret itself: the path of a file, or env: and the name of a variable.";
  } else {
    std::ifstream file(where, std::ios::binary);
    if (!std::filesystem::is_directory(where, ec) && file) text.assign(std::istreambuf_iterator<char>(file), {});
    else return fmt::format("--webhook-secret: the file `{}` cannot be read. For an environment variable write `env:NAME`.", where);
  }
  const std::string error = sinks::read_keys(text, keys);
  return error.empty() ? "" : fmt::format("--webhook-secret: what `{}` holds {}. `echo whsec_$(openssl rand -base64 32)` makes one.", where, error);
}

// Those that were asked for, all with the same patience. Empty; or what is wrong.
std::string read_webhooks(const Options& o, std::vector<sinks::WebhookOptions>& out) {
  if (o.webhooks.empty() && !o.webhook_secrets.empty()) return "--webhook-secret signs what is sent to a --webhook, and there is none.";
  if (o.webhook_secrets.size() > 1 && o.webhook_secrets.size() != o.webhooks.size())
    return fmt::format("--webhook-secret is given once for all webhooks, or for each one in their order: {} for {}.", counted(o.webhook_secrets.size(), "secret"), counted(o.webhooks.size(), "webhook"));
  const auto time = [](double seconds) { return std::chrono::milliseconds(std::llround(seconds * 1000)); };
  std::set<std::string> names;
  std::string error, name, host;
  for (const std::string& url : o.webhooks) {
    if (error = sinks::read_url(url, name, host); !error.empty()) return error;
    if (!names.insert(name).second) return fmt::format("--webhook: two of them are `{}` and differ in what may not be shown, if at all. Receivers are told apart by what stands before the `?`.", name);
    sinks::WebhookOptions& w = out.emplace_back();
    w.url = url;
    w.timeout = time(o.webhook_timeout);
    w.attempts = o.webhook_attempts;
    w.retry_for = time(o.webhook_retry_for);
    if (o.webhook_secrets.empty()) continue;
    if (error = read_secret(o.webhook_secrets[o.webhook_secrets.size() == 1 ? 0 : out.size() - 1], w.keys); !error.empty()) return error;
  }
  return {};
}

// Half of the files that may be open, so that clients cannot take those that the tables need.
std::size_t most_connections() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return serve::Options().connections;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(serve::Options().connections, files.rlim_cur / 2);
}

int serve(const Options& o) {
  // The threads below are not to be disturbed by signals: this one waits for them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  base::OperationLog log(o.log_format == "json" ? base::OperationLog::Format::Json : base::OperationLog::Format::Text);
  const auto failed = [&](std::string_view why) {
    log.say(Level::Error, "failed_to_start", why);
    return kMisuse;
  };
  std::string error;
  const std::string cache = o.no_cache ? "" : o.cache.empty() ? cache_folder() : o.cache;
  const auto folder = driver::read_folder(o.pack, error);
  if (!folder) return failed(error);
  std::shared_ptr<driver::Pack> compiled;
  const shards::PackPtr pack = make_pack(*folder, cache, compiled, error);
  tell_diagnostics(log, *compiled);
  if (!pack) return error.empty() ? kFindings : failed(error);
  if (error = too_soon(o, *pack); !error.empty()) return failed(error);
  for (const auto* keys : {&o.write_keys, &o.admin_keys})
    if (std::find(keys->begin(), keys->end(), "") != keys->end()) return failed("A key is empty: whoever sends none would have it.");
  std::vector<sinks::WebhookOptions> hooks;
  if (error = read_webhooks(o, hooks); !error.empty()) return failed(error);
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  serve::Options http;
  http.listen = o.listen;
  http.threads = o.threads == 0 ? cores : o.threads;
  http.write_keys = o.write_keys;
  http.connections = most_connections();
  http.idle_seconds = o.idle;
  http.trusted_times = o.clock == "log";
  http.admin_listen = o.admin_listen;
  http.admin_keys = o.admin_keys;
  http.log = &log;
  http.log_requests = o.log_requests;
  const auto server = serve::Server::start(http, error);  // before the log is read, which may take long: whoever looks sees that it lives
  if (!server) return failed(error);
  shards::ServiceOptions live;
  live.data = o.data;
  live.shards = o.shards == 0 ? cores : o.shards;
  live.clock = o.clock == "log" ? shards::ServiceOptions::Clock::Log : shards::ServiceOptions::Clock::Wall;
  live.durable = o.durability == "strict";
  live.most_awake = o.awake;
  live.keep_log = days(o.keep_log);
  live.keep_letters = days(o.keep_letters);
  live.forget_after = days(o.forget_after);
  live.erase_within = std::chrono::milliseconds(static_cast<std::int64_t>(o.erase_within * 1000));
  live.most_waiting = o.waiting;
  live.log = &log;
  const auto service = shards::Service::start(pack, packs_of_texts(cache), live, error);
  if (!service) return failed(error);
  std::unique_ptr<sinks::Lines> lines;
  if (!o.decisions.empty()) {
    lines = sinks::Lines::open(*service, o.decisions, error, &log);
    if (!lines) return failed(error);
    if (!error.empty()) log.say(Level::Warning, "decisions_lost", error);
  }
  serve::Behind behind{*service};
  std::vector<std::unique_ptr<sinks::Webhook>> webhooks;
  for (sinks::WebhookOptions& each : hooks) {
    each.log = &log;
    auto webhook = sinks::Webhook::open(*service, each, error);
    if (!webhook) return failed(error);
    if (!error.empty()) log.say(Level::Warning, "decisions_lost", error);
    behind.webhooks.push_back(webhook.get());
    log.say(Level::Info, "sink_opened", fmt::format("decisions go to {}{}", webhook->host(), each.keys.empty() ? ", not signed (--webhook-secret)" : ", signed"), {{"sink", std::string_view(webhook->host())}, {"signed", !each.keys.empty()}});
    webhooks.push_back(std::move(webhook));
  }
  std::optional<Reloader> reloader(std::in_place, *service, o, cache, pack->text, log);
  behind.reload = [&](Reloader::Said said) { reloader->ask(std::move(said)); };
  server->open(std::move(behind));
  const shards::ServiceCounts begun = service->counts();
  log.say(Level::Info, "started",
          fmt::format("{} on http://{}{}, {}, {}, data in {}{}", o.pack, server->address(), server->admin_address().empty() ? "" : ", operators on http://" + server->admin_address(),
                      counted(pack->plan->rules.size(), "rule"), counted(live.shards, "shard"), o.data,
                      begun.replayed > 0 ? fmt::format(" ({} {} of the log read again)", thousands(begun.replayed), begun.replayed == 1 ? "entry" : "entries") : ""),
          {{"pack", std::string_view(pack->name)}, {"rules", std::uint64_t{pack->plan->rules.size()}}, {"shards", std::uint64_t{live.shards}}, {"listen", std::string_view(server->address())},
           {"admin_listen", std::string_view(server->admin_address())}, {"data", std::string_view(o.data)}, {"replayed_entries", begun.replayed}});
  int signal_number = 0;
  while (sigwait(&signals, &signal_number) != 0 || signal_number == SIGHUP) {
    if (signal_number == SIGHUP) reloader->ask([](int, const std::string&) {});
  }
  log.say(Level::Info, "stopping", "stopping", {{"signal", signal_number == SIGINT ? std::string_view("SIGINT") : std::string_view("SIGTERM")}});
  service->refuse_reloads();
  server->stop();
  for (const auto& webhook : webhooks) webhook->ask_to_stop();
  reloader.reset();  // which no request reaches any more
  if (lines) lines->stop();
  for (const auto& webhook : webhooks) webhook->stop();
  const shards::ServiceCounts c = service->counts();
  service->stop();
  log.say(c.fault.empty() ? Level::Info : Level::Error, "stopped", fmt::format("{} taken, {} duplicates, {}", counted(c.all.taken, "record"), thousands(c.all.duplicates), counted(c.all.decisions, "decision")),
          {{"records", c.all.taken}, {"duplicates", c.all.duplicates}, {"decisions", c.all.decisions}, {"fault", std::string_view(c.fault)}});
  return c.fault.empty() ? kFine : kFindings;
}

}  // namespace

void add_serve(CLI::App& app, int& exit) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("serve", "Take events over HTTP, decide at once, and remember everything");
  verb->add_option("pack", o->pack, "Folder with catalog.yaml and .polku files")->required();
  verb->add_option("--config", o->config, "A YAML file of `option: value`, the options by their long names below; flags win");
  verb->add_option("--data", o->data, "Folder for everything that must outlive the process; one process at a time")->capture_default_str();
  verb->add_option("--listen", o->listen, "Host and port; port 0 takes a free one")->capture_default_str();
  verb->add_option("--write-key", o->write_keys, "Who may send records and ask for decisions; may be given several times. None: everybody who can reach the port");
  verb->add_option("--admin-listen", o->admin_listen, "Host and port of operators' own routes, /v1/admin/…; else they are at --listen, for who has an admin key");
  verb->add_option("--admin-key", o->admin_keys, "Who may use operators' routes; may be given several times. None: everybody who can reach --admin-listen. Better in the file of --config: flags "
                                                 "can be seen by others")->type_name("KEY");
  verb->add_flag("--watch", o->watch, "Put the pack in again when its files change; SIGHUP and POST /v1/admin/pack do so too. A pack with faults is refused, and changes nothing");
  verb->add_option("--decisions", o->decisions, "Write every decision that acts to the end of this file, or - for standard output");
  verb->add_option("--webhook", o->webhooks, "Send every decision that acts to this URL, as JSON, until it is taken; may be given several times. A URL with a password in it belongs in --config")->allow_extra_args(false);
  verb->add_option("--webhook-secret", o->webhook_secrets, "Sign what is sent: `env:NAME` or a file that holds whsec_ and base64. Once for all webhooks, or once for each in their order")->allow_extra_args(false);
  verb->add_option("--webhook-timeout", o->webhook_timeout, "Seconds from connecting to the end of an answer")->check(CLI::Range(0.1, 300.0))->capture_default_str();
  verb->add_option("--webhook-attempts", o->webhook_attempts, "How often a decision may fail while its receiver takes others; then it is a dead letter")->check(CLI::Range(1, 1000))->capture_default_str();
  verb->add_option("--webhook-retry-for", o->webhook_retry_for, "Seconds after which it is one even if the receiver takes nothing at all")->check(CLI::Range(0.0, 30.0 * 24 * 60 * 60))->capture_default_str();
  verb->add_option("--shards", o->shards, "How many threads judge; a data folder keeps the number it was made with. Else one for each core");
  verb->add_option("--threads", o->threads, "How many threads speak HTTP. Else one for each core");
  verb->add_option("--idle", o->idle, "Seconds after which a connection is closed that has no request, half of one, or an answer that nobody reads")->check(CLI::Range(1, 3600))->capture_default_str();
  verb->add_option("--awake", o->awake, "How many visitors are kept in memory; the others sleep on disk")->capture_default_str();
  verb->add_option("--keep-log", o->keep_log, "Days for which the log of all that came and was decided is kept, at least")->check(CLI::Range(0.0, 36600.0))->capture_default_str();
  verb->add_option("--forget-after", o->forget_after, "Days after their latest record, visitors are forgotten; not less than the catalog's `history`. 0: nobody is")->check(CLI::Range(0.0, 366000.0))->capture_default_str();
  verb->add_option("--keep-letters", o->keep_letters, "Days for which dead letters are kept. 0: until they are taken")->check(CLI::Range(0.0, 36600.0))->capture_default_str();
  verb->add_option("--erase-within", o->erase_within, "Seconds after which no file of the folder holds anything of a visitor who was forgotten")->check(CLI::Range(0.1, 2592000.0))->capture_default_str();
  verb->add_option("--waiting", o->waiting, "How many records and requests for decisions may wait for a shard; more are answered with 429")->check(CLI::PositiveNumber)->capture_default_str();
  verb->add_option("--durability", o->durability, "strict: acknowledged when it is on the disk; relaxed: when the system has it, so that a crash of the machine (not of the process) "
                                                  "may lose some seconds")->check(CLI::IsMember({"strict", "relaxed"}))->capture_default_str();
  verb->add_option("--clock", o->clock, "wall: the machine's; log: records carry their times, as in `polku run`, and time passes by them alone")->check(CLI::IsMember({"wall", "log"}))->capture_default_str();
  verb->add_option("--log-format", o->log_format, "What is said on standard error: text for people; json: an object a line")->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  verb->add_flag("--log-requests", o->log_requests, "Say a line for each request: what kind it was and how it went, and nothing of what stood in it");
  verb->add_option("--cache", o->cache, "Folder, yours alone, in which machine code is kept for the next start; else $XDG_CACHE_HOME/polku")->envname("POLKU_CACHE");
  verb->add_flag("--no-cache", o->no_cache, "Keep no machine code, and use none that was kept");
  verb->footer("Example:\n  polku serve rules/ferry --data /var/lib/polku --listen 127.0.0.1:7070\n"
               "  curl -s 127.0.0.1:7070/v1/events -d '{\"visitor\":\"v1\",\"at\":\"2026-12-01T10:00:00Z\",\"event\":\"cart_emptied\"}'\n"
               "Exit codes: 0 stopped, all is written down; 1 stopped, but the disk refused something that was not acknowledged; 2 misuse.");
  verb->callback([o, verb, &exit] {
    if (const std::string error = o->config.empty() ? "" : read_config(*verb, o->config); !error.empty()) {
      base::OperationLog(o->log_format == "json" ? base::OperationLog::Format::Json : base::OperationLog::Format::Text).say(Level::Error, "failed_to_start", error);
      exit = kMisuse;
      return;
    }
    exit = serve(*o);
  });
}

}  // namespace polku::cli
