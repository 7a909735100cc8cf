"""The network in torch, its weights, and its export to ONNX."""
