"""The browser page of a live run: pictures out, commands in.

    frames -> broadcast + jpeg (one JPEG for all viewers) -> viewer (one WebSocket each)
           -> broadcast + h264 (one stream for all viewers) -> webrtc (one connection each)
    requests -> connections (limits) -> access (permission) -> app (the answers)
    viewer -> commands -> LiveControl -> status -> viewer; upload (uploaded pictures and videos)
    static/ is the page itself.

Uses the run through `LiveControl` alone. Knows nothing about cameras, networks or views.
"""
