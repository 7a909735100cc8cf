"""Measures an engine on a labelled set: the field's metrics, sweeps over plate errors, drift."""
