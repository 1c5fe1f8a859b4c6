/* Memory: reading, copying and following references.  Sizes are multiples of 4096 bytes, addresses of 64.

   Reading returns the exclusive or of all words, so that every one of them has to be loaded.  Copying has several
   ways because no one of them is the quickest everywhere: in the first cache vectors are, in memory it is stores that
   do not fetch the line they overwrite. */
#ifndef PERFLAB_BANDWIDTH_H
#define PERFLAB_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#  include <immintrin.h>
#endif
#if defined(__linux__)
#  include <sys/mman.h>
#endif

#define READ(NAME, TARGET, BYTES)                                                                       \
  TARGET static uint64_t read_##NAME(const char *from, size_t size) {                                   \
    typedef uint64_t vector __attribute__((vector_size(BYTES), may_alias));                             \
    const vector *at = (const vector *)from, *end = (const vector *)(from + size);                      \
    vector a = {0}, b = {0}, c = {0}, d = {0};                                                          \
    for (; at < end; at += 8) {                                                                         \
      a ^= at[0]; b ^= at[1]; c ^= at[2]; d ^= at[3];                                                   \
      a ^= at[4]; b ^= at[5]; c ^= at[6]; d ^= at[7];                                                   \
    }                                                                                                   \
    a ^= b ^ c ^ d;                                                                                     \
    uint64_t all = 0;                                                                                   \
    for (unsigned i = 0; i < BYTES / sizeof all; i++) all ^= a[i];                                      \
    return all;                                                                                         \
  }                                                                                                     \
  /* Four places at once keep more of the processor's prefetchers busy. */                              \
  TARGET static uint64_t read_streams_##NAME(const char *from, size_t size) {                           \
    typedef uint64_t vector __attribute__((vector_size(BYTES), may_alias));                             \
    const size_t quarter = size / 4 / sizeof(vector);                                                   \
    const vector *at = (const vector *)from, *end = at + quarter;                                       \
    vector a = {0}, b = {0}, c = {0}, d = {0};                                                          \
    for (; at < end; at += 2) {                                                                         \
      a ^= at[0]; b ^= at[quarter]; c ^= at[2 * quarter]; d ^= at[3 * quarter];                         \
      a ^= at[1]; b ^= at[quarter + 1]; c ^= at[2 * quarter + 1]; d ^= at[3 * quarter + 1];             \
    }                                                                                                   \
    a ^= b ^ c ^ d;                                                                                     \
    uint64_t all = 0;                                                                                   \
    for (unsigned i = 0; i < BYTES / sizeof all; i++) all ^= a[i];                                      \
    return all;                                                                                         \
  }                                                                                                     \
  TARGET static void copy_##NAME(char *to, const char *from, size_t size) {                             \
    typedef uint64_t vector __attribute__((vector_size(BYTES), may_alias));                             \
    const vector *at = (const vector *)from, *end = (const vector *)(from + size);                      \
    vector *out = (vector *)to;                                                                         \
    for (; at < end; at += 4, out += 4) {                                                               \
      vector a = at[0], b = at[1], c = at[2], d = at[3];                                                \
      __asm__ volatile("" ::: "memory"); /* or the compiler would call memcpy, which is another way */  \
      out[0] = a; out[1] = b; out[2] = c; out[3] = d;                                                   \
    }                                                                                                   \
  }

READ(narrow, , 16)
#if defined(__x86_64__)
READ(avx2, __attribute__((target("avx2"))), 32)
READ(avx512, __attribute__((target("avx512f"))), 64)

__attribute__((target("avx2"))) static void copy_past_avx2(char *to, const char *from, size_t size) {
  for (const char *end = from + size; from < end; from += 128, to += 128) {
    __m256i a = _mm256_load_si256((const __m256i *)from), b = _mm256_load_si256((const __m256i *)(from + 32));
    __m256i c = _mm256_load_si256((const __m256i *)(from + 64)), d = _mm256_load_si256((const __m256i *)(from + 96));
    _mm256_stream_si256((__m256i *)to, a);
    _mm256_stream_si256((__m256i *)(to + 32), b);
    _mm256_stream_si256((__m256i *)(to + 64), c);
    _mm256_stream_si256((__m256i *)(to + 96), d);
  }
  _mm_sfence();
}

