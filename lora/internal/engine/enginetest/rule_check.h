// A check of the rules one by one.
#ifndef RAGFT_RULE_CHECK_H
#define RAGFT_RULE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int32_t rft_rule_cases(void);
const char * rft_rule_case_name(int32_t i);

enum { RFT_RULE_LEAVES = 4 };

// For each trained tensor of the case, the slope of a random linear function of the op's result along one direction: by the
// rule, and by central differences.
typedef struct {
    int32_t n;
    double rule[RFT_RULE_LEAVES], difference[RFT_RULE_LEAVES];
    char error[256]; // "" if all went well
} rft_rule_result;

// The name of an op that has a rule and no case; "" if there is none.
const char * rft_rule_without_case(void);

void rft_rule_check(int32_t i, bool composed, rft_rule_result * result);

#ifdef __cplusplus
}
#endif
#endif
