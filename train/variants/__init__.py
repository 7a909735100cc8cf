"""Variants of the frame's network, what each is worth, and what it costs."""
