#include "engine/product.h"

#include <algorithm>

#include "base/text.h"
#include "graph/product_weights.h"
#include "qmath/requantize.h"

namespace lowbit::engine {

namespace {

// [columns][taps][depth] from wherever the weights lie: the constant itself when it is in that
// order already.
template <class Weight>
const Weight* arranged_weights(const Weight* source, const ProductWeights& weights,
                               PackContext& context) {
  const Weight* first = source + weights.offset;
  const bool is_arranged =
      (weights.depth_stride == 1 || weights.depth == 1) &&
      (weights.taps == 1 || weights.tap_stride == weights.depth) &&
      (weights.columns == 1 ||
       weights.column_stride == int64_t{weights.taps} * int64_t{weights.depth});
  if (is_arranged) return first;
  const int64_t count = int64_t{weights.columns} * weights.taps * weights.depth;
  Weight* arranged = context.take<Weight>(count);
  Weight* target = arranged;
  for (int32_t column = 0; column < weights.columns; ++column) {
    for (int32_t tap = 0; tap < weights.taps; ++tap) {
      const Weight* from = first + column * weights.column_stride + tap * weights.tap_stride;
      for (int32_t d = 0; d < weights.depth; ++d) *target++ = from[d * weights.depth_stride];
    }
  }
  return arranged;
}

// The biases of the columns, times `factor`; nullptr when there are none.
template <class Bias>
const Bias* arranged_bias(const ProductWeights& weights, PackContext& context) {
  if (weights.bias == kNoValue) return nullptr;
  const Bias* source = context.graph().value(weights.bias).constant->template data<Bias>().data() +
                       weights.first_channel * weights.bias_stride;
  if (weights.bias_stride == 1 && weights.bias_factor == 1.0f) return source;
  Bias* arranged = context.take<Bias>(weights.columns);
  for (int32_t column = 0; column < weights.columns; ++column) {
    const Bias bias = source[column * weights.bias_stride];
    arranged[column] = weights.bias_factor == 1.0f
                           ? bias
                           : static_cast<Bias>(weights.bias_factor * static_cast<float>(bias));
  }
  return arranged;
}

// The blocks of K that have a scale of their own; one where a column has one scale.
struct Blocks {
  int32_t size = 0;
  int64_t per_tap = 1;  // of what is a tap to the scales
  int32_t taps = 1;
  bool are_groups = false;

  Blocks(const QuantParams& quant, const ProductWeights& weights)
      : size(weights.taps * weights.depth), are_groups(quant.block_size > 0) {
    if (!are_groups) return;
    size = static_cast<int32_t>(quant.block_size);
    per_tap = kernels::block_count(weights.depth, size);
    taps = weights.taps;
  }
  int64_t count() const { return per_tap * taps; }
};

// The scales of the columns' blocks, [columns][blocks].
std::span<float> arranged_scales(const Value& constant, const ProductWeights& weights,
                                 PackContext& context) {
  const QuantParams& quant = *constant.quant;
  const ScaleIndex index(quant, constant.shape);
  const Blocks blocks(quant, weights);
  const int64_t count = weights.columns * blocks.count();
  float* scales = context.take<float>(count);
  float* target = scales;
  for (int32_t column = 0; column < weights.columns; ++column) {
    for (int32_t tap = 0; tap < blocks.taps; ++tap) {
      for (int64_t block = 0; block < blocks.per_tap; ++block) {
        const int64_t element = weights.offset + column * weights.column_stride +
                                tap * weights.tap_stride +
                                block * blocks.size * weights.depth_stride;
        *target++ = quant.scale[index.of(static_cast<size_t>(element))];
      }
    }
  }
  return {scales, static_cast<size_t>(count)};
}

// Runs `kernel` once per repeat. Call: kernels::MatmulF32, MatmulF32S8 or MatmulU8S8.
template <class Call, class Element>
class ProductStep : public Step {
 public:
  ProductStep(void (*kernel)(const Call&), size_t index, const Product& product,
              std::shared_ptr<Buffer> packed)
      : kernel_(kernel),
        index_(index),
        product_(product),
        packed_(std::move(packed)),
        words_(kernels::word_offsets(product.rows.tap_offsets, product.rows.row_depth,
                                     sizeof(Element))) {
    const ProductRows& rows = product_.rows;
    call_.rows.count = rows.count;
    call_.rows.depth = rows.row_depth;
    call_.rows.taps = rows.row_taps;
    call_.rows.row_stride = rows.row_stride;
    if (rows.offsets)
      call_.rows.row_offsets = reinterpret_cast<const int32_t*>(rows.offsets->data());
    call_.rows.words = words_.data();
    call_.packed = packed_->data();
    call_.columns = product_.weights.columns;
    call_.c_stride = product_.target.row_stride;
  }

