"""Ways for events to leave: files, MQTT, webhooks, metrics. Each is a listener of its own."""
