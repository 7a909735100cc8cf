"""Objects in the picture: found in each frame, tracked over time, described for other programs."""
