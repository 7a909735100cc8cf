"""The whole frame on one GPU: decoded planes in, a drawn picture's planes out, all torch tensors.

    NVDEC -> NV12 -> small picture -> network -> depth fit -> matte -> picture -> NV12 -> NVENC

Every step is a function of tensors that runs on any torch device. On torch's CPU device the tests
compare it with the CPU pipeline, which is the reference.
"""
