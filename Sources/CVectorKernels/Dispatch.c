// Chooses the table of loops once and calls through it.
#include "include/CVectorKernels.h"

#include <string.h>

#include "Kernels.h"

static _Atomic(const cvk_kernels *) chosen;

static int is_known(const char *name) {
#if defined(__x86_64__)
    if (!strcmp(name, "avx512"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (!strcmp(name, "avx2")) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return !strcmp(name, cvk_plain.name);
}

static const cvk_kernels *named(const char *name) {
#if defined(__x86_64__)
    if (!strcmp(name, cvk_avx512.name)) return &cvk_avx512;
    if (!strcmp(name, cvk_avx2.name)) return &cvk_avx2;
#endif
    return &cvk_plain;
}

static const cvk_kernels *kernels(void) {
    const cvk_kernels *table = __c11_atomic_load(&chosen, __ATOMIC_RELAXED);
    if (table) return table;
    // Two threads that come here at once choose alike.
    table = is_known("avx512") ? named("avx512") : is_known("avx2") ? named("avx2") : &cvk_plain;
    __c11_atomic_store(&chosen, table, __ATOMIC_RELAXED);
    return table;
}

const char *cvk_instruction_set(void) { return kernels()->name; }

int cvk_select_instruction_set(const char *name) {
    if (!is_known(name)) return 0;
    __c11_atomic_store(&chosen, named(name), __ATOMIC_RELAXED);
    return 1;
}

void cvk_exp(const double *x, double *out, size_t n) { kernels()->exp(x, out, n); }
void cvk_log(const double *x, double *out, size_t n) { kernels()->log(x, out, n); }
void cvk_log1p(const double *x, double *out, size_t n) { kernels()->log1p(x, out, n); }
void cvk_softplus_sigmoid(const double *x, double *softplus, double *sigmoid, size_t n) {
    kernels()->softplus_sigmoid(x, softplus, sigmoid, n);
}
double cvk_max(const double *x, size_t n) { return kernels()->max(x, n); }
void cvk_exp_sums(const double *x, double shift, double *out, size_t n, double *sums) {
    kernels()->exp_sums(x, shift, out, n, sums);
}
void cvk_sums_of_exp(const double *x, double shift, size_t n, double *sums) {
    kernels()->exp_sums(x, shift, NULL, n, sums);
}
void cvk_affine(double a, double b, const double *x, double c, const double *z, double *out, size_t n) {
    kernels()->affine(a, b, x, c, z, out, n);
}
void cvk_philox(uint64_t first, uint64_t high, uint64_t key, uint64_t *out, size_t blocks) {
    kernels()->philox(first, high, key, out, blocks);
}
void cvk_uniforms(uint64_t first, uint64_t high, uint64_t key, double *out, size_t blocks) {
    kernels()->uniforms(first, high, key, out, blocks);
}
void cvk_normals(uint64_t first, uint64_t high, uint64_t key, double *out, size_t n) {
    kernels()->normals(first, high, key, out, n);
}
float cvk_max_float(const float *x, size_t n) { return kernels()->max_float(x, n); }
void cvk_largest_two(const float *x, size_t n, float *largest) { kernels()->largest_two(x, n, largest); }
void cvk_exp_blocks(
    const float *x, float shift, float scale, const uint64_t *mask, float *terms, double *sums, double *whole,
    double *moments, size_t n) {
    kernels()->exp_blocks(x, shift, scale, mask, terms, sums, whole, moments, n);
}
double cvk_exp_of_floats(const float *x, double shift, double scale, double *out, size_t n) {
    return kernels()->exp_of_floats(x, shift, scale, out, n);
}
