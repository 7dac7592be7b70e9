#include "compiler/syntax/piece.h"

#include <algorithm>

namespace polku::syntax {

// The tokens of the piece, with an end behind them. The token objects are made once and used again for every piece.
class PieceParser::Stream : public antlr4::TokenStream {
 public:
  void set(const Input& input, Piece piece) {
    size_ = piece.end - piece.begin + 1;
    while (pool_.size() < size_) pool_.push_back(std::make_unique<antlr4::CommonToken>(0));
    for (std::size_t i = 0; i < size_; ++i) {
      const std::size_t at = piece.begin + i;
      pool_[i]->setType(i + 1 == size_ ? antlr4::Token::EOF : static_cast<std::size_t>(input.tokens[at].type));
      pool_[i]->setTokenIndex(at);
    }
    at_ = 0;
  }
  void consume() override { at_ = std::min(at_ + 1, size_ - 1); }
  std::size_t LA(ssize_t k) override {
    const antlr4::Token* token = LT(k);
    return token == nullptr ? antlr4::Token::INVALID_TYPE : token->getType();
  }
  antlr4::Token* LT(ssize_t k) override {
    if (k < 0) return static_cast<std::size_t>(-k) > at_ ? nullptr : pool_[at_ - static_cast<std::size_t>(-k)].get();
    return pool_[std::min(at_ + static_cast<std::size_t>(k) - 1, size_ - 1)].get();
  }
  antlr4::Token* get(std::size_t index) const override { return pool_[index].get(); }
  ssize_t mark() override { return 0; }
  void release(ssize_t) override {}
  std::size_t index() override { return at_; }
  void seek(std::size_t index) override { at_ = std::min(index, size_ - 1); }
  std::size_t size() override { return size_; }
  antlr4::TokenSource* getTokenSource() const override { return nullptr; }
  // Nobody asks for text: it is taken from Input, by the tokens' indexes.
  std::string getSourceName() const override { return {}; }
  std::string getText(const antlr4::misc::Interval&) override { return {}; }
  std::string getText() override { return {}; }
  std::string getText(antlr4::RuleContext*) override { return {}; }
  std::string getText(antlr4::Token*, antlr4::Token*) override { return {}; }

 private:
  std::vector<std::unique_ptr<antlr4::CommonToken>> pool_;
  std::size_t size_ = 0, at_ = 0;
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

PieceParser::PieceParser(Input& input)
    : input_(input), stream_(std::make_unique<Stream>()), strategy_(std::make_shared<FirstFault>()) {
  stream_->set(input_, {0, 0});
  parser_ = std::make_unique<PolkuParser>(stream_.get());
  parser_->removeErrorListeners();
  parser_->setErrorHandler(strategy_);
}

PieceParser::~PieceParser() = default;

bool PieceParser::begin(Piece piece) {
  for (std::size_t i = piece.begin; i < piece.end; ++i)
    if (input_.tokens[i].bad) return false;  // said when it was read
  if (!within_limits(input_, piece)) return false;
  stream_->set(input_, piece);
  return true;
}

void PieceParser::restart(bool full) {
  parser_->reset();
  parser_->getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(full ? antlr4::atn::PredictionMode::LL
                                                                                    : antlr4::atn::PredictionMode::SLL);
}

void PieceParser::report(Piece piece) { explain(input_, piece, strategy_->fault); }

}  // namespace polku::syntax
