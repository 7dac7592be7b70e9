#include "compiler/syntax/piece.h"

#include <algorithm>

namespace polku::syntax {

namespace {

constexpr std::size_t kMostTokens = 1u << 16;  // in the trees kept, of some 500 bytes a token

static_assert(P::STRAY < 256 && P::RuleConjunctPiece < 256);

}  // namespace

// The tokens of the piece, with an end behind them.
class PieceParser::Stream : public antlr4::TokenStream {
 public:
  void set(Tokens& tokens) {
    tokens_ = &tokens;
    at_ = 0;
  }
  void consume() override { at_ = std::min(at_ + 1, tokens_->size() - 1); }
  std::size_t LA(ssize_t k) override {
    const antlr4::Token* token = LT(k);
    return token == nullptr ? antlr4::Token::INVALID_TYPE : token->getType();
  }
  antlr4::Token* LT(ssize_t k) override {
    if (k < 0) return static_cast<std::size_t>(-k) > at_ ? nullptr : &(*tokens_)[at_ - static_cast<std::size_t>(-k)];
    return &(*tokens_)[std::min(at_ + static_cast<std::size_t>(k) - 1, tokens_->size() - 1)];
  }
  antlr4::Token* get(std::size_t index) const override { return &(*tokens_)[index]; }
  ssize_t mark() override { return 0; }
  void release(ssize_t) override {}
  std::size_t index() override { return at_; }
  void seek(std::size_t index) override { at_ = std::min(index, tokens_->size() - 1); }
  std::size_t size() override { return tokens_->size(); }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  // Nobody asks for text: it is taken from Input, by the tokens' indexes.
  std::string getSourceName() const override { return {}; }
  std::string getText(const antlr4::misc::Interval&) override { return {}; }
  std::string getText() override { return {}; }
  std::string getText(antlr4::RuleContext*) override { return {}; }
  std::string getText(antlr4::Token*, antlr4::Token*) override { return {}; }

 private:
  Tokens* tokens_ = nullptr;
  std::size_t at_ = 0;
};

// Gives up at the first fault and remembers it; recovery is not ANTLR's business here, the pieces are.
class PieceParser::FirstFault : public antlr4::DefaultErrorStrategy {
 public:
  Fault fault;

  void recover(antlr4::Parser* parser, std::exception_ptr thrown) override {
    try {
      std::rethrow_exception(thrown);
    } catch (const antlr4::NoViableAltException& e) {
      // Prediction may have read on before it was stuck; its last states know what would have gone on from there.
      if (e.getDeadEndConfigs() != nullptr && e.getOffendingToken() != parser->getCurrentToken())
        give_up(parser, e.getOffendingToken(), continuations(*e.getDeadEndConfigs()));
    } catch (const antlr4::RecognitionException&) {
    }
    give_up(parser, parser->getCurrentToken(), parser->getExpectedTokens());
  }
  antlr4::Token* recoverInline(antlr4::Parser* parser) override {
    give_up(parser, parser->getCurrentToken(), parser->getExpectedTokens());
  }
  void sync(antlr4::Parser*) override {}
  void reportError(antlr4::Parser*, const antlr4::RecognitionException&) override {}

 private:
  static antlr4::misc::IntervalSet continuations(const antlr4::atn::ATNConfigSet& configs) {
    antlr4::misc::IntervalSet all;
    for (const auto& config : configs.configs)
      for (const auto* transition : config->state->transitions)
        if (!transition->isEpsilon()) all.addAll(transition->label());
    return all;
  }

  [[noreturn]] void give_up(antlr4::Parser* parser, antlr4::Token* offending, const antlr4::misc::IntervalSet& expected) {
    fault = Fault{};
    fault.token = offending->getTokenIndex();
    for (const ssize_t type : expected.toList()) {
      std::string literal = type < 0 ? std::string() : parser->getVocabulary().getLiteralName(type);
      if (literal.size() > 2) literal = literal.substr(1, literal.size() - 2);  // without ANTLR's quotes
      fault.expected.push_back({static_cast<int>(type), std::move(literal)});
    }
    for (antlr4::RuleContext* at = parser->getContext(); at != nullptr; at = static_cast<antlr4::RuleContext*>(at->parent)) {
      auto* context = static_cast<antlr4::ParserRuleContext*>(at);
      fault.levels.push_back({context->getRuleIndex(), first_token(context)});
    }
    throw antlr4::ParseCancellationException();
  }
};

void PieceParser::Parser::again(antlr4::atn::PredictionMode mode) {
  getInputStream()->seek(0);
  _errHandler->reset(this);
  _matchedEOF = false;
  _syntaxErrors = 0;
  _ctx = nullptr;
  static_cast<antlr4::atn::ParserATNSimulator*>(_interpreter)->setPredictionMode(mode);
}

PieceParser::PieceParser()
    : stream_(std::make_unique<Stream>()), strategy_(std::make_shared<FirstFault>()), parser_(stream_.get()) {
  parser_.removeErrorListeners();
  parser_.setErrorHandler(strategy_);
}

PieceParser::~PieceParser() = default;

// The tree of an earlier piece with the same types, the tokens of this one in it.
antlr4::ParserRuleContext* PieceParser::same(const Input& input, Piece piece, std::size_t number) {
  key_.clear();
  key_.push_back(static_cast<char>(number));
  for (std::size_t i = piece.begin; i < piece.end; ++i) key_.push_back(static_cast<char>(input.tokens[i].type));
  const auto it = known_.find(key_);
  if (it == known_.end()) return nullptr;
  Tokens& tokens = *it->second.tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i].setTokenIndex(piece.begin + i);
  return it->second.tree;
}

bool PieceParser::fit(Input& input, Piece piece) {
  for (std::size_t i = piece.begin; i < piece.end; ++i)
    if (input.tokens[i].bad) return false;  // said when it was read
  return within_limits(input, piece);
}

void PieceParser::begin(const Input& input, Piece piece) {
  const std::size_t size = piece.end - piece.begin + 1;
  if (made_ + size > kMostTokens) {
    known_.clear();
    parser_.drop_trees();
    made_ = 0;
  }
  made_ += size;
  tokens_ = std::make_unique<Tokens>();
  tokens_->reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = piece.begin + i;
    tokens_->emplace_back(i + 1 == size ? antlr4::Token::EOF : static_cast<std::size_t>(input.tokens[at].type));
    tokens_->back().setTokenIndex(at);
  }
  stream_->set(*tokens_);
}

void PieceParser::restart(bool full) { parser_.again(full ? antlr4::atn::PredictionMode::LL : antlr4::atn::PredictionMode::SLL); }

void PieceParser::keep(antlr4::ParserRuleContext* tree) { known_.emplace(key_, Known{std::move(tokens_), tree}); }

void PieceParser::report(Input& input, Piece piece) { explain(input, piece, strategy_->fault); }

}  // namespace polku::syntax
