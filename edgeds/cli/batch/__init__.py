"""`edgeds batch`: many clips, over the cores of one machine or over a Ray cluster."""
