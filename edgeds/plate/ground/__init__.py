"""The ground that people walk on, measured by them: its plane, the horizon, and metres."""
