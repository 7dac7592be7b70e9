// Visitors who leave the engine as bytes and come back. Their records are not written down: they are the fold of the history.
#include <algorithm>

#include "runtime/base/bytes.h"
#include "runtime/engine/visitor.h"
#include "runtime/history/portable.h"

namespace polku::engine {

bool Engine::awake(std::string_view name) const { return visitors_->find(name) != nullptr; }

std::string_view Engine::key(std::string_view name) const { return visitors_->find(name)->key(); }

bool Engine::has(std::string_view name, std::uint64_t identity) const { return visitors_->find(name)->past()->has(identity); }

Millis Engine::received(std::string_view name) const { return visitors_->find(name)->rare->received; }

Millis Engine::deadline(std::string_view name) const { return visitors_->find(name)->deadline; }

std::span<const std::string_view> Engine::aliases(std::string_view name) const { return visitors_->find(name)->rare->aliases; }

void Engine::save(std::string_view name, std::string& out) const {
  const Visitor& v = *visitors_->find(name);
  base::put_text(out, v.key());
  base::put_number(out, v.rare->aliases.size());
  for (const std::string_view alias : v.rare->aliases) base::put_text(out, alias);
  base::put_text(out, v.rare->person);
  base::put_signed(out, v.rare->received);
  base::put_signed(out, v.rare->now);
  history::Portable(plan_.catalog, texts_).write(*v.past(), out);
}

void Engine::sleep(std::string_view name) {
  visitors_->forget(*visitors_->find(name));
  attributes_of_ = nullptr;
}

bool read_saved(std::string_view bytes, Saved& into) {
  base::Bytes in(bytes);
  into.key = in.text();
  into.aliases.assign(in.count(), {});
  for (std::string_view& alias : into.aliases) alias = in.text();
  into.person = in.text();
  into.received = in.signed_number();
  into.now = in.signed_number();
  into.past = in.rest();
  return in.fine() && !into.key.empty() && !into.past.empty();
}

bool Engine::wake(std::string_view saved, const Older* older) {
  Saved s;
  if (!read_saved(saved, s)) return false;
  const auto& [key, person, aliases, received, now, bytes] = s;
  auto past = std::make_unique<history::Past>();
  base::Bytes in(bytes);
  const Engine& saved_by = older ? *older->engine : *this;
  history::Portable(saved_by.plan_.catalog, saved_by.texts_).read(in, *past);
  if (!in.done() || visitors_->find(key)) return false;
  for (const std::string_view alias : aliases)
    if (alias == key || visitors_->find(alias)) return false;
  Visitor& v = visitors_->make(key);
  Rare& own = v.own();
  own.past = std::move(past);
  own.received = received;
  own.now = now;
  for (const std::string_view alias : aliases) own.aliases.push_back(visitors_->call(alias, v));
  if (const Visitor* named = person.empty() ? nullptr : visitors_->find(person); named == &v) own.person = visitors_->kept(person);
  if (older) {
    adopt(v, *older->engine);
    begin_anew(v, std::max(older->since, now + 1));
    return true;
  }
  fresh_.clear();
  fold(v, v.now());
  hint(v);
  return true;
}

}  // namespace polku::engine
