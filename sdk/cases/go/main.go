// What the cases in ../cases.yaml ask of every SDK, in Go.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"probe/tiphys"
)

type (
	request = *tiphys.Request
	outcome = tiphys.Outcome
	outputs = tiphys.Outputs
)

var deeds = map[string]func(request) (outcome, error){
	"text": func(request) (outcome, error) { return result("é € 🎉") },
	"list": func(request) (outcome, error) { return result([]any{1, "two"}) },
	"half": func(request) (outcome, error) {
		tiphys.Info("half \xf0 of a sign")
		return result("a\xf0b")
	},
	"inputs": func(r request) (outcome, error) {
		var page struct{ S3 struct{ Key string } }
		err := json.Unmarshal(r.Artifacts["page"], &page)
		return orDone(err, outputs{Result: r.Parameters["who"], Parameters: map[string]any{"key": page.S3.Key}})
	},
	"declared": func(r request) (outcome, error) {
		var declared struct{ Parameters []struct{ Name string } }
		err := json.Unmarshal(r.Outputs, &declared)
		var names []string
		for _, parameter := range declared.Parameters {
			names = append(names, parameter.Name)
		}
		return orDone(err, outputs{Result: strings.Join(names, ",")})
	},
	"clock": func(request) (outcome, error) {
		now := time.Now().UTC()
		return result(fmt.Sprintf("%d,%d,%s", now.UnixMilli(), now.UnixMilli(), now.Format(time.RFC3339)))
	},
	"deadline": func(r request) (outcome, error) { return result(r.Deadline.Format(time.RFC3339)) },
	"random":   func(request) (outcome, error) { return result(rand.Float64() != rand.Float64()) },
	"print": func(request) (outcome, error) {
		fmt.Println("printed")
		return tiphys.Done(outputs{})
	},
	"everything": func(request) (outcome, error) {
		return tiphys.Done(outputs{
			Result: "r", ExitCode: "3", Message: "m",
			Parameters: map[string]any{"n": 1.5, "o": map[string]any{"a": []any{true, nil}}},
			Artifacts:  map[string]tiphys.Location{"a": tiphys.Location(`{"s3":{"key":"k"}}`)},
		})
	},
	"count": func(r request) (outcome, error) {
		var seen []uint32
		if _, err := r.State(&seen); err != nil {
			return outcome{}, err
		}
		if r.Round == 2 {
			return result(seen)
		}
		return tiphys.Pending(90*time.Second, append(seen, r.Round), "counting")
	},
	"get": func(request) (outcome, error) {
		headers := []tiphys.Header{{Name: "Accept", Value: "text/plain"}}
		page, err := tiphys.Send(tiphys.HTTPRequest{URL: "https://api.example.test/page?q=a%20b%26c", Headers: headers, Timeout: 5 * time.Second})
		if err == nil {
			err = page.Check()
		}
		if err != nil {
			return outcome{}, err
		}
		body, err := io.ReadAll(page)
		return orDone(err, outputs{Result: string(body), Parameters: map[string]any{"type": page.Header("Content-Type"), "status": page.Status}})
	},
	"post": func(request) (outcome, error) {
		var job struct{ ID string }
		answer, err := tiphys.Send(tiphys.HTTPRequest{
			Method: "POST", URL: "https://api.example.test/jobs", Body: []byte(`{"name":"é"}`),
			Headers: []tiphys.Header{{Name: "content-type", Value: "application/json"}},
		})
		if err == nil {
			err = answer.JSON(&job)
		}
		return orDone(err, outputs{Result: job.ID})
	},
	"lines": func(request) (outcome, error) {
		page, err := tiphys.Get("https://api.example.test/page")
		if err != nil {
			return outcome{}, err
		}
		return lines(page)
	},
	"secret": func(request) (outcome, error) {
		value, err := tiphys.Secret("token", "value")
		return orDone(err, outputs{Result: string(value)})
	},
	"configMap": func(request) (outcome, error) {
		value, err := tiphys.ConfigMap("settings", "mode")
		return orDone(err, outputs{Result: value})
	},
	"file": func(request) (outcome, error) {
		var model struct{ Layers int }
		err := json.NewDecoder(tiphys.OpenFile("models/a.json")).Decode(&model)
		files, second := tiphys.Files("models")
		var names []string
		for _, file := range files {
			names = append(names, file.Name)
		}
		return orDone(errors.Join(err, second), outputs{Result: model.Layers, Parameters: map[string]any{"names": names}})
	},
	"artifact": func(r request) (outcome, error) {
		page, err := tiphys.OpenArtifact(r.Artifacts["page"])
		if err != nil {
			return outcome{}, err
		}
		return lines(page)
	},
	"artifacts": func(request) (outcome, error) {
		entries, err := tiphys.Artifacts(tiphys.Location(`{"s3":{"key":"in/"}}`))
		var said []string
		for _, entry := range entries {
			said = append(said, fmt.Sprintf("%s:%d", entry.Name, entry.Size))
		}
		return orDone(err, outputs{Result: said})
	},
	"write": func(request) (outcome, error) {
		writer, err := tiphys.CreateArtifact("out")
		if err != nil {
			return outcome{}, err
		}
		_, err = io.WriteString(writer, "one\ntwo\n")
		location, second := writer.Finish()
		return orDone(errors.Join(err, second), outputs{Result: len(location) > 2})
	},
	"fail": func(request) (outcome, error) {
		return outcome{}, &tiphys.Failure{Message: "no\nluck", Retryable: true, Outputs: &outputs{Result: "half"}}
	},
	"throw":        func(request) (outcome, error) { return outcome{}, errors.New("thrown") },
	"throwOutcome": func(request) (outcome, error) { return tiphys.Failed("thrown as it is") },
	"panic":        func(request) (outcome, error) { panic("gone") },
	"pod": func(request) (outcome, error) {
		return tiphys.Pod(map[string]any{"container": map[string]any{"image": "busybox"}})
	},
	"graph": func(request) (outcome, error) {
		return tiphys.Graph(map[string]any{"steps": []any{[]any{map[string]any{"name": "a", "template": "b"}}}})
	},
	"garbage": func(request) (outcome, error) {
		var kept [][]byte
		for n := range 200_000 {
			if piece := make([]byte, 1024); n%1000 == 0 {
				kept = append(kept, piece)
			}
		}
		return result(len(kept))
	},
}

