"""The types of the program: Frame, Maps, and the protocols of sources, sinks and engines.

Knows nothing about files, codecs, networks or screens.
"""

from edgeds.types.arrays import Box as Box
from edgeds.types.arrays import DeepPixels as DeepPixels
from edgeds.types.arrays import FloatMap as FloatMap
from edgeds.types.arrays import Indices as Indices
from edgeds.types.arrays import Pixels as Pixels
from edgeds.types.arrays import Size as Size
from edgeds.types.arrays import ToLight as ToLight
from edgeds.types.arrays import described as described
from edgeds.types.arrays import is_rgb as is_rgb
from edgeds.types.arrays import whole as whole
from edgeds.types.frame import Frame as Frame
from edgeds.types.maps import MapMaker as MapMaker
from edgeds.types.maps import Maps as Maps
from edgeds.types.picture import ColourTags as ColourTags
from edgeds.types.picture import Layout as Layout
from edgeds.types.picture import Picture as Picture
from edgeds.types.picture import RgbPicture as RgbPicture
from edgeds.types.protocols import AnySizeEngine as AnySizeEngine
from edgeds.types.protocols import ClipSource as ClipSource
from edgeds.types.protocols import Closing as Closing
from edgeds.types.protocols import Engine as Engine
from edgeds.types.protocols import FileSink as FileSink
from edgeds.types.protocols import PlateFeatures as PlateFeatures
from edgeds.types.protocols import Sink as Sink
from edgeds.types.protocols import Source as Source
from edgeds.types.protocols import StreamInfo as StreamInfo
