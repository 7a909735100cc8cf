"""Samples of the frame's network: the material, and all that is drawn or changed on it."""
