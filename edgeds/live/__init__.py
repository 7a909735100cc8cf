"""A live run: newest frame -> estimate -> compose -> outputs, and what may be asked of it."""
