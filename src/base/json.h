// JSON (RFC 8259), read and written: recipes and calibrations are such texts.
//
//   LOWBIT_ASSIGN(const Json json, read_json(text, ErrorCode::kInvalidArgument));
//   const Json* bits = json.find("bits");
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lowbit {

enum class JsonType : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

// A value as plain data; the fields of other types than its own are left as they are here.
struct Json {
  JsonType type = JsonType::kNull;
  bool boolean = false;
  double number = 0;
  std::string text = {};         // of a string
  std::string key = {};          // of a member of an object
  std::vector<Json> items = {};  // of an array; of an object its members, in the order of the text

  static Json of_boolean(bool boolean);
  static Json of_number(double number);
  static Json of_string(std::string text);
  static Json array() { return {.type = JsonType::kArray}; }
  static Json object() { return {.type = JsonType::kObject}; }

  // The member of an object, or null.
  const Json* find(std::string_view name) const;

  // Adds a member to an object that has none of this key.
  void add(std::string name, Json value);
};

// `text` is UTF-8; at most 64 arrays and objects lie within each other, and no object has a key
// twice. Errors: `malformed`, `where` is the byte at which the text is wrong, "byte 17".
Result<Json> read_json(std::string_view text, ErrorCode malformed);

// Each member of an object has a line of its own. The same value gives the same text, and numbers
// read back to the same double; they are finite, and strings UTF-8.
std::string write_json(const Json& json);

}  // namespace lowbit
