// Making something known never turns a known answer into another one: codes of random packs, run on two states of which one knows more.
#include <algorithm>
#include <iterator>
#include <limits>

#include "compiler/interp/interp.h"
#include "compiler/plan/plan.h"
#include "runtime/record/record.h"
#include "tests/differential/values.h"
#include "tests/property/property.h"
#include "tests/property/runs.h"
#include "tests/property/sights.h"

namespace polku::property {

namespace {

using catalog::TypeKind;
using plan::CodeId;
using plan::OccurrenceId;

// What one of the two knows; the other knows the same or more.
struct Known { Value less = kUnknown, more = kUnknown; };
struct Fields { std::vector<Value> less, more; };

// A code's answers in the two states.
enum class Answer { Same, BecameKnown, Excused, Flipped };

// Runs the codes of a plan, and tells where `is given`, `is missing` and `otherwise` see that something is not known: they may answer otherwise once it is
// (language.md, "What is not known"). So a code is excused where the very value that one of them stands behind became known, and only there.
class Comparison {
 public:
  explicit Comparison(const plan::Plan& plan) : plan_(plan), seen_through_(plan.codes.size()), excused_(plan.features.size(), false) {
    for (std::size_t c = 0, codes = plan_.codes.size(); c < codes; ++c)
      for (std::size_t i = 0; i < plan_.codes[c].instrs.size(); ++i) {
        const plan::Instr in = plan_.codes[c].instrs[i];
        if (in.op != plan::Op::Given && in.op != plan::Op::Otherwise) continue;
        plan::Code operand = plan_.codes[c];
        operand.instrs.resize(static_cast<std::size_t>(in.a) + 1);
        seen_through_[c].push_back(static_cast<CodeId>(plan_.codes.size()));
        plan_.codes.push_back(std::move(operand));
      }
    evaluator_ = interp::make(plan_);
  }
  const plan::Plan& plan() const { return plan_; }
  Value run(CodeId code, const plan::Context& context) const { return evaluator_->evaluate(code, context); }

  void begin_state() { excused_.assign(plan_.features.size(), false); }
  // What this feature counts depends on what became known behind one of the three, in its own `where`.
  void excuse(std::size_t feature) { excused_[feature] = true; }

  Answer compare(CodeId code, const plan::Context& less, const plan::Context& more) const {
    const Value was = run(code, less), is = run(code, more);
    if (was == is) return Answer::Same;
    if (was == kUnknown) return Answer::BecameKnown;
    const std::vector<CodeId>& operands = seen_through_[static_cast<std::size_t>(code)];
    const auto became_known = [&](CodeId o) { return (run(o, less) == kUnknown) != (run(o, more) == kUnknown); };
    if (std::any_of(operands.begin(), operands.end(), became_known)) return Answer::Excused;
    const auto& instrs = plan_.codes[static_cast<std::size_t>(code)].instrs;
    const auto counts = [&](const plan::Instr& in) { return of_feature(in.op) && excused_[static_cast<std::size_t>(in.aux)]; };
    return std::any_of(instrs.begin(), instrs.end(), counts) ? Answer::Excused : Answer::Flipped;
  }

 private:
  static bool of_feature(plan::Op op) {
    using plan::Op;
    static constexpr Op kAll[] = {Op::CountAtLeast, Op::Count, Op::CountSeen, Op::Sum, Op::Highest, Op::Lowest, Op::Average, Op::First};
    return std::find(std::begin(kAll), std::end(kAll), op) != std::end(kAll);
  }

  plan::Plan plan_;                                 // and the operands of the three as codes of their own
  std::vector<std::vector<CodeId>> seen_through_;   // of each code
  std::vector<bool> excused_;                       // features
  std::unique_ptr<plan::Evaluator> evaluator_;
};

class UnknownMonotone : public Property {
 public:
  const char* name() const override { return "unknown"; }
  const char* says() const override { return "making something known never turns a known answer into another one"; }

  std::string check(std::uint64_t number) override {
    const differential::Pack pack = differential::make_pack(number);
    std::string error;
    const Program program = compile(pack.catalog, pack.files, error);
    if (!program.pack) return error;
    if (print) print_case(pack.catalog, pack.files, "");
    Comparison comparison(program.plan());
    const std::vector<Sight> sights = sights_of(program.plan());
    Random random(number ^ 0x756e6b6e6f776eu);
    for (int state = 0; state < 6; ++state)
      if (const std::string fault = compare(pack.world, comparison, *program.texts, sights, random); !fault.empty())
        return fault + " (state " + std::to_string(state) + ")";
    return {};
  }

  std::string too_little(std::size_t cases) const override {
    if (cases < 100) return {};
    if (met("known stays") < cases * 50) return "few answers were known before";
    if (met("not known becomes yes or no") < cases * 5) return "hardly any condition became known";
    return met("excused: is given, is missing, otherwise") == 0 ? "nothing looked through what is not known" : "";
  }

