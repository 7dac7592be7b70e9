// A fault of the parser, said in the author's words. One fault, one sentence; ANTLR's own are never shown. Inside compiler/syntax only.
#pragma once
#include "compiler/syntax/piece.h"
#include "compiler/syntax/slips.h"
#include "compiler/syntax/words.h"

namespace polku::syntax {

class Explainer {
 public:
  Explainer(Input& input, Piece piece, const Fault& fault) : in_(input), piece_(piece), fault_(fault), at_(fault.token) {}
  void explain();

 private:
  using L = PolkuLexer;
  using Code = diag::Code;

  bool at_end() const { return at_ >= piece_.end; }
  int type() const { return at_end() ? kEndOfText : in_.tokens[at_].type; }
  int before(std::size_t steps = 1) const { return at_ >= piece_.begin + steps ? in_.tokens[at_ - steps].type : kEndOfText; }
  int behind(std::size_t steps = 1) const { return type_at(at_ + steps); }
  int type_at(std::size_t i) const { return i < piece_.end ? in_.tokens[i].type : kEndOfText; }
  std::string text_at(std::size_t i) const { return std::string(in_.text(i)); }
  std::string word() const { return ticked(in_.text(at_)); }
  std::string word_before() const { return ticked(in_.text(at_ - 1)); }
  bool in_piece(int first) const { return in_.tokens[piece_.begin].type == first; }
  bool in_test() const { return in_rule(P::RuleTestPiece); }
  bool in_table() const { return in_rule(P::RuleHead) || in_rule(P::RuleRow); }
  bool in_rule(std::size_t rule) const;
  bool expects(int type) const;
  bool has_before(int type, std::size_t end) const;  // from the beginning of the piece up to `end`
  unsigned place() const;                            // of Place
  // `said` at the token itself.
  bool say(Code code, std::string said, std::string help = {}) { return say(code, in_.span(std::min(at_, piece_.end - 1)), std::move(said), std::move(help)); }
  bool say(Code code, Span span, std::string said, std::string help) {
    in_.error(code, span, std::move(said), std::move(help));
    return true;
  }

  // What would fit, as a phrase (explain_wanted.cc).
  std::string wanted() const;
  static std::string named_rule(std::size_t rule);
  static std::string spelled(const Fault::Expected& e);

  // The faults; each says whether it was one of its own. Values, windows and dates are in explain_values.cc.
  bool in_never() const;
  bool in_tests();
  bool behind_expect(std::size_t expect);
  bool ends_early();
  bool missing_unit(std::size_t number);
  bool missing_comma();
  bool second_promise();
  bool unknown_start();
  bool clause_word_here();
  bool table();
  bool slip();
  bool hard_word_as_name();
  bool forgotten_word();
  bool trigger();
  bool in_list_of_events() const;
  bool clause_order();
  bool between_actions();
  bool quotes();
  bool bar();
  bool empty_cell();
  bool one_word();
  bool wanted_instead();
  std::string misspelt() const;
  bool nothing_fits();

  bool window();
  bool length_at(std::size_t number, bool length);
  bool unit();
  bool two_units();
  bool number();
  bool date();

  Input& in_;
  Piece piece_;
  const Fault& fault_;
  std::size_t at_;
};

}  // namespace polku::syntax
