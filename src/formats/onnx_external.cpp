#include "formats/onnx_external.h"

#include <charconv>

#include "base/text.h"

namespace lowbit {

namespace {

bool is_plain(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\\:\0", 4)) == std::string_view::npos;
}

// Decimal digits, all of them; nothing for anything else.
std::optional<uint64_t> read_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Slice> find_external_data(const OnnxTensor& source, const std::string& name,
                                 const ExternalFiles& files) {
  const OnnxExternalData& external = source.external;
  const auto fail = [&](ErrorCode code, const Text& what) {
    return make_error(code, format_text("tensor '{}': {}", name, what), name);
  };
  if (!is_plain(external.location)) {
    return fail(
        ErrorCode::kInvalidModel,
        format_text("its data lies in '{}', which is no plain file name", external.location));
  }
  const auto file = files.find(external.location);
  if (file == files.end()) {
    return fail(ErrorCode::kUnsupportedFeature,
                format_text("its data lies in another file, '{}', which was not handed over; save "
                            "the model as one file (save_as_external_data=False)",
                            external.location));
  }
  const std::span<const std::byte> bytes = file->second;
  const auto offset = read_number(external.offset.empty() ? "0" : external.offset);
  if (!offset || *offset > bytes.size()) {
    return fail(ErrorCode::kInvalidModel,
                format_text("its data begins at '{}' in '{}', which has {} bytes", external.offset,
                            external.location, bytes.size()));
  }
  const auto begin = static_cast<size_t>(*offset);
  const size_t left = bytes.size() - begin;
  const auto length =
      external.length.empty() ? std::optional<uint64_t>(left) : read_number(external.length);
  if (!length || *length > left) {
    return fail(ErrorCode::kInvalidModel,
                format_text("its data is '{}' bytes long, but '{}' has {} from there on",
                            external.length, external.location, left));
  }
  return Slice{bytes.subspan(begin, static_cast<size_t>(*length)), begin};
}

}  // namespace lowbit
