#include "base/json.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "base/decimal.h"

namespace lowbit {

namespace {

constexpr int kMaxDepth = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& target, uint32_t code) {
  if (code < 0x80) {
    target += static_cast<char>(code);
    return;
  }
  const int following = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const uint32_t marks = following == 1 ? 0xC0 : following == 2 ? 0xE0 : 0xF0;
  target += static_cast<char>(marks | code >> (6 * following));
  for (int i = following; i-- > 0;) {
    target += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
  }
}

class Reader {
 public:
  Reader(std::string_view text, ErrorCode malformed) : text_(text), malformed_(malformed) {}

  Result<Json> read() {
    Json json;
    LOWBIT_TRY(read_value(json, 0));
    if (at_ != text_.size()) return fail("the text goes on after its value");
    return json;
  }

 private:
  Failure fail(const char* what) const {
    return make_error(malformed_, format_text("the text is not valid JSON: {}", what),
                      format_text("byte {}", at_));
  }

  // The next byte, or 0 at the end (where a 0 in the text is as wrong as the end).
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  // With the space around it.
  Status read_value(Json& json, int depth) {
    skip_space();
    if (take("{")) {
      json.type = JsonType::kObject;
      LOWBIT_TRY(read_items(json, '}', depth + 1));
    } else if (take("[")) {
      json.type = JsonType::kArray;
      LOWBIT_TRY(read_items(json, ']', depth + 1));
    } else if (take("\"")) {
      json.type = JsonType::kString;
      LOWBIT_TRY(read_string(json.text));
    } else if (take("true")) {
      json.type = JsonType::kBoolean;
      json.boolean = true;
    } else if (take("false")) {
      json.type = JsonType::kBoolean;
    } else if (!take("null")) {
      if (peek() != '-' && !is_digit(peek())) return fail("a value is missing");
      json.type = JsonType::kNumber;
      LOWBIT_TRY(read_number(json.number));
    }
    skip_space();
    return success();
  }

  Status read_items(Json& json, char close, int depth) {
    if (depth > kMaxDepth) return fail("it is nested too deeply");
    std::set<std::string> keys;
    skip_space();
    while (peek() != close || !json.items.empty()) {
      Json& item = json.items.emplace_back();
      if (json.type == JsonType::kObject) LOWBIT_TRY(read_key(item.key, keys));
      LOWBIT_TRY(read_value(item, depth));
      if (peek() == close) break;
      if (!take(",")) return fail("a comma or the closing bracket is missing");
      skip_space();
    }
    ++at_;
    return success();
  }

  Status read_key(std::string& key, std::set<std::string>& keys) {
    const size_t start = at_;
    if (!take("\"")) return fail("a key in quotes is missing");
    LOWBIT_TRY(read_string(key));
    if (!keys.insert(key).second) {
      at_ = start;
      return fail("the object has this key already");
    }
    skip_space();
    return take(":") ? success() : fail("a colon is missing");
  }

  // Behind the opening quote.
  Status read_string(std::string& target) {
    while (!take("\"")) {
      const auto c = static_cast<unsigned char>(peek());
      if (c < 0x20)
        return fail(at_ < text_.size() ? "a control character" : "the string has no end");
      if (c == '\\') {
        LOWBIT_TRY(read_escape(target));
      } else if (c < 0x80) {
        target += text_[at_++];
      } else {
        LOWBIT_TRY(read_utf8(target));
      }
    }
    return success();
  }

  Status read_escape(std::string& target) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const char letter = text_.substr(at_).size() > 1 ? text_[at_ + 1] : '\0';
    const size_t index = kLetters.find(letter);
    if (letter != 'u') {
      if (index == kLetters.npos) return fail("an unknown escape");
      target += kMeanings[index];
      at_ += 2;
      return success();
    }
    uint32_t code = 0;
    LOWBIT_TRY(read_utf16(code));
    if (code >= 0xD800 && code < 0xDC00) {
      uint32_t low = 0;
      LOWBIT_TRY(read_utf16(low));
      if (low < 0xDC00 || low >= 0xE000) return fail("half of a surrogate pair is missing");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return fail("half of a surrogate pair is missing");
    }
    append_utf8(target, code);
    return success();
  }