func result(value any) (outcome, error) { return tiphys.Done(outputs{Result: value}) }

func orDone(err error, outputs outputs) (outcome, error) {
	if err != nil {
		return outcome{}, err
	}
	return tiphys.Done(outputs)
}

func lines(source io.Reader) (outcome, error) {
	var lines []string
	scanner := bufio.NewScanner(source)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	return orDone(scanner.Err(), outputs{Result: lines})
}

type body struct {
	Do string `json:"do"`
}

func init() {
	tiphys.Register(tiphys.Plugin{
		Name: "probe", Version: "0.1.0",
		Kinds: []tiphys.Kind{{
			Name:   "probe",
			Schema: json.RawMessage(`{"type": "object", "required": ["do"]}`),
			Validate: func(raw []byte) ([]tiphys.Fault, error) {
				var b body
				if err := json.Unmarshal(raw, &b); err != nil {
					return nil, err
				}
				if b.Do == "broken" {
					return nil, errors.New("cannot tell")
				}
				if deeds[b.Do] == nil {
					return []tiphys.Fault{{Pointer: "/do", Message: "unknown"}}, nil
				}
				return nil, nil
			},
			Execute: func(r request) (outcome, error) {
				var b body
				if err := json.Unmarshal(r.Body, &b); err != nil {
					return outcome{}, err
				}
				return deeds[b.Do](r)
			},
		}},
		Wants: tiphys.Wants{
			HTTP: []tiphys.HTTPWant{{Host: "api.example.test"}}, Secrets: []string{"token"}, ConfigMaps: []string{"settings"},
			Folders: []string{"models"}, Artifacts: []tiphys.ArtifactWant{{Access: "list", Prefix: "in/"}},
		},
	})
}

func main() {}
