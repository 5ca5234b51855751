// Package tiphys makes template kinds for Tiphys in Go: give Register a Plugin in an init function. Experimental.
package tiphys

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Plugin is what the component gives.
type Plugin struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
	Kinds       []Kind `json:"kinds"`
	Wants       Wants  `json:"wants"`
}

// Kind is one kind of template.
type Kind struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Schema is a JSON Schema (2020-12) of the body.
	Schema  json.RawMessage `json:"schema,omitempty"`
	Outputs Promises        `json:"outputs"`
	// Validate finds what is wrong with a body beyond its schema. Values with tags are not known yet.
	Validate func(body []byte) ([]Fault, error) `json:"-"`
	// Execute runs a template once. An error is a failure with its message.
	Execute func(request *Request) (Outcome, error) `json:"-"`
}

// Promises say what the outputs of a kind are.
type Promises struct {
	Result     string            `json:"result,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
	Artifacts  map[string]string `json:"artifacts,omitempty"`
}

// Wants is what the plug-in asks of the operator.
type Wants struct {
	HTTP       []HTTPWant     `json:"http,omitempty"`
	Secrets    []string       `json:"secrets,omitempty"`
	ConfigMaps []string       `json:"config-maps,omitempty"`
	Artifacts  []ArtifactWant `json:"artifacts,omitempty"`
	Folders    []string       `json:"folders,omitempty"`
	Memory     string         `json:"memory,omitempty"`
	Time       string         `json:"time,omitempty"`
	Log        string         `json:"log,omitempty"`
	Fuel       uint64         `json:"fuel,omitempty"`
}

// HTTPWant is a host, and methods; none: every method.
type HTTPWant struct {
	Host    string   `json:"host"`
	Methods []string `json:"methods,omitempty"`
}

// ArtifactWant is an access ("read", "list", "write") below a prefix.
type ArtifactWant struct {
	Access string `json:"access"`
	Prefix string `json:"prefix"`
}

// Fault is something wrong with a body, at a JSON pointer such as /headers/0/name.
type Fault struct{ Pointer, Message string }

// Location is an Argo artifact, as JSON: {"s3": {"key": "in/a.json"}}.
type Location = json.RawMessage

// Request is one call: run this template once.
type Request struct {
	WorkflowName, WorkflowNamespace, WorkflowUID string
	NodeID, NodeName                             string
	// TemplateName is empty for an inline template.
	TemplateName string
	// Attempt says how often a user's retry of the whole workflow began this node anew.
	Attempt uint32
	// IdempotencyKey is the same for every call about this node.
	IdempotencyKey string
	Kind           string
	// Body is JSON, every tag replaced.
	Body       json.RawMessage
	Parameters map[string]string
	Artifacts  map[string]Location
	// Outputs are those that the template declares, as JSON.
	Outputs json.RawMessage
	// Deadline is zero where there is none.
	Deadline time.Time
	// Round says how often Pending was answered about this node before.
	Round uint32
	state *string
}

// State reads what the last Pending left; false at first.
func (r *Request) State(into any) (bool, error) {
	if r.state == nil {
		return false, nil
	}
	return true, json.Unmarshal([]byte(*r.state), into)
}

// Outcome is how a call ends.
type Outcome struct {
	kind      uint8
	text      string
	message   string
	retryable bool
	outputs   *string
	after     time.Duration
}

// Outputs of what is done. What is no string is kept as its JSON text.
type Outputs struct {
	Result     any                 `json:"result,omitempty"`
	ExitCode   string              `json:"exitCode,omitempty"`
	Message    string              `json:"message,omitempty"`
	Parameters map[string]any      `json:"parameters,omitempty"`
	Artifacts  map[string]Location `json:"artifacts,omitempty"`
}

const (
	kindDone uint8 = iota
	kindFailed
	kindPending
	kindPod
	kindGraph
)

// Done says it is done.
func Done(outputs Outputs) (Outcome, error) { return ofJSON(kindDone, outputs) }

// Pod says it is a pod: an Argo template with container, containerSet, volumes and so on.
func Pod(template any) (Outcome, error) {
	return ofJSON(kindPod, map[string]any{"template": template})
}

// Graph says it is a graph of other templates of the workflow: {"steps": …} or {"dag": …}.
func Graph(fragment any) (Outcome, error) { return ofJSON(kindGraph, fragment) }

// Pending says it goes on later, with that state (up to 64 KiB as JSON, not for secrets).
func Pending(after time.Duration, state any, message string) (Outcome, error) {
	outcome, err := ofJSON(kindPending, state)
	outcome.after, outcome.message = after, oneLine(message)
	return outcome, err
}

func ofJSON(kind uint8, value any) (Outcome, error) {
	text, err := toJSON(value)
	return Outcome{kind: kind, text: text}, err
}

// Failure is an error that says whether another attempt may fare better, and what there is of outputs all the same.
type Failure struct {
	Message   string
	Retryable bool
	Outputs   *Outputs
}

func (f *Failure) Error() string { return f.Message }

// Failed is a failure that another attempt would not mend. Any other error is one, too.
func Failed(format string, values ...any) (Outcome, error) {
	return Outcome{}, &Failure{Message: fmt.Sprintf(format, values...)}
}

func failureOf(err error) Outcome {
	outcome := Outcome{kind: kindFailed, message: oneLine(err.Error())}
	var failure *Failure
	var host *HostError
	switch {
	case errors.As(err, &failure):
		outcome.retryable = failure.Retryable
		if failure.Outputs != nil {
			if text, err := toJSON(failure.Outputs); err == nil {
				outcome.outputs = &text
			}
		}
	case errors.As(err, &host):
		outcome.retryable = host.Retryable
	}
	return outcome
}

func toJSON(value any) (string, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSuffix(text.String(), "\n"), err
}

func oneLine(text string) string {
	return strings.ToValidUTF8(strings.TrimSpace(strings.NewReplacer("\r", "", "\n", " ").Replace(text)), "\ufffd")
}

var registered Plugin

// Register makes it the component's plug-in.
func Register(plugin Plugin) { registered = plugin }

func manifest() string {
	text, err := toJSON(registered)
	if err != nil {
		panic(err)
	}
	return text
}

func kindOf(name string) *Kind {
	for at := range registered.Kinds {
		if registered.Kinds[at].Name == name {
			return &registered.Kinds[at]
		}
	}
	return nil
}

func validate(name, body string) (faults []Fault) {
	kind := kindOf(name)
	if kind == nil || kind.Validate == nil {
		return nil
	}
	defer func() {
		if panicked := recover(); panicked != nil {
			faults = []Fault{{Message: oneLine(fmt.Sprint(panicked))}}
		}
	}()
	faults, err := kind.Validate([]byte(body))
	if err != nil {
		faults = append(faults, Fault{Message: oneLine(err.Error())})
	}
	return faults
}

func execute(request *Request) (outcome Outcome) {
	kind := kindOf(request.Kind)
	if kind == nil || kind.Execute == nil {
		return failureOf(fmt.Errorf("this plug-in has no kind %q", request.Kind))
	}
	defer func() {
		if panicked := recover(); panicked != nil {
			Error(fmt.Sprint("panic: ", panicked))
			outcome = failureOf(fmt.Errorf("panic: %v", panicked))
		}
	}()
	outcome, err := kind.Execute(request)
	if err != nil {
		return failureOf(err)
	}
	return outcome
}
