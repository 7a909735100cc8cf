"""How well an engine does on a labelled set: sets, the field's metrics, plate-error sweeps."""
