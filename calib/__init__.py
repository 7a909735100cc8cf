"""Calibration sets: the one that comes with edgeds, and the tool that makes such sets.

Run it as `python -m calib` from a checkout; it is never installed.
"""
