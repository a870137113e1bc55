#!/usr/bin/env python3
"""Writes qmath_vectors.inc: the law of arithmetic computed again, without floating-point hardware.

Every float32 (and float64) operation is done exactly on rational numbers, then rounded half to even
to the format's precision. The cases lean on ties, where an error in order or rounding shows. Needs
Python 3 only:

    python3 tests/golden/make_qmath_vectors.py > tests/golden/qmath_vectors.inc
"""

import random
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 60
rng = random.Random(20)


def round_half_even(x):
    floor = x.numerator // x.denominator
    rest = x - floor
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1)
    return floor + up


def round_to_float(x, precision, lowest_exponent):
    """The nearest number of `precision` significant bits; subnormal below 2^lowest_exponent."""
    x = Fraction(x)
    if x == 0:
        return x
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length()
    if Fraction(2) ** exponent > abs(x):
        exponent -= 1
    ulp = Fraction(2) ** (max(exponent, lowest_exponent) - precision + 1)
    return round_half_even(x / ulp) * ulp


def f32(x):
    return round_to_float(x, 24, -126)


def f64(x):
    return round_to_float(x, 53, -1022)


def hexadecimal(x):
    """A float literal; every float32 is a float64, so this conversion is exact."""
    assert f32(x) == x
    mantissa, exponent = float(x).hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{exponent}f"


def clamp(q, low, high):
    return max(low, min(high, q))


def quantize(x, scale, zero_point, qmin, qmax):
    return clamp(round_half_even(f32(x / scale)) + zero_point, qmin, qmax)


def dequantize(q, scale, zero_point):
    return f32(scale * (q - zero_point))


def requantize(accumulator, multiplier, zero_point, qmin, qmax):
    return clamp(round_half_even(f32(f32(accumulator) * multiplier)) + zero_point, qmin, qmax)


def exp_float32(x):
    """exp(x), correctly rounded: 60 digits are plenty of room."""
    return f32(Fraction((Decimal(x.numerator) / Decimal(x.denominator)).exp()))


def scale(low=0.001, high=0.2):
    return f32(Fraction(rng.uniform(low, high)))


def row(check, *values):
    print(f"check_{check}({', '.join(str(value) for value in values)});")


def quantize_rows(count):
    for i in range(count):
        s, z = scale(), rng.randrange(256)
        if i % 2:
            x = f32(s * (rng.randrange(-300, 300) + Fraction(1, 2)))
        else:
            x = f32(Fraction(rng.uniform(-30, 30)))
        qmin, qmax = rng.choice([(0, 255), (0, 15), (0, 3), (20, 200)])
        z = clamp(z, qmin, qmax)
        y = quantize(x, s, z, qmin, qmax)
        row("quantize", hexadecimal(x), hexadecimal(s), z, qmin, qmax, y)


def dequantize_rows(count):
    for _ in range(count):
        q, s, z = rng.randrange(256), scale(), rng.randrange(256)
        row("dequantize", q, hexadecimal(s), z, hexadecimal(dequantize(q, s, z)))


def requantize_rows(count):
    for i in range(count):
        sx, sw, sy = scale(), scale(0.0005, 0.02), scale()
        multiplier = f32(f32(sx * sw) / sy)
        z = rng.randrange(256)
        if i % 4 == 0:
            accumulator = rng.randrange(-(2**31), 2**31)
        else:
            accumulator = round_half_even((rng.randrange(-300, 300) + Fraction(1, 2)) / multiplier)
        row("requantize", accumulator, hexadecimal(sx), hexadecimal(sw), hexadecimal(sy),
            hexadecimal(multiplier), z, requantize(accumulator, multiplier, z, 0, 255))


def add_rows(count):
    for i in range(count):
        sa, sb, sy = scale(), scale(), scale()
        if i % 3 == 0:
            sb, sy = sa, 2 * sa  # a tie in every second output
        elif i % 3 == 1:
            sb, sy = f32(sa * 3), f32(sa * 4)
        a, b, za, zb, zy = (rng.randrange(256) for _ in range(5))
        ra, rb = f32(sa / sy), f32(sb / sy)
        total = f32(f32(f32((a - za) * ra) + f32((b - zb) * rb)) + zy)
        y = clamp(round_half_even(total), 0, 255)
        row("add", a, hexadecimal(ra), za, b, hexadecimal(rb), zb, zy, y)


def average_rows(count):
    for i in range(count):
        sx = scale()
        zx = rng.randrange(256)
        same = i % 3 > 0
        sy, zy = (sx, zx) if same else (scale(), rng.randrange(256))
        taps = [rng.randrange(256) for _ in range(4)]
        total = Fraction(0)
        for tap in taps:
            total = f32(total + dequantize(tap, sx, zx))
        y = clamp(round_half_even(f32(f32(f32(total / 4) / sy) + zy)), 0, 255)
        row("average", *taps, hexadecimal(sx), zx, hexadecimal(sy), zy, y)


def global_average_rows(count):
    for i in range(count):
        sx = scale()
        sy = sx if i % 2 else scale()
        zy, n = rng.randrange(256), rng.choice([4, 16, 36, 49, 64, 196, 50176])
        total = rng.randrange(-255 * n, 256 * n) if i % 3 else n * rng.randrange(-128, 128) + n // 2
        multiplier = f32(sx / f32(n * sy))
        row("global_average", total, n, hexadecimal(sx), hexadecimal(sy), zy,
            requantize(total, multiplier, zy, 0, 255))


def softmax_rows(count):
    for _ in range(count):
        s = scale(0.01, 0.3)
        x = [rng.randrange(256) for _ in range(6)]
        e = [exp_float32((q - max(x)) * s) for q in x]
        total = Fraction(0)
        for value in e:
            total = f32(total + value)
        y = [quantize(f32(value / total), Fraction(1, 256), 0, 0, 255) for value in e]
        row("softmax", hexadecimal(s), *x, *y)


def exp_rows(count):
    for _ in range(count):
        s, d = scale(0.001, 0.5), rng.randrange(256)
        row("exp", hexadecimal(s), d, hexadecimal(exp_float32(-d * s)))


def params_rows(count):
    for _ in range(count):
        low, high = f32(Fraction(rng.uniform(-6, 2))), f32(Fraction(rng.uniform(2, 6)))
        qmax = rng.choice([3, 15, 255])
        wide_low, wide_high = min(low, Fraction(0)), max(high, Fraction(0))
        s = f32(f64(f64(wide_high - wide_low) / qmax))
        z = clamp(round_half_even(f32(-f32(wide_low / s))), 0, qmax)
        row("asymmetric", hexadecimal(low), hexadecimal(high), qmax, hexadecimal(s), z)


print("// Written by make_qmath_vectors.py. Do not edit.")
quantize_rows(60)
dequantize_rows(20)
requantize_rows(60)
add_rows(60)
average_rows(60)
global_average_rows(40)
softmax_rows(30)
exp_rows(60)
params_rows(30)
