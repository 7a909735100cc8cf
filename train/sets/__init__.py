"""Sets on disk: composed, drawn, filmed or registered, and what of them may be shown."""
