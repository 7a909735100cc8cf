"""Opens layers in Blender and compares what it renders with what edgeds wrote.

    python -m venv blender && blender/bin/pip install bpy
    edgeds video IN --layers all --format exr -o exr && edgeds video IN --layers foreground -o png
    blender/bin/python tests/blender_layers.py exr/000012.exr png/foreground/000012.png

Not a test of the suite: `bpy` is 370 MB and exists for one version of Python at a time. Blender's
compositor lays the foreground of the EXR file on a blue card. The same is computed from the PNG
file, as Blender reads it: both must show the same.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

BLUE = (0.1, 0.2, 0.8, 1.0)
MOST_LEVELS = 2.0
"""Half floats, 8 bits and Blender's own conversion of colours."""


def main() -> None:
    import bpy

    exr, png = (Path(name).resolve() for name in sys.argv[1:3])
    card = on_card(loaded(bpy, png))
    rendered = composited(bpy, exr, card.shape[1::-1])
    apart = np.abs(encoded(rendered) - encoded(card)).mean() * 255
    print(f"on a card, by Blender's compositor and computed: {apart:.3f} levels apart")  # noqa: T201
    if apart > MOST_LEVELS:
        sys.exit("they differ")


def loaded(bpy: Any, path: Path) -> np.ndarray[Any, Any]:
    """Linear premultiplied RGBA, the first row on top: Blender keeps pictures of floats and of 16
    bits so, and those of 8 bits as in the file.
    """
    image = bpy.data.images.load(str(path))
    image.alpha_mode = "PREMUL" if path.suffix == ".exr" else "STRAIGHT"
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, 4)[::-1].copy()
    if not image.is_float:
        pixels[..., :3] = linear(pixels[..., :3])
        pixels[..., :3] *= pixels[..., 3:]
    return pixels


def on_card(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return pixels[..., :3] + (1 - pixels[..., 3:]) * np.array(BLUE[:3], np.float32)


def composited(bpy: Any, exr: Path, size: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The same by the nodes Image and Alpha Over, rendered to a file and read again."""
    scene = bpy.context.scene
    image = bpy.data.images.load(str(exr))
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.resolution_percentage = 100
    scene.view_settings.view_transform = "Raw"
    tree = node_tree(bpy, scene)
    source = tree.nodes.new("CompositorNodeImage")
    source.image = image
    over = tree.nodes.new("CompositorNodeAlphaOver")
    colours = [socket for socket in over.inputs if socket.type == "RGBA"]
    colours[0].default_value = BLUE
    print("Blender finds:", ", ".join(s.name for s in source.outputs))  # noqa: T201
    found = next(s for s in source.outputs if s.name in ("Image", "Combined"))
    tree.links.new(found, colours[1])
    output(bpy, tree, over)
    target = exr.with_name("blender-composite.exr")
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.filepath = str(target)
    if scene.camera is None:
        camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(camera)
        scene.camera = camera
    bpy.ops.render.render(write_still=True)
    pixels = loaded(bpy, target)[..., :3]
    target.unlink()
    return pixels


def node_tree(bpy: Any, scene: Any) -> Any:
    """The compositor's nodes: Blender 5 keeps them apart from the scene."""
    if hasattr(scene, "compositing_node_group"):
        scene.compositing_node_group = bpy.data.node_groups.new("nodes", "CompositorNodeTree")
        return scene.compositing_node_group
    scene.use_nodes = True
    scene.node_tree.nodes.clear()
    return scene.node_tree


def output(bpy: Any, tree: Any, last: Any) -> None:
    if hasattr(bpy.context.scene, "compositing_node_group"):
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        end = tree.nodes.new("NodeGroupOutput")
    else:
        end = tree.nodes.new("CompositorNodeComposite")
    tree.links.new(last.outputs[0], end.inputs[0])


def linear(signal: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    low = signal / 12.92
    return np.where(signal <= 0.04045, low, ((signal + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


if __name__ == "__main__":
    main()
