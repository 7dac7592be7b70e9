// Records and whole histories as bytes that another process can read: texts are spelt out. For the log and for visitors who sleep on disk.
#pragma once
#include <string>
#include <string_view>

#include "compiler/catalog/catalog.h"
#include "runtime/base/bytes.h"
#include "runtime/base/text.h"
#include "runtime/history/event.h"
#include "runtime/history/past.h"

namespace polku::history {

// Bytes under one catalog: whoever reads them must have the same (equal text) and a machine of the same byte order. Equal histories are equal bytes. One
// thread at a time; catalog and texts must outlive it. Reading never trusts the bytes: what is no such record makes Bytes::fine() false, and what came back is not to be used.
class Portable {
 public:
  Portable(const catalog::Catalog& catalog, base::Texts& texts) : catalog_(catalog), texts_(texts) {}

  void write(const Event& event, std::string& out) const;   // all of it
  void read(base::Bytes& in, Event& into) const;
  static std::uint64_t identity(std::string_view event);   // of what write() wrote

  void write(const Past& past, std::string& out) const;
  void read(base::Bytes& in, Past& into) const;

 private:
  void write(const catalog::Type& type, Value value, std::string& out) const;
  Value read(const catalog::Type& type, base::Bytes& in) const;

  const catalog::Catalog& catalog_;
  base::Texts& texts_;
};

}  // namespace polku::history
