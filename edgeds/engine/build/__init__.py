"""Making engines: INT8 and FP16 graphs, TensorRT plans, and the gate that judges them."""
