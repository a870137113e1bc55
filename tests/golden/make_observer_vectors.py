#!/usr/bin/env python3
"""Writes observer_vectors.inc: ranges that observers choose, computed from their definitions.

Histogram, errors and divergence are computed directly, each range anew from all elements' bins, as
src/quantize/observer.h and observation.h describe them; floats only where they say so. Needs Python
3 only, and half a minute:

    python3 tests/golden/make_observer_vectors.py > tests/golden/observer_vectors.inc
"""

import math
import struct
from collections import Counter

BINS = 4096
COUNT = 20000


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


class Random:
    """SplitMix64, as src/base/random.h."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, bound):
        return ((self.next() >> 32) * bound) >> 32


def gaussian(random):
    """Nearly normal, of variance 1: twelve uniform numbers."""
    total = sum(random.below(4096) for _ in range(12))
    return (2 * total - 12 * 4095) / 8192


def outlier(random):
    x = gaussian(random)
    return x * 30 if random.below(500) == 0 else x


DISTRIBUTIONS = {
    "kGaussian": gaussian,
    "kRelu": lambda random: max(0.0, gaussian(random)),
    "kOutliers": outlier,
    "kUniform": lambda random: (random.below(4096) - 1024) / 4096,
    "kTwoValued": lambda random: -1.0 if random.below(4) == 0 else 3.0,
}


class Data:
    def __init__(self, values):
        self.count = len(values)
        self.min = min(0.0, *values)
        self.max = max(0.0, *values)
        exponent = math.frexp(max(-self.min, self.max))[1]
        self.width = 2.0**exponent / BINS
        bins = Counter()
        for x in values:
            if x != 0:
                bins[(x < 0, math.floor(abs(x) / self.width))] += 1
        self.negative = {i: n for (is_negative, i), n in bins.items() if is_negative}
        self.positive = {i: n for (is_negative, i), n in bins.items() if not is_negative}


def middles(bins, width, extreme):
    return {min((i + 0.5) * width, extreme): n for i, n in bins.items()}


class Problem:
    """The data as an observer sees them: two sides, or magnitudes on one."""

    def __init__(self, data, bits, symmetric):
        self.bits, self.symmetric = bits, symmetric
        self.width, self.count = data.width, data.count
        if symmetric:
            self.lower, self.upper = {}, dict(Counter(data.negative) + Counter(data.positive))
            self.extremes = 0.0, max(-data.min, data.max)
        else:
            self.lower, self.upper = data.negative, data.positive
            self.extremes = -data.min, data.max
        points = {-x: n for x, n in middles(self.lower, self.width, self.extremes[0]).items()}
        points.update(middles(self.upper, self.width, self.extremes[1]))
        self.points = sorted(points.items())

    def grid(self, low, high):
        """Scale, zero point and integers of the law."""
        if self.symmetric:
            qmax = 2 ** (self.bits - 1) - 1
            return f32(high / qmax), 0, -qmax, qmax
        qmax = 2**self.bits - 1
        scale = f32((high - low) / qmax)
        return scale, min(max(round(f32(-f32(low / scale))), 0), qmax), 0, qmax


def integer(x, grid):
    scale, zero_point, qmin, qmax = grid
    return min(max(round(f32(x / scale)) + zero_point, qmin), qmax)


def mean_squared_error(problem, low, high):
    grid = problem.grid(low, high)
    scale, zero_point = grid[:2]
    terms = [n * (scale * (integer(x, grid) - zero_point) - x) ** 2 for x, n in problem.points]
    return math.fsum(terms) / problem.count, low, high


def divergence(problem, low, high):
    inside = [(x, n) for x, n in problem.points if low <= x <= high]
    worst = math.inf, low, high
    if not inside or (low < 0 and inside[0][0] > 0) or (high > 0 and inside[-1][0] < 0):
        return worst
    if low < 0:
        low = max(low, inside[0][0] - problem.width / 2)
    if high > 0:
        high = min(high, inside[-1][0] + problem.width / 2)
    grid = problem.grid(low, high)
    span = 2 * high if problem.symmetric else high - low
    if span < (grid[3] - grid[2]) * problem.width:
        return worst

    p = [float(n) for _, n in inside]
    p[0] += sum(n for x, n in problem.points if x < low)
    p[-1] += sum(n for x, n in problem.points if x > high)
    q_of = [integer(x, grid) for x, _ in inside]
    totals, sizes = Counter(), Counter(q_of)
    for (_, n), q in zip(inside, q_of):
        totals[q] += n
    q = [totals[q] / sizes[q] for q in q_of]
    p_sum, q_sum = sum(p), math.fsum(q)
    terms = [a / p_sum * math.log((a / p_sum) / (b / q_sum)) for a, b in zip(p, q)]
    return math.fsum(terms), low, high


def search(problem, loss):
    tops = [max(side, default=-1) + 1 for side in (problem.lower, problem.upper)]
    ends = list(tops)

    def evaluate(candidate):
        low, high = (
            extreme if end == top else end * problem.width
            for end, top, extreme in zip(candidate, tops, problem.extremes)
        )
        return loss(problem, -low, high)

    best = evaluate(ends)
    for _ in range(4 if all(tops) else 1):
        before = list(ends)
        for side in (1, 0):
            top = tops[side]
            stride = math.ceil(top / 64)
            for stage in range(2 if top else 0):
                if stage == 0:
                    candidates = range(top, 0, -stride)
                else:
                    centre = ends[side]
                    candidates = range(min(top, centre + stride - 1), max(0, centre - stride), -1)
                for end in candidates:
                    candidate = list(ends)
                    candidate[side] = end
                    attained = evaluate(candidate)
                    if attained[0] < best[0]:
                        best, ends[side] = attained, end
        if ends == before:
            break
    return best[1:]


def threshold(bins, width, extreme, tail):
    above = 0
    for i in sorted(bins, reverse=True):
        if above + bins[i] >= tail:
            return min(extreme, f32(width * (i + 1 - (tail - above) / bins[i])))
        above += bins[i]
    return 0.0


def percentile_range(problem, percentile):
    tail = (100 - percentile) / (100 if problem.symmetric else 200) * problem.count
    lower, upper = problem.extremes
    low = threshold(problem.lower, problem.width, lower, tail)
    high = threshold(problem.upper, problem.width, upper, tail)
    return (-low, high) if low or high else (-lower, upper)


def number(x):
    assert f32(x) == x
    mantissa, exponent = float(x + 0.0).hex().split("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}f"


def row(observer, name, bits, symmetric, percentile, chosen, width):
    low, high = (-chosen[1], chosen[1]) if symmetric else chosen
    values = f"{number(low)}, {number(high)}, {number(width if observer == 'kEntropy' else 0.0)}"
    symmetric = str(symmetric).lower()
    print(f"check(Observer::{observer}, {name}, {bits}, {symmetric}, {percentile}, {values});")


print("// Written by make_observer_vectors.py. Do not edit.")
for seed, (name, draw) in enumerate(DISTRIBUTIONS.items()):
    random = Random(seed)
    data = Data([draw(random) for _ in range(COUNT)])
    for symmetric in (False, True):
        for percentile in (99.0, 99.9, 99.99, 100.0):
            chosen = percentile_range(Problem(data, 8, symmetric), percentile)
            row("kPercentile", name, 8, symmetric, percentile, chosen, data.width)
        for bits in (4, 6, 8):
            problem = Problem(data, bits, symmetric)
            for observer, loss in (("kMse", mean_squared_error), ("kEntropy", divergence)):
                chosen = search(problem, loss)
                row(observer, name, bits, symmetric, 100.0, chosen, data.width)
