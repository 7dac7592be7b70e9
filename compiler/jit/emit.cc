#include "compiler/jit/emit.h"

#include <cstddef>
#include <iterator>
#include <type_traits>

#include <llvm/Analysis/InstSimplifyFolder.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>

namespace polku::jit {
namespace {

using plan::Context;
using plan::Host;
using plan::Instr;
using plan::Op;
using llvm::CmpInst;

// Emitted code reads these structures by offset.
static_assert(std::is_standard_layout_v<Context> && std::is_standard_layout_v<Host>);
static_assert(sizeof(void*) == 8 && sizeof(Value) == 8 && sizeof(Millis) == 8);
static_assert(offsetof(Context, now) == 0 && offsetof(Context, fields) == 8 && offsetof(Context, attributes) == 16 &&
              offsetof(Context, host) == 24);

bool asks_host(Op op) {
  return plan::op_reads_feature(op) || op == Op::TextContains || op == Op::TextStarts || op == Op::TextEnds || op == Op::ListContains;
}

// One code. Straight-line, but for calls that need known operands, which stand in a block of their own, and for a code that is an `and` of
// parts: it ends with the first part that is certainly no.
class Emitter {
 public:
  Emitter(llvm::Module& module, const plan::Code& code, const std::string& name)
      : module_(module), code_(code), b_(module.getContext(), llvm::InstSimplifyFolder(module.getDataLayout())) {
    llvm::LLVMContext& c = module.getContext();
    i32_ = llvm::Type::getInt32Ty(c);
    i64_ = llvm::Type::getInt64Ty(c);
    ptr_ = llvm::PointerType::getUnqual(c);
    unknown_ = number(kUnknown);
    // The evaluator and the number of the code are of use to others of its kind alone.
    function_ = llvm::Function::Create(llvm::FunctionType::get(i64_, {ptr_, ptr_, i32_}, false), llvm::Function::ExternalLinkage, name, module);
    function_->addFnAttr(llvm::Attribute::NoUnwind);
    context_ = function_->getArg(0);
    context_->setName("context");
    function_->addParamAttr(0, llvm::Attribute::NonNull);
    function_->addDereferenceableParamAttr(0, sizeof(Context));
    b_.SetInsertPoint(llvm::BasicBlock::Create(c, "entry", function_));
  }

  void run() {
    values_.resize(code_.instrs.size(), Result(nullptr));
    needed_.resize(code_.instrs.size());
    const std::vector<std::int32_t> parts = this->parts();
    if (parts.size() == 1) {
      make(parts[0]);
      b_.CreateRet(word(parts[0]));
      return;
    }
    llvm::BasicBlock* fails = llvm::BasicBlock::Create(b_.getContext(), "no", function_);
    llvm::Value* all = b_.getTrue();
    for (std::int32_t part : parts) {
      make(part);
      llvm::BasicBlock* next = llvm::BasicBlock::Create(b_.getContext(), "and", function_);
      b_.CreateCondBr(no(part), fails, next);
      b_.SetInsertPoint(next);
      all = b_.CreateAnd(all, yes(part));
    }
    b_.CreateRet(b_.CreateSelect(all, number(kYes), unknown_));
    b_.SetInsertPoint(fails);
    b_.CreateRet(number(kNo));
  }

 private:
  // The parts of the code, those that ask the record behind the others: they cost most.
  std::vector<std::int32_t> parts() const {
    std::vector<bool> asks(code_.instrs.size());
    for (std::size_t n = 0; n < code_.instrs.size(); ++n) {
      const Instr& i = code_.instrs[n];
      asks[n] = asks_host(i.op) || (op_operands(i.op) > 0 && asks[at(i.a)]) || (op_operands(i.op) > 1 && asks[at(i.b)]);
    }
    std::vector<std::int32_t> cheap, dear;
    for (const std::int32_t part : plan::conjuncts(code_)) (asks[at(part)] ? dear : cheap).push_back(part);
    cheap.insert(cheap.end(), dear.begin(), dear.end());
    return cheap;
  }

