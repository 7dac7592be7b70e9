// The table of codes, read out of codes.def.
#include <array>

#include "compiler/diag/diag.h"

namespace polku::diag {
namespace {

struct Row {
  std::string_view text, summary;
  Severity severity;
};

constexpr auto kRows = std::to_array<Row>({
#define POLKU_CODE(number, name, severity, summary) {"PK" #number, summary, Severity::severity},
#include "compiler/diag/codes.def"
#undef POLKU_CODE
});

constexpr auto kCodes = std::to_array<Code>({
#define POLKU_CODE(number, name, severity, summary) Code::name,
#include "compiler/diag/codes.def"
#undef POLKU_CODE
});

const Row& row(Code code) { return kRows[static_cast<std::size_t>(code)]; }

}  // namespace

std::string_view code_text(Code code) { return row(code).text; }
std::string_view code_summary(Code code) { return row(code).summary; }
Severity code_severity(Code code) { return row(code).severity; }
std::span<const Code> all_codes() { return kCodes; }

}  // namespace polku::diag
