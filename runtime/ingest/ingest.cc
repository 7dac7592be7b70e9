#include "runtime/ingest/ingest.h"

#include <utility>

#include "runtime/ingest/builder.h"
#include "runtime/ingest/csv.h"
#include "runtime/ingest/json.h"
#include "runtime/ingest/reader.h"

namespace polku::ingest {
namespace {

struct About {
  std::string_view name, words;
  bool refuses;
};
constexpr About kAbout[] = {
#define POLKU_REJECT(name, refuses, words) {#name, words, refuses},
#include "runtime/ingest/rejects.def"
#undef POLKU_REJECT
};
const About& about(Reject r) { return kAbout[static_cast<std::size_t>(r)]; }

class CsvRecords : public Reader {
 public:
  CsvRecords(std::unique_ptr<Input> input, Layout layout, const Setting& setting)
      : input_(std::move(input)), csv_(*input_), builder_(std::move(layout), setting) {
    row_.cells.resize(builder_.layout().slots.size());
  }

  // Why the header makes the input useless; else empty.
  std::string read_header() {
    switch (csv_.next()) {
      case Csv::Got::Row: break;
      case Csv::Got::BadQuote: return "The header cannot be read: a quote in it is not closed, or has text after it.";
      case Csv::Got::TooLong: return "The header cannot be read: it is longer than 1 MiB.";
      case Csv::Got::End: return input_->fault().empty() ? "The input is empty. The first line must name the columns." : input_->fault();
    }
    Header header = fit_to_header(builder_.layout(), csv_.cells());
    columns_ = std::move(header.columns);
    for (std::string_view cell : csv_.cells()) names_.emplace_back(cell);
    for (const std::string& name : header.missing) builder_.note(Reject::missing_column, csv_.line(), name);
    return header.error;
  }

  bool next(Record& record) override {
    Counts& counts = builder_.counts();
    for (bool first = true; first || !must_wait(); first = false) {
      const Csv::Got got = csv_.next();
      counts.bytes = csv_.bytes();
      if (got == Csv::Got::End) {
        counts.stopped = input_->fault();
        return false;
      }
      ++counts.records;
      const auto fault = fault_of(got);
      if (fault) {
        builder_.note(*fault, csv_.line(), csv_.raw());
        continue;
      }
      fill();
      if (builder_.build(row_, csv_.line(), record)) return true;
    }
    return false;
  }
  const Counts& counts() const override { return builder_.counts(); }

 protected:
  bool at_hand() override { return csv_.at_hand(); }

 private:
  std::optional<Reject> fault_of(Csv::Got got) const {
    switch (got) {
      case Csv::Got::BadQuote: return Reject::bad_quote;
      case Csv::Got::TooLong: return Reject::too_long;
      case Csv::Got::End:
      case Csv::Got::Row: break;
    }
    if (csv_.cells().size() < columns_.size()) return Reject::short_row;
    if (csv_.cells().size() > columns_.size()) return Reject::long_row;
    return std::nullopt;
  }

  void fill() {
    row_.clear();
    const auto& cells = csv_.cells();
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (cells[c].empty()) continue;
      const std::size_t slot = columns_[c];
      if (slot != kNoSlot) {
        row_.cells[slot].kind = Cell::Kind::Text;
        row_.cells[slot].text = cells[c];
        row_.present.push_back(slot);
      } else if (builder_.layout().native) {
        row_.strays.emplace_back(names_[c], Cell{Cell::Kind::Text, cells[c]});
      }
    }
  }

  std::unique_ptr<Input> input_;
  Csv csv_;
  Builder builder_;
  std::vector<std::size_t> columns_;
  std::vector<std::string> names_;
  Row row_;
};

class JsonRecords : public Reader {
 public:
  JsonRecords(std::unique_ptr<Input> input, Layout layout, const Setting& setting)
      : input_(std::move(input)), builder_(std::move(layout), setting), json_(builder_.layout(), *setting.texts) {
    row_.cells.resize(builder_.layout().slots.size());
  }

