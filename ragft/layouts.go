package ragft

import "github.com/ragft/ragft/ragft/prompt"

// readLayout names the library's own layout of prompts.
const readLayout = "read"

// layouts are the templates that have a name.
var layouts = map[string]*prompt.Template{readLayout: nil, "fedrag": prompt.FedRAG, "ra-dit": prompt.RADIT}
