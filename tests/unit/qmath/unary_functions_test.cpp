#include "qmath/unary_functions.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace lowbit {
namespace {

using Exact = double (*)(double x, double alpha, double beta);

double softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }

struct Case {
  UnaryFunction function;
  Exact exact;
  double ulps = 4;
  double share_of_x = 0;  // of |x|, allowed beside the ulps
};

// The definitions of the ONNX operator specification, by the C library in double precision.
constexpr Case kCases[] = {
    {UnaryFunction::kSigmoid, [](double x, double, double) { return 1 / (1 + std::exp(-x)); }},
    {UnaryFunction::kTanh, [](double x, double, double) { return std::tanh(x); }},
    {UnaryFunction::kLeakyRelu,
     [](double x, double alpha, double) { return x < 0 ? alpha * x : x; }},
    {UnaryFunction::kElu,
     [](double x, double alpha, double) { return x < 0 ? alpha * std::expm1(x) : x; }},
    {UnaryFunction::kSelu,
     [](double x, double alpha, double gamma) {
       return gamma * (x < 0 ? alpha * std::expm1(x) : x);
     }},
    // alpha * x is rounded before beta, which it may cancel, is added.
    {UnaryFunction::kHardSigmoid,
     [](double x, double alpha, double beta) {
       return std::fmax(0.0, std::fmin(1.0, alpha * x + beta));
     },
     4, 0x1p-24},
    {UnaryFunction::kHardSwish,
     [](double x, double, double) { return x * std::fmax(0.0, std::fmin(1.0, x / 6 + 0.5)); }, 4,
     0x1p-23},
    {UnaryFunction::kSoftplus, [](double x, double, double) { return softplus(x); }},
    {UnaryFunction::kSoftsign, [](double x, double, double) { return x / (1 + std::fabs(x)); }},
    {UnaryFunction::kMish, [](double x, double, double) { return x * std::tanh(softplus(x)); }, 4,
     0x1p-23},
    {UnaryFunction::kGelu,
     [](double x, double, double) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }, 4, 0x1p-23},
    {UnaryFunction::kGeluTanh,
     [](double x, double, double) {
       const double u = std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
       return x / (1 + std::exp(-2 * u));
     },
     4, 0x1p-23},
    {UnaryFunction::kErf, [](double x, double, double) { return std::erf(x); }},
    {UnaryFunction::kSqrt, [](double x, double, double) { return std::sqrt(x); }},
    {UnaryFunction::kExp, [](double x, double, double) { return std::exp(x); }},
    {UnaryFunction::kLog, [](double x, double, double) { return std::log(x); }},
    {UnaryFunction::kNeg, [](double x, double, double) { return -x; }, 0},
    {UnaryFunction::kAbs, [](double x, double, double) { return std::fabs(x); }, 0},
    {UnaryFunction::kReciprocal, [](double x, double, double) { return 1 / x; }},
    {UnaryFunction::kFloor, [](double x, double, double) { return std::floor(x); }, 0},
    {UnaryFunction::kCeil, [](double x, double, double) { return std::ceil(x); }, 0},
    {UnaryFunction::kRound, [](double x, double, double) { return x - std::remainder(x, 1.0); }, 0},
    {UnaryFunction::kSign,
     [](double x, double, double) { return x > 0   ? 1.0
                                           : x < 0 ? -1.0
                                                   : 0.0; }, 0},
};

UnaryParameters defaults(UnaryFunction function) {
  if (function == UnaryFunction::kGeluTanh) return {};
  return {unary_info(function).alpha, unary_info(function).beta};
}

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("The cases below are all functions of the list, in its order") {
  size_t i = 0;
  for (const Case& c : kCases) {
    if (c.function == UnaryFunction::kGeluTanh) continue;
    CHECK(c.function == static_cast<UnaryFunction>(i++));
  }
  CHECK(i == std::size(kUnaryInfo));
}

