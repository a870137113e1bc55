#include "graph/dtype_rules.h"

#include <algorithm>

#include "base/text.h"
#include "graph/errors.h"

namespace lowbit {

namespace {

class DTypeRule {
 public:
  DTypeRule(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  Result<DType> output() {
    if (const auto function = binary_function(node_.op)) return of_binary(*function);
    switch (node_.op) {
      case Op::kAdd:
        return of_numbers();
      case Op::kConcat:
        LOWBIT_TRY(all_like(0));
        return type(0);
      case Op::kFlatten:
      case Op::kReshape:
      case Op::kIdentity:
      case Op::kDropout:
      case Op::kSqueeze:
      case Op::kUnsqueeze:
      case Op::kTranspose:
      case Op::kSlice:
      case Op::kPad:
      case Op::kExpand:
      case Op::kTile:
      case Op::kDepthToSpace:
      case Op::kSpaceToDepth:
        return type(0);
      case Op::kGather:
        LOWBIT_TRY(must_be(1, {DType::kI32, DType::kI64}));
        return type(0);
      case Op::kResize:
        if (std::get<ResizeAttributes>(node_.attributes).mode == ResizeMode::kNearest) {
          return type(0);
        }
        break;
      case Op::kNot:
        LOWBIT_TRY(must_be(0, {DType::kBool}));
        return DType::kBool;
      case Op::kWhere:
        LOWBIT_TRY(must_be(0, {DType::kBool}));
        LOWBIT_TRY(must_be(2, {type(1)}));
        return type(1);
      case Op::kCast:
        return std::get<CastAttributes>(node_.attributes).to;
      case Op::kShape:
        return DType::kI64;
#define LOWBIT_REDUCE(name, fold) case Op::k##name:
#include "qmath/reduce.inc"
#undef LOWBIT_REDUCE
        return of_numbers();
      case Op::kArgMax:
      case Op::kArgMin:
        LOWBIT_TRY(of_numbers());
        return DType::kI64;
      case Op::kTopK: {
        LOWBIT_ASSIGN(const DType numbers, of_numbers());
        const bool are_indices = std::get<TopKAttributes>(node_.attributes).gives_indices;
        return are_indices ? DType::kI64 : numbers;
      }
      default:
        break;
    }
    for (size_t i = 0; i < node_.inputs.size(); ++i) LOWBIT_TRY(must_be(i, {DType::kF32}));
    return DType::kF32;
  }

 private:
  DType type(size_t input) const {
    const Value& value = graph_.value(node_.inputs[input]);
    return value.quant ? DType::kF32 : value.dtype;
  }

  Status must_be(size_t input, std::initializer_list<DType> types) const {
    if (node_.inputs[input] == kNoValue || std::ranges::find(types, type(input)) != types.end()) {
      return success();
    }
    std::string wanted;
    for (const DType dtype : types) {
      wanted += (wanted.empty() ? "" : " or ") + std::string(dtype_name(dtype));
    }
    return node_error(
        ErrorCode::kTypeMismatch, node_,
        format_text("its input '{}' is {}, it must be {}", graph_.value(node_.inputs[input]).name,
                    dtype_name(type(input)), wanted));
  }

  // From `first` on.
  Status all_like(size_t first) const {
    for (size_t i = first + 1; i < node_.inputs.size(); ++i) LOWBIT_TRY(must_be(i, {type(first)}));
    return success();
  }

  Result<DType> of_numbers() const {
    LOWBIT_TRY(must_be(0, {DType::kF32, DType::kU8, DType::kI8, DType::kI32, DType::kI64}));
    LOWBIT_TRY(all_like(0));
    return type(0);
  }

  Result<DType> of_binary(BinaryFunction function) const {
    switch (binary_info(function).result) {
      case BinaryResult::kLike:
        return of_numbers();
      case BinaryResult::kTruth:
        // Equal compares bool, too.
        if (function != BinaryFunction::kEqual) LOWBIT_TRY(of_numbers());
        LOWBIT_TRY(all_like(0));
        return DType::kBool;
      case BinaryResult::kLogic:
        LOWBIT_TRY(must_be(0, {DType::kBool}));
        LOWBIT_TRY(all_like(0));
        return DType::kBool;
    }
    return DType::kF32;
  }

  const Graph& graph_;
  const Node& node_;
};

}  // namespace

Result<DType> output_dtype(const Graph& graph, const Node& node) {
  return DTypeRule(graph, node).output();
}

}  // namespace lowbit
