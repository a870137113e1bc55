// The one list of what the project needs from the machine: how to see that it is there, and which
// packages bring it. `purpose` is 'build' (the page and the npm package) or 'test' (the rest).

import { existsSync } from 'node:fs'
import { findProgram, output } from '../lib/run.mjs'
import { emscriptenVersion, minimumVersion } from './emscripten.mjs'
import { atLeast } from './version.mjs'

const includeFolders = ['/usr/include', '/usr/local/include', '/opt/homebrew/include']
const hasHeader = (name) => includeFolders.some((folder) => existsSync(`${folder}/${name}`))

function hasCmake() {
  const version = output('cmake', ['--version'])?.match(/\d+(\.\d+)+/)?.[0]
  return version !== undefined && atLeast(version, '3.25')
}

// CMakeLists.txt prefers clang++-19 too; Debian's is the one that the sanitizers come with.
function hasNativeCompiler(system) {
  if (system === 'debian') {
    return findProgram('clang++-19') && existsSync('/usr/lib/llvm-19/lib/clang/19/lib/linux')
  }
  return [process.env.CXX, 'clang++-19', 'c++', 'clang++'].some((name) => name && findProgram(name))
}

/** The Chromium or Chrome to test with, or undefined. */
export function chromiumPath() {
  const applications = ['Chromium', 'Google Chrome'].map(
    (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
  )
  return (
    process.env.CHROME_PATH ??
    ['chromium', 'chromium-browser', 'google-chrome'].map(findProgram).find(Boolean) ??
    applications.find(existsSync)
  )
}

/** The clang-format whose output counts: releases differ, so only 19 will do. */
export const clangFormat = 'clang-format-19'

export const needs = [
  {
    name: 'CMake 3.25 or newer',
    purpose: 'build',
    isMet: hasCmake,
    apt: ['cmake'],
    brew: ['cmake'],
    dnf: ['cmake'],
  },
  {
    name: 'Ninja',
    purpose: 'build',
    isMet: () => findProgram('ninja'),
    apt: ['ninja-build'],
    brew: ['ninja'],
    dnf: ['ninja-build'],
  },
  {
    name: 'the test framework doctest',
    purpose: 'build',
    isMet: () => hasHeader('doctest/doctest.h'),
    apt: ['doctest-dev'],
    brew: ['doctest'],
    dnf: ['doctest-devel'],
  },
  {
    name: `Emscripten ${minimumVersion} or newer`,
    purpose: 'build',
    isMet: emscriptenVersion,
    apt: ['emscripten'],
    brew: ['emscripten'],
    dnf: ['emscripten'],
  },
  {
    name: 'xz, which packs the binary for lowbit/inline',
    purpose: 'build',
    isMet: () => findProgram('xz'),
    apt: ['xz-utils'],
    brew: ['xz'],
    dnf: ['xz'],
  },
  {
    name: 'a C++20 compiler',
    purpose: 'test',
    isMet: hasNativeCompiler,
    apt: ['clang-19', 'libclang-rt-19-dev'],
    brew: ['llvm'],
    dnf: ['clang', 'compiler-rt'],
  },
  {
    name: 'SIMDe, which runs WebAssembly SIMD natively',
    purpose: 'test',
    isMet: () => hasHeader('simde/wasm/simd128.h'),
    apt: ['libsimde-dev'],
    brew: ['simde'],
    dnf: ['simde-devel'],
  },
  {
    name: "ONNX's tests of its operators",
    purpose: 'test',
    // Elsewhere it is no must: without them the suites skip these tests.
    isMet: (system) => system !== 'debian' || existsSync('/usr/share/libonnx-testdata'),
    apt: ['libonnx-testdata'],
  },
  {
    name: 'Google Benchmark, for the native micro-benchmark',
    purpose: 'test',
    // Elsewhere it is no must: without it the micro-benchmark is not built.
    isMet: (system) => system !== 'debian' || hasHeader('benchmark/benchmark.h'),
    apt: ['libbenchmark-dev'],
  },
  {
    name: 'Chromium or Chrome (or its path in CHROME_PATH)',
    purpose: 'test',
    isMet: chromiumPath,
    apt: ['chromium'],
    brew: ['--cask', 'google-chrome'],
    dnf: ['chromium'],
  },
  {
    name: clangFormat,
    purpose: 'test',
    // Elsewhere it is no must: without it the C++ formatting is not checked.
    isMet: (system) => system !== 'debian' || findProgram(clangFormat),
    apt: [clangFormat],
  },
]
