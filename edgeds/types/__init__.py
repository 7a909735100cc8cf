"""The types of the program: Frame, Maps, and the protocols of sources, sinks and engines.

Knows nothing about files, codecs, networks or screens.
"""

from edgeds.types.arrays import Box as Box
from edgeds.types.arrays import FloatMap as FloatMap
from edgeds.types.arrays import Pixels as Pixels
from edgeds.types.arrays import Size as Size
from edgeds.types.arrays import whole as whole
from edgeds.types.frame import Frame as Frame
from edgeds.types.maps import MapMaker as MapMaker
from edgeds.types.maps import Maps as Maps
from edgeds.types.picture import ColourTags as ColourTags
from edgeds.types.picture import Layout as Layout
from edgeds.types.picture import Picture as Picture
from edgeds.types.picture import RgbPicture as RgbPicture
from edgeds.types.stages import AnySizeEngine as AnySizeEngine
from edgeds.types.stages import Closing as Closing
from edgeds.types.stages import Engine as Engine
from edgeds.types.stages import PlateFeatures as PlateFeatures
from edgeds.types.stages import Sink as Sink
from edgeds.types.stages import Source as Source
from edgeds.types.stages import StreamInfo as StreamInfo