TEST_CASE("Every function is within its bound, for arguments of either sign up to 100") {
  for (const Case& c : kCases) {
    CAPTURE(static_cast<int>(c.function));
    const UnaryParameters p = defaults(c.function);
    double worst = 0;
    for (uint32_t bits = 0; bits < std::bit_cast<uint32_t>(100.0f); bits += 5003) {
      for (const float x : {std::bit_cast<float>(bits), -std::bit_cast<float>(bits)}) {
        const double exact = c.exact(double{x}, double{p.alpha}, double{p.beta});
        // An ulp is at most 2^-23 of the number; exponentials below 2^-125 may be 0.
        const double ulp =
            std::max(std::fabs(exact) * 0x1p-23, 0x1p-125 * std::fmax(std::fabs(double{x}), 1));
        const double allowed = c.ulps * ulp + c.share_of_x * std::fabs(double{x});
        if (std::isinf(static_cast<float>(exact))) {
          CHECK(static_cast<float>(exact) == evaluate(c.function, x, p));
          continue;
        }
        worst = std::max(worst, std::fabs(double{evaluate(c.function, x, p)} - exact) / allowed);
      }
    }
    CHECK(worst <= 1);
  }
}

TEST_CASE("Every machine and every build computes the same bits, here as a checksum (FNV-1a)") {
  uint64_t checksum = 0xcbf29ce484222325;
  for (const Case& c : kCases) {
    for (int i = -4000; i <= 4000; ++i) {
      const float y = evaluate(c.function, 0.00373f * static_cast<float>(i), defaults(c.function));
      checksum = (checksum ^ std::bit_cast<uint32_t>(y)) * 0x100000001b3;
    }
  }
  CHECK(checksum == 0x87caaf3c0be98f);
}

TEST_CASE("NaN stays NaN in every function") {
  for (const Case& c : kCases) {
    CAPTURE(static_cast<int>(c.function));
    CHECK(std::isnan(evaluate(c.function, kNaN, defaults(c.function))));
  }
}

TEST_CASE("Functions with a limit reach it at infinity, and zero maps as defined") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  struct Ends {
    UnaryFunction function;
    float below, zero, above;
  };
  for (const Ends& ends :
       {Ends{UnaryFunction::kSigmoid, 0, 0.5f, 1}, Ends{UnaryFunction::kTanh, -1, 0, 1},
        Ends{UnaryFunction::kElu, -1, 0, kInfinity}, Ends{UnaryFunction::kHardSigmoid, 0, 0.5f, 1},
        Ends{UnaryFunction::kSoftplus, 0, 0.693147182f, kInfinity},
        Ends{UnaryFunction::kErf, -1, 0, 1}, Ends{UnaryFunction::kExp, 0, 1, kInfinity},
        Ends{UnaryFunction::kReciprocal, 0, kInfinity, 0}}) {
    CAPTURE(static_cast<int>(ends.function));
    const UnaryParameters p = defaults(ends.function);
    CHECK(evaluate(ends.function, -kInfinity, p) == ends.below);
    CHECK(evaluate(ends.function, 0.0f, p) == ends.zero);
    CHECK(evaluate(ends.function, kInfinity, p) == ends.above);
  }
}

TEST_CASE("Log and Sqrt have no value below zero, and Round goes to even from the middle") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float x : {-0.5f, -1e-40f, -1e30f, -kInfinity}) {
    CHECK(std::isnan(evaluate(UnaryFunction::kLog, x, {})));
    CHECK(std::isnan(evaluate(UnaryFunction::kSqrt, x, {})));
  }
  CHECK(evaluate(UnaryFunction::kLog, 0.0f, {}) == -kInfinity);
  CHECK(evaluate(UnaryFunction::kLog, -0.0f, {}) == -kInfinity);
  CHECK(evaluate(UnaryFunction::kLog, 1.0f, {}) == 0.0f);
  CHECK(evaluate(UnaryFunction::kLog, kInfinity, {}) == kInfinity);
  for (const auto& [x, y] : {std::pair(0.5f, 0.0f), {1.5f, 2.0f}, {2.5f, 2.0f}, {-1.5f, -2.0f}}) {
    CHECK(evaluate(UnaryFunction::kRound, x, {}) == y);
  }
}

}  // namespace lowbit
