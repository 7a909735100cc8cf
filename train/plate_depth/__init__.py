"""The plate's network: pictures, samples and losses to train it, and its graph in an engine."""
