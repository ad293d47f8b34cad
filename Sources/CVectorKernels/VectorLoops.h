// The loops, written once over vectors of eight; a file includes this under the instruction set it compiles for, with
// CVK_FUSED saying whether that has a fused multiply-add, CVK_TABLE the name of its table and CVK_NAME its own name.
#include <string.h>

#include "Kernels.h"

// Sums of products are fused where FMA says so, nowhere else: the compensated steps below rely on it.
#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"

typedef double vd __attribute__((ext_vector_type(8), aligned(8)));
typedef int64_t vi __attribute__((ext_vector_type(8), aligned(8)));
typedef uint64_t vu __attribute__((ext_vector_type(8), aligned(8)));

#define INLINE static inline __attribute__((always_inline))
#if CVK_FUSED
#define FMA(a, b, c) __builtin_elementwise_fma((vd)(a), (vd)(b), (vd)(c))
#else
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

INLINE vd load(const double *p) { vd v; memcpy(&v, p, sizeof v); return v; }
INLINE void store(double *p, vd v) { memcpy(p, &v, sizeof v); }
// The first k < 8 numbers, the rest filled with `fill`.
INLINE vd load_part(const double *p, size_t k, double fill) {
    vd v = (vd)fill;
    double parts[8];
    memcpy(parts, &v, sizeof parts);
    for (size_t j = 0; j < k; j++) parts[j] = p[j];
    memcpy(&v, parts, sizeof v);
    return v;
}
INLINE void store_part(double *p, vd v, size_t k) {
    double parts[8];
    memcpy(parts, &v, sizeof parts);
    for (size_t j = 0; j < k; j++) p[j] = parts[j];
}
INLINE vd magnitude(vd x) { return (vd)((vu)x & (vu)0x7FFFFFFFFFFFFFFFull); }

// e^x = 2^n e^r with |r| <= ln(2) / 2 and e^r = 1 + r + r^2 P(r), P the minimax polynomial (relative error 4e-18).
INLINE vd exp8(vd x) {
    // Beyond these bounds the result is 0 or infinity anyway; NaN passes both comparisons.
    x = x < (vd)-746.0 ? (vd)-746.0 : x;
    x = x > (vd)710.0 ? (vd)710.0 : x;
    const vd shifter = (vd)0x1.8p52;
    vd t = FMA(x, (vd)0x1.71547652b82fep+0, shifter);
    vd n = t - shifter;
    vd r = FMA(n, (vd)-0x1.62e42fee00000p-1, x);
    r = FMA(n, (vd)-0x1.a39ef35793c76p-33, r);
    vd r2 = r * r;
    vd r4 = r2 * r2;
    vd p01 = FMA((vd)0x1.55555555554fap-3, r, (vd)0x1.000000000000ap-1);
    vd p23 = FMA((vd)0x1.1111111127b9dp-7, r, (vd)0x1.555555555088dp-5);
    vd p45 = FMA((vd)0x1.a01a012a68a5cp-13, r, (vd)0x1.6c16c1842649ap-10);
    vd p67 = FMA((vd)0x1.71df253d4cbbcp-19, r, (vd)0x1.a0199a173a469p-16);
    vd p89 = FMA((vd)0x1.ad7f759564198p-26, r, (vd)0x1.28ad68589a567p-22);
    vd p = FMA(FMA(FMA(p89, r2, p67), r4, FMA(p45, r2, p23)), r2, p01);
    vd e = (vd)1.0 + FMA(r2, p, r);
    // Two factors, so that neither leaves the range of exponents before the product does.
    vi whole = (vi)t - (vi)shifter;
    vi half = (vi)((vu)(whole + 4096) >> 1) - 2048;
    vd first = (vd)((vu)(half + 1023) << 52);
    vd second = (vd)((vu)(whole - half + 1023) << 52);
    return e * first * second;
}

