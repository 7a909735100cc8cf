"""Pictures from a frame and its maps: overlay, mask, depth, cutout, replace, blur."""
