#include "log.h"

#include "llama.h"
#include "_cgo_export.h"

#ifndef RAGFT_NATIVE_BUILD // a compiler flag in pkg-config's file
#include "zz_native_build.h"
#endif

// Go links a program again only if the compiled code of a package has changed, so a changed library must change it.
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
const char ragft_native_build[] = TEXT(RAGFT_NATIVE_BUILD);

static _Thread_local bool quiet;

void ragft_log_quiet(bool on) { quiet = on; }

static void on_log(enum ggml_log_level level, const char * text, void * data) {
    (void) data;
    if (!quiet) { ragftLog((int) level, (char *) text); }
}

void ragft_log_install(void) { llama_log_set(on_log, NULL); }
