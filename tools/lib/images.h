// Files as the native tools read them.
#pragma once

#include <cstddef>
#include <vector>

#include "formats/idx.h"

namespace lowbit {

// Errors: kInvalidArgument names the file.
Result<std::vector<std::byte>> read_file(const char* path);

// Errors: kInvalidArgument names the file.
Status write_file(const char* path, std::span<const std::byte> bytes);

// An IDX file of [N, H, W] pixels as a network's input: [N, 1, H, W], x = pixel / 255. Errors: as
// read_file and read_idx; kInvalidData.
Result<Tensor> read_images(const char* path);

// An IDX file of [N] labels. Errors: as read_file and read_idx.
Result<std::vector<int32_t>> read_labels(const char* path);

// What a tool's main() returns; an error goes to stderr.
int exit_code(const Status& status);

}  // namespace lowbit
