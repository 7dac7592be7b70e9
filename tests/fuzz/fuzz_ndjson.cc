// A log of NDJSON beside a fixed catalog: in the native form, or through a source.
#include "tests/fuzz/log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { return polku::fuzz::one_log(data, size, polku::catalog::Format::Ndjson); }
