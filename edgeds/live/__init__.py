"""A live run: newest frame -> estimate -> compose -> outputs, and its commands and status."""
