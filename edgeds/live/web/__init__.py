"""The browser page of a live run: pictures out, commands in.

    frames -> broadcast (one JPEG for all) -> viewer (one WebSocket each) -> static/ (the page)
           -> webrtc (one H.264 stream for all who want it)
    connections -> limiter (how many, how long) -> access (who may) -> app (what there is)

Talks to the run through `LiveControl` alone. Knows nothing about cameras, networks or views.
"""
