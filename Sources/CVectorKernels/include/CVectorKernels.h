#ifndef CVECTORKERNELS_H
#define CVECTORKERNELS_H

#include <stddef.h>
#include <stdint.h>

// Elementary functions and random numbers over arrays, eight at a time.
//
// Each loop exists three times on x86-64 (SSE2, AVX2 with FMA, AVX-512); the best one that the machine knows is chosen
// at the first call. Elsewhere there is one, which the compiler fits to the machine. Results of different instruction
// sets may differ in the last place (fused multiply-adds); on one machine they never change. Arrays may be the same
// (in place) but must not overlap otherwise. None needs an alignment.

// out[i] = e^x[i], within 1.1 ulp; 0 and +infinity where it leaves the range, subnormals included.
void cvk_exp(const double *x, double *out, size_t n);
// out[i] = ln x[i], within 1 ulp; -infinity at 0, NaN below.
void cvk_log(const double *x, double *out, size_t n);
// out[i] = ln(1 + x[i]), within 2 ulp; -infinity at -1, NaN below.
void cvk_log1p(const double *x, double *out, size_t n);
// softplus[i] = ln(1 + e^x[i]) and sigmoid[i] = 1 / (1 + e^-x[i]), within 4 ulp each.
void cvk_softplus_sigmoid(const double *x, double *softplus, double *sigmoid, size_t n);
// The largest; -infinity for none; NaN if any is NaN.
double cvk_max(const double *x, size_t n);
// out[i] = e^(x[i] - shift); sums[0] and sums[1] become the sum and the sum of squares of them.
void cvk_exp_sums(const double *x, double shift, double *out, size_t n, double *sums);
// The sum of e^(x[i] - shift), without writing the terms; sums as above.
void cvk_sums_of_exp(const double *x, double shift, size_t n, double *sums);
// out[i] = a + b x[i] + c z[i].
void cvk_affine(double a, double b, const double *x, double c, const double *z, double *out, size_t n);

// The largest; -infinity for none; NaN if any is NaN.
float cvk_max_float(const float *x, size_t n);
// largest[0] and largest[1] become the largest number and the next one, which may be the same; -infinity for none. The
// first is NaN if any is NaN.
void cvk_largest_two(const float *x, size_t n, float *largest);
// Over blocks of 64 numbers, in single precision: with t = (x[i] - shift) scale, which must be 0 or less, and c near 1 and
// the same for all, sums[b] becomes the sum of the terms c e^t over block b, which are 0 below 2^-126 and otherwise exact to
// 2^-23 (1 + |t|). Where `mask` is not null only those numbers count whose bit i % 64 of mask[b] is set; whole[b], unless it is
// null, becomes the sum without the mask, and moments[b] that of c t e^t, also without it. The terms are written to `terms`
// unless that is null.
void cvk_exp_blocks(
    const float *x, float shift, float scale, const uint64_t *mask, float *terms, double *sums, double *whole,
    double *moments, size_t n);
// out[i] = e^((x[i] - shift) scale) as cvk_exp has it, and their sum.
double cvk_exp_of_floats(const float *x, double shift, double scale, double *out, size_t n);

// Philox4x32-10 blocks `first`, `first` + 1, ... under the counters (block, high): two 64-bit numbers a block.
void cvk_philox(uint64_t first, uint64_t high, uint64_t key, uint64_t *out, size_t blocks);
// Multiples of 2^-53 in [0, 1) from the same numbers, two a block.
void cvk_uniforms(uint64_t first, uint64_t high, uint64_t key, double *out, size_t blocks);
// Standard normal numbers by Box and Muller's transform. Sixteen come from eight blocks: number j < 8 is the cosine
// part of block `first` + 8 g + j, number 8 + j its sine part, for group g. Uses ceil(n / 16) * 8 blocks.
void cvk_normals(uint64_t first, uint64_t high, uint64_t key, double *out, size_t n);

// The name of the instruction set in use: "avx512", "avx2", "sse2" or "plain".
const char *cvk_instruction_set(void);
// For tests: uses the instruction set of this name, if the machine knows it (1), or leaves all as it is (0).
int cvk_select_instruction_set(const char *name);

#endif
