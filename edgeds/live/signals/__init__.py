"""What the camera sees, for other programs: objects, rules about them, events and their delivery.

    Maps -> regions -> tracked objects -> rules -> events -> files, MQTT, webhooks, the page

Reads maps and plates; knows nothing about cameras, engines and views.
"""
