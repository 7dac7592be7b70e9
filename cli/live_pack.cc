#include "cli/live_pack.h"

#include <fmt/format.h>

#include "runtime/base/file_cache.h"

namespace polku::cli {

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

shards::MakePack packs_of_texts(const std::string& cache) {
  return [cache](const std::string& text, std::string& why) -> shards::PackPtr {
    const auto files = driver::unarchive(text);
    std::shared_ptr<driver::Pack> made;
    shards::PackPtr again = files ? make_pack(*files, cache, made, why) : nullptr;
    if (!again && why.empty()) why = made && !made->diagnostics.all().empty() ? made->diagnostics.all().front().message : "it is damaged";
    return again;
  };
}

}  // namespace polku::cli
