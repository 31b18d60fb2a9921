package fake

import (
	"errors"
)

type FullDisk struct{}

func (FullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }
