#include "base/text.h"

namespace lowbit {

namespace {

// By hand, as std::to_string is 0.5 KB of the WebAssembly module.
void append_digits(std::string& target, uint64_t number) {
  char digits[20];
  size_t first = sizeof(digits);
  do {
    digits[--first] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  target.append(digits + first, sizeof(digits) - first);
}

}  // namespace

void Text::append_to(std::string& target) const {
  switch (size_) {
    case kTerminated:
      target += chars_;
      break;
    case kString:
      target += *string_;
      break;
    case kSigned:
      if (number_ < 0) target += '-';
      append_digits(target, number_ < 0 ? 0 - static_cast<uint64_t>(number_)
                                        : static_cast<uint64_t>(number_));
      break;
    case kUnsigned:
      append_digits(target, static_cast<uint64_t>(number_));
      break;
    default:
      target.append(chars_, size_);
  }
}

std::string fill_pattern(const char* pattern, const Text* values) {
  std::string text;
  for (; *pattern != '\0'; ++pattern) {
    if (pattern[0] == '{' && pattern[1] == '}') {
      values++->append_to(text);
      ++pattern;
    } else {
      text += *pattern;
    }
  }
  return text;
}

}  // namespace lowbit
