package ragft

// consistent says which settings contradict each other, or have no effect.
func (c *Config) consistent() error { return nil }
