//go:build cgo

package enginetest

// #include "rule_check.h"
import "C"

// RuleCases lists the cases in which the rules are checked one by one.
func RuleCases() []string {
	names := make([]string, C.rft_rule_cases())
	for i := range names {
		names[i] = C.GoString(C.rft_rule_case_name(C.int32_t(i)))
	}
	return names
}

// CheckRule returns, for each trained tensor of the case, its slope by the rule and by central differences.
func CheckRule(i int, composed bool) (rule, difference []float64, message string) {
	var r C.rft_rule_result
	C.rft_rule_check(C.int32_t(i), C.bool(composed), &r)
	for k := range int(r.n) {
		rule = append(rule, float64(r.rule[k]))
		difference = append(difference, float64(r.difference[k]))
	}
	return rule, difference, C.GoString(&r.error[0])
}

// RuleWithoutCase names an op that has a rule and no case; "" if there is none.
func RuleWithoutCase() string { return C.GoString(C.rft_rule_without_case()) }
