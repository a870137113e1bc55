#include "base/json.h"

#include <doctest/doctest.h>

#include <string>

#include "base/random.h"
#include "support/check_error.h"
#include "support/must.h"

namespace lowbit {

namespace {

Json read(std::string_view text) { return test::must(read_json(text, ErrorCode::kInvalidData)); }

void check_refused(std::string_view text, std::string_view part, std::string_view where) {
  CAPTURE(text);
  const auto result = read_json(text, ErrorCode::kInvalidData);
  test::check_error(result, ErrorCode::kInvalidData, part);
  CHECK(result.error().where == where);
}

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

Json random_json(Random& random, int depth) {
  switch (random.below(depth > 3 ? 4 : 6)) {
    case 0:
      return {};
    case 1:
      return Json::of_boolean(random.below(2) == 1);
    case 2:
      return Json::of_number(static_cast<double>(random.uniform(-1, 1)) / (1 + random.below(99)));
    case 3: {
      std::string text;
      for (uint32_t i = random.below(9); i > 0; --i) text += static_cast<char>(random.below(128));
      return Json::of_string(text);
    }
    case 4: {
      Json array = Json::array();
      for (uint32_t i = random.below(5); i > 0; --i) {
        array.items.push_back(random_json(random, depth + 1));
      }
      return array;
    }
    default: {
      Json object = Json::object();
      for (uint32_t i = random.below(5); i > 0; --i) {
        object.add(std::to_string(i), random_json(random, depth + 1));
      }
      return object;
    }
  }
}

void check_equal(const Json& a, const Json& b) {
  CHECK(a.type == b.type);
  CHECK(a.boolean == b.boolean);
  CHECK(a.number == b.number);
  CHECK(a.text == b.text);
  CHECK(a.key == b.key);
  REQUIRE(a.items.size() == b.items.size());
  for (size_t i = 0; i < a.items.size(); ++i) check_equal(a.items[i], b.items[i]);
}

}  // namespace

TEST_CASE("json: values of every type, members in their order") {
  const Json json = read(" {\"b\": [1, -2.5e3, true, false, null], \"a\": {\"\": \"text\"}}\n");
  REQUIRE(json.type == JsonType::kObject);
  REQUIRE(json.items.size() == 2);
  CHECK(json.items[0].key == "b");
  const std::vector<Json>& array = json.items[0].items;
  REQUIRE(array.size() == 5);
  CHECK(array[0].number == 1);
  CHECK(array[1].number == -2500);
  CHECK(array[2].boolean);
  CHECK(array[3].type == JsonType::kBoolean);
  CHECK_FALSE(array[3].boolean);
  CHECK(array[4].type == JsonType::kNull);
  REQUIRE(json.find("a") != nullptr);
  CHECK(json.find("a")->find("")->text == "text");
  CHECK(json.find("c") == nullptr);
  CHECK(read("[ ]").items.empty());
  CHECK(read("{ }").type == JsonType::kObject);
}

TEST_CASE("json: escapes and UTF-8 of one to four bytes") {
  CHECK(read(R"("\"\\\/\b\f\n\r\t")").text == "\"\\/\b\f\n\r\t");
  CHECK(read(R"("\u0041\u00e9\u20AC\ud83d\ude00")").text ==
        "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(read("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"").text ==
        "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(read(R"("\u0000")").text == std::string(1, '\0'));
}

TEST_CASE("json: every text that is not JSON is refused at its byte") {
  check_refused("", "value is missing", "byte 0");
  check_refused("nul", "value is missing", "byte 0");
  check_refused("1 2", "goes on", "byte 2");
  check_refused("[1,]", "value is missing", "byte 3");
  check_refused("[1 2]", "comma", "byte 3");
  check_refused("[1", "comma", "byte 2");
  check_refused("{1: 2}", "key in quotes", "byte 1");
  check_refused("{\"a\" 2}", "colon", "byte 5");
  check_refused("{\"a\": 1,}", "key in quotes", "byte 8");
  check_refused("{\"a\": 1, \"a\": 2}", "this key already", "byte 9");
  check_refused("{\"a\": 1, \"\\u0061\": 2}", "this key already", "byte 9");
  check_refused("01", "starts with a 0", "byte 2");
  check_refused("-", "digit is missing", "byte 1");
  check_refused("1.", "digit is missing", "byte 2");
  check_refused(".5", "value is missing", "byte 0");
  check_refused("1e+", "digit is missing", "byte 3");
  check_refused("+1", "value is missing", "byte 0");
  check_refused("[1e309]", "too large", "byte 1");
  check_refused("NaN", "value is missing", "byte 0");
  check_refused("\"abc", "no end", "byte 4");
  check_refused("\"a\nb\"", "control character", "byte 2");
  check_refused(R"("\x")", "unknown escape", "byte 1");
  check_refused(R"("\u12g4")", "four hexadecimal", "byte 5");
  check_refused(R"("\ud83d")", "surrogate", "byte 7");
  check_refused(R"("\ud83dx")", "surrogate", "byte 7");
  check_refused(R"("\ud83d\u0041")", "surrogate", "byte 13");
  check_refused(R"("\ude00")", "surrogate", "byte 7");
  check_refused(std::string("1\0", 2), "goes on", "byte 1");
}

TEST_CASE("json: bytes that are not UTF-8 are refused") {
  for (const std::string_view bytes :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "\xFF", "\xE2\x82", "\xE2\x82\x41"}) {
    check_refused(format_text("\"{}\"", bytes), "not UTF-8", "byte 1");
    check_refused(format_text("\"{}", bytes), "not UTF-8", "byte 1");
  }
}

