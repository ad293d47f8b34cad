// BLAS and LAPACK by their standard C interfaces (OpenBLAS on Linux and Homebrew).
#pragma once
#include <cblas.h>
// Only the real routines are used; the complex types of the C interface do not import into Swift.
#define LAPACK_COMPLEX_CUSTOM
#define lapack_complex_float _Complex float
#define lapack_complex_double _Complex double
#include <lapacke.h>