  // Emits what instruction `root` needs and is not there yet. Whatever is emitted later stands behind it on every way.
  void make(std::int32_t root) {
    needed_[at(root)] = true;
    for (std::size_t n = at(root) + 1; n-- > 0;) {
      if (!needed_[n] || values_[n].there()) continue;
      const Instr& i = code_.instrs[n];
      if (op_operands(i.op) > 0) needed_[at(i.a)] = true;
      if (op_operands(i.op) > 1) needed_[at(i.b)] = true;
    }
    for (std::size_t n = 0; n <= at(root); ++n)
      if (needed_[n] && !values_[n].there()) values_[n] = instr(code_.instrs[n]);
  }

  // A result as a word, or, if it is yes/no, as two bits: certainly yes, certainly no. Logic on bits is one operation each
  // and needs no test for unknown; the other form is made when something asks for it, and kept.
  struct Result {
    Result(llvm::Value* word) : word(word) {}
    Result(llvm::Value* yes, llvm::Value* no) : yes(yes), no(no) {}
    bool there() const { return word || yes; }
    llvm::Value *word = nullptr, *yes = nullptr, *no = nullptr;
  };

  Result instr(const Instr& i) {
    switch (i.op) {
      case Op::Const: return number(i.imm);
      case Op::Now: return load(i64_, context_, offsetof(Context, now));
      case Op::Attribute: return load(i64_, base(attributes_, offsetof(Context, attributes), "attributes"), i.aux * sizeof(Value));
      case Op::Field: return load(i64_, base(fields_, offsetof(Context, fields), "fields"), i.aux * sizeof(Value));
      case Op::LastField: return call_host(offsetof(Host, last), {context_, index(i.aux), number(i.imm)});
      case Op::CountAtLeast:
        return call_if(known(i.a), offsetof(Host, count_at_least), {context_, index(i.aux), number(i.imm), word(i.a)});
      case Op::Count: return call_host(offsetof(Host, count), {context_, index(i.aux), number(i.imm)});
      case Op::CountSeen:
        return call_host(offsetof(Host, count_seen), {context_, index(i.aux), number(i.imm), number(i.b)});
      case Op::Sum: return call_host(offsetof(Host, sum), {context_, index(i.aux), number(i.imm)});
      case Op::Highest: return call_host(offsetof(Host, highest), {context_, index(i.aux), number(i.imm)});
      case Op::Lowest: return call_host(offsetof(Host, lowest), {context_, index(i.aux), number(i.imm)});
      case Op::Average:
        return call_host(offsetof(Host, average), {context_, index(i.aux), number(i.imm), number(i.b)});
      case Op::First: return call_host(offsetof(Host, first), {context_, index(i.aux), number(i.imm)});
      case Op::Add: return checked(llvm::Intrinsic::sadd_with_overflow, i);
      case Op::Sub: return checked(llvm::Intrinsic::ssub_with_overflow, i);
      case Op::Mul: return checked(llvm::Intrinsic::smul_with_overflow, i);
      case Op::Neg: return b_.CreateNeg(word(i.a));  // unknown, INT64_MIN, is its own negative
      case Op::MulDiv: return call_helper(kMulDivSymbol, i);
      case Op::DivMul: return call_helper(kDivMulSymbol, i);
      case Op::Eq: return compare(CmpInst::ICMP_EQ, i);
      case Op::Ne: return compare(CmpInst::ICMP_NE, i);
      case Op::Lt: return compare(CmpInst::ICMP_SLT, i);
      case Op::Le: return compare(CmpInst::ICMP_SLE, i);
      case Op::Gt: return compare(CmpInst::ICMP_SGT, i);
      case Op::Ge: return compare(CmpInst::ICMP_SGE, i);
      case Op::And: return {b_.CreateAnd(yes(i.a), yes(i.b)), b_.CreateOr(no(i.a), no(i.b))};
      case Op::Or: return {b_.CreateOr(yes(i.a), yes(i.b)), b_.CreateAnd(no(i.a), no(i.b))};
      case Op::Not: return {no(i.a), yes(i.a)};
      case Op::Given: return {known(i.a), b_.CreateNot(known(i.a))};
      case Op::Otherwise: return b_.CreateSelect(known(i.a), word(i.a), word(i.b));
      case Op::TextContains:
      case Op::TextStarts:
      case Op::TextEnds:
      case Op::ListContains:
        return call_if(known(i), offsetof(Host, text), {context_, index(static_cast<std::int32_t>(i.op)), word(i.a), word(i.b)});
    }
    llvm_unreachable("an operation that check() let pass");
  }

