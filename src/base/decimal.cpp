#include "base/decimal.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "base/text.h"

namespace lowbit {

namespace {

constexpr int kMantissaBits = 52;
constexpr int64_t kLeastExponent = -1074;  // of the last bit of the smallest double

// A whole number of any length.
class BigInteger {
 public:
  explicit BigInteger(uint64_t value) {
    for (; value != 0; value >>= 32) words_.push_back(static_cast<uint32_t>(value));
  }

  void multiply_add(uint32_t factor, uint32_t addend) {
    uint64_t carry = addend;
    for (uint32_t& word : words_) {
      carry += uint64_t{word} * factor;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
  }

  // Leaves the quotient, returns the remainder.
  uint32_t divide(uint32_t divisor) {
    uint64_t rest = 0;
    for (size_t i = words_.size(); i-- > 0;) {
      rest = rest << 32 | words_[i];
      words_[i] = static_cast<uint32_t>(rest / divisor);
      rest %= divisor;
    }
    while (!words_.empty() && words_.back() == 0) words_.pop_back();
    return static_cast<uint32_t>(rest);
  }

  void shift_left_words(size_t count) { words_.insert(words_.begin(), count, 0u); }

  bool is_zero() const { return words_.empty(); }

  int64_t bit_count() const {
    if (is_zero()) return 0;
    return static_cast<int64_t>(words_.size()) * 32 - std::countl_zero(words_.back());
  }

  // 0 beyond the highest.
  uint32_t bit(int64_t index) const {
    const auto word = static_cast<size_t>(index / 32);
    return word < words_.size() ? words_[word] >> (index % 32) & 1u : 0u;
  }

 private:
  std::vector<uint32_t> words_;  // least significant first; the last is not 0
};

// The double nearest to big * 2^exponent, for `big` of more than 64 bits; `is_more`: the value lies
// between `big` and the next whole number.
double round_to_double(const BigInteger& big, int64_t exponent, bool is_more) {
  const int64_t count = big.bit_count();
  if (count + exponent > 1024) return std::numeric_limits<double>::infinity();
  const int64_t last = std::max(count + exponent - (kMantissaBits + 1), kLeastExponent);
  const int64_t first_kept = last - exponent;
  uint64_t mantissa = 0;
  for (int64_t i = count; i-- > first_kept;) mantissa = mantissa << 1 | big.bit(i);
  for (int64_t i = 0; i < first_kept - 1 && !is_more; ++i) is_more = big.bit(i) != 0;
  const bool is_half = big.bit(first_kept - 1) != 0;
  if (is_half && (is_more || (mantissa & 1) != 0)) ++mantissa;
  // A mantissa of 53 bits adds its highest one to the exponent, as does one that rounding carried.
  const auto exponent_bits = static_cast<uint64_t>(last - kLeastExponent) << kMantissaBits;
  return std::bit_cast<double>(exponent_bits + mantissa);
}

struct Decimal {
  std::string digits;  // no leading zeros; empty for 0
  int64_t exponent = 0;
};

// `x` positive.
Decimal exact_decimal(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const uint64_t fraction = bits & ((uint64_t{1} << kMantissaBits) - 1);
  const auto biased = static_cast<int64_t>(bits >> kMantissaBits);
  uint64_t mantissa = biased == 0 ? fraction : fraction | uint64_t{1} << kMantissaBits;
  int64_t exponent = kLeastExponent + std::max<int64_t>(biased - 1, 0);
  const int zeros = std::countr_zero(mantissa);
  mantissa >>= zeros;
  exponent += zeros;

  BigInteger big(mantissa);
  // 2^-n = 5^n * 10^-n
  const uint32_t factor = exponent < 0 ? 5 : 2;
  for (int64_t i = 0; i < std::abs(exponent); ++i) big.multiply_add(factor, 0);
  Decimal result;
  while (!big.is_zero()) result.digits += static_cast<char>('0' + big.divide(10));
  std::ranges::reverse(result.digits);
  result.exponent = std::min<int64_t>(exponent, 0);
  return result;
}

Decimal round_digits(const Decimal& exact, size_t count) {
  Decimal result = {exact.digits.substr(0, count), exact.exponent};
  std::string& digits = result.digits;
  if (count < exact.digits.size() && exact.digits[count] >= '5') {
    while (!digits.empty() && digits.back() == '9') digits.pop_back();
    if (digits.empty()) {
      return {"1", exact.exponent + static_cast<int64_t>(exact.digits.size())};
    }
    ++digits.back();
  }
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  result.exponent += static_cast<int64_t>(exact.digits.size() - digits.size());
  return result;
}

std::string to_text(Decimal decimal) {
  std::string& digits = decimal.digits;
  const auto count = static_cast<int64_t>(digits.size());
  const int64_t point = count + decimal.exponent;  // the value is 0.digits * 10^point
  if (point > 21 || point <= -6) {
    if (count > 1) digits.insert(1, 1, '.');
    return format_text("{}e{}{}", digits, point > 0 ? "+" : "", point - 1);
  }
  if (point <= 0)
    return format_text("0.{}{}", std::string(static_cast<size_t>(-point), '0'), digits);
  if (point < count) return digits.insert(static_cast<size_t>(point), 1, '.');
  return digits + std::string(static_cast<size_t>(point - count), '0');
}

}  // namespace

double decimal_to_double(std::string_view digits, int64_t exponent) {
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  const auto count = static_cast<int64_t>(digits.size());
  if (count == 0 || exponent < -400 - count) return 0;
  if (exponent > 310 - count) return std::numeric_limits<double>::infinity();
  if (count <= 15 && std::abs(exponent) <= 22) {
    // Both operands are doubles, so one rounding is all.
    double number = 0;
    for (const char digit : digits) number = number * 10 + (digit - '0');
    double power = 1;
    for (int64_t i = 0; i < std::abs(exponent); ++i) power *= 10;
    return exponent < 0 ? number / power : number * power;
  }
  // What lies half-way between two doubles has at most 767 digits: of more it matters only whether
  // there is anything but zeros.
  constexpr int64_t kDigits = 800;
  BigInteger big(0);
  bool is_more = false;
  for (int64_t i = 0; i < count; ++i) {
    const char digit = digits[static_cast<size_t>(i)];
    if (i < kDigits) {
      big.multiply_add(10, static_cast<uint32_t>(digit - '0'));
    } else {
      is_more |= digit != '0';
      ++exponent;
    }
  }
  for (; exponent > 0; --exponent) big.multiply_add(10, 0);
  // 10^n < 2^(10 n / 3 + 1): 64 bits or more remain after the division.
  const int64_t words = (-exponent * 10 / 3 + 1) / 32 + 3;
  big.shift_left_words(static_cast<size_t>(words));
  for (; exponent < 0; ++exponent) is_more |= big.divide(10) != 0;
  return round_to_double(big, -32 * words, is_more);
}

std::string double_to_text(double x) {
  const std::string sign = std::signbit(x) ? "-" : "";
  if (x == 0) return sign + "0";
  const double magnitude = std::abs(x);
  const Decimal exact = exact_decimal(magnitude);
  for (size_t count = 1;; ++count) {
    Decimal rounded = round_digits(exact, count);
    if (decimal_to_double(rounded.digits, rounded.exponent) == magnitude) {
      return sign + to_text(std::move(rounded));
    }
  }
}

}  // namespace lowbit