static void copy_past_sse2(char *to, const char *from, size_t size) {
  for (const char *end = from + size; from < end; from += 64, to += 64) {
    __m128i a = _mm_load_si128((const __m128i *)from), b = _mm_load_si128((const __m128i *)(from + 16));
    __m128i c = _mm_load_si128((const __m128i *)(from + 32)), d = _mm_load_si128((const __m128i *)(from + 48));
    _mm_stream_si128((__m128i *)to, a);
    _mm_stream_si128((__m128i *)(to + 16), b);
    _mm_stream_si128((__m128i *)(to + 32), c);
    _mm_stream_si128((__m128i *)(to + 48), d);
  }
  _mm_sfence();
}

static void copy_movsb(char *to, const char *from, size_t size) {
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}
#endif

static void copy_library(char *to, const char *from, size_t size) { memcpy(to, from, size); }

typedef struct {
  const char *name;
  const char *needs; /* instructions; see knows() */
  uint64_t (*read)(const char *, size_t);
} Reader;

typedef struct {
  const char *name;
  const char *needs;
  void (*copy)(char *, const char *, size_t);
} Copier;

static const Reader READERS[] = {
#if defined(__x86_64__)
  {"avx512", "avx512", read_avx512},
  {"avx512 streams", "avx512", read_streams_avx512},
  {"avx2", "avx2", read_avx2},
  {"avx2 streams", "avx2", read_streams_avx2},
#endif
  {"narrow", "", read_narrow},
  {"narrow streams", "", read_streams_narrow},
};

static const Copier COPIERS[] = {
  {"memcpy", "", copy_library},
#if defined(__x86_64__)
  {"rep movsb", "", copy_movsb},
  {"avx512", "avx512", copy_avx512},
  {"avx2", "avx2", copy_avx2},
  {"avx2 past the caches", "avx2", copy_past_avx2},
  {"sse2 past the caches", "", copy_past_sse2},
#endif
  {"narrow", "", copy_narrow},
};

enum { N_READERS = sizeof READERS / sizeof READERS[0], N_COPIERS = sizeof COPIERS / sizeof COPIERS[0] };

/* One reference after another: each must have arrived before the next can be asked for. */
static void **chase(void **at, long steps) {
  for (; steps > 0; steps--) at = (void **)*at;
  return at;
}

/* Link `n` cells, `apart` bytes from one another, into one random cycle (Sattolo, 1986). */
static void link_cycle(char *start, size_t n, size_t apart, uint64_t seed) {
#define CELL(i) (*(uint64_t *)(start + (i) * apart))
  for (size_t i = 0; i < n; i++) CELL(i) = i;
  for (size_t i = n - 1; i > 0; i--) {
    seed = seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX generator */
    size_t j = (size_t)((seed >> 33) % i);
    uint64_t kept = CELL(i);
    CELL(i) = CELL(j);
    CELL(j) = kept;
  }
  for (size_t i = 0; i < n; i++) CELL(i) = (uint64_t)(uintptr_t)(start + CELL(i) * apart);
#undef CELL
}

/* Memory on large pages where the system gives them, and never a burden on a fork; NULL: there is not so much. */
static char *take_memory(size_t size) {
#if defined(__linux__)
  void *taken = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (taken == MAP_FAILED) return NULL;
  madvise(taken, size, MADV_HUGEPAGE);
  madvise(taken, size, MADV_DONTFORK);
  return (char *)taken;
#else
  void *taken = NULL;
  return posix_memalign(&taken, 1 << 16, size) ? NULL : (char *)taken;
#endif
}

static void give_memory(char *taken, size_t size) {
#if defined(__linux__)
  munmap(taken, size);
#else
  (void)size;
  free(taken);
#endif
}

#endif
