// What a rule does (readings 46 to 50, 57, 58). Private to sema.
#pragma once
#include "compiler/sema/typer.h"

namespace polku::sema {

// Fills rows, table, columns, offers and held of a rule. Its trigger stands already.
void actions(const Work& work, const RuleEntry& entry, const Scope& scope, plan::Rule& out);

// The acts of one rule, a `do` or a row at a time.
class Acts {
 public:
  Acts(const Work& work, const Scope& scope, const plan::Rule& rule) : work_(work), scope_(scope), rule_(rule) {}

  std::vector<plan::Action> list(const std::vector<syntax::Act>& acts, diag::Span span);
  std::optional<Millis> held() const { return held_; }

 private:
  plan::Action one(const syntax::Act& act);
  void send(const syntax::Send& s, diag::Span span, plan::Action& out);
  void show(const syntax::Show& s, diag::Span span, plan::Action& out);
  void hold(const syntax::Show& s, diag::Span span);
  void task(const syntax::RaiseTask& t, diag::Span span, plan::Action& out);
  void suppress(const syntax::Suppress& s, plan::Action& out);
  void split(const syntax::Split& s, diag::Span span, plan::Action& out);
  void params(const std::string& owner, const std::vector<catalog::Field>& fields, const std::vector<syntax::Binding>& given, diag::Span span,
              plan::Action& out);
  void together(const std::vector<syntax::Act>& acts, const std::vector<plan::Action>& actions, diag::Span span);

  const Work& work_;
  const Scope& scope_;
  const plan::Rule& rule_;
  std::optional<Millis> held_;  // of the show met first
};

void table(const Work& work, const syntax::Choose& choose, const Scope& scope, Acts& acts, plan::Rule& out);

}  // namespace polku::sema
