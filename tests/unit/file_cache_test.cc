#include "runtime/base/file_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace polku {
namespace {

namespace fs = std::filesystem;
using base::cache_key;
using base::CacheKey;
using base::FileCache;

class Cache : public testing::Test {
 protected:
  Cache() {
    char name[] = "/tmp/polku-cache-XXXXXX";
    root = ::mkdtemp(name);
    folder = root / "a" / "b";
  }
  ~Cache() override { fs::remove_all(root); }

  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& e : fs::directory_iterator(folder)) out.push_back(e.path());
    return out;
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }
  static std::uint64_t bytes_in(const std::vector<fs::path>& paths) {
    std::uint64_t n = 0;
    for (const fs::path& p : paths) n += fs::file_size(p);
    return n;
  }

  fs::path root, folder;
};

const CacheKey kOne = cache_key("one"), kTwo = cache_key("two");

TEST_F(Cache, KeepsBytes) {
  const std::string zeros(1000, '\0');
  {
    FileCache cache(folder, "kind 1\n", 1 << 20);
    EXPECT_EQ(cache.get(kOne), std::nullopt);
    cache.put(kOne, "first");
    cache.put(kOne, zeros);  // the later stands
    cache.put(kTwo, "");
    EXPECT_EQ(cache.fault(), "");
  }
  const FileCache again(folder, "kind 1\n", 1 << 20);
  EXPECT_EQ(again.get(kOne), zeros);
  EXPECT_EQ(again.get(kTwo), "");
  EXPECT_EQ(again.get(cache_key("three")), std::nullopt);
  EXPECT_EQ(files().size(), 2u);
  struct stat s;
  ASSERT_EQ(::stat(folder.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777u, 0700u);
}

TEST_F(Cache, WhatAKilledProcessLeftIsInNobodysWay) {
  FileCache cache(folder, "kind 1\n", 1 << 20);
  cache.put(kOne, "one");
  std::string digits = files().front().filename();
  for (int number = 0; number < 50; ++number) write(folder / (digits + "." + std::to_string(::getpid()) + "." + std::to_string(number) + ".partial"), "cut sho");
  cache.put(kOne, "another");
  EXPECT_EQ(cache.fault(), "");
  EXPECT_EQ(cache.get(kOne), "another");
}

TEST_F(Cache, TrustsNoFileThatIsNotWhole) {
  FileCache cache(folder, "kind 1\n", 1 << 20);
  cache.put(kOne, "some bytes to be kept");
  const fs::path file = files().front();
  const std::string good = read(file);
  std::vector<std::string> bad;
  for (std::size_t i = 0; i < good.size(); ++i) {
    bad.push_back(good.substr(0, i));
    bad.push_back(good);
    bad.back()[i] ^= 0x10;
  }
  bad.push_back(good + " ");
  for (const std::string& bytes : bad) {
    write(file, bytes);
    EXPECT_EQ(cache.get(kOne), std::nullopt) << bytes.size();
  }
  cache.put(kOne, "anew");
  EXPECT_EQ(cache.get(kOne), "anew");
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Cache, TrustsNoFileOfAnotherKeyOrKind) {
  FileCache cache(folder, "kind 1\n", 1 << 20);
  cache.put(kOne, "bytes");
  const fs::path one = files().front();
  cache.put(kTwo, "bytes");
  for (const fs::path& p : files())
    if (p != one) fs::copy_file(one, p, fs::copy_options::overwrite_existing);
  EXPECT_EQ(cache.get(kTwo), std::nullopt);
  EXPECT_EQ(cache.get(kOne), "bytes");
  EXPECT_EQ(FileCache(folder, "kind 2\n", 1 << 20).get(kOne), std::nullopt);
}

TEST_F(Cache, FollowsNoLinkAndReadsNoFolder) {
  FileCache cache(folder, "kind 1\n", 1 << 20);
  cache.put(kOne, "bytes");
  const fs::path file = files().front(), elsewhere = root / "elsewhere";
  fs::rename(file, elsewhere);
  fs::create_symlink(elsewhere, file);
  EXPECT_EQ(cache.get(kOne), std::nullopt);
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(cache.get(kOne), std::nullopt);
}

TEST_F(Cache, OldFilesGo) {
  FileCache cache(folder, "kind 1\n", 40'000);
  const std::string bytes(1000, 'x');
  std::vector<CacheKey> keys;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(cache_key(std::to_string(i)));
    cache.put(keys.back(), bytes);
    EXPECT_LE(bytes_in(files()), 46'000u);  // looked at now and then
    for (const fs::path& p : files()) fs::last_write_time(p, fs::last_write_time(p) - std::chrono::seconds(2));
  }
  EXPECT_EQ(cache.get(keys.back()), bytes);
  EXPECT_EQ(cache.get(keys.front()), std::nullopt);
  cache.put(kTwo, std::string(20'000, 'y'));  // too much of the whole for one
  EXPECT_EQ(cache.get(kTwo), std::nullopt);
}

TEST_F(Cache, WhatIsUsedStays) {
  { FileCache(folder, "kind 1\n", 40'000).put(kOne, std::string(1000, 'x')); }
  for (int i = 0; i < 30; ++i) FileCache(folder, "kind 1\n", 100'000).put(cache_key(std::to_string(i)), std::string(1000, 'x'));
  for (const fs::path& p : files()) fs::last_write_time(p, fs::last_write_time(p) - std::chrono::hours(2 + (p.filename().string()[0] & 7)));
  FileCache cache(folder, "kind 1\n", 20'000);
  EXPECT_TRUE(cache.get(kOne));
  cache.put(kTwo, "bytes");  // the first of this cache: it looks through the folder
  EXPECT_TRUE(cache.get(kOne));
  EXPECT_TRUE(cache.get(kTwo));
  EXPECT_LE(bytes_in(files()), 15'000u);
}

TEST_F(Cache, TidiesUpAndLeavesWhatIsNotItsOwn) {
  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::owner_all);
  const std::string left(32, 'a');
  for (const char* name : {"notes.txt", ".partial"}) write(folder / name, "x");
  for (const char* end : {".1.2.partial", ".1.3.partial"}) write(folder / (left + end), "x");
  fs::last_write_time(folder / (left + ".1.2.partial"), fs::file_time_type::clock::now() - std::chrono::hours(3));
  FileCache(folder, "kind 1\n", 1000).put(kOne, "bytes");
  EXPECT_FALSE(fs::exists(folder / (left + ".1.2.partial")));
  EXPECT_TRUE(fs::exists(folder / (left + ".1.3.partial")));  // somebody may be writing it
  EXPECT_TRUE(fs::exists(folder / "notes.txt") && fs::exists(folder / ".partial"));
}

TEST_F(Cache, WhereItCannotBe) {
  FileCache none("", "kind 1\n", 1000);
  none.put(kOne, "bytes");
  EXPECT_EQ(none.get(kOne), std::nullopt);
  EXPECT_EQ(none.fault(), "");

  write(root / "file", "x");
  for (const fs::path& p : {root / "file", root / "file" / "below"}) {
    FileCache cache(p, "kind 1\n", 1000);
    cache.put(kOne, "bytes");
    EXPECT_EQ(cache.get(kOne), std::nullopt);
    EXPECT_NE(cache.fault().find(p.string()), std::string::npos) << cache.fault();
  }

  fs::create_directories(folder);
  fs::permissions(folder, fs::perms::all);
  FileCache open(folder, "kind 1\n", 1000);
  open.put(kOne, "bytes");
  EXPECT_TRUE(files().empty());
  EXPECT_NE(open.fault().find("written to by others"), std::string::npos) << open.fault();

  fs::permissions(folder, fs::perms::owner_all);
  FileCache gone(folder, "kind 1\n", 1000);
  fs::remove_all(folder);
  gone.put(kOne, "bytes");
  EXPECT_NE(gone.fault(), "");
  EXPECT_EQ(gone.get(kOne), std::nullopt);
}

TEST_F(Cache, ManyThreads) {
  FileCache cache(folder, "kind 1\n", 30'000);
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const int n = (i * 7 + t) % 60;
        const std::string bytes(1000, static_cast<char>('a' + n % 26));
        const auto found = cache.get(cache_key(std::to_string(n)));
        if (found && *found != bytes) ++wrong;
        if (!found) cache.put(cache_key(std::to_string(n)), bytes);
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(cache.fault(), "");
}

}  // namespace
}  // namespace polku
