// Matrix products. For Y = A * B:   dA = dY * B^T   and   dB = A^T * dY.
// Gemm: Y = alpha * A * B' + beta * C with B' = B or B^T, and dC = beta * dY summed over what C's
// broadcast repeats. MatMul: a stack of rows times one matrix, or stacks of equal leading
// dimensions, matrix by matrix.
#include <algorithm>

#include "base/text.h"
#include "train/gradients/gradient.h"
#include "train/gradients/product.h"
#include "train/gradients/strided.h"

namespace lowbit::gradient {

namespace {

void transpose(const float* input, int64_t rows, int64_t columns, float* output) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) output[j * rows + i] = input[i * columns + j];
  }
}

// Y [rows, columns] = A [rows, depth] * B, where B lies as [depth, columns] or, transposed, as
// [columns, depth].
class Factors {
 public:
  static Result<Factors> create(Tier tier, int64_t rows, int64_t depth, int64_t columns,
                                bool b_is_transposed) {
    LOWBIT_ASSIGN(Product product, Product::create(tier, depth, columns));
    Factors factors(std::move(product));
    factors.kernels_ = &kernels::training_kernel_table(tier);
    factors.rows_ = rows;
    factors.depth_ = depth;
    factors.columns_ = columns;
    factors.b_is_transposed_ = b_is_transposed;
    return factors;
  }

  size_t scratch_count() const {
    return b_is_transposed_ ? static_cast<size_t>(depth_ * columns_) : 0;
  }

  void a_gradient(const float* b, const float* dy, float* da, float* scratch) const {
    if (b_is_transposed_) {
      transpose(b, columns_, depth_, scratch);
      b = scratch;
    }
    product_.pack(b);
    product_.run(dy, rows_, columns_, da, depth_);
  }

  void b_gradient(const float* a, const float* dy, float* db, float* scratch) const {
    float* sum = b_is_transposed_ ? scratch : db;
    std::fill_n(sum, depth_ * columns_, 0.0f);
    kernels_->outer_product_f32({.rows = {.a = a,
                                          .count = static_cast<int32_t>(rows_),
                                          .depth = static_cast<int32_t>(depth_),
                                          .row_stride = static_cast<int32_t>(depth_)},
                                 .b = dy,
                                 .b_stride = static_cast<int32_t>(columns_),
                                 .columns = static_cast<int32_t>(columns_),
                                 .c = sum});
    if (b_is_transposed_) transpose(sum, depth_, columns_, db);
  }

  int64_t a_count() const { return rows_ * depth_; }
  int64_t b_count() const { return depth_ * columns_; }
  int64_t y_count() const { return rows_ * columns_; }

 private:
  explicit Factors(Product product) : product_(std::move(product)) {}

  Product product_;
  const kernels::TrainingKernelTable* kernels_ = nullptr;
  int64_t rows_ = 0;
  int64_t depth_ = 0;
  int64_t columns_ = 0;
  bool b_is_transposed_ = false;
};

void scale(float* x, int64_t count, float factor) {
  if (factor == 1.0f) return;
  for (int64_t i = 0; i < count; ++i) x[i] *= factor;
}

class Gemm final : public Gradient {
 public:
  Gemm(Factors factors, const GemmAttributes& attributes)
      : factors_(std::move(factors)), alpha_(attributes.alpha), beta_(attributes.beta) {}

  size_t scratch_count() const override { return factors_.scratch_count(); }

  void run(const Io& io) override {
    const float* dy = io.output_gradient;
    if (float* db = io.input_gradients[1]; db != nullptr) {
      factors_.b_gradient(io.inputs[0].as<float>().data(), dy, db, io.scratch);
      scale(db, factors_.b_count(), alpha_);
    }
    if (float* da = io.input_gradients[0]; da != nullptr) {
      factors_.a_gradient(io.inputs[1].as<float>().data(), dy, da, io.scratch);
      scale(da, factors_.a_count(), alpha_);
    }
    if (io.input_gradients.size() > 2 && io.input_gradients[2] != nullptr) {
      float* dc = io.input_gradients[2];
      const ValueView& c = io.inputs[2];
      std::fill_n(dc, c.element_count(), 0.0f);
      add_strided(io.output.shape, dy, strides_of(io.output), dc,
                  broadcast_strides(c, io.output.shape));
      scale(dc, c.element_count(), beta_);
    }
  }

 private:
  Factors factors_;
  float alpha_;
  float beta_;
};

class MatMul final : public Gradient {
 public:
  MatMul(Factors factors, int64_t stack) : factors_(std::move(factors)), stack_(stack) {}

  size_t scratch_count() const override { return factors_.scratch_count(); }

  void run(const Io& io) override {
    const float* a = io.inputs[0].as<float>().data();
    const float* b = io.inputs[1].as<float>().data();
    const float* dy = io.output_gradient;
    float* da = io.input_gradients[0];
    float* db = io.input_gradients[1];
    for (int64_t i = 0; i < stack_; ++i) {
      if (db != nullptr) {
        factors_.b_gradient(a + i * factors_.a_count(), dy + i * factors_.y_count(),
                            db + i * factors_.b_count(), io.scratch);
      }
      if (da != nullptr) {
        factors_.a_gradient(b + i * factors_.b_count(), dy + i * factors_.y_count(),
                            da + i * factors_.a_count(), io.scratch);
      }
    }
  }

 private:
  Factors factors_;
  int64_t stack_;
};

Failure unsupported(const NodeInfo& info, const std::string& what) {
  return make_error(ErrorCode::kUnsupportedFeature,
                    format_text("no gradient for {} with {}", op_info(info.node->op).name, what),
                    info.node->name);
}

}  // namespace

GradientResult make_gemm(const NodeInfo& info) {
  const auto& attributes = std::get<GemmAttributes>(info.node->attributes);
  if (attributes.transpose_a) return unsupported(info, "transpose_a");
  const Shape& a = info.inputs[0].shape;
  const Shape& y = info.output.shape;
  LOWBIT_ASSIGN(Factors factors,
                Factors::create(info.tier, y[0], a[1], y[1], attributes.transpose_b));
  return std::unique_ptr<Gradient>(new Gemm(std::move(factors), attributes));
}

GradientResult make_matmul(const NodeInfo& info) {
  const Shape& a = info.inputs[0].shape;
  const Shape& b = info.inputs[1].shape;
  if (a.rank() < 2 || b.rank() < 2) return unsupported(info, "a vector operand");
  if (!is_row_major(info.inputs[0]) || !is_row_major(info.inputs[1]) ||
      !is_row_major(info.output)) {
    return unsupported(info, "4-D activations");
  }
  const int64_t depth = a[a.rank() - 1];
  const int64_t columns = b[b.rank() - 1];
  int64_t stack = 1;
  int64_t rows = 1;
  for (int axis = 0; axis + 1 < a.rank(); ++axis) rows *= a[axis];
  if (b.rank() > 2) {
    bool agrees = a.rank() == b.rank();
    for (int axis = 0; agrees && axis + 2 < a.rank(); ++axis) {
      agrees = a[axis] == b[axis];
      stack *= a[axis];
    }
    if (!agrees) return unsupported(info, "broadcast leading dimensions");
    rows = a[a.rank() - 2];
  }
  LOWBIT_ASSIGN(Factors factors, Factors::create(info.tier, rows, depth, columns, false));
  return std::unique_ptr<Gradient>(new MatMul(std::move(factors), stack));
}

}  // namespace lowbit::gradient