// ln m for m = 1 + f, m in [1/sqrt 2, sqrt 2]: with s = f / (2 + f), f - (f^2/2 - s (f^2/2 + s^2 L(s^2))).
INLINE vd log8(vd x) {
    vi subnormal = (vi)(x < (vd)0x1p-1022);
    vd scaled = subnormal ? x * (vd)0x1p54 : x;
    vu bits = (vu)scaled;
    // The exponent, counted so that the significand falls between the square roots of a half and of two.
    vu offset = bits - (vu)0x3FE6A09E667F3BCDull;
    vu biased = (offset >> 52);
    // An arithmetic shift by 52 of `offset`: 12 bits, sign in the top one.
    vi k = (vi)((biased ^ (vu)0x800ull)) - (vi)0x800;
    vd m = (vd)(bits - ((vu)k << 52));
    k = k - (subnormal & (vi)54);
    // Small integers to doubles through the significand's low bits.
    vd kd = (vd)((vu)(k + (vi)0x4338000000000000ll)) - (vd)0x1.8p52;
    vd f = m - (vd)1.0;
    vd s = f / ((vd)2.0 + f);
    vd z = s * s;
    vd z2 = z * z;
    vd l01 = FMA((vd)0x1.999999997fca3p-2, z, (vd)0x1.5555555555593p-1);
    vd l23 = FMA((vd)0x1.c71c51faf7a7cp-3, z, (vd)0x1.2492494201afap-2);
    vd l45 = FMA((vd)0x1.39a165345422dp-3, z, (vd)0x1.7466420bd5a2dp-3);
    vd l = FMA(FMA(FMA((vd)0x1.2f08ece6db268p-3, z2, l45), z2, l23), z2, l01);
    vd half = (vd)0.5 * f * f;
    vd tail = FMA(s, FMA(z, l, half), kd * (vd)0x1.a39ef35793c76p-33);
    vd y = FMA(kd, (vd)0x1.62e42fee00000p-1, f - (half - tail));
    y = x == (vd)__builtin_inf() ? x : y;
    y = x == (vd)0.0 ? (vd)-__builtin_inf() : y;
    return x < (vd)0.0 || x != x ? (vd)__builtin_nan("") : y;
}

// With u = 1 + x rounded, ln(1 + x) = ln u + (what rounding lost) / u.
INLINE vd log1p8(vd x) {
    vd u = (vd)1.0 + x;
    // What was lost, from whichever of the two is larger.
    vd lost = magnitude(x) < (vd)1.0 ? x - (u - (vd)1.0) : (vd)1.0 - (u - x);
    vd correction = lost / u;
    vd y = log8(u) + correction;
    y = u == (vd)0.0 || u == (vd)__builtin_inf() ? log8(u) : y;
    // Keeps the sign of zero and all digits of what vanishes beside 1.
    return magnitude(x) < (vd)0x1p-54 ? x : y;
}

// ln(1 + e) for e in [0, 1] given s = e / (2 + e), without reduction.
INLINE vd log1p_unit8(vd e, vd s) {
    vd z = s * s;
    vd z2 = z * z;
    vd z4 = z2 * z2;
    vd l01 = FMA((vd)0x1.999999999955dp-2, z, (vd)0x1.5555555555556p-1);
    vd l23 = FMA((vd)0x1.c71c71a5dd895p-3, z, (vd)0x1.24924924c1da4p-2);
    vd l45 = FMA((vd)0x1.3b12d5d7034fbp-3, z, (vd)0x1.745d1e03247c3p-3);
    vd l67 = FMA((vd)0x1.dfe2a2722a85fp-4, z, (vd)0x1.112345e74dd61p-3);
    vd l89 = FMA((vd)0x1.1e7bad7c60486p-4, z, (vd)0x1.c16fc914ec993p-4);
    vd l = FMA(FMA(FMA((vd)0x1.51421820d29fcp-3, z2, l89), z4, FMA(l67, z2, l45)), z4, FMA(l23, z2, l01));
    vd half = (vd)0.5 * e * e;
    return e - (half - s * FMA(z, l, half));
}

static void loop_exp(const double *x, double *out, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) store(out + i, exp8(load(x + i)));
    if (i < n) store_part(out + i, exp8(load_part(x + i, n - i, 0)), n - i);
}

static void loop_log(const double *x, double *out, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) store(out + i, log8(load(x + i)));
    if (i < n) store_part(out + i, log8(load_part(x + i, n - i, 1)), n - i);
}

static void loop_log1p(const double *x, double *out, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) store(out + i, log1p8(load(x + i)));
    if (i < n) store_part(out + i, log1p8(load_part(x + i, n - i, 0)), n - i);
}

