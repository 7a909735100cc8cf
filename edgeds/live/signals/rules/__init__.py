"""Rules about objects: their kinds, their file, and the watches that decide when one is met."""