  // ---- operands ----

  static std::size_t at(std::int32_t n) { return static_cast<std::size_t>(n); }
  llvm::Value* word(std::int32_t n) {
    Result& r = values_[at(n)];
    if (!r.word) {
      llvm::Value* not_yes = b_.CreateSelect(r.no, number(kNo), unknown_);
      r.word = b_.CreateSelect(r.yes, number(kYes), not_yes);
    }
    return r.word;
  }
  llvm::Value* yes(std::int32_t n) {
    Result& r = values_[at(n)];
    return r.yes ? r.yes : r.yes = b_.CreateICmpEQ(r.word, number(kYes));
  }
  llvm::Value* no(std::int32_t n) {
    Result& r = values_[at(n)];
    return r.no ? r.no : r.no = b_.CreateICmpEQ(r.word, number(kNo));
  }
  llvm::Value* known(std::int32_t n) {
    const Result& r = values_[at(n)];
    return r.word ? b_.CreateICmpNE(r.word, unknown_) : b_.CreateOr(r.yes, r.no);
  }
  llvm::Value* known(const Instr& i) { return b_.CreateAnd(known(i.a), known(i.b)); }

  llvm::ConstantInt* number(Value v) { return b_.getInt64(static_cast<std::uint64_t>(v)); }
  llvm::ConstantInt* index(std::int32_t v) { return b_.getInt32(static_cast<std::uint32_t>(v)); }

  llvm::Value* load(llvm::Type* type, llvm::Value* from, std::uint64_t offset) {
    return b_.CreateLoad(type, b_.CreateConstInBoundsGEP1_64(b_.getInt8Ty(), from, offset));
  }

  // A pointer of the context, loaded where it is first needed.
  llvm::Value* base(llvm::Value*& cache, std::uint64_t offset, const char* name) {
    if (!cache) {
      cache = load(ptr_, context_, offset);
      cache->setName(name);
    }
    return cache;
  }

  Result compare(CmpInst::Predicate predicate, const Instr& i) {
    llvm::Value *a = word(i.a), *b = word(i.b), *both = known(i);
    llvm::Value* yes = b_.CreateAnd(both, b_.CreateICmp(predicate, a, b));
    return {yes, b_.CreateAnd(both, b_.CreateICmp(CmpInst::getInversePredicate(predicate), a, b))};
  }

  llvm::Value* checked(llvm::Intrinsic::ID intrinsic, const Instr& i) {
    llvm::Value* both = b_.CreateBinaryIntrinsic(intrinsic, word(i.a), word(i.b));
    llvm::Value* good = b_.CreateAnd(known(i), b_.CreateNot(b_.CreateExtractValue(both, 1)));
    return b_.CreateSelect(good, b_.CreateExtractValue(both, 0), unknown_);
  }

  // Pure, so that equal calls become one.
  llvm::CallInst* pure(llvm::CallInst* call, llvm::MemoryEffects effects) {
    call->addFnAttr(llvm::Attribute::NoUnwind);
    call->addFnAttr(llvm::Attribute::WillReturn);
    call->setMemoryEffects(effects);
    return call;
  }

  llvm::Value* call_host(std::uint64_t offset, llvm::ArrayRef<llvm::Value*> arguments) {
    llvm::SmallVector<llvm::Type*, 4> types;
    for (llvm::Value* v : arguments) types.push_back(v->getType());
    llvm::Value* callee = load(ptr_, base(host_, offsetof(Context, host), "host"), offset);
    llvm::CallInst* call = b_.CreateCall(llvm::FunctionType::get(i64_, types, false), callee, arguments);
    call->addParamAttr(1, llvm::Attribute::SExt);  // the int32_t: some ABIs want it widened
    return pure(call, llvm::MemoryEffects::readOnly());
  }

