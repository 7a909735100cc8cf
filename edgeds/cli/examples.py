"""The examples at the end of each command's `--help`. Every line is a command that works.

The lines fit a terminal of 80 columns.
"""

from __future__ import annotations

EXAMPLES = {
    "live": """
edgeds live
edgeds live --camera 0 --serve 8080
edgeds live --camera 0 --virtual-camera --view replace --backdrop beach.jpg
edgeds live "file:in.mp4?loop" --serve 8080
edgeds live rtsp://10.0.0.7/stream -b plate.npz --rules rules.toml --no-show
""",
    "video": """
edgeds video in.mp4
edgeds video in.mp4 -b empty.jpg --view cutout -o cut.mov
edgeds video in.mp4 --view replace --backdrop beach.jpg
edgeds video in.mp4 --view depth -o depth.mkv
edgeds video "shots/*.png" -o out.mp4 --sheet sheet.png --json
edgeds video in.mp4 --layers alpha,depth -o in.layers --format png
""",
    "batch": """
edgeds batch clips/ -o out
edgeds batch "cams/*/*.mp4" -o out --plate plates --view cutout
edgeds batch clips/ -o out --video-options "--sheet {out}.png --plate-fixed"
""",
    "capture": """
edgeds capture --camera 0 -o plate.npz
edgeds capture rtsp://10.0.0.7/stream -o plate.npz
edgeds capture empty.mp4 -o plate.npz
""",
    "calibrate": """
edgeds calibrate --camera 0 -o calib/mine
""",
    "build-engine": """
edgeds build-engine
edgeds build-engine --gpu sm86
edgeds build-engine --precision int8 --calib calib/mine -o engines/mine
""",
    "eval": """
edgeds eval SET
edgeds eval SET --json --save predictions/
edgeds eval SET --sweep --plot curves.png
""",
    "bench": """
edgeds bench
edgeds bench --all --plot speed.png -o speed.json
""",
    "doctor": """
edgeds doctor
""",
}