INLINE void softplus_sigmoid8(vd x, vd *softplus, vd *sigmoid) {
    vd e = exp8((vd)((vu)x | (vu)0x8000000000000000ull));
    // One division for both quotients, 1 / (1 + e) and e / (2 + e).
    vd u = (vd)1.0 + e, v = (vd)2.0 + e;
    vd q = (vd)1.0 / (u * v);
    vd one = q * v;
    vd positive = x > (vd)0.0 ? x : (vd)0.0;
    *softplus = positive + log1p_unit8(e, e * u * q);
    *sigmoid = x >= (vd)0.0 ? one : e * one;
}

static void loop_softplus_sigmoid(const double *x, double *softplus, double *sigmoid, size_t n) {
    size_t i = 0;
    vd a, b;
    for (; i + 8 <= n; i += 8) {
        softplus_sigmoid8(load(x + i), &a, &b);
        store(softplus + i, a);
        store(sigmoid + i, b);
    }
    if (i < n) {
        softplus_sigmoid8(load_part(x + i, n - i, 0), &a, &b);
        store_part(softplus + i, a, n - i);
        store_part(sigmoid + i, b, n - i);
    }
}

static double loop_max(const double *x, size_t n) {
    vd best = (vd)-__builtin_inf();
    vi nan = (vi)0;
    size_t i = 0;
    for (; i < n; i += 8) {
        vd v = i + 8 <= n ? load(x + i) : load_part(x + i, n - i, -__builtin_inf());
        nan |= (vi)(v != v);
        best = v > best ? v : best;
    }
    double result = -__builtin_inf();
    int64_t any = 0;
    for (int j = 0; j < 8; j++) {
        any |= nan[j];
        result = best[j] > result ? best[j] : result;
    }
    return any ? __builtin_nan("") : result;
}

// Eight running sums, added up pairwise: the same on any number of threads and for any place of the array.
INLINE double total8(vd v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }

static void loop_exp_sums(const double *x, double shift, double *out, size_t n, double *sums) {
    vd first = (vd)0.0, second = (vd)0.0, first2 = (vd)0.0, second2 = (vd)0.0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        vd e = exp8(load(x + i) - (vd)shift);
        vd g = exp8(load(x + i + 8) - (vd)shift);
        if (out) {
            store(out + i, e);
            store(out + i + 8, g);
        }
        first += e;
        second += g;
        first2 = FMA(e, e, first2);
        second2 = FMA(g, g, second2);
    }
    for (; i < n; i += 8) {
        size_t k = n - i < 8 ? n - i : 8;
        vd e = exp8(load_part(x + i, k, 0) - (vd)shift);
        if (out) store_part(out + i, e, k);
        e = (vi){0, 1, 2, 3, 4, 5, 6, 7} < (vi)(int64_t)k ? e : (vd)0.0;
        first += e;
        first2 = FMA(e, e, first2);
    }
    sums[0] = total8(first + second);
    sums[1] = total8(first2 + second2);
}

static void loop_affine(double a, double b, const double *x, double c, const double *z, double *out, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) store(out + i, FMA((vd)c, load(z + i), FMA((vd)b, load(x + i), (vd)a)));
    if (i < n) {
        vd v = FMA((vd)c, load_part(z + i, n - i, 0), FMA((vd)b, load_part(x + i, n - i, 0), (vd)a));
        store_part(out + i, v, n - i);
    }
}

// Eight blocks at once. A lane is 64 bits wide and holds one 32-bit word; what is left in its upper half is garbage
// that the next product ignores. `first` and `second` become numbers 2 b and 2 b + 1 of the stream, a block a lane.
INLINE void philox8(uint64_t block, uint64_t high, uint64_t key, vu *first, vu *second) {
    const vu low = (vu)0xFFFFFFFFull;
    const vu m0 = (vu)0xD2511F53ull, m1 = (vu)0xCD9E8D57ull;
    vu x0 = (vu)block + (vu){0, 1, 2, 3, 4, 5, 6, 7};
    vu x1 = x0 >> 32;
    vu x2 = (vu)high;
    vu x3 = (vu)(high >> 32);
    uint64_t k0 = key, k1 = key >> 32;
#pragma clang loop unroll(full)
    for (int round = 0; round < 10; round++) {
        vu p0 = (x0 & low) * m0;
        vu p1 = (x2 & low) * m1;
        x0 = (p1 >> 32) ^ x1 ^ (vu)k0;
        x1 = p1;
        x2 = (p0 >> 32) ^ x3 ^ (vu)k1;
        x3 = p0;
        k0 += 0x9E3779B9ull;
        k1 += 0xBB67AE85ull;
    }
    *first = (x0 & low) | (x1 << 32);
    *second = (x2 & low) | (x3 << 32);
}

