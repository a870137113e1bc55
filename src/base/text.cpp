#include "base/text.h"

namespace lowbit {

void Text::append_to(std::string& target) const {
  switch (size_) {
    case kTerminated:
      target += chars_;
      break;
    case kString:
      target += *string_;
      break;
    case kNumber:
      target += std::to_string(number_);
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
