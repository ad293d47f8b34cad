// What every machine of the architecture knows.
#if defined(__x86_64__)
#define CVK_FUSED 0
#define CVK_NAME "sse2"
#else
#if defined(__aarch64__) || defined(__ARM_FEATURE_FMA)
#define CVK_FUSED 1
#else
#define CVK_FUSED 0
#endif
#define CVK_NAME "plain"
#endif
#define CVK_TABLE cvk_plain
#include "VectorLoops.h"
