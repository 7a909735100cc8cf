/* libnvcuvid.so.1 as far as FFmpeg asks it: every picture is grey, 60 and up, its chroma 100. */

#include <stdlib.h>
#include <string.h>

static unsigned long width, height;

/* offsets of CUVIDDECODECAPS, after NVIDIA's Video Codec SDK reference */
int cuvidGetDecoderCaps(unsigned char *caps) {
    unsigned *most = (unsigned *)(caps + 28);
    caps[24] = 1; /* supported */
    *(unsigned short *)(caps + 26) = 1; /* NV12 */
    most[0] = most[1] = 8192; most[2] = 1 << 20;
    *(unsigned short *)(caps + 40) = *(unsigned short *)(caps + 42) = 16;
    return 0;
}
int cuvidCreateDecoder(void **decoder, const unsigned long *info) {
    width = info[0]; height = info[1];
    *decoder = &width;
    return 0;
}
int cuvidDestroyDecoder(void *decoder) { return 0; }
int cuvidDecodePicture(void *decoder, void *parameters) { return 0; }
int cuvidMapVideoFrame64(void *decoder, int index, unsigned long long *at, unsigned *pitch,
                         void *parameters) {
    size_t row = (width + 255) / 256 * 256;
    char *picture = malloc(row * height * 3 / 2);
    memset(picture, 60 + index, row * height);
    memset(picture + row * height, 100, row * height / 2);
    *at = (unsigned long long)picture;
    *pitch = (unsigned)row;
    return 0;
}
int cuvidUnmapVideoFrame64(void *decoder, unsigned long long at) { free((void *)at); return 0; }
