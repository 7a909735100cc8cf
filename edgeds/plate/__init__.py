"""The plate, which is the empty scene: from a file or a clip, captured, and maintained."""