// Numbers 2 b and 2 b + 1 of eight blocks in the order of the stream.
#define IN_ORDER(a, b, low, high)                                     \
    low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);    \
    high = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

static void loop_philox(uint64_t first, uint64_t high, uint64_t key, uint64_t *out, size_t blocks) {
    for (size_t i = 0; i < blocks; i += 8) {
        vu a, b, both[2];
        philox8(first + i, high, key, &a, &b);
        IN_ORDER(a, b, both[0], both[1]);
        if (blocks - i >= 8)
            memcpy(out + 2 * i, both, 128);
        else
            memcpy(out + 2 * i, both, 16 * (blocks - i));
    }
}

// k 2^-52 for the upper 52 bits k of each number.
INLINE vd unit52(vu bits) { return (vd)((bits >> 12) | (vu)0x3FF0000000000000ull); }

static void loop_uniforms(uint64_t first, uint64_t high, uint64_t key, double *out, size_t blocks) {
    for (size_t i = 0; i < blocks; i += 8) {
        vu a, b;
        philox8(first + i, high, key, &a, &b);
        // The upper 53 bits: 52 through the significand, the last one by itself.
        vd u = (unit52(a) - (vd)1.0) + ((a >> 11 & (vu)1) == (vu)1 ? (vd)0x1p-53 : (vd)0.0);
        vd v = (unit52(b) - (vd)1.0) + ((b >> 11 & (vu)1) == (vu)1 ? (vd)0x1p-53 : (vd)0.0);
        vd both[2];
        IN_ORDER(u, v, both[0], both[1]);
        if (blocks - i >= 8)
            memcpy(out + 2 * i, both, 128);
        else
            memcpy(out + 2 * i, both, 16 * (blocks - i));
    }
}

// The radius from the first number, sqrt(-2 ln u) with u an odd multiple of 2^-53. The direction from the second: an
// angle within an eighth of a turn from its upper 52 bits, then a sign of its cosine and a swap of the two parts
// from the two lowest bits: every direction, evenly.
INLINE void normals8(uint64_t block, uint64_t high, uint64_t key, vd *cosine, vd *sine) {
    vu a, b;
    philox8(block, high, key, &a, &b);
    vd u = unit52(a) - (vd)(1.0 - 0x1p-53);
    vd radius = __builtin_elementwise_sqrt((vd)-2.0 * log8(u));
    vd f = FMA((vd)0.25, unit52(b) - (vd)1.5, (vd)0x1p-55);
    vd z = f * f;
    vd z2 = z * z;
    vd s01 = FMA((vd)-0x1.4abbce625be41p+5, z, (vd)0x1.921fb54442d18p+2);
    vd s23 = FMA((vd)-0x1.32d2cce2e60e9p+6, z, (vd)0x1.466bc677587fdp+6);
    vd s45 = FMA((vd)-0x1.e30071ff669a7p+3, z, (vd)0x1.50782fda6c745p+5);
    vd s = f * FMA(FMA(FMA((vd)0x1.e3f39e2310acep+1, z2, s45), z2, s23), z2, s01);
    vd c01 = FMA((vd)0x1.03c1f081b5ab0p+6, z, (vd)-0x1.3bd3cc9be45dep+4);
    vd c23 = FMA((vd)0x1.e1f50683b42d0p+5, z, (vd)-0x1.55d3c7e3c95bcp+6);
    vd c45 = FMA((vd)0x1.f9cc6acff3cc6p+2, z, (vd)-0x1.a6d1ecb740509p+4);
    vd c = FMA(FMA(FMA(FMA((vd)-0x1.b26fe86abf9f6p+0, z2, c45), z2, c23), z2, c01), z, (vd)1.0);
    vi swap = (vi)((b & (vu)1) == (vu)1);
    vu sign = (b & (vu)2) << 62;
    c = (vd)((vu)c ^ sign);
    *cosine = radius * (swap ? s : c);
    *sine = radius * (swap ? c : s);
}

static void loop_normals(uint64_t first, uint64_t high, uint64_t key, double *out, size_t n) {
    size_t i = 0;
    vd c, s;
    for (; i + 16 <= n; i += 16, first += 8) {
        normals8(first, high, key, &c, &s);
        store(out + i, c);
        store(out + i + 8, s);
    }
    if (i < n) {
        normals8(first, high, key, &c, &s);
        size_t k = n - i;
        store_part(out + i, c, k < 8 ? k : 8);
        if (k > 8) store_part(out + i + 8, s, k - 8);
    }
}

