// One line of JSON taken apart. The only place that knows the JSON library. Inside the ingest stage only.
#pragma once
#include <memory>
#include <string_view>

#include "runtime/ingest/cell.h"
#include "runtime/ingest/layout.h"

namespace polku::ingest {

class Json {
 public:
  Json(const Layout& layout, const base::Texts& texts);  // which are told early of those that will be asked for
  ~Json();
  // False if the line is not one JSON object; `row` is then not to be used. A key that comes twice counts the first time. kPadding bytes behind
  // the line can be read. The row's texts are valid until the next call, or as long as the line if they are numbers.
  bool read(std::string_view line, Row& row);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace polku::ingest