  void bind(const Memory& memory) override {
    call_.rows.a = memory.at<Element>(product_.input) + product_.rows.offset;
    call_.c = memory.at<Element>(product_.output) + product_.target.offset;
  }

  void run() const override {
    Call call = call_;
    for (int64_t repeat = 0; repeat < product_.rows.repeats; ++repeat) {
      call.rows.a = call_.rows.a + repeat * product_.rows.repeat_stride;
      call.c = call_.c + repeat * product_.target.repeat_stride;
      kernel_(call);
    }
  }

 protected:
  Call& call() { return call_; }
  size_t index() const { return index_; }
  const ProductWeights& weights() const { return product_.weights; }
  const ProductRows& rows() const { return product_.rows; }
  void* packed() const { return packed_->data(); }

 private:
  void (*kernel_)(const Call&);
  size_t index_;
  Product product_;
  std::shared_ptr<Buffer> packed_;
  std::vector<int32_t> words_;
  Call call_;
};

class ProductF32 final : public ProductStep<kernels::MatmulF32, float> {
 public:
  ProductF32(const kernels::KernelTable& table, size_t index, const Product& product,
             std::shared_ptr<Buffer> packed, const ClipAttributes& activation)
      : ProductStep(table.matmul_f32, index, product, std::move(packed)),
        pack_(table.pack_matmul_f32) {
    call().min = activation.min;
    call().max = activation.max;
  }

  Status pack(PackContext& context) override {
    const auto source = context.graph().value(weights().weights).constant->data<float>();
    const float* arranged = arranged_weights(source.data(), weights(), context);
    if (weights().factor != 1.0f) {
      const int64_t count = int64_t{weights().columns} * weights().taps * weights().depth;
      float* scaled = context.take<float>(count);
      for (int64_t i = 0; i < count; ++i) scaled[i] = weights().factor * arranged[i];
      arranged = scaled;
    }
    pack_({.weights = arranged,
           .bias = arranged_bias<float>(weights(), context),
           .columns = weights().columns,
           .taps = rows().row_taps,
           .depth = rows().row_depth,
           .packed = packed()});
    return success();
  }

 private:
  void (*pack_)(const kernels::PackMatmulF32&);
};

// `scratch`: a place of unpacked_matmul_f32s8_bytes().
class ProductF32S8 final : public ProductStep<kernels::MatmulF32S8, float> {
 public:
  ProductF32S8(const kernels::KernelTable& table, size_t index, const Product& product,
               std::shared_ptr<Buffer> packed, const ClipAttributes& activation, Slot scratch,
               int32_t block_size)
      : ProductStep(table.matmul_f32s8, index, product, std::move(packed)),
        pack_(table.pack_matmul_f32s8),
        scratch_(scratch) {
    call().min = activation.min;
    call().max = activation.max;
    call().block_size = block_size;
  }

  void bind(const Memory& memory) override {
    ProductStep::bind(memory);
    call().unpacked = memory.at<std::byte>(scratch_);
  }

  Status pack(PackContext& context) override {
    const Value& constant = context.graph().value(weights().weights);
    const int8_t* source = constant.constant->data<int8_t>().data();
    pack_({.weights = arranged_weights(source, weights(), context),
           .scale = arranged_scales(constant, weights(), context).data(),
           .bias = arranged_bias<float>(weights(), context),
           .columns = weights().columns,
           .taps = rows().row_taps,
           .depth = rows().row_depth,
           .block_size = call().block_size,
           .packed = packed()});
    return success();
  }

 private:
  void (*pack_)(const kernels::PackMatmulF32S8&);
  Slot scratch_;
};

// The kernels of an integer product, for weights of eight or four bits, or in groups.
struct IntegerKernels {
  void (*pack)(const kernels::PackMatmulU8S8&);
  void (*multiply)(const kernels::MatmulU8S8&);
  size_t packed_bytes;
  int32_t block_size = 0;
};

// The range decides and not the weights themselves, so that a plan does not depend on data.
IntegerKernels integer_kernels(const Lowering& lowering, const QuantParams& weights,
                               const Product& product) {
  const kernels::KernelTable& table = lowering.table();
  const int32_t columns = product.weights.columns;
  const int32_t taps = product.rows.row_taps;
  const int32_t depth = product.rows.row_depth;
  if (const Blocks blocks(weights, product.weights); blocks.are_groups) {
    return {table.pack_matmul_u8s8_groups, table.matmul_u8s8_groups,
            kernels::packed_matmul_u8s8_groups_bytes(lowering.tier(), columns, taps * depth,
                                                     blocks.size),
            blocks.size};
  }
  if (weights.qmin >= -8 && weights.qmax <= 7 && taps * depth <= kernels::kMaxMatmulU8S4Depth) {
    return {table.pack_matmul_u8s4, table.matmul_u8s4,
            kernels::packed_matmul_u8s4_bytes(lowering.tier(), columns, taps, depth)};
  }
  return {table.pack_matmul_u8s8, table.matmul_u8s8,
          kernels::packed_matmul_u8s8_bytes(lowering.tier(), columns, taps, depth)};
}

class ProductU8S8 final : public ProductStep<kernels::MatmulU8S8, uint8_t> {
 public:
  ProductU8S8(const IntegerKernels& kernels, const IntegerNode& node, const Product& product,
              std::shared_ptr<Buffer> packed)
      : ProductStep(kernels.multiply, node.index, product, std::move(packed)),
        pack_(kernels.pack),
        node_(node) {
    call().output_zero_point = node.output.zero_point;
    call().qmin = node.output.qmin;
    call().qmax = node.output.qmax;
    call().block_size = kernels.block_size;
  }

