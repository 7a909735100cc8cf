"""Worlds that are drawn: plates whose depth is exact, and who stands in them.

`raycast` finds what rays hit (Embree); `shapes`, `furniture` and `glb` make triangles; `textures`
say what they look like; `camera` says from where they are seen; `picture` joins them to a picture
with depth; `rooms`, `streets`, ... build one kind of world each; `writing` keeps them as a set.
Nothing in here knows about networks or training.
"""
