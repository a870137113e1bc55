// The two data sets as tools/data/fetch.mjs leaves them: IDX files, ten classes.
#pragma once

#include <string>
#include <string_view>

#include "train/dataset.h"

namespace lowbit::zoo {

// `split` is "train" or "test". Errors: kLoadFailed names the file; as read_idx.
Result<Dataset> load_dataset(const std::string& folder, std::string_view split);

// Errors: kLoadFailed names the file.
Status write_file(const std::string& path, const void* bytes, size_t count);

}  // namespace lowbit::zoo