  Status pack(PackContext& context) override {
    const Value& constant = context.graph().value(weights().weights);
    const int8_t* source = constant.constant->data<int8_t>().data();
    const int8_t* arranged = arranged_weights(source, weights(), context);
    const int32_t* bias = arranged_bias<int32_t>(weights(), context);
    const std::span<float> multiplier = arranged_scales(constant, weights(), context);
    for (float& scale : multiplier) scale = node_.multiplier(scale);
    float* bias_multiplier = context.take<float>(weights().columns);
    const int64_t depth = int64_t{weights().taps} * weights().depth;
    call().is_bounded = call().block_size == 0;
    for (int32_t column = 0; column < weights().columns; ++column) {
      const int64_t channel = weights().first_channel + column;
      bias_multiplier[column] = node_.multiplier(node_.weight_scales[static_cast<size_t>(channel)]);
      if (call().block_size > 0) continue;  // no sum of a block leaves 32 bits
      AccumulatorBound bound = accumulator_bound(bias == nullptr ? 0 : bias[column], node_.input);
      for (int64_t k = 0; k < depth; ++k) bound.add(arranged[column * depth + k]);
      if (!bound.fits_int32()) {
        return accumulator_overflow(context.graph().nodes[index()], channel);
      }
      call().is_bounded &= is_bounded(bound, multiplier[static_cast<size_t>(column)]);
    }
    pack_({.weights = arranged,
           .bias = bias,
           .multiplier = multiplier.data(),
           .input_zero_point = node_.input.zero_point,
           .columns = weights().columns,
           .taps = rows().row_taps,
           .depth = rows().row_depth,
           .packed = packed(),
           .block_size = call().block_size,
           .bias_multiplier = bias_multiplier});
    return success();
  }

 private:
  void (*pack_)(const kernels::PackMatmulU8S8&);
  IntegerNode node_;
};

Status emit_f32(Lowering& lowering, size_t index, const Product& product) {
  const ProductWeights& weights = product.weights;
  LOWBIT_TRY(check_f32_constants(lowering, index));
  const size_t bytes = kernels::packed_matmul_f32_bytes(
      lowering.tier(), weights.columns, product.rows.row_taps, product.rows.row_depth);
  LOWBIT_ASSIGN(auto packed, lowering.allocate_constant(index, bytes));
  const int64_t count = int64_t{weights.columns} * weights.taps * weights.depth;
  lowering.reserve_pack_room(2 * PackContext::pack_room(count, sizeof(float)) +
                             PackContext::pack_room(weights.columns, sizeof(float)));
  lowering.emit(std::make_unique<ProductF32>(lowering.table(), index, product, std::move(packed),
                                             lowering.node(index).activation),
                {product.input, product.output});
  return success();
}

Status check_factors(const Lowering& lowering, size_t index, const ProductWeights& weights) {
  if (weights.factor == 1.0f && weights.bias_factor == 1.0f) return success();
  return lowering.refuse(index, ErrorCode::kUnsupportedFeature,
                         "alpha and beta of a product of integer weights must be 1");
}

Status emit_f32s8(Lowering& lowering, size_t index, const Product& product) {
  const ProductWeights& weights = product.weights;
  LOWBIT_TRY(check_factors(lowering, index, weights));
  const Blocks blocks(*lowering.value(weights.weights).quant, weights);
  const int32_t k = weights.taps * weights.depth;
  const size_t bytes =
      kernels::packed_matmul_f32s8_bytes(lowering.tier(), weights.columns, k, blocks.size);
  LOWBIT_ASSIGN(auto packed, lowering.allocate_constant(index, bytes));
  lowering.reserve_pack_room(
      PackContext::pack_room(int64_t{weights.columns} * k, sizeof(int8_t)) +
      PackContext::pack_room(weights.columns * blocks.count(), sizeof(float)) +
      PackContext::pack_room(weights.columns, sizeof(float)));
  const Slot scratch = lowering.make_scratch(
      static_cast<int64_t>(kernels::unpacked_matmul_f32s8_bytes(lowering.tier(), k)));
  lowering.emit(
      std::make_unique<ProductF32S8>(lowering.table(), index, product, std::move(packed),
                                     lowering.node(index).activation, scratch, blocks.size),
      {product.input, product.output, scratch});
  return success();
}

Status emit_u8s8(Lowering& lowering, size_t index, const Product& product) {
  const ProductWeights& weights = product.weights;
  LOWBIT_ASSIGN(const IntegerNode node, integer_node(lowering, index));
  LOWBIT_TRY(check_factors(lowering, index, weights));
  const int64_t depth = int64_t{weights.taps} * weights.depth;
  const QuantParams& quant = *lowering.value(weights.weights).quant;
  const Blocks blocks(quant, weights);
  if (!blocks.are_groups) LOWBIT_TRY(check_reduction_length(lowering, index, depth));
  const IntegerKernels kernels = integer_kernels(lowering, quant, product);
  LOWBIT_ASSIGN(auto packed, lowering.allocate_constant(index, kernels.packed_bytes));
  lowering.reserve_pack_room(
      PackContext::pack_room(weights.columns * depth, sizeof(int8_t)) +
      PackContext::pack_room(weights.columns, sizeof(int32_t)) +
      PackContext::pack_room(weights.columns * blocks.count(), sizeof(float)) +
      PackContext::pack_room(weights.columns, sizeof(float)));
  lowering.emit(std::make_unique<ProductU8S8>(kernels, node, product, std::move(packed)),
                {product.input, product.output});
  return success();
}

}  // namespace

Status emit_product(Lowering& lowering, size_t index, const Product& product) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  if (precision == Precision::kU8) return emit_u8s8(lowering, index, product);
  return lowering.value(product.weights.weights).quant ? emit_f32s8(lowering, index, product)
                                                       : emit_f32(lowering, index, product);
}

