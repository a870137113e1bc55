# Finds the Emscripten that tools/setup provides (the one on PATH, else the one in the user's cache
# folder) and hands over to its own CMake toolchain file, so that `cmake --preset wasm` needs no
# environment variables.

set(minimum_version 3.1.69)
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(cache_folder "$ENV{XDG_CACHE_HOME}/lowbit")
else()
  set(cache_folder "$ENV{HOME}/.cache/lowbit")
endif()

set(emscripten_root "")
find_program(LOWBIT_EM_CONFIG em-config NO_CMAKE_FIND_ROOT_PATH)
if(LOWBIT_EM_CONFIG)
  execute_process(
    COMMAND "${LOWBIT_EM_CONFIG}" EMSCRIPTEN_ROOT
    OUTPUT_VARIABLE path_root
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(EXISTS "${path_root}/emscripten-version.txt")
    file(STRINGS "${path_root}/emscripten-version.txt" path_version LIMIT_COUNT 1)
    string(REPLACE "\"" "" path_version "${path_version}")
    if(path_version VERSION_GREATER_EQUAL minimum_version)
      set(emscripten_root "${path_root}")
    endif()
  endif()
endif()
if(NOT emscripten_root)
  set(emscripten_root "${cache_folder}/emscripten-trixie/usr/share/emscripten")
endif()
if(NOT EXISTS "${emscripten_root}/cmake/Modules/Platform/Emscripten.cmake")
  message(FATAL_ERROR "No Emscripten ${minimum_version} or newer. Run: npm run setup")
endif()

# Tests run in the same Node as the tools; left alone, Emscripten prefers a program named nodejs.
find_program(NODE_JS_EXECUTABLE node NO_CMAKE_FIND_ROOT_PATH)
include("${emscripten_root}/cmake/Modules/Platform/Emscripten.cmake")
