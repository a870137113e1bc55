#include "formats/onnx_write_parameters.h"

#include <algorithm>
#include <array>

#include "formats/onnx_node_writer.h"
#include "formats/resize_names.h"

namespace lowbit {

namespace {

std::string integers(ModelWriter& model, const std::vector<int64_t>& values) {
  const std::array dims{static_cast<int64_t>(values.size())};
  return model.constant<int64_t>('c', dims, values);
}

void add_pads(const PadAttributes& pad, const Value& output, ModelWriter& model, NodeText& text) {
  text.inputs.push_back(integers(model, pad.pads));
  if (pad.value == 0) return;
  switch (output.quant ? DType::kF32 : output.dtype) {
#define X(name, type, dtype_text, onnx)                                         \
  case DType::k##name: {                                                        \
    const type value = static_cast<type>(pad.value);                            \
    text.inputs.push_back(model.constant<type>('c', {}, std::span(&value, 1))); \
    break;                                                                      \
  }
    LOWBIT_DTYPES(X)
#undef X
  }
}

// The name of an Expand's shape: a constant, or computed from the shape of its second input.
std::string shape_like(const ExpandAttributes& expand, ModelWriter& model,
                       const std::string& like) {
  if (std::ranges::all_of(expand.shape, [](int64_t dim) { return dim >= 0; })) {
    return integers(model, expand.shape);
  }
  NodeText concat{.op = "Concat", .output = model.fresh_name('c')};
  for (const int64_t dim : expand.shape) {
    if (dim >= 0) {
      concat.inputs.push_back(integers(model, {dim}));
      continue;
    }
    const int64_t axis = -1 - dim;
    AttributeWriter range;
    range.integer("end", axis + 1);
    range.integer("start", axis);
    concat.inputs.push_back(model.fresh_name('c'));
    model.node({.op = "Shape", .inputs = {like}, .output = concat.inputs.back()}, range);
  }
  AttributeWriter axis;
  axis.integer("axis", 0);
  model.node(concat, axis);
  return concat.output;
}

void add_resize_inputs(const ResizeAttributes& resize, ModelWriter& model, NodeText& text) {
  const auto reals = [&](std::span<const float> values) {
    const std::array dims{static_cast<int64_t>(values.size())};
    return values.empty() ? std::string() : model.constant<float>('a', dims, values);
  };
  const std::vector<int64_t> axes = resized_axes(resize);
  std::vector<float> roi = resize.roi;
  std::vector<int64_t> sizes = resize.sizes;
  if (!axes.empty()) {
    roi.clear();
    sizes.clear();
    for (const size_t end : {size_t{0}, resize.roi.size() / 2}) {
      for (const int64_t axis : axes) {
        if (!resize.roi.empty()) roi.push_back(resize.roi[end + static_cast<size_t>(axis)]);
      }
    }
    for (const int64_t axis : axes) sizes.push_back(resize.sizes[static_cast<size_t>(axis)]);
  }
  text.inputs.push_back(reals(roi));
  text.inputs.push_back(reals(resize.scales));
  if (!sizes.empty()) text.inputs.push_back(integers(model, sizes));
}

}  // namespace

void add_parameter_inputs(const Graph& graph, const Node& node, ModelWriter& model,
                          NodeText& text) {
  const Attributes& attributes = node.attributes;
  if (const auto* reshape = std::get_if<ReshapeAttributes>(&attributes)) {
    text.inputs.push_back(integers(model, reshape->shape));
  } else if (const auto* axes = std::get_if<AxesAttributes>(&attributes)) {
    if (!axes->axes.empty()) text.inputs.push_back(integers(model, axes->axes));
  } else if (const auto* reduce = std::get_if<ReduceAttributes>(&attributes)) {
    if (!reduce->axes.empty() && has_axes_as_input(node.op, model.opset())) {
      text.inputs.push_back(integers(model, reduce->axes));
    }
  } else if (const auto* top = std::get_if<TopKAttributes>(&attributes)) {
    text.inputs.push_back(integers(model, {top->k}));
    (top->gives_indices ? text.unused_first : text.unused_second) = model.fresh_name('u');
  } else if (const auto* slice = std::get_if<SliceAttributes>(&attributes)) {
    for (const auto* list : {&slice->starts, &slice->ends, &slice->axes, &slice->steps}) {
      text.inputs.push_back(integers(model, *list));
    }
  } else if (const auto* pad = std::get_if<PadAttributes>(&attributes)) {
    add_pads(*pad, graph.value(node.output), model, text);
  } else if (const auto* expand = std::get_if<ExpandAttributes>(&attributes)) {
    const std::string like = text.inputs.size() > 1 ? text.inputs[1] : std::string();
    text.inputs = {text.inputs[0], shape_like(*expand, model, like)};
  } else if (const auto* tile = std::get_if<TileAttributes>(&attributes)) {
    text.inputs.push_back(integers(model, tile->repeats));
  } else if (const auto* resize = std::get_if<ResizeAttributes>(&attributes)) {
    add_resize_inputs(*resize, model, text);
  }
}

}  // namespace lowbit
