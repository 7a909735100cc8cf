"""The losses do what their sources say."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="losses need torch: pip install --group train")

from train.run.frame_losses import (  # noqa: E402
    alpha_loss,
    depth_loss,
    edge_band,
    laplacian_loss,
    overlap_loss,
)


def square(size: int = 64) -> torch.Tensor:
    alpha = torch.zeros(2, 1, size, size)
    alpha[..., 16:48, 16:48] = 1
    return alpha


def everywhere(target: torch.Tensor) -> torch.Tensor:
    """The alpha of an empty scene: all is background."""
    return torch.zeros_like(target)


def test_a_perfect_alpha_costs_almost_nothing() -> None:
    perfect = (square() * 2 - 1) * 30
    assert float(alpha_loss(perfect, square())) < 1e-3
    assert float(alpha_loss(-perfect, square())) > 1


def test_pixels_of_unknown_alpha_count_nowhere() -> None:
    target = square()
    target[..., :8, :] = -1
    logits = torch.zeros_like(target)
    other = logits.clone()
    other[..., :8, :] = 9.0
    assert float(alpha_loss(logits, target)) == pytest.approx(float(alpha_loss(other, target)))


def test_the_edge_band_is_where_alpha_changes() -> None:
    band = edge_band(square(), radius=3)
    assert float(band[0, 0, 16, 30]) == 1
    assert float(band[0, 0, 32, 32]) == float(band[0, 0, 2, 2]) == 0


def test_the_laplacian_of_equal_pictures_is_0() -> None:
    assert float(laplacian_loss(square(), square())) == 0
    assert float(laplacian_loss(square() * 0.5, square())) > 0


def test_missing_a_small_thing_costs_as_much_overlap_as_missing_a_large_one() -> None:
    small, large = torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64)
    small[..., :20, :20], large[..., :, :] = 1, 1
    nothing = torch.zeros_like(small)
    of_small, of_large = (float(overlap_loss(nothing, t)) for t in (small, large))
    assert of_small == pytest.approx(of_large, abs=0.06)  # 20 px of slack in 400 px


def test_depth_loss_all_but_ignores_scale() -> None:
    torch.manual_seed(0)
    target = torch.rand(2, 1, 32, 32) + 0.1
    assert float(depth_loss(target, target, everywhere(target))) == pytest.approx(0, abs=1e-4)
    assert float(depth_loss(3 * target, target, everywhere(target))) < 0.06  # 0.05 log 3
    assert float(depth_loss(torch.rand_like(target), target, everywhere(target))) > 0.5


def test_a_foreground_at_a_wrong_distance_is_not_forgiven_by_scaling_the_background() -> None:
    target = torch.full((1, 1, 32, 32), 0.5)
    prediction, alpha = target.clone(), torch.zeros_like(target)
    prediction[..., :16], alpha[..., :16] = 1.0, 1.0
    pull = torch.autograd.functional.jacobian(lambda x: depth_loss(x, target, alpha), prediction)
    assert float(pull[..., :16].sum()) > 0, "the foreground is pulled back"
    anchored = depth_loss(prediction, target, alpha)
    shared = depth_loss(prediction, target, everywhere(target))
    assert float(anchored) > float(shared), "one scale for both would hide a third of the error"


def test_a_small_foreground_counts_as_much_as_a_large_one_with_foreground_weight() -> None:
    target = torch.full((2, 1, 64, 64), 0.5)
    alpha = torch.zeros_like(target)
    alpha[0, :, 40:48, 40:48], alpha[1, :, 16:, 16:] = 1.0, 1.0
    farther = torch.where(alpha > 0, 0.25, target)

    def added(pictures: slice) -> float:
        given = (farther[pictures], target[pictures], alpha[pictures])
        return float(depth_loss(*given, foreground_weight=1.0) - depth_loss(*given))

    assert added(slice(0, 1)) == pytest.approx(added(slice(1, 2)), rel=0.01)
    assert added(slice(0, 2)) == pytest.approx(0.68, abs=0.02), "log 2, less what keeps it finite"


def test_guessed_depth_counts_little() -> None:
    torch.manual_seed(0)
    target, prediction = torch.rand(1, 1, 32, 32) + 0.1, torch.rand(1, 1, 32, 32)
    background = everywhere(target)
    guessed = depth_loss(prediction, -target, background)
    sure = depth_loss(prediction, target, background)
    assert float(guessed) < 0.3 * float(sure)


def test_depth_turned_around_is_pulled_back() -> None:
    """Least-squares alignment gave such a prediction no gradient, and nothing was learned."""
    torch.manual_seed(0)
    target = torch.rand(1, 1, 16, 16) + 0.1
    prediction = (1.2 - target).requires_grad_()
    depth_loss(prediction, target, everywhere(target)).backward()
    assert float((prediction.grad * target).sum()) < 0, "a step down the gradient adds target"


def test_pictures_without_depth_give_no_depth_loss() -> None:
    nothing = torch.zeros(2, 1, 16, 16)
    assert float(depth_loss(torch.rand(2, 1, 16, 16), nothing, nothing)) == 0
