"""`edgeds bench`."""
