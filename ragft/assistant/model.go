package assistant

// DefaultPassages is how many passages an [Assistant] shows the model where nothing else is said.
const DefaultPassages = 4
