package wpbridge_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"loyaltyd/internal/testshop"
	wpbridge "loyaltyd/wp-bridge"
)

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsOpenAPI(t *testing.T) {
	if err := document(t).Validate(context.Background(), openapi3.EnableSchemaPatternValidation()); err != nil {
		t.Error(err)
	}
}

func TestTheDocumentDescribesEveryRouteAndNoOther(t *testing.T) {
	server := newSite(t, testshop.New(t)).server
	var described, served []string
	for path, item := range document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			described = append(described, method+" "+path)
			needsKey := slices.ContainsFunc(operation.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.Name == "Idempotency-Key" })
			for _, route := range server.Routes() {
				if route.Method == method && route.Path == path && route.Posts != needsKey {
					t.Errorf("%s %s: described with an idempotency key: %v, served: %v", method, path, needsKey, route.Posts)
				}
			}
		}
	}
	for _, route := range server.Routes() {
		served = append(served, route.Method+" "+route.Path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("described:\n%s\nserved:\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
}

func TestTheDocumentNamesEveryCode(t *testing.T) {
	doc := document(t)
	var named []string
	refusal := doc.Components.Schemas["Refusal"].Value.Properties["error"].Value.Properties["code"].Value
	for _, code := range refusal.Enum {
		text, _ := code.(string)
		named = append(named, text)
	}
	slices.Sort(named)
	codes := slices.Sorted(maps.Keys(wpbridge.Statuses()))
	if !slices.Equal(named, codes) {
		t.Errorf("named %v\nused %v", named, codes)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			extra, _ := operation.Extensions["x-codes"].([]any)
			for _, code := range extra {
				if text, _ := code.(string); wpbridge.Statuses()[text] == 0 {
					t.Errorf("%s %s: %v is not a code", method, path, code)
				}
			}
		}
	}
}

// described fails the test unless an exchange is as the document says.
func described(t *testing.T, doc *openapi3.T, f fixture) {
	t.Helper()
	var operation *openapi3.Operation
	path, _, _ := strings.Cut(f.Request.Path, "?")
	for pattern, item := range doc.Paths.Map() {
		if fits(pattern, path) {
			operation = item.GetOperation(f.Request.Method)
		}
	}
	status := f.Answer.Status
	if operation == nil {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is not described", f.Request.Method, path)
		}
		operation = &openapi3.Operation{Responses: openapi3.NewResponses(openapi3.WithName("default", doc.Components.Responses["Refusal"].Value))}
	}
	if body := f.Request.Body; body != "" && status < 300 {
		conforms(t, "the request", operation.RequestBody.Value.Content, "application/json", body)
	}
	response := operation.Responses.Value(strconv.Itoa(status))
	if response == nil && status >= 300 {
		response = operation.Responses.Default()
	}
	if response == nil {
		t.Fatalf("the answer %d is not described", status)
	}
	conforms(t, "the answer", response.Value.Content, f.Answer.Headers["Content-Type"], f.Answer.Body)
	var refused struct{ Error struct{ Code string } }
	if json.Unmarshal([]byte(f.Answer.Body), &refused) == nil && refused.Error.Code != "" {
		if want := wpbridge.Statuses()[refused.Error.Code]; want != status {
			t.Errorf("%s is answered with status %d, want %d", refused.Error.Code, status, want)
		}
		general := []string{
			"unsigned", "bad_signature", "stale_request", "replayed", "unknown_key", "bad_host", "not_found",
			"method_not_allowed", "too_large", "bad_request", "busy", "database_down", "timeout", "internal",
		}
		own, _ := operation.Extensions["x-codes"].([]any)
		if !slices.Contains(general, refused.Error.Code) && !slices.Contains(own, any(refused.Error.Code)) {
			t.Errorf("%s %s may not refuse with %s, says the document", f.Request.Method, path, refused.Error.Code)
		}
	}
}

func fits(pattern, path string) bool {
	want, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(given) {
		return false
	}
	for i := range want {
		if want[i] != given[i] && want[i] != "{id}" {
			return false
		}
	}
	return true
}

func conforms(t *testing.T, what string, content openapi3.Content, kind, body string) {
	t.Helper()
	kind, _, _ = strings.Cut(kind, ";")
	media := content.Get(kind)
	if media == nil {
		t.Errorf("%s is of the type %q, which is not described", what, kind)
		return
	}
	if kind != "application/json" {
		return
	}
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatal(err)
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()); err != nil {
		t.Errorf("%s is not as described: %v\n%s", what, err, body)
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	onOne(t, func(t *testing.T, s *stage) {
		got := s.want(s.get("/openapi.yaml"), 200, "")
		if string(got.body) != string(must(os.ReadFile("openapi.yaml"))) {
			t.Error("what is served is not the document")
		}
	})
}
