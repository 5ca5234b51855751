package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"greet/tiphys"
)

type body struct {
	Name  string `json:"name"`
	Awake string `json:"awake"`
}

const schema = `{
	"type": "object", "required": ["name"], "additionalProperties": false,
	"properties": {
		"name": {"type": "string", "description": "Who is meant"},
		"awake": {"type": "string", "description": "A URL that answers 200 once they are awake"}
	}
}`

func init() {
	tiphys.Register(tiphys.Plugin{
		Name: "greet", Version: "0.1.0", Description: "Says hello",
		Kinds: []tiphys.Kind{{
			Name:        "greet",
			Description: "Says hello to somebody, once they are awake",
			Schema:      json.RawMessage(schema),
			Outputs:     tiphys.Promises{Result: "what was said", Parameters: map[string]string{"length": "how long that is"}},
			Validate:    validate,
			Execute:     execute,
		}},
		// What an operator has to grant. Add hosts, secrets, folders … as you use them.
		Wants: tiphys.Wants{HTTP: []tiphys.HTTPWant{{Host: "people.example.test", Methods: []string{"GET"}}}},
	})
}

func validate(raw []byte) ([]tiphys.Fault, error) {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil || strings.TrimSpace(b.Name) != "" {
		return nil, err
	}
	return []tiphys.Fault{{Pointer: "/name", Message: "says nobody"}}, nil
}

func execute(request *tiphys.Request) (tiphys.Outcome, error) {
	var b body
	if err := json.Unmarshal(request.Body, &b); err != nil {
		return tiphys.Outcome{}, err
	}
	if b.Awake != "" {
		answer, err := tiphys.Send(tiphys.HTTPRequest{URL: b.Awake, Timeout: 5 * time.Second})
		switch {
		case err != nil:
			return tiphys.Outcome{}, err
		case answer.Status == 404:
			return tiphys.Failed("nobody is called %s", b.Name)
		case !answer.OK():
			message := fmt.Sprintf("%s is asleep (asked %d times)", b.Name, request.Round+1)
			return tiphys.Pending(10*time.Second, nil, message)
		}
	}
	tiphys.Info("says hello to", b.Name)
	said := "Hello, " + b.Name + "!"
	return tiphys.Done(tiphys.Outputs{Result: said, Parameters: map[string]any{"length": len(said)}})
}

func main() {}
