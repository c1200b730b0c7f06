#!/usr/bin/env python3
"""Stores the matrix weights of a model in 8 bits (dynamic quantisation): quantise.py IN.onnx OUT.onnx

One scale a channel, seven of the eight bits used: processors without VNNI would overflow on more. Convolutions stay as
they are: ONNX Runtime has no fast 8-bit kernel for the depthwise ones. With the versions pinned in requirements.txt the
same model gives the same bytes.
"""
import logging
import sys

from onnxruntime.quantization import QuantType, quantize_dynamic

logging.disable(logging.WARNING)  # it advises a preprocessing step that gains nothing here
quantize_dynamic(sys.argv[1], sys.argv[2], weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
                 op_types_to_quantize=["MatMul", "Gemm"])
