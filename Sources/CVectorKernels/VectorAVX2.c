// Registers of four doubles with fused multiply-adds, where the machine turns out to have them.
#if defined(__x86_64__)
#include <string.h>
#include "Kernels.h"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define CVK_FUSED 1
#define CVK_NAME "avx2"
#define CVK_TABLE cvk_avx2
#include "VectorLoops.h"
#pragma clang attribute pop
#endif
