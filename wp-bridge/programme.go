package wpbridge

import (
	"encoding/json"
)

func checkProgram(x *exchange) (answer, error) {
	var body struct {
		Program json.RawMessage `json:"program"`
	}
	if err := decode(x.body, &body); err != nil {
		return answer{}, err
	}
	if !isObject(body.Program) {
		return answer{}, refuse(codeBadRequest, "The program to check is missing: it is an object, as under `program:` in the configuration.")
	}
	checked := x.site.CheckProgram(body.Program)
	if len(checked.Problems) > 0 {
		checked.Document = nil
	}
	return ok(struct {
		OK       bool             `json:"ok"`
		Problems []ProgramProblem `json:"problems"`
		Program  json.RawMessage  `json:"program"`
	}{len(checked.Problems) == 0, append([]ProgramProblem{}, checked.Problems...), checked.Document}), nil
}

// isObject says whether valid JSON is an object.
func isObject(document json.RawMessage) bool {
	return len(document) > 0 && document[0] == '{'
}
