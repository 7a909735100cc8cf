"""What networks, and the program around them, are worth on sets and clips."""
