// One firing on its way through the gates. Internal to the reference interpreter.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/reference/evaluate.h"
#include "compiler/reference/gates.h"

namespace polku::reference {

struct Passage {
  Story& story;
  const Firing& firing;
  const RuleRef& ref;
  Scope scope;
  history::Decision d;
  const std::vector<syntax::Act>* acts = nullptr;  // what it is about to do, as d.actions; nullptr while no row of a table has decided
  Millis opens = 0;

  void reason(std::string clause, Tri is, std::vector<history::Seen> saw) { d.because.push_back({std::move(clause), is, std::move(saw)}); }
};

// The outcome, if the gate refuses.
using Refused = std::optional<history::Outcome>;

// Gate 1, first half: conditions, dates, `once`, `suppress` (readings 15, 43–46).
Refused pass_clauses(Passage& p);
// Gate 1, second half: the table and the parameters (readings 15, 47, 57).
Refused pass_table(Passage& p);
Refused pass_parameters(Passage& p);
// Gate 2: slots and channels (readings 50–53).
Refused pass_channels(Passage& p);
// Gates 3 and 4 (readings 54–56).
Refused pass_quiet(Passage& p);
Refused pass_limits(Passage& p);
Refused pass_guarantees(Passage& p);
// Gate 5 (reading 59).
Refused pass_hold_out(Passage& p);

// Under which name a journey holds people out, and which arms of it a visitor has been in.
const std::string& hold_out_name(const syntax::Journey& journey);
struct Arms { bool treated = false, held_out = false; };
Arms arms(const Story& story, const std::string& hold_out);

// Makes these acts those of the decision.
void about_to_do(Passage& p, const std::vector<syntax::Act>& acts);

const syntax::Send* as_send(const syntax::Act& act);
const syntax::Show* as_show(const syntax::Act& act);
bool is_service(const catalog::Catalog& catalog, const syntax::Send& send);
std::string slot_name(const syntax::Path& slot);         // without the channel
const catalog::Channel* channel_named(const catalog::Catalog& catalog, const std::string& name);

// How many things of this unit a decision that acted did, or is about to do; service messages are none.
std::int64_t units(const Record& record, syntax::LimitUnit unit);
std::int64_t units(const Passage& p, syntax::LimitUnit unit);
std::string_view unit_name(syntax::LimitUnit unit);

history::Datum text_datum(std::string text);
history::Datum whole_datum(std::int64_t number);
history::Datum time_datum(Millis at);

}  // namespace polku::reference
