"""From trained weights to an engine folder."""
