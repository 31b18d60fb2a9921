// Package selfdemo makes demonstrations in the model's own words (arXiv
// 2502.10596): training on what the model says itself changes it least.
//
// For every question, [Recipe] lets the model answer without documents, answer
// with them, and decline; judges every candidate against the reference answers;
// and keeps by a [Policy] the best correct answer or a refusal. [SearchPrompts]
// looks for instructions with which more candidates are correct.
package selfdemo
