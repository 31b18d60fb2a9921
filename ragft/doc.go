package ragft

import (
	"github.com/ragft/ragft/internal/version"
)

// Version is the version of this library, as written into the provenance of
// every [rows.Row].
const Version = version.Version
