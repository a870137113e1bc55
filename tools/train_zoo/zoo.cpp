#include "zoo.h"

#include <array>
#include <utility>

#include "layers.h"

namespace lowbit::zoo {

namespace {

constexpr int64_t kClasses = 10;

// A multilayer perceptron: 784-160-64-10.
Result<Graph> digits_mlp(uint64_t seed) {
  Layers l("digits-mlp", seed);
  ValueId x = l.flatten("flatten", l.image());
  x = l.relu("relu1", l.fc("fc1", x, 160));
  x = l.relu("relu2", l.fc("fc2", x, 64));
  return std::move(l).build(l.fc("fc3", x, kClasses, "logits"));
}

// After LeNet-5 (LeCun et al. 1998), with ReLU and maximum pooling.
Result<Graph> digits_lenet(uint64_t seed) {
  Layers l("digits-lenet", seed);
  ValueId x =
      l.conv("conv1", l.image(), {.channels = 8, .kernel = 5, .padding = 2, .has_bias = true});
  x = l.max_pool2("pool1", l.relu("relu1", x));
  x = l.conv("conv2", x, {.channels = 16, .kernel = 5, .has_bias = true});
  x = l.flatten("flatten", l.max_pool2("pool2", l.relu("relu2", x)));
  x = l.relu("relu3", l.fc("fc1", x, 120));
  x = l.relu("relu4", l.fc("fc2", x, 84));
  return std::move(l).build(l.fc("fc3", x, kClasses, "logits"));
}

// Convolution, batch normalization; `index` numbers the layer.
ValueId conv_bn(Layers& l, int index, ValueId x, const ConvLayer& layer) {
  const std::string n = std::to_string(index);
  return l.batch_norm("bn" + n, l.conv("conv" + n, x, layer));
}

ValueId conv_bn_relu(Layers& l, int index, ValueId x, const ConvLayer& layer) {
  return l.relu("relu" + std::to_string(index), conv_bn(l, index, x, layer));
}

// Two convolutions of layers `index` and `index + 1` around which the input is added (He et al.
// 2016).
ValueId residual_block(Layers& l, int index, ValueId x, int64_t channels) {
  const ConvLayer layer{.channels = channels, .kernel = 3, .padding = 1};
  const std::string n = std::to_string(index + 1);
  const ValueId y = conv_bn(l, index + 1, conv_bn_relu(l, index, x, layer), layer);
  return l.relu("relu" + n, l.add("add" + n, y, x));
}

// A residual network (He et al. 2016) of eight convolutions.
Result<Graph> fashion_resnet(uint64_t seed) {
  Layers l("fashion-resnet", seed);
  ValueId x = conv_bn_relu(l, 1, l.image(), {.channels = 16, .kernel = 3, .padding = 1});
  x = conv_bn_relu(l, 2, x, {.channels = 16, .kernel = 3, .padding = 1});
  x = conv_bn_relu(l, 3, x, {.channels = 32, .kernel = 3, .stride = 2, .padding = 1});
  x = residual_block(l, 4, x, 32);
  x = conv_bn_relu(l, 6, x, {.channels = 64, .kernel = 3, .stride = 2, .padding = 1});
  x = residual_block(l, 7, x, 64);
  x = l.flatten("flatten", l.global_average_pool("pool", x));
  return std::move(l).build(l.fc("fc", x, kClasses, "logits"));
}

// Depthwise 3x3, then pointwise 1x1, each with batch normalization and ReLU6 (Howard et al. 2017).
ValueId separable_block(Layers& l, int index, ValueId x, int64_t inputs, int64_t outputs,
                        int64_t stride) {
  const std::string n = std::to_string(index);
  x = l.conv("dw" + n, x,
             {.channels = inputs, .kernel = 3, .stride = stride, .padding = 1, .groups = inputs});
  x = l.relu6("dw_relu" + n, l.batch_norm("dw_bn" + n, x));
  x = l.conv("pw" + n, x, {.channels = outputs});
  return l.relu6("pw_relu" + n, l.batch_norm("pw_bn" + n, x));
}

// After MobileNetV1 (Howard et al. 2017).
Result<Graph> fashion_mobilenet(uint64_t seed) {
  Layers l("fashion-mobilenet", seed);
  ValueId x = l.conv("conv1", l.image(), {.channels = 16, .kernel = 3, .padding = 1});
  x = l.relu6("relu1", l.batch_norm("bn1", x));
  x = separable_block(l, 1, x, 16, 32, 1);
  x = separable_block(l, 2, x, 32, 64, 2);
  x = separable_block(l, 3, x, 64, 64, 1);
  x = separable_block(l, 4, x, 64, 128, 2);
  x = separable_block(l, 5, x, 128, 128, 1);
  x = separable_block(l, 6, x, 128, 128, 1);
  x = l.flatten("flatten", l.global_average_pool("pool", x));
  return std::move(l).build(l.fc("fc", x, kClasses, "logits"));
}

OptimizerOptions sgd(float weight_decay) {
  return {.kind = OptimizerKind::kSgd, .momentum = 0.9f, .weight_decay = weight_decay};
}

Schedule one_cycle(float peak_rate) {
  return {.kind = ScheduleKind::kOneCycle, .peak_rate = peak_rate, .warm_up = 0.2f};
}

const auto kModels = std::to_array<Model>({
    {.name = "digits-mlp",
     .title = "a multilayer perceptron for handwritten digits",
     .data_folder = "mnist",
     .make_graph = digits_mlp,
     .train = {.optimizer = sgd(1e-4f)},
     .fit = {.epochs = 40,
             .batch_size = 64,
             .schedule = one_cycle(0.05f),
             .augmentation = {.max_shift = 2}}},
    {.name = "digits-lenet",
     .title = "a LeNet for handwritten digits",
     .data_folder = "mnist",
     .make_graph = digits_lenet,
     .train = {.optimizer = sgd(5e-4f)},
     .fit = {.epochs = 20,
             .batch_size = 64,
             .schedule = one_cycle(0.05f),
             .augmentation = {.max_shift = 2}}},
    {.name = "fashion-resnet",
     .title = "a residual network for pictures of clothes",
     .data_folder = "fashion-mnist",
     .make_graph = fashion_resnet,
     .train = {.optimizer = sgd(5e-4f)},
     .fit = {.epochs = 14,
             .batch_size = 64,
             .schedule = one_cycle(0.1f),
             .augmentation = {.max_shift = 2, .flips = true}}},
    {.name = "fashion-mobilenet",
     .title = "a MobileNet for pictures of clothes",
     .data_folder = "fashion-mnist",
     .make_graph = fashion_mobilenet,
     .train = {.optimizer = sgd(5e-4f)},
     .fit = {.epochs = 14,
             .batch_size = 64,
             .schedule = one_cycle(0.1f),
             .augmentation = {.max_shift = 2, .flips = true}}},
});

}  // namespace

std::span<const Model> models() { return kModels; }

}  // namespace lowbit::zoo
