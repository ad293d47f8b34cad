// What every machine of the architecture knows.
#if defined(__x86_64__)
#define CVK_FUSED 0
#define CVK_NAME "sse2"
#else
#define CVK_FUSED (defined(__aarch64__) || defined(__ARM_FEATURE_FMA) || defined(__FMA__))
#define CVK_NAME "plain"
#endif
#define CVK_TABLE cvk_plain
#include "VectorLoops.h"
