#include "runtime/serve/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace polku::serve {

Inflated inflate(std::string_view bytes, std::size_t most, std::string& out) {
  z_stream z{};
  if (inflateInit2(&z, 15 + 16) != Z_OK) return Inflated::Damaged;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  out.clear();
  int status = Z_OK;
  while (status == Z_OK && out.size() <= most) {
    const std::size_t had = out.size();
    out.resize(std::min(most + 1, std::max<std::size_t>(2 * had, 4 * bytes.size() + 1024)));
    z.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    z.avail_out = static_cast<uInt>(out.size() - had);
    status = ::inflate(&z, Z_NO_FLUSH);
    out.resize(out.size() - z.avail_out);
  }
  inflateEnd(&z);
  if (out.size() > most) return Inflated::TooLarge;
  return status == Z_STREAM_END && z.avail_in == 0 ? Inflated::Fine : Inflated::Damaged;
}

}  // namespace polku::serve
