"""Converts HDR pictures (HLG and PQ, as phones record them) to SDR: BT.709 with sRGB's curve.

The network, plates, backdrops and every output are SDR. Knows nothing about files.

HLG and PQ after ITU-R BT.2100, reference white at 203 cd/m2 after BT.2408. Up to the knee colours
keep their brightness; above it they are compressed together, so that hues stay.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt

from edgeds.types import DeepPixels, Pixels
from edgeds.types.picture import largest_channel

# FFmpeg's AVColorTransferCharacteristic.
PQ, HLG = 16, 18
HDR_NAMES = {PQ: "PQ (HDR10)", HLG: "HLG"}

_REFERENCE_WHITE_NITS = 203.0
_HLG_PEAK_NITS = 1000.0
_HLG_GAMMA = 1.2
# Share of SDR's white below which nothing is compressed; skin in good light lies under it.
_KNEE = 0.8
_STEPS = 4096
# Linear RGB of BT.2020 to that of BT.709 (BT.2087).
_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
_Floats: TypeAlias = npt.NDArray[np.float32]


def sdr_from_hdr(code_values: DeepPixels, transfer: int) -> Pixels:
    """uint16 RGB (H, W, 3), full range, BT.2020 with `transfer` PQ or HLG, to uint8 sRGB.

    About .07 s for a 1920x1080 picture on one core: swscale alone would show the code values, in
    which everything looks washed out.
    """
    index = (_mapped(code_values, transfer) * (_STEPS - 1) + 0.5).astype(np.uint16)
    pixels: Pixels = _srgb_curve()[index]
    return pixels


def deep_sdr_from_hdr(code_values: DeepPixels, transfer: int) -> DeepPixels:
    """As `sdr_from_hdr`, with 16 bits."""
    index = (_mapped(code_values, transfer) * 65535 + 0.5).astype(np.uint16)
    pixels: DeepPixels = _deep_srgb_curve()[index]
    return pixels


def light_before(linear: _Floats, transfer: int) -> _Floats:
    """Linear light (H, W, 3) in reference whites, of what `sdr_from_hdr` made of it: the inverse
    of its compression. White is as bright as what is kept apart.
    """
    brightest = largest_channel(linear)
    c = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    most = np.float32((_peak(transfer) - _KNEE) / (1 - _KNEE))
    # c = x (1 + x / most^2) / (1 + x), solved for x.
    half = (1 - c) * most**2 / 2
    over = np.sqrt(half**2 + c * most**2) - half
    factor = np.where(c > 0, (_KNEE + (1 - _KNEE) * over) / np.maximum(brightest, 1e-6), 1)
    return linear * factor[..., None].astype(np.float32)


def _mapped(code_values: DeepPixels, transfer: int) -> _Floats:
    """Linear light of BT.709, compressed to 0..1."""
    import cv2

    light = _light(transfer)[code_values >> 4]
    if transfer == HLG:
        # The display's part of HLG: brightness rises with the power 1.2 of the scene's.
        luma = cv2.transform(light, _LUMA_2020[None])
        peak = _HLG_PEAK_NITS / _REFERENCE_WHITE_NITS
        light *= peak * cv2.pow(np.maximum(luma, 1e-6), _HLG_GAMMA - 1)[..., None]
    light = cast(_Floats, cv2.transform(light, _TO_BT709))
    np.maximum(light, 0, out=light)
    light *= _gain(largest_channel(light), _peak(transfer))[..., None]
    return np.minimum(light, 1, out=light)


def _peak(transfer: int) -> float:
    """The brightest light that is kept apart, in SDR's white. PQ may say more; it is clipped."""
    return _HLG_PEAK_NITS / _REFERENCE_WHITE_NITS if transfer == HLG else 2000 / 203


def _gain(brightest: _Floats, peak: float) -> _Floats:
    """Factor for a colour whose largest channel is `brightest`: 1 up to the knee, then less.

    An extended Reinhard curve (Reinhard et al. 2002) above the knee: `peak` becomes 1.
    """
    over = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    most = (peak - _KNEE) / (1 - _KNEE)
    compressed = _KNEE + (1 - _KNEE) * over * (1 + over / most**2) / (1 + over)
    factor = np.where(over > 0, compressed / np.maximum(brightest, 1e-6), np.float32(1))
    return cast(_Floats, factor)


@cache
def _light(transfer: int) -> _Floats:
    """Linear light of each code value: HLG's of the scene (0..1), PQ's in reference whites."""
    signal = np.linspace(0, 1, _STEPS)
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    else:
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = signal ** (1 / m2)
        nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
        light = nits / _REFERENCE_WHITE_NITS
    return light.astype(np.float32)


@cache
def _srgb_curve() -> Pixels:
    """8-bit code value of each step of linear light."""
    return cast(Pixels, (_srgb(np.linspace(0, 1, _STEPS)) * 255 + 0.5).astype(np.uint8))


@cache
def _deep_srgb_curve() -> DeepPixels:
    """16-bit code value of each of 65,536 steps of linear light."""
    return cast(DeepPixels, (_srgb(np.linspace(0, 1, 65536)) * 65535 + 0.5).astype(np.uint16))


def _srgb(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """sRGB's curve (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
