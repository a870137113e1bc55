// Texts with values in them, as most messages of errors are:
//
//   format_text("axis {} is out of range for an input of rank {}", axis, rank)
//
// A chain of std::string's + would compile to several times the code, at each of 200 places.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace lowbit {

// A text, or a whole number to be written as one: what a function takes that only reads it. It
// refers to the text, so it may be an argument, not more.
class Text {
 public:
  Text(const char* text) : chars_(text), size_(kTerminated) {}
  Text(std::string_view text) : chars_(text.data()), size_(text.size()) {}
  Text(const std::string& text) : string_(&text), size_(kString) {}
  Text(std::signed_integral auto number) : number_(number), size_(kSigned) {}
  Text(std::unsigned_integral auto number)
      : number_(static_cast<int64_t>(number)), size_(kUnsigned) {}

  Text(char) = delete;  // neither

  void append_to(std::string& target) const;

 private:
  // In place of a size: a caller then stores two numbers, whatever the text is.
  static constexpr size_t kTerminated = SIZE_MAX;
  static constexpr size_t kString = SIZE_MAX - 1;
  static constexpr size_t kSigned = SIZE_MAX - 2;
  static constexpr size_t kUnsigned = SIZE_MAX - 3;

  union {
    const char* chars_;
    const std::string* string_;
    int64_t number_;
  };
  size_t size_;
};

// A literal with a {} for each of the values; another number of them does not compile.
template <class... Values>
struct Pattern {
  const char* text;

  consteval Pattern(const char* literal) : text(literal) {
    size_t count = 0;
    for (const char* c = literal; *c != '\0'; ++c) count += c[0] == '{' && c[1] == '}' ? 1 : 0;
    if (count != sizeof...(Values)) __builtin_trap();
  }
};

// `pattern` with each {} replaced by the next of `values`.
std::string fill_pattern(const char* pattern, const Text* values);

template <class... Values>
std::string format_text(std::type_identity_t<Pattern<Values...>> pattern, const Values&... values) {
  const Text texts[] = {values...};
  return fill_pattern(pattern.text, texts);
}

}  // namespace lowbit
