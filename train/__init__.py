"""Training of the network: material, composition, losses, loop. Run as `python -m train`; never
installed.
"""

import cv2

# Worker processes are forked: a thread pool that cv2 had started before would be missing there,
# and the worker would hang
cv2.setNumThreads(0)
