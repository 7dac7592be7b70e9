#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <signal.h>
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
#include "cli/verbs.h"
#include "runtime/base/file_cache.h"
#include "runtime/serve/serve.h"
#include "runtime/shards/service.h"
#include "runtime/sinks/lines.h"
#include "runtime/sinks/signature.h"
#include "runtime/sinks/webhook.h"

namespace polku::cli {

namespace {

struct Options {
  std::string config, pack, data = "polku-data", listen = "127.0.0.1:7070", clock = "wall", durability = "strict", decisions, cache, admin_listen;
  std::vector<std::string> write_keys, admin_keys, webhooks, webhook_secrets;
  double webhook_timeout = 10, webhook_retry_for = 24 * 60 * 60;
  std::uint64_t webhook_attempts = 10;
  std::size_t shards = 0, threads = 0, awake = 1'000'000, waiting = shards::ServiceOptions().most_waiting;
  bool no_cache = false, watch = false;
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

// A pack to decide by. Null: `error` says why, or what is wrong with the files is in `compiled`.
shards::PackPtr make_pack(const driver::Folder& folder, const std::string& cache, std::shared_ptr<driver::Pack>& compiled, std::string& error) {
  compiled = driver::compile(folder.catalog, folder.rules, false);
  if (!compiled->plan) return nullptr;
  auto evaluator = driver::evaluator(*compiled->plan, {.tier = driver::Tier::Auto, .cache = cache}, error);
  if (!evaluator) return nullptr;
  auto pack = std::make_shared<shards::Pack>();
  pack->text = driver::archive(folder);
  pack->name = fmt::format("{:016x}", base::cache_key(pack->text).high);
  pack->plan = {compiled, &*compiled->plan};
  pack->evaluator = std::move(evaluator);
  return pack;
}

// Puts in what the folder says by now, whenever it is asked to: by a signal, by a request, or because its files have changed.
class Reloader {
 public:
  using Said = std::function<void(int status, std::string json)>;
  Reloader(shards::Service& service, const Options& o, std::string cache, std::string text)
      : service_(service), folder_(o.pack), cache_(std::move(cache)), watches_(o.watch), tried_(std::move(text)), thread_([this] { run(); }) {}
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
    print_diagnostics(*compiled);
    if (!pack) return refused(error.empty() ? "The files have faults." : error, diag::render_json(compiled->diagnostics, compiled->sources));
    if (error = service_.reload(pack); !error.empty()) {
      complain(error);
      return {503, fmt::format(R"({{"success":false,"error":"{}"}})", error)};
    }
    fmt::print(stderr, "{}: pack {}, {}\n", folder_, pack->name, counted(pack->plan->rules.size(), "rule"));
    return {200, fmt::format(R"({{"success":true,"pack":"{}","rules":{}}})", pack->name, pack->plan->rules.size())};
  }

  std::pair<int, std::string> refused(const std::string& why, const std::string& diagnostics) {
    complain(fmt::format("{} The pack that was put in last goes on deciding.", why));
    std::string json = R"({"success":false,"error":)";
    serve::append_text(json, why);
    return {422, json + R"(,"diagnostics":)" + diagnostics + "}"};
  }

