// Packs that a service, or who looks at its folder, decides by.
#pragma once
#include <memory>
#include <string>

#include "compiler/driver/driver.h"
#include "runtime/shards/service.h"

namespace polku::cli {

// cache: a folder for machine code; empty: none. Null: `error` says why, or what is wrong with the files is in `compiled`.
shards::PackPtr make_pack(const driver::Folder& folder, const std::string& cache, std::shared_ptr<driver::Pack>& compiled, std::string& error);

// Makes them again of their texts.
shards::MakePack packs_of_texts(const std::string& cache);

}  // namespace polku::cli
