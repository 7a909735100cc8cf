"""The pictures of README and of the documentation, each made by a function from bundled clips."""