  shards::Service& service_;
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

int serve(const Options& o) {
  // The threads below are not to be disturbed by signals: this one waits for them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  std::string error;
  const std::string cache = o.no_cache ? "" : o.cache.empty() ? cache_folder() : o.cache;
  const auto folder = driver::read_folder(o.pack, error);
  if (!folder) {
    complain(error);
    return kMisuse;
  }
  std::shared_ptr<driver::Pack> compiled;
  const shards::PackPtr pack = make_pack(*folder, cache, compiled, error);
  print_diagnostics(*compiled);
  if (!pack) {
    if (error.empty()) return kFindings;
    complain(error);
    return kMisuse;
  }
  const auto make = [&](const std::string& text, std::string& why) -> shards::PackPtr {
    const auto files = driver::unarchive(text);
    std::shared_ptr<driver::Pack> made;
    shards::PackPtr again = files ? make_pack(*files, cache, made, why) : nullptr;
    if (!again && why.empty()) why = made && !made->diagnostics.all().empty() ? made->diagnostics.all().front().message : "it is damaged";
    return again;
  };
  for (const auto* keys : {&o.write_keys, &o.admin_keys})
    if (std::find(keys->begin(), keys->end(), "") != keys->end()) {
      complain("A key is empty: whoever sends none would have it.");
      return kMisuse;
    }
  std::vector<sinks::WebhookOptions> hooks;
  if (error = read_webhooks(o, hooks); !error.empty()) {
    complain(error);
    return kMisuse;
  }
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  shards::ServiceOptions live;
  live.data = o.data;
  live.shards = o.shards == 0 ? cores : o.shards;
  live.clock = o.clock == "log" ? shards::ServiceOptions::Clock::Log : shards::ServiceOptions::Clock::Wall;
  live.durable = o.durability == "strict";
  live.most_awake = o.awake;
  live.most_waiting = o.waiting;
  const auto service = shards::Service::start(pack, make, live, error);
  if (!service) {
    complain(error);
    return kMisuse;
  }
  std::unique_ptr<sinks::Lines> lines;
  if (!o.decisions.empty()) {
    lines = sinks::Lines::open(*service, o.decisions, error);
    if (!error.empty()) complain(error);
    if (!lines) return kMisuse;
  }
  serve::Options http;
  std::vector<std::unique_ptr<sinks::Webhook>> webhooks;
  for (const sinks::WebhookOptions& each : hooks) {
    auto webhook = sinks::Webhook::open(*service, each, error);
    if (!error.empty()) complain(error);
    if (!webhook) return kMisuse;
    http.webhooks.push_back(webhook.get());
    fmt::print(stderr, "decisions go to {}{}\n", webhook->host(), each.keys.empty() ? ", not signed (--webhook-secret)" : ", signed");
    webhooks.push_back(std::move(webhook));
  }
  http.listen = o.listen;
  http.threads = o.threads == 0 ? cores : o.threads;
  http.write_keys = o.write_keys;
  http.trusted_times = o.clock == "log";
  http.admin_listen = o.admin_listen;
  http.admin_keys = o.admin_keys;
  std::optional<Reloader> reloader(std::in_place, *service, o, cache, pack->text);
  http.reload = [&](Reloader::Said said) { reloader->ask(std::move(said)); };
  const auto server = serve::Server::start(*service, http, error);
  if (!server) {
    complain(error);
    return kMisuse;
  }
  const shards::ServiceCounts begun = service->counts();
  fmt::print(stderr, "{} on http://{}{}, {}, {}, data in {}{}\n", o.pack, server->address(), server->admin_address().empty() ? "" : ", operators on http://" + server->admin_address(), counted(pack->plan->rules.size(), "rule"), counted(live.shards, "shard"), o.data,
             begun.replayed > 0 ? fmt::format(" ({} {} of the log read again)", thousands(begun.replayed), begun.replayed == 1 ? "entry" : "entries") : "");
  int signal_number = 0;
  while (sigwait(&signals, &signal_number) != 0 || signal_number == SIGHUP) {
    if (signal_number == SIGHUP) reloader->ask([](int, const std::string&) {});
  }
  fmt::print(stderr, "stopping\n");
  service->refuse_reloads();
  server->stop();
  for (const auto& webhook : webhooks) webhook->ask_to_stop();
  reloader.reset();  // which no request reaches any more
  if (lines) lines->stop();
  for (const auto& webhook : webhooks) webhook->stop();
  const shards::ServiceCounts c = service->counts();
  service->stop();
  fmt::print(stderr, "{} taken, {} duplicates, {}\n", counted(c.all.taken, "record"), thousands(c.all.duplicates), counted(c.all.decisions, "decision"));
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
  verb->add_option("--awake", o->awake, "How many visitors are kept in memory; the others sleep on disk")->capture_default_str();
  verb->add_option("--waiting", o->waiting, "How many records and requests for decisions may wait for a shard; more are answered with 429")->check(CLI::PositiveNumber)->capture_default_str();
  verb->add_option("--durability", o->durability, "strict: acknowledged when it is on the disk; relaxed: when the system has it, so that a crash of the machine (not of the process) "
                                                  "may lose some seconds")->check(CLI::IsMember({"strict", "relaxed"}))->capture_default_str();
  verb->add_option("--clock", o->clock, "wall: the machine's; log: records carry their times, as in `polku run`, and time passes by them alone")->check(CLI::IsMember({"wall", "log"}))->capture_default_str();
  verb->add_option("--cache", o->cache, "Folder, yours alone, in which machine code is kept for the next start; else $XDG_CACHE_HOME/polku")->envname("POLKU_CACHE");
  verb->add_flag("--no-cache", o->no_cache, "Keep no machine code, and use none that was kept");
  verb->footer("Example:\n  polku serve rules/ferry --data /var/lib/polku --listen 127.0.0.1:7070\n"
               "  curl -s 127.0.0.1:7070/v1/events -d '{\"visitor\":\"v1\",\"at\":\"2026-12-01T10:00:00Z\",\"event\":\"cart_emptied\"}'\n"
               "Exit codes: 0 stopped, all is written down; 1 stopped, but the disk refused something that was not acknowledged; 2 misuse.");
  verb->callback([o, verb, &exit] {
    if (const std::string error = o->config.empty() ? "" : read_config(*verb, o->config); !error.empty()) {
      complain(error);
      exit = kMisuse;
      return;
    }
    exit = serve(*o);
  });
}

}  // namespace polku::cli
