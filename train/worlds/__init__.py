"""A simple renderer of worlds with exact depth: empty places, and the same places with people.

`raycast` finds what rays hit (Embree); `shapes`, `furniture` and `glb` make triangles; `textures`
give them colours; `camera` makes the rays; `render` computes a picture with depth from all of
these; `rooms`, `streets`, ... build one kind of world each; `write_set` writes them as a set.
Nothing in here knows about networks or training.
"""
