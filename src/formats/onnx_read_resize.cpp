// Resize, and Upsample, which came before it.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "formats/onnx_read.h"
#include "formats/resize_names.h"

namespace lowbit {

namespace {

template <class Names, class Value>
void read_name(const NodeSource& source, std::string_view attribute, const Names& names,
               Value& value) {
  const std::string_view given = source.attributes.text(attribute, name_in(names, value));
  const auto found =
      std::ranges::find_if(names, [&](const auto& entry) { return entry.second == given; });
  if (found != names.end()) {
    value = found->first;
  } else {
    source.attributes.fail(ErrorCode::kInvalidModel,
                           format_text("'{}' is not a value of {}", given, attribute));
  }
}

Result<std::vector<float>> read_reals(const NodeSource& source, size_t input,
                                      std::string_view what) {
  std::vector<float> values;
  if (!source.has(input)) return values;
  LOWBIT_ASSIGN(const Tensor tensor, source.constant(input, what));
  // An input of no elements is not given, in opset 11.
  if (tensor.element_count() == 0) return values;
  if (tensor.dtype() != DType::kF32 || tensor.shape().rank() != 1) {
    return source.refuse(ErrorCode::kInvalidModel,
                         format_text("its input {} must be a list of real numbers", what));
  }
  const auto elements = tensor.data<float>();
  values.assign(elements.begin(), elements.end());
  return values;
}

// Of all axes, those that are not named are left as they are: `rest`.
template <class T>
Result<std::vector<T>> by_axis(const NodeSource& source, const std::vector<int64_t>& axes,
                               const std::vector<T>& given, T rest) {
  if (axes.empty() || given.empty()) return given;
  const int rank = source.inputs[0]->shape.rank();
  std::vector<T> values(static_cast<size_t>(rank), rest);
  bool fits = given.size() == axes.size();
  for (size_t i = 0; fits && i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
    fits = axis >= 0 && axis < rank;
    if (fits) values[static_cast<size_t>(axis)] = given[i];
  }
  if (!fits) {
    return source.refuse(ErrorCode::kInvalidModel,
                         "its axes are out of range, or not as many as its scales or sizes");
  }
  return values;
}

// Sizes that are the input's own, symbolic dimension leave that as it is.
Result<std::vector<int64_t>> read_sizes(const NodeSource& source,
                                        const std::vector<int64_t>& axes) {
  const TensorId id = source.node.inputs[3];
  const auto numbers =
      source.parameters.is_constant(id) ? std::nullopt : source.parameters.numbers(id);
  if (!numbers) {
    LOWBIT_ASSIGN(std::vector<int64_t> sizes, source.integers(3, "sizes"));
    if (std::ranges::all_of(sizes, [](int64_t size) { return size > 0; })) return sizes;
    return source.refuse(ErrorCode::kInvalidModel, "a size is not positive");
  }
  const Shape& shape = source.inputs[0]->shape;
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < numbers->size(); ++i) {
    const ShapeNumber number = (*numbers)[i];
    const int64_t given = i < axes.size() ? axes[i] : static_cast<int64_t>(i);
    const int64_t axis = given < 0 ? given + shape.rank() : given;
    const bool is_own = number.kind == ShapeNumber::Kind::kSymbol && axis >= 0 &&
                        axis < shape.rank() && shape[static_cast<int>(axis)] == number.value;
    if (!is_own && number.kind != ShapeNumber::Kind::kNumber) return source.integers(3, "sizes");
    sizes.push_back(is_own ? 0 : number.value);
  }
  return sizes;
}

Result<Expansion> resize_node(ResizeAttributes resize) {
  Expansion expansion;
  expansion.add({Op::kResize, {Operand::input(0)}, std::move(resize)});
  return expansion;
}

// As Upsample, and Resize of opset 10, have it.
void use_first_form(ResizeAttributes& resize) {
  resize.coordinates = ResizeCoordinates::kAsymmetric;
  resize.rounding = ResizeRounding::kFloor;
}

}  // namespace

Result<Expansion> read_upsample(const NodeSource& source) {
  ResizeAttributes resize;
  use_first_form(resize);
  if (source.opset < 7) {
    return source.refuse(ErrorCode::kUnsupportedFeature, "it is supported from opset 7 on");
  }
  read_name(source, "mode", kResizeModes, resize.mode);
  if (source.opset < 9) {
    resize.scales = source.attributes.reals("scales");
  } else {
    LOWBIT_ASSIGN(resize.scales, read_reals(source, 1, "scales"));
  }
  return resize_node(std::move(resize));
}

Result<Expansion> read_resize(const NodeSource& source) {
  if (source.inputs.empty() || !source.inputs[0]) {
    return source.refuse(ErrorCode::kInvalidModel, "it has no input");
  }
  ResizeAttributes resize;
  read_name(source, "mode", kResizeModes, resize.mode);
  if (source.opset < 11) {
    use_first_form(resize);
    LOWBIT_ASSIGN(resize.scales, read_reals(source, 1, "scales"));
    return resize_node(std::move(resize));
  }
  AttributeReader& attributes = source.attributes;
  read_name(source, "coordinate_transformation_mode", kResizeCoordinates, resize.coordinates);
  read_name(source, "nearest_mode", kResizeRoundings, resize.rounding);
  resize.cubic_a = attributes.real("cubic_coeff_a", resize.cubic_a);
  resize.exclude_outside = attributes.flag("exclude_outside", false);
  resize.extrapolation_value = attributes.real("extrapolation_value", 0);
  std::vector<int64_t> axes;
  if (source.opset >= 18) {
    resize.antialias = attributes.flag("antialias", false);
    read_name(source, "keep_aspect_ratio_policy", kResizeAspects, resize.aspect);
    axes = attributes.integers("axes");
  }
  LOWBIT_ASSIGN(const std::vector<float> scales, read_reals(source, 2, "scales"));
  LOWBIT_ASSIGN(resize.scales, by_axis(source, axes, scales, 1.0f));
  if (source.has(3)) {
    LOWBIT_ASSIGN(const std::vector<int64_t> sizes, read_sizes(source, axes));
    LOWBIT_ASSIGN(resize.sizes, by_axis(source, axes, sizes, int64_t{0}));
  }
  if (resize.sizes.empty()) resize.aspect = ResizeAspect::kStretch;
  if (resize.coordinates == ResizeCoordinates::kTfCropAndResize) {
    LOWBIT_ASSIGN(const std::vector<float> region, read_reals(source, 1, "roi"));
    const auto middle = region.begin() + static_cast<ptrdiff_t>(region.size() / 2);
    LOWBIT_ASSIGN(resize.roi,
                  by_axis(source, axes, std::vector<float>(region.begin(), middle), 0.0f));
    LOWBIT_ASSIGN(const std::vector<float> ends,
                  by_axis(source, axes, std::vector<float>(middle, region.end()), 1.0f));
    resize.roi.insert(resize.roi.end(), ends.begin(), ends.end());
  }
  return resize_node(std::move(resize));
}

}  // namespace lowbit
