package opt_test

import (
	"fmt"

	"github.com/ragft/ragft/ragft/opt"
)

// Zero is a setting of its own, and differs from no setting.
func Example() {
	type Options struct {
		Layers opt.Value[int] // on the GPU; unset = 32
	}
	for _, o := range []Options{{}, {Layers: opt.Of(0)}, {Layers: opt.Of(8)}} {
		fmt.Println(o.Layers, "->", o.Layers.Or(32))
	}
	// Output:
	// unset -> 32
	// 0 -> 0
	// 8 -> 8
}
