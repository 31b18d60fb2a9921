// A program of somebody else's, which .ci/consume copies out of this module and builds against a copy of it.
module example.org/consumer

go 1.26.0

require github.com/ragft/ragft v0.0.0

replace github.com/ragft/ragft => ../ragft
