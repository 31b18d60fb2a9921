#include "log.h"

#include "llama.h"
#include "_cgo_export.h"

static _Thread_local bool quiet;

void ragft_log_quiet(bool on) { quiet = on; }

static void on_log(enum ggml_log_level level, const char * text, void * data) {
    (void) data;
    if (!quiet) { ragftLog((int) level, (char *) text); }
}

void ragft_log_install(void) { llama_log_set(on_log, NULL); }
