// The table of loops of one instruction set.
#ifndef CVK_KERNELS_H
#define CVK_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;
    void (*exp)(const double *, double *, size_t);
    void (*log)(const double *, double *, size_t);
    void (*log1p)(const double *, double *, size_t);
    void (*softplus_sigmoid)(const double *, double *, double *, size_t);
    double (*max)(const double *, size_t);
    void (*exp_sums)(const double *, double, double *, size_t, double *);
    void (*affine)(double, double, const double *, double, const double *, double *, size_t);
    void (*philox)(uint64_t, uint64_t, uint64_t, uint64_t *, size_t);
    void (*uniforms)(uint64_t, uint64_t, uint64_t, double *, size_t);
    void (*normals)(uint64_t, uint64_t, uint64_t, double *, size_t);
    float (*max_float)(const float *, size_t);
    void (*largest_two)(const float *, size_t, float *);
    void (*exp_blocks)(
        const float *, float, float, const uint64_t *, float *, double *, double *, double *, size_t);
    double (*exp_of_floats)(const float *, double, double, double *, size_t);
} cvk_kernels;

extern const cvk_kernels cvk_plain;
#if defined(__x86_64__)
extern const cvk_kernels cvk_avx2;
extern const cvk_kernels cvk_avx512;
#endif

#endif
