/* libcuda.so.1 as far as FFmpeg asks it. The GPU's memory is the host's. What matters for edgeds is
   said on stderr. FAKE_ACTIVE: the flags of a primary context that torch made before. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY(...) (fprintf(stderr, "fake: " __VA_ARGS__), fputc('\n', stderr))
enum { NO_CONTEXT = 201, SCHEDULE_BLOCKING = 4, HOST = 1 };
typedef unsigned long long Address;

static char primary, other;
static unsigned flags;
static int active;
static __thread void *stack[8];
static __thread int depth;

static const char *name_of(void *context) {
    return context == &primary ? "the primary context" : context ? "another context" : "none";
}

int cuInit(unsigned unused) {
    const char *given = getenv("FAKE_ACTIVE");
    if (given && !active) { active = 1; flags = atoi(given); }
    return 0;
}
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return index ? 101 : 0; }
int cuDeviceGetName(char *name, int room, int device) { snprintf(name, room, "Fake"); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 1ull << 33; return 0; }
int cuDeviceGetAttribute(int *value, int which, int device) {
    *value = which == 14 ? 512 /* texture alignment */ : 8;
    return 0;
}

int cuDevicePrimaryCtxGetState(int device, unsigned *now, int *is_active) {
    *now = flags; *is_active = active;
    return 0;
}
int cuDevicePrimaryCtxSetFlags(int device, unsigned wanted) { flags = wanted; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) {
    active = 1; *context = &primary;
    return 0;
}
int cuDevicePrimaryCtxRelease(int device) { SAY("the primary context is released"); return 0; }
int cuCtxCreate_v2(void **context, unsigned wanted, int device) {
    SAY("a context is made");
    *context = stack[depth++] = &other;
    return 0;
}
int cuCtxDestroy_v2(void *context) { SAY("%s is destroyed", name_of(context)); return 0; }
int cuCtxPushCurrent_v2(void *context) { stack[depth++] = context; return 0; }
int cuCtxPopCurrent_v2(void **context) {
    if (!depth) return NO_CONTEXT;
    *context = stack[--depth];
    return 0;
}
int cuCtxGetCurrent(void **context) {
    *context = depth ? stack[depth - 1] : NULL;
    SAY("taken: %s", name_of(*context));
    return 0;
}

int cuMemAlloc_v2(Address *at, size_t bytes) {
    if (!depth) return NO_CONTEXT;
    *at = (Address)malloc(bytes);
    return 0;
}
int cuMemFree_v2(Address at) { free((void *)at); return 0; }

typedef struct {
    size_t x, y; int kind; const char *host; Address device; void *array; size_t pitch;
} Side;
typedef struct { Side from, to; size_t wide, high; } Copy;

static char *start_of(const Side *side) {
    const char *base = side->kind == HOST ? side->host : (const char *)side->device;
    return (char *)base + side->y * side->pitch + side->x;
}
int cuMemcpy2DAsync_v2(const Copy *copy, void *stream) {
    if (!depth) return NO_CONTEXT;
    SAY("copied in stream %p of %s", stream, name_of(stack[depth - 1]));
    for (size_t row = 0; row < copy->high; row++)
        memcpy(start_of(&copy->to) + row * copy->to.pitch,
               start_of(&copy->from) + row * copy->from.pitch, copy->wide);
    return 0;
}
int cuGetErrorName(int code, const char **name) { *name = "FAKE_ERROR"; return 0; }
int cuGetErrorString(int code, const char **text) { *text = "fake error"; return 0; }
