// What the bound functions return: a value, a handle, or a failure. The types are JavaScript's, as
// the generated lowbit.d.ts states them; those that one file alone needs are declared there.
#pragma once

#include <emscripten/bind.h>

#include <memory>
#include <utility>

#include "bindings/values.h"

namespace lowbit::bindings {

EMSCRIPTEN_DECLARE_VAL_TYPE(JsBytes)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsModelSource)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsTier)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsTiles)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsTensors)
EMSCRIPTEN_DECLARE_VAL_TYPE(JsModelInfo)
EMSCRIPTEN_DECLARE_VAL_TYPE(PlacesOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(NothingOrFailure)
EMSCRIPTEN_DECLARE_VAL_TYPE(ModelOrFailure)

// A result that is a JavaScript value already.
inline emscripten::val to_outcome(const Result<emscripten::val>& result) {
  return result ? *result : to_failure(result.error());
}

inline emscripten::val to_outcome(const Status& status) {
  return status ? emscripten::val::undefined() : to_failure(status.error());
}

// A result that becomes a handle, which owns it until JavaScript calls its delete().
template <class T>
emscripten::val to_handle(Result<T> result) {
  if (!result) return to_failure(result.error());
  return emscripten::val(std::make_unique<T>(std::move(*result)));
}

}  // namespace lowbit::bindings
