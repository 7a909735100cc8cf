"""Calibration sets: the one that ships, and the tool that makes such sets. Run as
`python -m calib`; never installed.
"""
