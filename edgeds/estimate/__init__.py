"""Frame -> Maps: the network's answer, brought to the plate's depth and the frame's own borders."""
