//go:build cgo

// Package engine trains the weights of a GGUF model in C++. Package lora decides what to train on.
//
// The training graph is made of llama.cpp's own. Each stage is a value that the next one is made of:
//
//	captured   llama.cpp's nodes and inputs, as its callbacks show them       capture.cpp, session.cpp
//	forward    nodes of our own, without the KV cache, with fused layers      rewrite.cpp, fuse.cpp, dropout.cpp
//	training   the loss and the gradients, in segments and chunks of rows     training.cpp, segments.cpp, loss.cpp, rules*.cpp
//	scheduled  the order of the nodes and their memory, within the budget     schedule.cpp, memory.cpp
//	losses     what a step gives; gradients are added where they are kept     step.cpp, labels.cpp
//
// The structs that live as long as the engine are session (the model and llama.cpp's context), parameters (the trained tensors)
// and optimiser (gradients and AdamW). api.cpp puts them behind the C functions of engine.h, which this package binds.
//
// To differentiate another op, write a function in one of rules_*.cpp, add its row to the table in rules.cpp, and add a case to
// enginetest/rule_cases.cpp. What is relied on in llama.cpp beyond its headers is in assumptions.hpp; assumptions_test.go
// fails when an update changes it.
package engine
