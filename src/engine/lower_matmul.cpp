// MatMul. A constant second operand is packed once; a product of two activations (float32 only)
// packs at every run.
#include "engine/product.h"
#include "kernels/layout/layout.h"

namespace lowbit::engine {

namespace {

// The operands of MatMul as stacks of matrices, after numpy's rules: rank 1 is a row on the left
// and a column on the right, and the leading dimensions are broadcast.
struct MatrixStacks {
  int64_t rows = 1;
  int64_t depth = 1;
  int64_t columns = 1;
  Shape batch;    // the output's leading dimensions
  Shape batch_a;  // of the operands, to be broadcast
  Shape batch_b;
};

MatrixStacks matrix_stacks(const Shape& a, const Shape& b) {
  const auto leading = [](const Shape& shape) {
    Shape batch;
    if (shape.rank() > 2)
      batch = *Shape::from_dims(shape.dims().first(static_cast<size_t>(shape.rank() - 2)));
    return batch;
  };
  MatrixStacks stacks;
  stacks.depth = a[a.rank() - 1];
  if (a.rank() > 1) stacks.rows = a[a.rank() - 2];
  if (b.rank() > 1) stacks.columns = b[b.rank() - 1];
  stacks.batch_a = leading(a);
  stacks.batch_b = leading(b);
  const Shape& longer =
      stacks.batch_a.rank() >= stacks.batch_b.rank() ? stacks.batch_a : stacks.batch_b;
  const Shape& shorter = &longer == &stacks.batch_a ? stacks.batch_b : stacks.batch_a;
  stacks.batch = longer;
  const int missing = longer.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    int64_t& dim = stacks.batch[axis + missing];
    if (dim == 1) dim = shorter[axis];
  }
  return stacks;
}

// A product of activations: for each matrix of the stack, B is transposed and packed, then
// multiplied.
class ActivationProduct final : public Step {
 public:
  struct Places {
    Slot a, b, transposed, packed, output;
  };
  struct Matrix {
    int64_t a_offset, b_offset;
  };

  ActivationProduct(const kernels::KernelTable& table, const Places& places,
                    std::vector<Matrix> matrices, const kernels::MatmulF32& call)
      : table_(table), places_(places), matrices_(std::move(matrices)), call_(call) {}

  void bind(const Memory& memory) override {
    a_ = memory.at<float>(places_.a);
    b_ = memory.at<float>(places_.b);
    transposed_ = memory.at<float>(places_.transposed);
    packed_ = memory.at<std::byte>(places_.packed);
    output_ = memory.at<float>(places_.output);
  }

  void run() const override {
    kernels::MatmulF32 call = call_;
    call.packed = packed_;
    call.c = output_;
    int64_t packed_from = -1;
    for (const Matrix& matrix : matrices_) {
      if (matrix.b_offset != packed_from) pack_matrix(matrix.b_offset);
      packed_from = matrix.b_offset;
      call.rows.a = a_ + matrix.a_offset;
      table_.matmul_f32(call);
      call.c += int64_t{call.rows.count} * call.columns;
    }
  }

 private:
  // B is [depth][columns]; packing wants [columns][depth].
  void pack_matrix(int64_t offset) const {
    kernels::nchw_to_nhwc(b_ + offset, transposed_, 1, call_.rows.depth, 1, call_.columns,
                          sizeof(float));
    table_.pack_matmul_f32({.weights = transposed_,
                            .columns = call_.columns,
                            .depth = call_.rows.depth,
                            .packed = packed_});
  }

