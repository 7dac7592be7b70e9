// Folders that are there after a crash of the machine. What an fsync of a file keeps is what is in it; its name is its folder's.
#pragma once
#include <string>

namespace polku::base {

// The names in it outlive the machine once this returns. Empty; or why not. A folder that may not be read cannot be asked and is passed over.
std::string sync_folder(const std::string& folder);
// That in which a file or a folder stands.
std::string sync_folder_of(const std::string& path);
// Makes it, and those above it that are missing; they outlive the machine. Empty; or why not.
std::string make_folder(const std::string& folder);

}  // namespace polku::base
