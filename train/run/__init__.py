"""A training run: its recipe, its loop over batches, its state, its log."""