Status check_f32_constants(const Lowering& lowering, size_t index) {
  for (const ValueId id : lowering.node(index).inputs) {
    if (id == kNoValue || !lowering.value(id).constant) continue;
    const Value& constant = lowering.value(id);
    if (constant.dtype == DType::kF32) continue;
    return lowering.refuse(
        index, ErrorCode::kUnsupportedFeature,
        format_text("the constant '{}' is {}; on float32 activations it must be float32",
                    constant.name, dtype_name(constant.dtype)));
  }
  return success();
}

float IntegerNode::multiplier(float weight_scale) const {
  return requantize_multiplier(input.scale, weight_scale, output.scale);
}

Result<IntegerNode> integer_node(const Lowering& lowering, size_t index) {
  const Node& node = lowering.node(index);
  const Value& weights = lowering.input_value(index, 1);
  const bool is_symmetric =
      weights.dtype == DType::kI8 && weights.quant &&
      std::ranges::all_of(weights.quant->zero_point, [](int32_t zero) { return zero == 0; });
  if (!is_symmetric) {
    return lowering.refuse(
        index, ErrorCode::kUnsupportedFeature,
        format_text("the weights '{}' of an integer product must be int8 with zero points of 0",
                    weights.name));
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue &&
      lowering.input_value(index, 2).dtype != DType::kI32) {
    return lowering.refuse(index, ErrorCode::kUnsupportedFeature,
                           format_text("the bias '{}' of an integer product must be int32",
                                       lowering.input_value(index, 2).name));
  }
  return IntegerNode{
      .index = index,
      .input = activation_params(lowering.input_value(index, 0)),
      .output = narrowed(activation_params(lowering.output_value(index)), node.activation),
      .weight_scales =
          channel_scales(*weights.quant, weights.shape, output_channel_axis(node, weights.shape))};
}

Status check_reduction_length(const Lowering& lowering, size_t index, int64_t length) {
  if (length <= kernels::kMaxMatmulU8S8Depth) return success();
  return lowering.refuse(index, ErrorCode::kAccumulatorOverflow,
                         format_text("it adds {} products; at most {} provably fit 32 bits", length,
                                     kernels::kMaxMatmulU8S8Depth));
}

AccumulatorBound accumulator_bound(int32_t bias, const ActivationParams& input) {
  return {bias, *storage_range(DType::kU8), input.zero_point};
}

bool is_bounded(const AccumulatorBound& bound, float multiplier) {
  return static_cast<double>(bound.largest()) * multiplier <= kernels::kMaxScaledSum;
}

Failure accumulator_overflow(const Node& node, int64_t channel) {
  return make_error(ErrorCode::kAccumulatorOverflow,
                    format_text("node '{}': the worst-case sum of output channel {} leaves 32 bits",
                                node.name, channel),
                    node.name);
}

}  // namespace lowbit::engine