  bool next(Record& record) override {
    Counts& counts = builder_.counts();
    for (bool first = true; first || !must_wait(); first = false) {
      input_->consume(std::exchange(consume_, 0));
      if (std::exchange(skip_, false)) input_->skip_line();
      const std::size_t end = input_->line_end(0);
      const std::string_view window = input_->window();
      counts.bytes = input_->consumed();
      if (end == 0 && window.empty()) {
        counts.stopped = input_->fault();
        return false;
      }
      ++line_;
      skip_ = end == std::string_view::npos;
      if (!skip_) consume_ = std::min(end + 1, window.size());
      counts.bytes += consume_;
      std::string_view line = window.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find_first_not_of(" \t\r") == std::string_view::npos && !skip_) continue;
      ++counts.records;
      row_.clear();
      if (skip_ || line.size() > kLongest) builder_.note(Reject::too_long, line_, line.substr(0, 400));
      else if (!json_.read(line, row_)) builder_.note(Reject::bad_json, line_, line.substr(0, 400));
      else if (builder_.build(row_, line_, record)) return true;
    }
    return false;
  }
  const Counts& counts() const override { return builder_.counts(); }

 protected:
  bool at_hand() override { return input_->holds_line(consume_); }

 private:
  std::unique_ptr<Input> input_;
  Builder builder_;
  Json json_;
  Row row_;
  std::uint64_t line_ = 0;
  std::size_t consume_ = 0;  // of the last line
  bool skip_ = false;        // it was too long
};

// A mark at the begin of the text that says how it is encoded: UTF-8's is taken away; false for UTF-16's.
bool take_byte_order_mark(Input& input) {
  while (input.window().size() < 3 && input.more()) {
  }
  if (input.window().starts_with("\xEF\xBB\xBF")) input.consume(3);
  return !input.window().starts_with("\xFF\xFE") && !input.window().starts_with("\xFE\xFF");
}

// The native form: `{` begins a line of JSON. An input of nothing but blanks has no records in either form.
catalog::Format native_format(Input& input) {
  while (true) {
    const std::size_t first = input.window().find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos) return input.window()[first] == '{' ? catalog::Format::Ndjson : catalog::Format::Csv;
    if (input.window().size() > kLongest || !input.more()) return catalog::Format::Ndjson;
  }
}

}  // namespace

std::string_view reject_name(Reject r) { return about(r).name; }
std::string_view reject_words(Reject r) { return about(r).words; }
bool reject_refuses(Reject r) { return about(r).refuses; }

std::uint64_t Counts::faults() const {
  std::uint64_t sum = 0;
  for (std::uint64_t count : by_reject) sum += count;
  return sum;
}

std::span<const Record> Reader::next_batch() {
  batch_.resize(kBatch);
  visitors_.resize(kBatch);
  std::size_t count = 0;
  while (count < kBatch && (count == 0 || at_hand()) && next(batch_[count])) {
    visitors_[count] = batch_[count].visitor;
    batch_[count].visitor = visitors_[count];
    ++count;
    waits_ = false;
  }
  waits_ = true;
  return {batch_.data(), count};
}

Opened open_input(std::unique_ptr<Input> input, const catalog::Catalog& catalog, const catalog::Source* source, base::Texts& texts) {
  const std::string& zone_name = source && !source->zone.empty() ? source->zone : catalog.zone;
  auto zone = base::Zone::find(zone_name);
  if (!zone) return {nullptr, "There is no time zone `" + zone_name + "` on this machine. Is the time-zone database (tzdata) installed?"};
  if (!take_byte_order_mark(*input)) return {nullptr, "The input is UTF-16. Save it as UTF-8."};
  if (source && (source->format == catalog::Format::Segment || source->format == catalog::Format::CloudEvents))
    return {nullptr, "The source `" + source->name + "` is of a protocol: its records come to `polku serve`. A file needs a source of the format `ndjson` or `csv`."};
  const catalog::Format format = source ? source->format : native_format(*input);
  const Setting setting{&catalog, &texts, *zone, format == catalog::Format::Csv};
  Layout layout = layout_of(catalog, source);
  if (format == catalog::Format::Ndjson) return {std::make_unique<JsonRecords>(std::move(input), std::move(layout), setting), {}};
  auto reader = std::make_unique<CsvRecords>(std::move(input), std::move(layout), setting);
  std::string error = reader->read_header();
  if (!error.empty()) return {nullptr, std::move(error)};
  return {std::move(reader), {}};
}

Opened open(const std::string& path, const catalog::Catalog& catalog, const catalog::Source* source, base::Texts& texts, std::uint64_t* size) {
  std::string error;
  auto input = Input::of_file(path, error, size);
  if (!input) return {nullptr, std::move(error)};
  Opened opened = open_input(std::move(input), catalog, source, texts);
  if (!opened.error.empty() && path != "-") opened.error = "`" + path + "`: " + opened.error;
  return opened;
}

Opened open_text(std::string_view text, const catalog::Catalog& catalog, const catalog::Source* source, base::Texts& texts) {
  return open_input(Input::of_text(text), catalog, source, texts);
}

}  // namespace polku::ingest
