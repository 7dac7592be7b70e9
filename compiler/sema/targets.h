// What is done by name: templates, tasks, channels, slots. For rules, guarantees and tests alike. Private to sema.
#pragma once
#include <vector>

#include "compiler/sema/names.h"

namespace polku::sema {

// Each of these reports and returns -1 if there is no such thing.
int find_template(const catalog::Catalog& catalog, const syntax::Name& name, diag::Diagnostics& d);
int find_task(const catalog::Catalog& catalog, const syntax::Name& name, diag::Diagnostics& d);

// A channel that messages go by. whole: what is underlined if it has slots; template_: for the help, empty if there is none.
int find_sender(const catalog::Catalog& catalog, const std::string& name, diag::Span span, const std::string& template_, diag::Span whole,
                diag::Diagnostics& d);

// A channel that things are shown in. whole, help: what is underlined, and what to do, if it has no slots.
int find_shower(const catalog::Catalog& catalog, const std::string& name, diag::Span span, diag::Span whole, const std::string& help,
                diag::Diagnostics& d);

// A slot, as `web.hero`; channel -1 if there is none.
struct Slot { int channel = -1, slot = -1; };
Slot find_slot(const catalog::Catalog& catalog, const syntax::Path& path, diag::Span whole, const std::string& help, diag::Diagnostics& d);

// Reports if the template is not made for the channel. Either may be -1: then nothing is said.
void check_carried(const catalog::Catalog& catalog, int template_, int channel, diag::Span span, diag::Diagnostics& d);

}  // namespace polku::sema
