package llamacpp

// #include <stdlib.h>
// #ifdef __GLIBC__
// #include <malloc.h>
// static void trim(void) { malloc_trim(0); }
// #else
// static void trim(void) {}
// #endif
import "C"

// Trim gives freed memory back to the system; it takes some milliseconds. glibc keeps what is freed in as many pools as
// threads have allocated at once, up to 8 for each core, which in a program that loads and closes models again and again
// looks like a leak. Other systems' allocators give back by themselves.
func Trim() { C.trim() }
