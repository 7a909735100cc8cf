"""The layers of a clip as one folder (layers_folder.py); each format is a module of its own."""