// Single precision, sixteen at a time.
typedef float vf __attribute__((ext_vector_type(16), aligned(4)));
typedef float vf8 __attribute__((ext_vector_type(8), aligned(4)));
typedef int32_t vi32 __attribute__((ext_vector_type(16), aligned(4)));
typedef uint32_t vu32 __attribute__((ext_vector_type(16), aligned(4)));

#if CVK_FUSED
#define FMAF(a, b, c) __builtin_elementwise_fma((vf)(a), (vf)(b), (vf)(c))
#else
#define FMAF(a, b, c) ((a) * (b) + (c))
#endif

INLINE vf load16(const float *p) { vf v; memcpy(&v, p, sizeof v); return v; }
INLINE vf load16_part(const float *p, size_t k, float fill) {
    float parts[16];
    for (size_t j = 0; j < 16; j++) parts[j] = j < k ? p[j] : fill;
    return load16(parts);
}
INLINE double total16(vf v) {
    vf8 a = v.lo + v.hi;
    return ((double)(a[0] + a[4]) + (a[2] + a[6])) + ((double)(a[1] + a[5]) + (a[3] + a[7]));
}

// 2^y for -127 <= y <= 0 (a little above does no harm): 2^n, added to the exponent as an integer, times a minimax polynomial
// over [-1/2, 1/2] (relative error 2e-9 before rounding). It is 0 at -127, since the exponent's bits are 0 then, and some
// number below 2^-126 between that and -126.
INLINE vf exp2_16(vf y) {
    vf shifted = y + (vf)0x1.8p23f;
    vf f = y - (shifted - (vf)0x1.8p23f);
    vf p = FMAF((vf)0x1.41fbb6p-13f, f, (vf)0x1.5f3e56p-10f);
    p = FMAF(p, f, (vf)0x1.3b2d4ep-7f);
    p = FMAF(p, f, (vf)0x1.c6aee8p-5f);
    p = FMAF(p, f, (vf)0x1.ebfbdcp-3f);
    p = FMAF(p, f, (vf)0x1.62e430p-1f);
    p = FMAF(p, f, (vf)1.0f);
    return (vf)((vu32)p + ((vu32)shifted << 23));
}

static float loop_max_float(const float *x, size_t n) {
    const float none = -__builtin_inff();
    vf best[4] = {(vf)none, (vf)none, (vf)none, (vf)none};
    vi32 nan = (vi32)0;
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
        for (int h = 0; h < 4; h++) {
            vf v = load16(x + i + 16 * h);
            nan |= (vi32)(v != v);
            best[h] = v > best[h] ? v : best[h];
        }
    for (; i < n; i += 16) {
        vf v = load16_part(x + i, n - i < 16 ? n - i : 16, none);
        nan |= (vi32)(v != v);
        best[0] = v > best[0] ? v : best[0];
    }
    float result = none;
    int32_t any = 0;
    for (int j = 0; j < 16; j++) {
        any |= nan[j];
        for (int h = 0; h < 4; h++) result = best[h][j] > result ? best[h][j] : result;
    }
    return any ? __builtin_nanf("") : result;
}

static void loop_largest_two(const float *x, size_t n, float *largest) {
    const float none = -__builtin_inff();
    vf first[2] = {(vf)none, (vf)none}, second[2] = {(vf)none, (vf)none};
    vi32 nan = (vi32)0;
    size_t i = 0;
    for (; i < n; i += 32) {
        for (int h = 0; h < 2; h++) {
            size_t at = i + 16 * (size_t)h;
            vf v = at + 16 <= n ? load16(x + at) : load16_part(x + at, at < n ? n - at : 0, none);
            nan |= (vi32)(v != v);
            vf lower = v < first[h] ? v : first[h];
            first[h] = v > first[h] ? v : first[h];
            second[h] = lower > second[h] ? lower : second[h];
        }
    }
    float a = none, b = none;
    int32_t any = 0;
    for (int h = 0; h < 2; h++) {
        for (int j = 0; j < 16; j++) {
            any |= nan[j];
            float both[2] = {first[h][j], second[h][j]};
            for (int k = 0; k < 2; k++) {
                float v = both[k];
                if (v > a) { b = a; a = v; }
                else if (v > b) b = v;
            }
        }
    }
    largest[0] = any ? __builtin_nanf("") : a;
    largest[1] = b;
}

