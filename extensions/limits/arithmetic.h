/* Peak arithmetic of one core: independent chains of multiply-adds, additions and integer operations in registers.

   One build serves every x86-64: each width is compiled for its own instruction set, and the processor is asked at
   run time.  The chains begin with what `lanes` holds and end there, so nothing can be left out; floating-point
   arithmetic may not be rearranged, and integers pass through an empty asm that the compiler cannot look into. */
#ifndef PERFLAB_ARITHMETIC_H
#define PERFLAB_ARITHMETIC_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#  include <immintrin.h>
#elif defined(__aarch64__)
#  include <arm_neon.h>
#endif

/* Fourteen chains and two constants fill sixteen registers; the longest latency times the most pipes is eight. */
#define CHAINS 14
#define ADDING 6
#define MOST_LANES (CHAINS * 8)
#define EACH(DO, WITH) \
  DO(0, WITH) DO(1, WITH) DO(2, WITH) DO(3, WITH) DO(4, WITH) DO(5, WITH) DO(6, WITH) DO(7, WITH) \
  DO(8, WITH) DO(9, WITH) DO(10, WITH) DO(11, WITH) DO(12, WITH) DO(13, WITH)
#define THE_FIRST(DO, WITH) DO(0, WITH) DO(1, WITH) DO(2, WITH) DO(3, WITH) DO(4, WITH) DO(5, WITH) DO(6, WITH) DO(7, WITH)
#define THE_LAST(DO, WITH) DO(8, WITH) DO(9, WITH) DO(10, WITH) DO(11, WITH) DO(12, WITH) DO(13, WITH)

#define TAKE(i, unused) vector a##i; memcpy(&a##i, lanes + i * width, sizeof a##i);
#define GIVE(i, unused) memcpy(lanes + i * width, &a##i, sizeof a##i);
#define FUSE(i, OPERATION) a##i = OPERATION(a##i, factors, terms);
#define PLUS(i, unused) a##i = a##i + terms;
#define MIX(i, REGISTER) \
  a##i = a##i + terms; __asm__ volatile("" : "+" REGISTER(a##i)); \
  a##i = a##i ^ masks; __asm__ volatile("" : "+" REGISTER(a##i));

/* lanes[i] = lanes[i] * factor + term, `turns` times, for all lanes; or the last chains only add. */
#define ARITHMETIC(NAME, TARGET, BYTES, OPERATION, REGISTER)                                       \
  TARGET static void fused_##NAME(long turns, double factor, double term, double *lanes) {         \
    typedef double vector __attribute__((vector_size(BYTES)));                                     \
    enum { width = BYTES / sizeof(double) };                                                       \
    vector factors = (vector){0} + factor, terms = (vector){0} + term;                             \
    EACH(TAKE, 0)                                                                                  \
    for (long turn = 0; turn < turns; turn++) { EACH(FUSE, OPERATION) }                            \
    EACH(GIVE, 0)                                                                                  \
  }                                                                                                \
  TARGET static void mixed_##NAME(long turns, double factor, double term, double *lanes) {         \
    typedef double vector __attribute__((vector_size(BYTES)));                                     \
    enum { width = BYTES / sizeof(double) };                                                       \
    vector factors = (vector){0} + factor, terms = (vector){0} + term;                             \
    EACH(TAKE, 0)                                                                                  \
    for (long turn = 0; turn < turns; turn++) { THE_FIRST(FUSE, OPERATION) THE_LAST(PLUS, 0) }     \
    EACH(GIVE, 0)                                                                                  \
  }                                                                                                \
  TARGET static void words_##NAME(long turns, uint64_t term, uint64_t mask, uint64_t *lanes) {     \
    typedef uint64_t vector __attribute__((vector_size(BYTES)));                                   \
    enum { width = BYTES / sizeof(uint64_t) };                                                     \
    vector terms = (vector){0} + term, masks = (vector){0} + mask;                                 \
    EACH(TAKE, 0)                                                                                  \
    for (long turn = 0; turn < turns; turn++) { EACH(MIX, REGISTER) }                              \
    EACH(GIVE, 0)                                                                                  \
  }

#define IN_TWO_STEPS(a, factors, terms) ((a) * (factors) + (terms))

#if defined(__x86_64__)
/* Two roundings: a processor with nothing but SSE2 has no fused operation, and a contraction is not asked for. */
#  define FUSED_AVX2(a, factors, terms) ((vector)_mm256_fmadd_pd((__m256d)(a), (__m256d)(factors), (__m256d)(terms)))
#  define FUSED_AVX512(a, factors, terms) ((vector)_mm512_fmadd_pd((__m512d)(a), (__m512d)(factors), (__m512d)(terms)))
ARITHMETIC(narrow, , 16, IN_TWO_STEPS, "x")
ARITHMETIC(avx2, __attribute__((target("avx2,fma"))), 32, FUSED_AVX2, "x")
ARITHMETIC(avx512, __attribute__((target("avx512f"))), 64, FUSED_AVX512, "v")
#elif defined(__aarch64__)
#  define FUSED_NEON(a, factors, terms) ((vector)vfmaq_f64((float64x2_t)(terms), (float64x2_t)(a), (float64x2_t)(factors)))
ARITHMETIC(narrow, , 16, FUSED_NEON, "w")
#else
ARITHMETIC(narrow, , 16, IN_TWO_STEPS, "m")
#endif

typedef struct {
  const char *name;
  int lanes; /* 64-bit numbers in a vector */
  int fused; /* 1: one rounding; 0: two; -1: the compiler chose */
  void (*fuse)(long, double, double, double *);
  void (*mix)(long, double, double, double *);
  void (*words)(long, uint64_t, uint64_t, uint64_t *);
} Arithmetic;

static const Arithmetic ARITHMETICS[] = {
#if defined(__x86_64__)
  {"avx512", 8, 1, fused_avx512, mixed_avx512, words_avx512},
  {"avx2", 4, 1, fused_avx2, mixed_avx2, words_avx2},
  {"sse2", 2, 0, fused_narrow, mixed_narrow, words_narrow},
#elif defined(__aarch64__)
  {"neon", 2, 1, fused_narrow, mixed_narrow, words_narrow},
#else
  {"portable", 2, -1, fused_narrow, mixed_narrow, words_narrow},
#endif
};

enum { N_ARITHMETICS = sizeof ARITHMETICS / sizeof ARITHMETICS[0] };

/* Whether this processor, and the system under it, know the instructions of that name. */
static int knows(const char *name) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (strcmp(name, "avx512") == 0) return __builtin_cpu_supports("avx512f") != 0;
  if (strcmp(name, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
  (void)name;
  return 1;
}

#endif
