"""Training of the networks. Run as `python -m train`; never installed.

- commands: what `__main__.py` does not have itself
- samples, sets: the samples of training and the sets on disk, from cut-outs and photographs
- worlds: sets from a renderer of drawn scenes
- plate_depth: the plate's network; layers: the regressions of the border
- run: recipe, losses, loop, state and log of a run; recipes: the recipes of the runs in NOTES.md
- measure, variants: what networks are worth, and what they cost
- export: from weights to an engine folder; weights: weights to start from
"""

import cv2

# Worker processes are forked: a thread pool that cv2 had started before would be missing there,
# and the worker would hang
cv2.setNumThreads(0)