  // \uXXXX
  Status read_utf16(uint32_t& code) {
    if (!take("\\u")) return fail("half of a surrogate pair is missing");
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const auto letter = static_cast<char>(c | 0x20);
      const bool is_letter = letter >= 'a' && letter <= 'f';
      if (!is_digit(c) && !is_letter) return fail("an escape needs four hexadecimal digits");
      code = code << 4 | static_cast<uint32_t>(is_letter ? letter - 'a' + 10 : c - '0');
    }
    return success();
  }

  // A character of two to four bytes, of which there is only one right form.
  Status read_utf8(std::string& target) {
    const auto lead = static_cast<unsigned char>(peek());
    const int following = std::countl_one(lead) - 1;
    uint32_t code = lead & (0x3Fu >> following);
    bool is_right = following >= 1 && following <= 3;
    for (int i = 1; i <= following && is_right; ++i) {
      const size_t at = at_ + static_cast<size_t>(i);
      const uint32_t byte = at < text_.size() ? static_cast<unsigned char>(text_[at]) : 0u;
      is_right = (byte & 0xC0) == 0x80;
      code = code << 6 | (byte & 0x3F);
    }
    std::string shortest;
    append_utf8(shortest, code);
    const bool is_surrogate = code >= 0xD800 && code < 0xE000;
    if (!is_right || is_surrogate || code > 0x10FFFF || !take(shortest)) return fail("not UTF-8");
    target += shortest;
    return success();
  }

  Status read_digits(std::string& digits) {
    if (!is_digit(peek())) return fail("a digit is missing");
    while (is_digit(peek())) digits += text_[at_++];
    return success();
  }

  Status read_number(double& number) {
    const size_t start = at_;
    const bool is_negative = take("-");
    std::string digits;
    int64_t exponent = 0;
    LOWBIT_TRY(read_digits(digits));
    if (digits.size() > 1 && digits[0] == '0') return fail("a number starts with a 0");
    if (take(".")) {
      const size_t whole = digits.size();
      LOWBIT_TRY(read_digits(digits));
      exponent -= static_cast<int64_t>(digits.size() - whole);
    }
    if (take("e") || take("E")) LOWBIT_TRY(read_exponent(exponent));
    number = decimal_to_double(digits, exponent);
    if (!std::isfinite(number)) {
      at_ = start;
      return fail("the number is too large");
    }
    if (is_negative) number = -number;
    return success();
  }

  Status read_exponent(int64_t& exponent) {
    const bool is_negative = take("-");
    if (!is_negative) take("+");
    std::string digits = "0";
    LOWBIT_TRY(read_digits(digits));
    int64_t given = 0;
    // Beyond any text's length, which could make up for it.
    for (const char digit : digits)
      given = std::min<int64_t>(given * 10 + (digit - '0'), 1LL << 40);
    exponent += is_negative ? -given : given;
    return success();
  }

  const std::string_view text_;
  const ErrorCode malformed_;
  size_t at_ = 0;
};

void append_string(std::string& target, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  target += '"';
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20) {
      target += "\\u00";
      target += kHex[code >> 4];
      target += kHex[code & 15];
    } else {
      if (c == '"' || c == '\\') target += '\\';
      target += c;
    }
  }
  target += '"';
}

void append_json(std::string& target, const Json& json, const std::string& line) {
  switch (json.type) {
    case JsonType::kNull:
      target += "null";
      return;
    case JsonType::kBoolean:
      target += json.boolean ? "true" : "false";
      return;
    case JsonType::kNumber:
      target += double_to_text(json.number);
      return;
    case JsonType::kString:
      append_string(target, json.text);
      return;
    default:
      break;
  }
  const bool is_object = json.type == JsonType::kObject;
  const std::string inner = line + "  ";
  target += is_object ? '{' : '[';
  for (const Json& item : json.items) {
    if (&item != json.items.data()) target += is_object ? "," : ", ";
    if (is_object) {
      target += inner;
      append_string(target, item.key);
      target += ": ";
    }
    append_json(target, item, inner);
  }
  if (is_object && !json.items.empty()) target += line;
  target += is_object ? '}' : ']';
}

}  // namespace

Json Json::of_boolean(bool boolean) { return {.type = JsonType::kBoolean, .boolean = boolean}; }

Json Json::of_number(double number) { return {.type = JsonType::kNumber, .number = number}; }

Json Json::of_string(std::string text) {
  return {.type = JsonType::kString, .text = std::move(text)};
}

const Json* Json::find(std::string_view name) const {
  const auto found = std::ranges::find(items, name, &Json::key);
  return found == items.end() ? nullptr : &*found;
}

void Json::add(std::string name, Json value) {
  value.key = std::move(name);
  items.push_back(std::move(value));
}

Result<Json> read_json(std::string_view text, ErrorCode malformed) {
  return Reader(text, malformed).read();
}

std::string write_json(const Json& json) {
  std::string text;
  append_json(text, json, "\n");
  return text;
}

}  // namespace lowbit
