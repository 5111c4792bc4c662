package wpbridge

import (
	_ "embed"
)

//go:embed openapi.yaml
var openAPI []byte

func showOpenAPI(*exchange) (answer, error) {
	return ok(text{"application/yaml", openAPI}), nil
}
