#include "runtime/ingest/json.h"

#include <simdjson.h>

#include <set>
#include <string>

#include "runtime/ingest/input.h"

namespace polku::ingest {
namespace {

namespace ondemand = simdjson::ondemand;

static_assert(kPadding >= simdjson::SIMDJSON_PADDING);
constexpr int kDeepest = 100;

bool is_number(std::string_view text) {
  auto digits = [&] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

}  // namespace

struct Json::Impl {
  const Layout* layout;
  Names paths;                            // path → slot
  std::set<std::string, std::less<>> prefixes;  // of paths: objects to look into
  ondemand::parser parser;
  std::string path;                       // of the object that is being walked, with a dot behind it
  Row* row = nullptr;

  // Everything is walked, also what is not asked for: only then is the line known to be JSON.
  bool walk(ondemand::value value, int depth, Cell& cell) {
    ondemand::json_type type;
    if (depth > kDeepest || value.type().get(type)) return false;
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        cell.kind = Cell::Kind::Object;
        return !value.get_object().get(object) && members(object, depth, false);
      }
      case ondemand::json_type::array: return list(value, depth, cell);
      case ondemand::json_type::string:
        cell.kind = Cell::Kind::Text;
        return !value.get_string().get(cell.text);
      case ondemand::json_type::number:
        cell.kind = Cell::Kind::Number;
        cell.text = without_blanks_behind(value.raw_json_token());
        return is_number(cell.text);
      case ondemand::json_type::boolean: {
        const std::string_view word = without_blanks_behind(value.raw_json_token());
        cell.kind = word == "true" ? Cell::Kind::True : Cell::Kind::False;
        return word == "true" || word == "false";
      }
      case ondemand::json_type::null:
        cell.kind = Cell::Kind::Null;
        return without_blanks_behind(value.raw_json_token()) == "null";
    }
    return false;
  }

  bool list(ondemand::value value, int depth, Cell& cell) {
    ondemand::array array;
    if (value.get_array().get(array)) return false;
    std::vector<Cell> items;
    for (auto element : array) {
      ondemand::value item;
      if (element.get(item) || !walk(item, depth + 1, items.emplace_back())) return false;
    }
    cell.kind = Cell::Kind::List;
    cell.first = static_cast<std::uint32_t>(row->items.size());
    cell.count = static_cast<std::uint32_t>(items.size());
    row->items.insert(row->items.end(), items.begin(), items.end());
    return true;
  }

  // look: the members may be asked for, their paths beginning with `path`.
  bool members(ondemand::object object, int depth, bool look) {
    for (auto member : object) {
      std::string_view key;
      ondemand::value value;
      if (member.unescaped_key().get(key) || member.value().get(value)) return false;
      if (!(look ? asked(key, value, depth) : unasked(value, depth))) return false;
    }
    return true;
  }

  bool unasked(ondemand::value value, int depth) {
    Cell ignored;
    return walk(value, depth + 1, ignored);
  }

  bool asked(std::string_view key, ondemand::value value, int depth) {
    const std::size_t length = path.size();
    path += key;
    // In the native form a dot in a key never stands for an object in an object.
    const bool hidden = layout->native && length == 0 && key.find('.') != std::string_view::npos;
    const auto slot = hidden ? std::nullopt : paths.find(path);
    bool good = true;
    ondemand::json_type type{};
    if (value.type().get(type)) {
      good = false;
    } else if (!hidden && type == ondemand::json_type::object && prefixes.contains(path)) {
      ondemand::object object;
      path += '.';
      good = !value.get_object().get(object) && members(object, depth + 1, true);
    } else {
      Cell cell;
      good = walk(value, depth + 1, cell);
      if (good && slot) {
        Cell& target = row->cells[static_cast<std::size_t>(*slot)];
        if (target.kind == Cell::Kind::Absent) {
          target = cell;
          row->present.push_back(static_cast<std::size_t>(*slot));
        }
      } else if (good && layout->native && !(length == 0 && key == "fields" && cell.kind == Cell::Kind::Null)) {
        row->strays.emplace_back(key, cell);
      }
    }
    path.resize(length);
    return good;
  }
};

Json::Json(const Layout& layout) : impl_(std::make_unique<Impl>()) {
  impl_->layout = &layout;
  for (std::size_t slot = 0; slot < layout.slots.size(); ++slot) {
    const std::string& path = layout.slots[slot];
    impl_->paths.add(path, static_cast<int>(slot));
    if (layout.native) continue;  // names of attributes have dots of their own
    for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) impl_->prefixes.insert(path.substr(0, dot));
  }
  if (layout.native) impl_->prefixes.insert("fields");
}

Json::~Json() = default;

bool Json::read(std::string_view line, Row& row) {
  ondemand::document document;
  ondemand::object object;
  impl_->row = &row;
  impl_->path.clear();
  if (impl_->parser.iterate(line.data(), line.size(), line.size() + kPadding).get(document)) return false;
  if (document.get_object().get(object) || !impl_->members(object, 0, true)) return false;
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing stands behind the object
}

}  // namespace polku::ingest