  const kernels::KernelTable& table_;
  Places places_;
  std::vector<Matrix> matrices_;
  kernels::MatmulF32 call_;
  const float* a_ = nullptr;
  const float* b_ = nullptr;
  float* transposed_ = nullptr;
  std::byte* packed_ = nullptr;
  float* output_ = nullptr;
};

// The index of each output matrix's operand in the operand's own stack.
std::vector<int64_t> operand_matrices(const Shape& operand, const Shape& batch) {
  const int64_t count = product(batch, 0, batch.rank());
  std::vector<int64_t> indices(static_cast<size_t>(count), 0);
  int64_t repeat = 1;
  int64_t stride = 1;
  for (int axis = batch.rank() - 1; axis >= 0; --axis) {
    const int own = axis - (batch.rank() - operand.rank());
    if (own >= 0 && operand[own] != 1) {
      for (int64_t i = 0; i < count; ++i) {
        indices[static_cast<size_t>(i)] += (i / repeat) % batch[axis] * stride;
      }
      stride *= operand[own];
    }
    repeat *= batch[axis];
  }
  return indices;
}

Status emit_activation_product(Lowering& lowering, size_t index, const MatrixStacks& stacks, Slot a,
                               Slot b, Slot output) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  if (precision == Precision::kU8) {
    return lowering.refuse(index, ErrorCode::kUnsupportedFeature,
                           "an integer product needs one constant matrix as second operand");
  }
  LOWBIT_TRY(check_f32_constants(lowering, index));
  kernels::MatmulF32 call;
  LOWBIT_ASSIGN(call.rows.count, lowering.to_int32(index, stacks.rows, "the number of rows"));
  LOWBIT_ASSIGN(call.rows.depth, lowering.to_int32(index, stacks.depth, "the length of the sums"));
  LOWBIT_ASSIGN(call.columns, lowering.to_int32(index, stacks.columns, "the number of columns"));
  call.rows.row_stride = call.rows.depth;
  call.c_stride = call.columns;
  call.min = lowering.node(index).activation.min;
  call.max = lowering.node(index).activation.max;

  const std::vector<int64_t> of_a = operand_matrices(stacks.batch_a, stacks.batch);
  const std::vector<int64_t> of_b = operand_matrices(stacks.batch_b, stacks.batch);
  std::vector<ActivationProduct::Matrix> matrices(of_a.size());
  for (size_t i = 0; i < matrices.size(); ++i) {
    matrices[i] = {of_a[i] * stacks.rows * stacks.depth, of_b[i] * stacks.depth * stacks.columns};
  }
  const auto packed_bytes = static_cast<int64_t>(
      kernels::packed_matmul_f32_bytes(lowering.tier(), call.columns, 1, call.rows.depth));
  const Slot transposed =
      lowering.make_scratch(stacks.depth * stacks.columns * int64_t{sizeof(float)});
  const Slot packed = lowering.make_scratch(packed_bytes);
  lowering.emit(std::make_unique<ActivationProduct>(
                    lowering.table(), ActivationProduct::Places{a, b, transposed, packed, output},
                    std::move(matrices), call),
                {a, b, transposed, packed, output});
  return success();
}

Status emit_constant_product(Lowering& lowering, size_t index, const MatrixStacks& stacks, Slot a,
                             Slot output) {
  Product product;
  product.input = a;
  product.output = output;
  const int64_t row_count = engine::product(stacks.batch_a, 0, stacks.batch_a.rank()) * stacks.rows;
  ProductWeights& weights = product.weights;
  LOWBIT_ASSIGN(product.rows.count, lowering.to_int32(index, row_count, "the number of rows"));
  LOWBIT_ASSIGN(weights.depth, lowering.to_int32(index, stacks.depth, "the length of the sums"));
  LOWBIT_ASSIGN(weights.columns, lowering.to_int32(index, stacks.columns, "the number of columns"));
  product.rows.row_depth = weights.depth;
  product.rows.row_stride = weights.depth;
  product.target.row_stride = weights.columns;
  weights.weights = lowering.node(index).inputs[1];
  weights.column_stride = 1;
  weights.depth_stride = weights.columns;
  return emit_product(lowering, index, product);
}

}  // namespace

template <>
Status lower<Op::kMatMul>(Lowering& lowering, size_t index) {
  const Value& b = lowering.input_value(index, 1);
  const MatrixStacks stacks = matrix_stacks(lowering.input_value(index, 0).shape, b.shape);
  const Slot left = lowering.input_slot(index, 0, Layout::kRowMajor);
  const bool has_one_matrix = product(stacks.batch_b, 0, stacks.batch_b.rank()) == 1;
  if (b.constant && has_one_matrix) {
    return emit_constant_product(lowering, index, stacks, left,
                                 lowering.make_output_slot(index, Layout::kRowMajor));
  }
  const Slot right = lowering.input_slot(index, 1, Layout::kRowMajor);
  return emit_activation_product(lowering, index, stacks, left, right,
                                 lowering.make_output_slot(index, Layout::kRowMajor));
}

}  // namespace lowbit::engine
