var Module = typeof Module != 'undefined' ? Module : {}
var ENVIRONMENT_IS_NODE = true
if (ENVIRONMENT_IS_NODE) {
}
var moduleOverrides = Object.assign({}, Module)
var arguments_ = []
var thisProgram = './this.program'
var quit_ = (status, toThrow) => {
  throw toThrow
}
var scriptDirectory = ''
function locateFile(path) {
  if (Module['locateFile']) {
    return Module['locateFile'](path, scriptDirectory)
  }
  return scriptDirectory + path
}
var readAsync, readBinary
if (ENVIRONMENT_IS_NODE) {
  var fs = require('fs')
  var nodePath = require('path')
  scriptDirectory = __dirname + '/'
  readBinary = (filename) => {
    filename = isFileURI(filename) ? new URL(filename) : nodePath.normalize(filename)
    var ret = fs.readFileSync(filename)
    return ret
  }
  readAsync = (filename, binary = true) => {
    filename = isFileURI(filename) ? new URL(filename) : nodePath.normalize(filename)
    return new Promise((resolve, reject) => {
      fs.readFile(filename, binary ? undefined : 'utf8', (err, data) => {
        if (err) reject(err)
        else resolve(binary ? data.buffer : data)
      })
    })
  }
  if (!Module['thisProgram'] && process.argv.length > 1) {
    thisProgram = process.argv[1].replace(/\\/g, '/')
  }
  arguments_ = process.argv.slice(2)
  if (typeof module != 'undefined') {
    module['exports'] = Module
  }
  quit_ = (status, toThrow) => {
    process.exitCode = status
    throw toThrow
  }
} else {
}
var out = Module['print'] || console.log.bind(console)
var err = Module['printErr'] || console.error.bind(console)
Object.assign(Module, moduleOverrides)
moduleOverrides = null
if (Module['arguments']) arguments_ = Module['arguments']
if (Module['thisProgram']) thisProgram = Module['thisProgram']
var wasmBinary = Module['wasmBinary']
var wasmMemory
var ABORT = false
var EXITSTATUS
var HEAP8, HEAPU8, HEAP16, HEAPU16, HEAP32, HEAPU32, HEAPF32, HEAPF64
function updateMemoryViews() {
  var b = wasmMemory.buffer
  Module['HEAP8'] = HEAP8 = new Int8Array(b)
  Module['HEAP16'] = HEAP16 = new Int16Array(b)
  Module['HEAPU8'] = HEAPU8 = new Uint8Array(b)
  Module['HEAPU16'] = HEAPU16 = new Uint16Array(b)
  Module['HEAP32'] = HEAP32 = new Int32Array(b)
  Module['HEAPU32'] = HEAPU32 = new Uint32Array(b)
  Module['HEAPF32'] = HEAPF32 = new Float32Array(b)
  Module['HEAPF64'] = HEAPF64 = new Float64Array(b)
}
var __ATPRERUN__ = []
var __ATINIT__ = []
var __ATMAIN__ = []
var __ATEXIT__ = []
var __ATPOSTRUN__ = []
var runtimeInitialized = false
var runtimeExited = false
function preRun() {
  var preRuns = Module['preRun']
  if (preRuns) {
    if (typeof preRuns == 'function') preRuns = [preRuns]
    preRuns.forEach(addOnPreRun)
  }
  callRuntimeCallbacks(__ATPRERUN__)
}
function initRuntime() {
  runtimeInitialized = true
  callRuntimeCallbacks(__ATINIT__)
}
function preMain() {
  callRuntimeCallbacks(__ATMAIN__)
}
function exitRuntime() {
  ___funcs_on_exit()
  callRuntimeCallbacks(__ATEXIT__)
  flush_NO_FILESYSTEM()
  runtimeExited = true
}
function postRun() {
  var postRuns = Module['postRun']
  if (postRuns) {
    if (typeof postRuns == 'function') postRuns = [postRuns]
    postRuns.forEach(addOnPostRun)
  }
  callRuntimeCallbacks(__ATPOSTRUN__)
}
function addOnPreRun(cb) {
  __ATPRERUN__.unshift(cb)
}
function addOnInit(cb) {
  __ATINIT__.unshift(cb)
}
function addOnPostRun(cb) {
  __ATPOSTRUN__.unshift(cb)
}
var runDependencies = 0
var runDependencyWatcher = null
var dependenciesFulfilled = null
function addRunDependency(id) {
  runDependencies++
  Module['monitorRunDependencies']?.(runDependencies)
}
function removeRunDependency(id) {
  runDependencies--
  Module['monitorRunDependencies']?.(runDependencies)
  if (runDependencies == 0) {
    if (runDependencyWatcher !== null) {
      clearInterval(runDependencyWatcher)
      runDependencyWatcher = null
    }
    if (dependenciesFulfilled) {
      var callback = dependenciesFulfilled
      dependenciesFulfilled = null
      callback()
    }
  }
}
function abort(what) {
  Module['onAbort']?.(what)
  what = 'Aborted(' + what + ')'
  err(what)
  ABORT = true
  what += '. Build with -sASSERTIONS for more info.'
  var e = new WebAssembly.RuntimeError(what)
  throw e
}
var dataURIPrefix = 'data:application/octet-stream;base64,'
var isDataURI = (filename) => filename.startsWith(dataURIPrefix)
var isFileURI = (filename) => filename.startsWith('file://')
function findWasmBinary() {
  var f = 'proto.wasm'
  if (!isDataURI(f)) {
    return locateFile(f)
  }
  return f
}
var wasmBinaryFile
function getBinarySync(file) {
  if (file == wasmBinaryFile && wasmBinary) {
    return new Uint8Array(wasmBinary)
  }
  if (readBinary) {
    return readBinary(file)
  }
  throw 'both async and sync fetching of the wasm failed'
}
function getBinaryPromise(binaryFile) {
  if (!wasmBinary) {
    return readAsync(binaryFile).then(
      (response) => new Uint8Array(response),
      () => getBinarySync(binaryFile),
    )
  }
  return Promise.resolve().then(() => getBinarySync(binaryFile))
}
function instantiateArrayBuffer(binaryFile, imports, receiver) {
  return getBinaryPromise(binaryFile)
    .then((binary) => WebAssembly.instantiate(binary, imports))
    .then(receiver, (reason) => {
      err(`failed to asynchronously prepare wasm: ${reason}`)
      abort(reason)
    })
}
function instantiateAsync(binary, binaryFile, imports, callback) {
  if (
    !binary &&
    typeof WebAssembly.instantiateStreaming == 'function' &&
    !isDataURI(binaryFile) &&
    !ENVIRONMENT_IS_NODE &&
    typeof fetch == 'function'
  ) {
    return fetch(binaryFile, { credentials: 'same-origin' }).then((response) => {
      var result = WebAssembly.instantiateStreaming(response, imports)
      return result.then(callback, (reason) => {
        err(`wasm streaming compile failed: ${reason}`)
        err('falling back to ArrayBuffer instantiation')
        return instantiateArrayBuffer(binaryFile, imports, callback)
      })
    })
  }
  return instantiateArrayBuffer(binaryFile, imports, callback)
}
function getWasmImports() {
  return { a: wasmImports }
}
function createWasm() {
  var info = getWasmImports()
  function receiveInstance(instance, module) {
    wasmExports = instance.exports
    wasmMemory = wasmExports['g']
    updateMemoryViews()
    addOnInit(wasmExports['h'])
    removeRunDependency('wasm-instantiate')
    return wasmExports
  }
  addRunDependency('wasm-instantiate')
  function receiveInstantiationResult(result) {
    receiveInstance(result['instance'])
  }
  if (Module['instantiateWasm']) {
    try {
      return Module['instantiateWasm'](info, receiveInstance)
    } catch (e) {
      err(`Module.instantiateWasm callback failed with error: ${e}`)
      return false
    }
  }
  wasmBinaryFile ??= findWasmBinary()
  instantiateAsync(wasmBinary, wasmBinaryFile, info, receiveInstantiationResult)
  return {}
}
function ExitStatus(status) {
  this.name = 'ExitStatus'
  this.message = `Program terminated with exit(${status})`
  this.status = status
}
var callRuntimeCallbacks = (callbacks) => {
  callbacks.forEach((f) => f(Module))
}
var noExitRuntime = Module['noExitRuntime'] || false
var __abort_js = () => {
  abort('')
}
var nowIsMonotonic = 1
var __emscripten_get_now_is_monotonic = () => nowIsMonotonic
var __emscripten_memcpy_js = (dest, src, num) => HEAPU8.copyWithin(dest, src, src + num)
var _emscripten_get_now = () => performance.now()
var getHeapMax = () => 2147483648
var alignMemory = (size, alignment) => Math.ceil(size / alignment) * alignment
var growMemory = (size) => {
  var b = wasmMemory.buffer
  var pages = ((size - b.byteLength + 65535) / 65536) | 0
  try {
    wasmMemory.grow(pages)
    updateMemoryViews()
    return 1
  } catch (e) {}
}
var _emscripten_resize_heap = (requestedSize) => {
  var oldSize = HEAPU8.length
  requestedSize >>>= 0
  var maxHeapSize = getHeapMax()
  if (requestedSize > maxHeapSize) {
    return false
  }
  for (var cutDown = 1; cutDown <= 4; cutDown *= 2) {
    var overGrownHeapSize = oldSize * (1 + 0.2 / cutDown)
    overGrownHeapSize = Math.min(overGrownHeapSize, requestedSize + 100663296)
    var newSize = Math.min(
      maxHeapSize,
      alignMemory(Math.max(requestedSize, overGrownHeapSize), 65536),
    )
    var replacement = growMemory(newSize)
    if (replacement) {
      return true
    }
  }
  return false
}
var printCharBuffers = [null, [], []]
var UTF8Decoder = typeof TextDecoder != 'undefined' ? new TextDecoder() : undefined
var UTF8ArrayToString = (heapOrArray, idx = 0, maxBytesToRead = NaN) => {
  var endIdx = idx + maxBytesToRead
  var endPtr = idx
  while (heapOrArray[endPtr] && !(endPtr >= endIdx)) ++endPtr
  if (endPtr - idx > 16 && heapOrArray.buffer && UTF8Decoder) {
    return UTF8Decoder.decode(heapOrArray.subarray(idx, endPtr))
  }
  var str = ''
  while (idx < endPtr) {
    var u0 = heapOrArray[idx++]
    if (!(u0 & 128)) {
      str += String.fromCharCode(u0)
      continue
    }
    var u1 = heapOrArray[idx++] & 63
    if ((u0 & 224) == 192) {
      str += String.fromCharCode(((u0 & 31) << 6) | u1)
      continue
    }
    var u2 = heapOrArray[idx++] & 63
    if ((u0 & 240) == 224) {
      u0 = ((u0 & 15) << 12) | (u1 << 6) | u2
    } else {
      u0 = ((u0 & 7) << 18) | (u1 << 12) | (u2 << 6) | (heapOrArray[idx++] & 63)
    }
    if (u0 < 65536) {
      str += String.fromCharCode(u0)
    } else {
      var ch = u0 - 65536
      str += String.fromCharCode(55296 | (ch >> 10), 56320 | (ch & 1023))
    }
  }
  return str
}
var printChar = (stream, curr) => {
  var buffer = printCharBuffers[stream]
  if (curr === 0 || curr === 10) {
    ;(stream === 1 ? out : err)(UTF8ArrayToString(buffer))
    buffer.length = 0
  } else {
    buffer.push(curr)
  }
}
var flush_NO_FILESYSTEM = () => {
  _fflush(0)
  if (printCharBuffers[1].length) printChar(1, 10)
  if (printCharBuffers[2].length) printChar(2, 10)
}
var _fd_write = (fd, iov, iovcnt, pnum) => {
  var num = 0
  for (var i = 0; i < iovcnt; i++) {
    var ptr = HEAPU32[iov >> 2]
    var len = HEAPU32[(iov + 4) >> 2]
    iov += 8
    for (var j = 0; j < len; j++) {
      printChar(fd, HEAPU8[ptr + j])
    }
    num += len
  }
  HEAPU32[pnum >> 2] = num
  return 0
}
var runtimeKeepaliveCounter = 0
var keepRuntimeAlive = () => noExitRuntime || runtimeKeepaliveCounter > 0
var _proc_exit = (code) => {
  EXITSTATUS = code
  if (!keepRuntimeAlive()) {
    Module['onExit']?.(code)
    ABORT = true
  }
  quit_(code, new ExitStatus(code))
}
var exitJS = (status, implicit) => {
  EXITSTATUS = status
  if (!keepRuntimeAlive()) {
    exitRuntime()
  }
  _proc_exit(status)
}
var handleException = (e) => {
  if (e instanceof ExitStatus || e == 'unwind') {
    return EXITSTATUS
  }
  quit_(1, e)
}
var wasmImports = {
  b: __abort_js,
  d: __emscripten_get_now_is_monotonic,
  e: __emscripten_memcpy_js,
  f: _emscripten_get_now,
  c: _emscripten_resize_heap,
  a: _fd_write,
}
var wasmExports = createWasm()
var ___wasm_call_ctors = () => (___wasm_call_ctors = wasmExports['h'])()
var _main = (Module['_main'] = (a0, a1) => (_main = Module['_main'] = wasmExports['i'])(a0, a1))
var ___funcs_on_exit = () => (___funcs_on_exit = wasmExports['k'])()
var _fflush = (a0) => (_fflush = wasmExports['l'])(a0)
var calledRun
var calledPrerun
dependenciesFulfilled = function runCaller() {
  if (!calledRun) run()
  if (!calledRun) dependenciesFulfilled = runCaller
}
function callMain() {
  var entryFunction = _main
  var argc = 0
  var argv = 0
  try {
    var ret = entryFunction(argc, argv)
    exitJS(ret, true)
    return ret
  } catch (e) {
    return handleException(e)
  }
}
function run() {
  if (runDependencies > 0) {
    return
  }
  if (!calledPrerun) {
    calledPrerun = 1
    preRun()
    if (runDependencies > 0) {
      return
    }
  }
  function doRun() {
    if (calledRun) return
    calledRun = 1
    Module['calledRun'] = 1
    if (ABORT) return
    initRuntime()
    preMain()
    Module['onRuntimeInitialized']?.()
    if (shouldRunNow) callMain()
    postRun()
  }
  if (Module['setStatus']) {
    Module['setStatus']('Running...')
    setTimeout(() => {
      setTimeout(() => Module['setStatus'](''), 1)
      doRun()
    }, 1)
  } else {
    doRun()
  }
}
if (Module['preInit']) {
  if (typeof Module['preInit'] == 'function') Module['preInit'] = [Module['preInit']]
  while (Module['preInit'].length > 0) {
    Module['preInit'].pop()()
  }
}
var shouldRunNow = true
if (Module['noInitialRun']) shouldRunNow = false
run()
