"""Many cameras in one process, with one engine: each a live run of its own."""