 private:
  std::string compare(const differential::World& world, Comparison& comparison, base::Texts& texts, const std::vector<Sight>& sights, Random& random) {
    const plan::Plan& plan = comparison.plan();
    Millis now = world.origin + world.history * random.between(0, 2);
    now += world.unit * random.between(0, 20);
    // Attributes with a default are always known; derived ones are worked out from events, and are no words of the record.
    std::vector<Value> less_attributes, more_attributes;
    for (std::size_t a = 0; a < plan.catalog.attributes.size(); ++a) {
      Known k = draw(world, texts, plan.catalog.attributes[a].type, random);
      if (plan.catalog.attributes[a].presence == catalog::Presence::Default) k.less = k.more = k.more == kUnknown ? *plan.defaults[a] : k.more;
      less_attributes.push_back(k.less);
      more_attributes.push_back(k.more);
    }
    // The zone is the same for both: where it is not known the pack's is used, so it is never unknown to what looks back.
    const base::Zone zone = base::Zone::find(world.zone).value_or(base::Zone::utc());
    record::Alone less_alone(plan), more_alone(plan);
    record::Record &less = *less_alone, &more = *more_alone;
    const record::View less_view{&plan, &less, &texts, &zone}, more_view{&plan, &more, &texts, &zone};
    comparison.begin_state();
    Millis at = now - world.unit * random.between(0, 40);
    int records = 0;
    for (std::size_t n = random.below(13); n > 0 && at <= now; --n, at += world.unit * random.between(0, 4), ++records) {
      const auto what = static_cast<OccurrenceId>(random.below(random.percent(80) ? plan.catalog.events.size() : static_cast<std::size_t>(plan.occurrences())));
      const Fields fields = draw_all(world, texts, types_of(plan, what), random);
      const plan::Context l{at, fields.less.data(), nullptr, &record::host(), &less_view}, m{at, fields.more.data(), nullptr, &record::host(), &more_view};
      for (std::size_t f = 0; f < plan.features.size(); ++f)
        if (const plan::Match& match = plan.features[f].match; match.what == what && match.filter >= 0)
          switch (comparison.compare(match.filter, l, m)) {
            case Answer::Same: case Answer::BecameKnown: break;
            case Answer::Excused: comparison.excuse(f); break;
            case Answer::Flipped: return "  the `where` of feature " + std::to_string(f) + " flipped";
          }
      fold(comparison, less, what, l);
      fold(comparison, more, what, m);
    }

    for (const Sight& s : sights) {
      const Fields fields = draw_all(world, texts, s.fields, random);
      const std::int64_t before = random.percent(50) ? std::numeric_limits<std::int64_t>::max() : random.between(0, records);
      const plan::Context l{now, fields.less.data(), less_attributes.data(), &record::host(), &less_view, before};
      const plan::Context m{now, fields.more.data(), more_attributes.data(), &record::host(), &more_view, before};
      switch (comparison.compare(s.code, l, m)) {
        case Answer::Same: ++tally[comparison.run(s.code, l) == kUnknown ? "not known stays" : "known stays"]; break;
        case Answer::BecameKnown:
          ++tally[plan.codes[static_cast<std::size_t>(s.code)].type.kind == TypeKind::YesNo ? "not known becomes yes or no" : "not known becomes a value"];
          break;
        case Answer::Excused: ++tally["excused: is given, is missing, otherwise"]; break;
        case Answer::Flipped:
          return "  code " + std::to_string(s.code) + " (" + s.where + ") was " + std::to_string(comparison.run(s.code, l)) + ", and is " +
                 std::to_string(comparison.run(s.code, m));
      }
    }
    return {};
  }

  static Known draw(const differential::World& world, base::Texts& texts, const catalog::Type& type, Random& random) {
    Known k;
    if (random.percent(88)) k.more = value(world, texts, type, random);
    if (random.percent(60)) k.less = k.more;
    return k;
  }

  static Value value(const differential::World& world, base::Texts& texts, const catalog::Type& type, Random& random) {
    if (type.kind == TypeKind::OneOf) return static_cast<Value>(random.below(type.values.size()));
    const differential::Drawn drawn = differential::draw(world, random, {type.kind, -1}, random.percent(4));
    if (type.kind != TypeKind::Text && type.kind != TypeKind::TextList) return drawn.value;
    std::vector<Value> ids;
    for (const std::string& t : drawn.texts) ids.push_back(texts.intern(base::nfc(t).value_or("")));
    return type.kind == TypeKind::Text ? ids.at(0) : texts.intern_list(ids);
  }

  static Fields draw_all(const differential::World& world, base::Texts& texts, const std::vector<catalog::Type>& types, Random& random) {
    Fields out;
    for (const catalog::Type& t : types) {
      const Known k = draw(world, texts, t, random);
      out.less.push_back(k.less);
      out.more.push_back(k.more);
    }
    return out;
  }

  // What a record of the history leaves that conditions can see, as the engine folds it.
  static void fold(const Comparison& comparison, record::Record& r, OccurrenceId what, const plan::Context& context) {
    const plan::Plan& plan = comparison.plan();
    const record::Place place{context.now, ++r.seq};
    for (std::size_t m = 0; m < plan.marks.size(); ++m)
      if (plan.marks[m].what == what) record::mark(plan, r, static_cast<int>(m), place);
    for (std::size_t i = 0; i < plan.features.size(); ++i) {
      const plan::Feature& f = plan.features[i];
      const int feature = static_cast<int>(i);
      if (std::find(f.resets.begin(), f.resets.end(), what) != f.resets.end()) record::reset_last(plan, r, feature);
      if (f.match.what != what) continue;
      const Value matched = f.match.filter < 0 ? kYes : comparison.run(f.match.filter, context);
      if (matched == kNo) continue;
      switch (f.kind) {
        case plan::FeatureKind::Count: record::count(plan, r, feature, place, matched); break;
        case plan::FeatureKind::Values: record::value(plan, r, feature, place, matched == kYes ? context.fields[f.columns[0]] : kUnknown); break;
        case plan::FeatureKind::Last: record::last(plan, r, feature, place, context.fields); break;
      }
    }
  }
};

}  // namespace

std::unique_ptr<Property> unknown_monotone() { return std::make_unique<UnknownMonotone>(); }

}  // namespace polku::property
