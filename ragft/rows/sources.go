package rows

// Sources of the rows of [recipe.Pretrain].
const (
	SourceDomain  = "domain"
	SourceGeneral = "general"
)
