"""The commands of `python -m train` that are not in `train/__main__.py`."""
