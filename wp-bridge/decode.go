package wpbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	maxBody  = 256 << 10
	maxDepth = 32
)

// decode reads a body of exactly one JSON object into a pointer to a struct.
// Unknown and repeated names are refused, and so is text that is not UTF-8,
// because what is not understood must not be carried out.
func decode(body []byte, into any) *Error {
	if !utf8.Valid(body) {
		return refuse(codeBadRequest, "The body is not UTF-8 text.")
	}
	if err := checkNames(body); err != nil {
		return refuse(codeBadRequest, "The body cannot be read as JSON: %v.", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return refuse(codeBadRequest, "The body is not what this address takes: %s.", plainJSON(err))
	}
	return nil
}

// plainJSON says what is wrong with a body without the words of the program's
// inside.
func plainJSON(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s must not be a %s", wrong.Field, wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// level is an object or array that is being read.
type level struct {
	object bool
	name   bool // an object's next token is a name
	names  map[string]bool
}

// checkNames proves that the body is one object whose names are written once
// and in the only way: encoding/json alone would take the last of equal names,
// and names in any case. The names within a programme are checked where
// programmes are read.
func checkNames(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var open []*level
	program := false // the top object's latest name is program
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if len(open) == 0 && token != json.Delim('{') {
			return errors.New("it must be an object in braces")
		}
		if top := len(open) - 1; top >= 0 && open[top].object {
			l := open[top]
			if name, ok := token.(string); ok && l.name {
				l.name = false
				if l.names[name] {
					return fmt.Errorf("the name %.40q is there twice", name)
				}
				l.names[name] = true
				if (top == 0 || !program) && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
					return fmt.Errorf("the name %.40q is not known", name)
				}
				program = top == 0 && name == "program" || top > 0 && program
				continue
			}
			l.name = true
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(open) == maxDepth {
				return fmt.Errorf("it is nested more than %d deep", maxDepth)
			}
			object := token == json.Delim('{')
			open = append(open, &level{object: object, name: object, names: map[string]bool{}})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
			if top := len(open) - 1; top >= 0 && open[top].object {
				open[top].name = true
			}
			if len(open) == 0 {
				if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
					return errors.New("something follows the object")
				}
				return nil
			}
		}
	}
}

// isJSON says whether a request's headers announce a body of JSON.
func isJSON(header http.Header) bool {
	kind, parameters, _ := strings.Cut(header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return false
	}
	parameters = strings.ToLower(strings.ReplaceAll(parameters, " ", ""))
	return parameters == "" || parameters == "charset=utf-8" || parameters == `charset="utf-8"`
}
