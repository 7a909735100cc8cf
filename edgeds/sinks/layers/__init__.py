"""The layers of a clip for editors, as one folder: see sink.py; one module writes one format."""
