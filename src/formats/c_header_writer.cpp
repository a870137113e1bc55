#include "formats/c_header_writer.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/text.h"
#include "graph/errors.h"
#include "graph/product_weights.h"
#include "graph/validate.h"
#include "qmath/requantize.h"

namespace lowbit {

namespace {

constexpr size_t kNumbersPerLine = 12;

std::string number_text(float number) {
  std::string text = real_text(number);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text + "f";
}

std::string number_text(int32_t number) { return format_text("{}", number); }

// Only letters and digits of ASCII, whatever the locale.
std::string lower_identifier(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    text += is_upper ? static_cast<char>(c - 'A' + 'a') : is_kept ? c : '_';
  }
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// A symbol is a '?', for its name could end the comment.
std::string dims_text(const Shape& shape) {
  std::string text = "[";
  for (const int64_t dim : shape.dims()) {
    if (text.size() > 1) text += ", ";
    text += dim < 0 ? std::string("?") : format_text("{}", dim);
  }
  return text + "]";
}

class HeaderWriter {
 public:
  explicit HeaderWriter(const Graph& graph) : graph_(graph) {}

  std::string run() && {
    text_ =
        "/* Weights and parameters of a quantized model: real = scale * (q - zero point). */\n"
        "#ifndef LOWBIT_MODEL_H\n#define LOWBIT_MODEL_H\n\n#include <stdint.h>\n";
    for (const Node& node : graph_.nodes) {
      if (graph_.value(node.output).quant) add_node(node);
    }
    text_ += "\n#endif\n";
    return std::move(text_);
  }

 private:
  void add_node(const Node& node) {
    prefix_ = "lowbit_" + unique_name(node.name);
    const Value& output = graph_.value(node.output);
    text_ += format_text("\n/* {}: {}, output {}. */\n", prefix_, op_info(node.op).name,
                         dims_text(output.shape));
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == kNoValue) continue;
      const Value& input = graph_.value(node.inputs[i]);
      const bool is_weight = is_product(node.op) && i > 0 && input.constant;
      if (is_weight || !input.quant) continue;
      const std::string number = i == 0 ? "" : format_text("{}", i + 1);
      add_parameters("INPUT" + number, *input.quant);
      if (input.constant) add_integers("input" + number, input);
    }
    add_parameters("OUTPUT", *output.quant);
    define("OUTPUT_MIN", number_text(output.quant->qmin));
    define("OUTPUT_MAX", number_text(output.quant->qmax));
    if (is_product(node.op)) add_product(node);
  }

  void add_product(const Node& node) {
    const Value& weight = graph_.value(node.inputs[1]);
    const float input_scale = graph_.value(node.inputs[0]).quant->scale[0];
    const float output_scale = graph_.value(node.output).quant->scale[0];
    if (weight.constant) {
      const std::vector<int32_t>& zero_points = weight.quant->zero_point;
      add_integers("weights", weight);
      add_array<float>("float", "weight_scales", weight.quant->scale);
      if (std::ranges::any_of(zero_points, [](int32_t zero) { return zero != 0; })) {
        add_array<int32_t>("int32_t", "weight_zero_points", zero_points);
      }
    }
    if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
      add_integers("biases", graph_.value(node.inputs[2]));
    }
    std::vector<float> multipliers;
    for (const float scale : weight.quant->scale) {
      multipliers.push_back(requantize_multiplier(input_scale, scale, output_scale));
    }
    add_array<float>("float", "multipliers", multipliers);
  }

  void add_parameters(const std::string& what, const QuantParams& quant) {
    define(what + "_SCALE", number_text(quant.scale[0]));
    define(what + "_ZERO_POINT", number_text(quant.zero_point[0]));
  }

  void define(const std::string& what, const std::string& number) {
    text_ += format_text("#define {}_{} {}\n", upper(prefix_), what, number);
  }

  void add_integers(const std::string& what, const Value& value) {
    text_ += format_text("/* {} */\n", dims_text(value.shape));
    if (value.dtype == DType::kI8) {
      add_array<int8_t>("int8_t", what, value.constant->data<int8_t>());
    } else if (value.dtype == DType::kI32) {
      add_array<int32_t>("int32_t", what, value.constant->data<int32_t>());
    } else {
      add_array<uint8_t>("uint8_t", what, value.constant->data<uint8_t>());
    }
  }

  template <class T>
  void add_array(std::string_view type, const std::string& what, std::span<const T> numbers) {
    text_ += format_text("static const {} {}_{}[{}] = ", type, prefix_, what, numbers.size()) + "{";
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0) text_ += ',';
      text_ += i % kNumbersPerLine == 0 ? "\n    " : " ";
      text_ += number_text(numbers[i]);
    }
    text_ += "\n};\n";
  }

  std::string unique_name(std::string_view name) {
    const std::string first = lower_identifier(name);
    std::string unique = first;
    for (int number = 2; !names_.insert(unique).second; ++number) {
      unique = format_text("{}_{}", first, number);
    }
    return unique;
  }

  const Graph& graph_;
  std::string text_;
  std::string prefix_;  // of the node at hand
  std::set<std::string> names_;
};

}  // namespace

Result<std::string> write_c_header(const Graph& graph) {
  LOWBIT_TRY(validate(graph));
  for (const Node& node : graph.nodes) {
    if (graph.value(node.output).quant) return HeaderWriter(graph).run();
  }
  return make_error(ErrorCode::kInvalidArgument,
                    "no node of the model makes integers; give a quantized one", "model");
}

}  // namespace lowbit
