"""`edgeds doctor`."""
