// Trains the models of examples/models from scratch and writes each with its model card.
//
//   train_zoo --model NAME|all --data DIR --out DIR [--epochs N] [--seed S]
//
// DIR of --data is what tools/data/fetch.mjs fills: mnist/ and fashion-mnist/. Progress goes to
// stderr.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "data.h"
#include "evaluate.h"
#include "formats/onnx_writer.h"
#include "model_card.h"
#include "zoo.h"

namespace lowbit::zoo {

namespace {

struct Arguments {
  std::string model;
  std::string data;
  std::string out;
  std::optional<int> epochs;
  uint64_t seed = 1;
};

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Arguments> parse(std::span<char*> words) {
  Arguments arguments;
  for (size_t i = 1; i < words.size(); i += 2) {
    if (i + 1 == words.size()) return std::nullopt;
    const std::string_view option = words[i];
    const std::string_view value = words[i + 1];
    if (option == "--model") {
      arguments.model = value;
    } else if (option == "--data") {
      arguments.data = value;
    } else if (option == "--out") {
      arguments.out = value;
    } else if (option == "--epochs") {
      arguments.epochs = parse_number<int>(value);
      if (!arguments.epochs) return std::nullopt;
    } else if (option == "--seed") {
      const auto seed = parse_number<uint64_t>(value);
      if (!seed) return std::nullopt;
      arguments.seed = *seed;
    } else {
      return std::nullopt;
    }
  }
  if (arguments.model.empty() || arguments.data.empty() || arguments.out.empty()) {
    return std::nullopt;
  }
  return arguments;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A line on stderr for every percent.
Context progress_of(std::string_view name, Clock::time_point start) {
  return {.on_progress = [name, start, shown = -1](std::string_view, double fraction) mutable {
    const int percent = static_cast<int>(fraction * 100.0);
    if (percent != shown) {
      shown = percent;
      std::fprintf(stderr, "%.*s: %3d %%, %.0f s\n", static_cast<int>(name.size()), name.data(),
                   percent, seconds_since(start));
    }
    return true;
  }};
}

Status train(const Model& model, const Arguments& arguments) {
  const std::string folder = arguments.data + "/" + std::string(model.data_folder);
  LOWBIT_ASSIGN(const Dataset train_data, load_dataset(folder, "train"));
  LOWBIT_ASSIGN(const Dataset test_data, load_dataset(folder, "test"));
  LOWBIT_ASSIGN(const Graph initial, model.make_graph(arguments.seed));

  TrainOptions train_options = model.train;
  FitOptions fit_options = model.fit;
  train_options.seed = arguments.seed;
  fit_options.seed = arguments.seed;
  fit_options.epochs = arguments.epochs.value_or(model.fit.epochs);

  const Clock::time_point start = Clock::now();
  LOWBIT_ASSIGN(Trainer trainer, Trainer::create(initial, train_options));
  LOWBIT_ASSIGN(const std::vector<EpochResult> epochs,
                fit(trainer, train_data, fit_options, progress_of(model.name, start)));
  LOWBIT_ASSIGN(const Graph trained, trainer.graph());
  Training training{.seed = arguments.seed,
                    .epochs = fit_options.epochs,
                    .minutes = seconds_since(start) / 60.0,
                    .test_count = std::ssize(test_data.labels)};
  LOWBIT_ASSIGN(training.correct, count_correct(trained, test_data));
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, write_onnx(trained));
  training.file_bytes = std::ssize(bytes);

  const std::string stem = arguments.out + "/" + std::string(model.name);
  LOWBIT_TRY(write_file(stem + ".onnx", bytes.data(), bytes.size()));
  const std::string card = model_card(model, trained, training);
  LOWBIT_TRY(write_file(stem + ".md", card.data(), card.size()));
  std::fprintf(stderr, "%s: loss %.4f, accuracy %.2f %% in training, %lld of %lld in test\n",
               stem.c_str(), epochs.back().loss, 100.0 * epochs.back().accuracy,
               static_cast<long long>(training.correct),
               static_cast<long long>(training.test_count));
  return success();
}

int run(std::span<char*> words) {
  const std::optional<Arguments> arguments = parse(words);
  if (!arguments) {
    std::fprintf(stderr,
                 "train_zoo --model NAME|all --data DIR --out DIR [--epochs N] [--seed S]\n");
    return 2;
  }
  bool is_known = false;
  for (const Model& model : models()) {
    if (arguments->model != "all" && arguments->model != model.name) continue;
    is_known = true;
    const Status status = train(model, *arguments);
    if (!status) {
      std::fprintf(stderr, "%s: %s\n", status.error().where.c_str(),
                   status.error().message.c_str());
      return 1;
    }
  }
  if (!is_known) std::fprintf(stderr, "there is no model '%s'\n", arguments->model.c_str());
  return is_known ? 0 : 1;
}

}  // namespace

}  // namespace lowbit::zoo

int main(int count, char** words) { return lowbit::zoo::run({words, static_cast<size_t>(count)}); }
