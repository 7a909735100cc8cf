/* libnvidia-encode.so.1 of a GPU that has no encoder, as an H100. FAKE_NVENC_VERSION: the driver's. */

#include <stdlib.h>

enum { UNSUPPORTED_DEVICE = 2, FIRST = 1, FUNCTIONS = 40 };

static int refuses(void) { return UNSUPPORTED_DEVICE; }

int NvEncodeAPIGetMaxSupportedVersion(unsigned *version) {
    const char *given = getenv("FAKE_NVENC_VERSION");
    *version = (given ? atoi(given) : 13) << 4;
    return 0;
}
int NvEncodeAPICreateInstance(void **list) {
    for (int i = FIRST; i <= FUNCTIONS; i++) list[i] = (void *)refuses;
    return 0;
}