// One block of up to 64 numbers.
INLINE void exp_block(
    const float *x, size_t n, float origin, float slope, int masked, uint64_t word, float *terms, double *sum,
    double *whole, double *moment) {
    const vi32 lanes = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
    vf some = (vf)0.0f, all = (vf)0.0f, first = (vf)0.0f;
    for (size_t j = 0; j < 4; j++) {
        size_t at = 16 * j;
        size_t k = at + 16 <= n ? 16 : at < n ? n - at : 0;
        vf v = k == 16 ? load16(x + at) : load16_part(x + at, k, -__builtin_inff());
        vf y = FMAF((vf)slope, v, (vf)origin);
        // What is too far below the largest is 0, whether it may come or not.
        y = y > (vf)-127.0f ? y : (vf)-127.0f;
        vf e = exp2_16(y);
        all += e;
        if (moment) first = FMAF(y, e, first);
        if (masked) {
            e = ((vi32)(int32_t)(word >> (16 * j) & 0xFFFF) & lanes) != (vi32)0 ? e : (vf)0.0f;
            some += e;
        }
        if (terms && k == 16) memcpy(terms + at, &e, sizeof e);
        else if (terms) for (size_t i = 0; i < k; i++) terms[at + i] = e[i];
    }
    *sum = total16(masked ? some : all);
    if (whole) *whole = total16(all);
    if (moment) *moment = 0x1.62e42fefa39efp-1 * total16(first);
}

static void loop_exp_blocks(
    const float *x, float shift, float scale, const uint64_t *mask, float *terms, double *sums, double *whole,
    double *moments, size_t n) {
    // Powers of two of slope x + origin; rounding of the origin is a factor that all terms share.
    const float slope = scale * 0x1.715476p+0f, origin = -shift * slope;
    size_t blocks = (n + 63) / 64;
    // The common cases by themselves, so that nothing is decided in the loop.
    if (!terms && !mask && !whole && !moments)
        for (size_t b = 0; b < blocks; b++)
            exp_block(x + 64 * b, n - 64 * b, origin, slope, 0, 0, NULL, sums + b, NULL, NULL);
    else if (!terms && !mask && !whole)
        for (size_t b = 0; b < blocks; b++)
            exp_block(x + 64 * b, n - 64 * b, origin, slope, 0, 0, NULL, sums + b, NULL, moments + b);
    else if (!terms && mask && whole && !moments)
        for (size_t b = 0; b < blocks; b++)
            exp_block(x + 64 * b, n - 64 * b, origin, slope, 1, mask[b], NULL, sums + b, whole + b, NULL);
    else
        for (size_t b = 0; b < blocks; b++)
            exp_block(
                x + 64 * b, n - 64 * b, origin, slope, mask != NULL, mask ? mask[b] : 0, terms ? terms + 64 * b : NULL,
                sums + b, whole ? whole + b : NULL, moments ? moments + b : NULL);
}

// The terms in double precision, from numbers in single precision.
static double loop_exp_of_floats(const float *x, double shift, double scale, double *out, size_t n) {
    vd first = (vd)0.0, second = (vd)0.0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        vf v = load16(x + i);
        vd e = exp8((__builtin_convertvector(v.lo, vd) - (vd)shift) * (vd)scale);
        vd g = exp8((__builtin_convertvector(v.hi, vd) - (vd)shift) * (vd)scale);
        store(out + i, e);
        store(out + i + 8, g);
        first += e;
        second += g;
    }
    for (; i < n; i += 8) {
        size_t k = n - i < 8 ? n - i : 8;
        vf v = load16_part(x + i, k, -__builtin_inff());
        vd e = exp8((__builtin_convertvector(v.lo, vd) - (vd)shift) * (vd)scale);
        store_part(out + i, e, k);
        first += (vi){0, 1, 2, 3, 4, 5, 6, 7} < (vi)(int64_t)k ? e : (vd)0.0;
    }
    return total8(first + second);
}

const cvk_kernels CVK_TABLE = {
    CVK_NAME, loop_exp, loop_log, loop_log1p, loop_softplus_sigmoid, loop_max, loop_exp_sums, loop_affine, loop_philox,
    loop_uniforms, loop_normals, loop_max_float, loop_largest_two, loop_exp_blocks, loop_exp_of_floats,
};