  llvm::Value* call_helper(const char* symbol, const Instr& i) {
    llvm::FunctionCallee callee = module_.getOrInsertFunction(symbol, i64_, i64_, i64_, i64_);
    return pure(b_.CreateCall(callee, {word(i.a), word(i.b), number(i.imm)}), llvm::MemoryEffects::none());
  }

  // The call if `condition`; else unknown, without it. The arguments stand before the branch, so what was made for them
  // can be used after it too.
  llvm::Value* call_if(llvm::Value* condition, std::uint64_t offset, llvm::ArrayRef<llvm::Value*> arguments) {
    if (auto* constant = llvm::dyn_cast<llvm::ConstantInt>(condition)) {
      return constant->isOne() ? call_host(offset, arguments) : unknown_;
    }
    base(host_, offsetof(Context, host), "host");
    llvm::BasicBlock* from = b_.GetInsertBlock();
    llvm::BasicBlock* calls = llvm::BasicBlock::Create(b_.getContext(), "known", function_);
    llvm::BasicBlock* next = llvm::BasicBlock::Create(b_.getContext(), "next", function_);
    b_.CreateCondBr(condition, calls, next);
    b_.SetInsertPoint(calls);
    llvm::Value* result = call_host(offset, arguments);
    b_.CreateBr(next);
    b_.SetInsertPoint(next);
    llvm::PHINode* phi = b_.CreatePHI(i64_, 2);
    phi->addIncoming(unknown_, from);
    phi->addIncoming(result, calls);
    return phi;
  }

  llvm::Module& module_;
  const plan::Code& code_;
  llvm::IRBuilder<llvm::InstSimplifyFolder> b_;  // simplifies as it builds: O0 gets the easy gains too
  llvm::Type *i32_, *i64_, *ptr_;
  llvm::ConstantInt* unknown_;
  llvm::Function* function_;
  llvm::Argument* context_;
  llvm::Value *attributes_ = nullptr, *fields_ = nullptr, *host_ = nullptr;
  std::vector<Result> values_;  // of each instruction, once it is emitted
  std::vector<bool> needed_;
};

// Does aux name something?
bool uses_aux(Op op) { return op == Op::Attribute || op == Op::Field || plan::op_reads_feature(op); }

constexpr std::size_t kOps = 0
#define POLKU_OP(name, printed, operands, meaning) +1
#include "compiler/plan/ops.def"
#undef POLKU_OP
    ;

// What is wrong with an instruction at `position`; null if nothing.
const char* fault(const Instr& i, std::size_t position) {
  auto earlier = [&](std::int32_t operand) { return operand >= 0 && static_cast<std::size_t>(operand) < position; };
  if (static_cast<std::size_t>(i.op) >= kOps) return "is no operation";
  if (op_operands(i.op) >= 1 && !earlier(i.a)) return "reads an operand a that does not stand before it";
  if (op_operands(i.op) >= 2 && !earlier(i.b)) return "reads an operand b that does not stand before it";
  if (uses_aux(i.op) && i.aux < 0) return "has a negative number of an attribute, field or feature";
  return nullptr;
}

}  // namespace

std::string function_name(std::size_t position) { return "code_" + std::to_string(position); }

std::string check(const plan::Plan& plan, std::size_t from) {
  for (std::size_t id = from; id < plan.codes.size(); ++id) {
    const std::vector<Instr>& instrs = plan.codes[id].instrs;
    const std::string name = function_name(id);
    if (instrs.empty()) return name + " is empty";
    for (std::size_t i = 0; i < instrs.size(); ++i) {
      if (const char* what = fault(instrs[i], i)) return name + ": instruction " + std::to_string(i) + " " + what;
    }
  }
  return {};
}

void emit(std::span<const plan::Code* const> codes, llvm::Module& module) {
  for (std::size_t i = 0; i < codes.size(); ++i) Emitter(module, *codes[i], function_name(i)).run();
}

}  // namespace polku::jit