TEST_CASE("json: 64 levels are read, more are refused") {
  CHECK(read_json(nested(64), ErrorCode::kInvalidData).ok());
  check_refused(nested(65), "too deeply", "byte 65");
  check_refused(std::string(100'000, '['), "too deeply", "byte 65");
}

TEST_CASE("json: the error has the code that the caller gives") {
  test::check_error(read_json("?", ErrorCode::kInvalidArgument), ErrorCode::kInvalidArgument,
                    "JSON");
}

TEST_CASE("json: written with a line for each member, and read back") {
  Json json = Json::object();
  json.add("name", Json::of_string("a \"b\"\\\n\xC3\xA9"));
  json.add("list", Json::array());
  json.items.back().items = {
      Json::of_number(0.1), Json::of_number(-0.0), Json::of_boolean(true), {}};
  json.add("empty", Json::object());
  json.add("inner", Json::object());
  json.items.back().add("x", Json::of_number(1e300));
  const std::string text =
      "{\n  \"name\": \"a \\\"b\\\"\\\\\\u000a\xC3\xA9\",\n  \"list\": [0.1, -0, true, null],\n"
      "  \"empty\": {},\n  \"inner\": {\n    \"x\": 1e+300\n  }\n}";
  CHECK(write_json(json) == text);
  check_equal(read(text), json);
}

TEST_CASE("json: random values are read back as they were written") {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const Json json = random_json(random, 0);
    const std::string text = write_json(json);
    check_equal(read(text), json);
    CHECK(write_json(read(text)) == text);
  }
}

TEST_CASE("json: no change or cut of a text makes it crash") {
  const std::string text = R"({"a": [1.5e-3, "\u00e9\ud83d\ude00", {"b": null}], "c": true})";
  Random random(4);
  for (size_t i = 0; i < text.size(); ++i) {
    CHECK_FALSE(read_json(text.substr(0, i), ErrorCode::kInvalidData).ok());
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = text;
    changed[random.below(static_cast<uint32_t>(text.size()))] =
        static_cast<char>(random.below(256));
    const auto result = read_json(changed, ErrorCode::kInvalidData);
    if (result) CHECK(read_json(write_json(*result), ErrorCode::kInvalidData).ok());
  }
}

}  // namespace lowbit
