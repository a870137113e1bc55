// MatMul. A constant second operand is packed once; a product of two activations (float32 only)
// packs at every run.
#include "engine/lower_integer_product.h"
#include "engine/matrix_stacks.h"
#include "engine/product.h"
#include "kernels/layout/layout.h"

namespace lowbit::engine {

namespace {

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
      : table_(table),
        places_(places),
        matrices_(std::move(matrices)),
        words_(kernels::word_offsets(kernels::kOnePiece, call.rows.depth, sizeof(float))),
        call_(call) {
    call_.rows.words = words_.data();
  }

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

  const kernels::KernelTable table_;
  Places places_;
  std::vector<Matrix> matrices_;
  std::vector<int32_t> words_;
  kernels::MatmulF32 call_;
  const float* a_ = nullptr;
  const float* b_ = nullptr;
  float* transposed_ = nullptr;
  std::byte* packed_ = nullptr;
  float* output_ = nullptr;
};

Status emit_activation_product(Lowering& lowering, size_t index, const MatrixStacks& stacks, Slot a,
                               Slot b, Slot output) {
  LOWBIT_TRY(node_precision(lowering, index));
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
  if (needs_integer_product(lowering, index)) return lower_integer_matmul(lowering, index);
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
