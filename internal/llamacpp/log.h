// llama.cpp's log, which is one for the whole process.
#ifndef RAGFT_LLAMACPP_LOG_H
#define RAGFT_LLAMACPP_LOG_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

// Sends llama.cpp's log to Go.
void ragft_log_install(void);

// While on, what llama.cpp logs on this thread is dropped: for calls whose failure is expected.
void ragft_log_quiet(bool on);

#ifdef __cplusplus
}
#endif
#endif
