#include "quantize/calibration_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace lowbit {

namespace {

static_assert(std::endian::native == std::endian::little, "floats are copied");

constexpr char kMagic[] = "lowbit";  // with its 0
constexpr uint64_t kVersion = 1;
constexpr uint64_t kMaxNumber = (uint64_t{1} << 56) - 1;

class Writer {
 public:
  void bytes(const void* data, size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    out_.insert(out_.end(), first, first + size);
  }

  void number(uint64_t x) {
    for (; x >= 128; x >>= 7) out_.push_back(static_cast<std::byte>(x | 128));
    out_.push_back(static_cast<std::byte>(x));
  }

  void bins(std::span<const uint64_t> side) {
    while (!side.empty() && side.back() == 0) side = side.first(side.size() - 1);
    number(side.size());
    for (const uint64_t count : side) number(count);
  }

  std::vector<std::byte> release() && { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

// The first thing that is wrong stops the reading: from there on all is 0, and `position` stays.
struct Reader {
  std::span<const std::byte> bytes;
  size_t position = 0;
  bool failed = false;

  bool require(bool condition) {
    failed |= !condition;
    return !failed;
  }

  std::span<const std::byte> take(uint64_t size) {
    if (!require(size <= bytes.size() - position)) return {};
    const auto taken = bytes.subspan(position, static_cast<size_t>(size));
    position += taken.size();
    return taken;
  }

  // At most `limit`, which is at most kMaxNumber.
  uint64_t number(uint64_t limit) {
    uint64_t x = 0;
    for (int shift = 0; shift < 56; shift += 7) {
      const auto byte = take(1);
      if (byte.empty()) return 0;
      x |= std::to_integer<uint64_t>(byte[0] & std::byte{127}) << shift;
      if (byte[0] < std::byte{128}) return require(x <= limit) ? x : 0;
    }
    require(false);
    return 0;
  }

  void copy(void* target, size_t size) {
    const auto taken = take(size);
    if (!failed) std::memcpy(target, taken.data(), size);
  }

  // The bins of one sign, the last of which is not empty; takes their elements from `left`.
  void bins(std::span<uint64_t> side, uint64_t& left) {
    require(number(Observation::kBins) == side.size());
    for (uint64_t& count : side) {
      count = number(left);
      left -= count;
    }
    require(side.empty() || side.back() > 0);
  }
};

void write_observation(Writer& writer, const Observation& o) {
  writer.bytes(&o.min, sizeof o.min);
  writer.bytes(&o.max, sizeof o.max);
  writer.bytes(&o.average.min_sum, sizeof o.average.min_sum);
  writer.bytes(&o.average.max_sum, sizeof o.average.max_sum);
  writer.bytes(&o.average.weight, sizeof o.average.weight);
  writer.number(o.count);
  writer.number(o.zeros);
  writer.bins(o.positive());
  writer.bins(o.negative());
}

// Holds what observation.h promises of every Observation, or fails.
Observation read_observation(Reader& reader) {
  Observation o;
  reader.copy(&o.min, sizeof o.min);
  reader.copy(&o.max, sizeof o.max);
  reader.copy(&o.average.min_sum, sizeof o.average.min_sum);
  reader.copy(&o.average.max_sum, sizeof o.average.max_sum);
  reader.copy(&o.average.weight, sizeof o.average.weight);
  reader.require(std::isfinite(o.min) && o.min <= 0 && std::isfinite(o.max) && o.max >= 0);
  reader.require(std::isfinite(o.average.min_sum) && o.average.min_sum <= 0);
  reader.require(std::isfinite(o.average.max_sum) && o.average.max_sum >= 0);
  reader.require(o.average.weight >= 0 && o.average.weight <= 1);
  o.count = reader.number(Observation::kMaxCount);
  o.zeros = reader.number(o.count);
  if (!reader.require(o.count > 0 || (o.min == 0 && o.max == 0))) return o;

  o.exponent = Observation::exponent_above(std::max(-o.min, o.max));
  if (o.count > 0) o.bins.resize(o.min < 0 ? 2 * Observation::kBins : Observation::kBins);
  const auto side = [&](size_t first, float extreme) {
    if (extreme == 0) return std::span<uint64_t>();
    return std::span(o.bins).subspan(first, static_cast<size_t>(extreme / o.bin_width()) + 1);
  };
  uint64_t left = o.count - o.zeros;
  reader.bins(side(0, o.max), left);
  reader.bins(side(Observation::kBins, -o.min), left);
  reader.require(left == 0);
  return o;
}

Failure malformed(size_t position) {
  return make_error(ErrorCode::kInvalidData, "the bytes are not a calibration, or are damaged",
                    format_text("byte {}", position));
}

}  // namespace

std::vector<std::byte> save_calibration(const Calibration& calibration) {
  Writer writer;
  writer.bytes(kMagic, sizeof kMagic);
  writer.number(kVersion);
  writer.number(static_cast<uint64_t>(calibration.sample_count));
  writer.number(calibration.by_value.size());
  for (const auto& [name, observation] : calibration.by_value) {
    writer.number(name.size());
    writer.bytes(name.data(), name.size());
    write_observation(writer, observation);
  }
  return std::move(writer).release();
}

Result<Calibration> load_calibration(std::span<const std::byte> bytes) {
  Reader reader{bytes};
  const auto magic = reader.take(sizeof kMagic);
  if (magic.empty() || std::memcmp(magic.data(), kMagic, sizeof kMagic) != 0) return malformed(0);
  const uint64_t version = reader.number(kMaxNumber);
  if (!reader.failed && version != kVersion) {
    return make_error(
        ErrorCode::kUnsupportedFeature,
        format_text("calibrations of version {} are not supported; {} is", version, kVersion),
        format_text("byte {}", sizeof kMagic));
  }
  Calibration calibration;
  calibration.sample_count = static_cast<int64_t>(reader.number(Observation::kMaxCount));
  reader.require(calibration.sample_count > 0);
  const uint64_t values = reader.number(kMaxNumber);
  if (values > kMaxCalibrationValues) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("a calibration of {} values is larger than the limit of {}",
                                  values, kMaxCalibrationValues),
                      format_text("byte {}", reader.position));
  }
  for (uint64_t i = 0; i < values && !reader.failed; ++i) {
    const auto name = reader.take(reader.number(bytes.size()));
    const auto [entry, is_new] = calibration.by_value.try_emplace(
        std::string(reinterpret_cast<const char*>(name.data()), name.size()));
    if (reader.require(is_new)) entry->second = read_observation(reader);
  }
  reader.require(reader.position == bytes.size());
  if (reader.failed) return malformed(reader.position);
  return calibration;
}

Task<Calibration> merge_calibrations(std::vector<std::shared_ptr<Buffer>> parts) {
  Calibration whole;
  for (size_t i = 0; i < parts.size(); ++i) {
    co_yield Progress{"calibrate", static_cast<double>(i) / static_cast<double>(parts.size())};
    LOWBIT_CO_ASSIGN(const Calibration part,
                     load_calibration({parts[i]->data(), parts[i]->byte_count()}));
    LOWBIT_CO_TRY(whole.merge(part));
  }
  co_return whole;
}

}  // namespace lowbit
