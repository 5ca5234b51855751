package tiphys

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// HostError says why the host did not do what it was asked.
type HostError struct {
	// Kind is not-granted, not-found, limit, failed, invalid, dns, connect, tls, timeout, broken, redirect or status.
	Kind, Message string
	// Retryable: it may go well another time.
	Retryable bool
}

func (e *HostError) Error() string { return e.Message }

var (
	refusals   = []string{"not-granted", "not-found", "limit", "failed"}
	httpErrors = []string{"not-granted", "invalid", "dns", "connect", "tls", "timeout", "broken", "redirect", "limit"}
)

func hostError(kinds []string, kind uint8, message string) error {
	name := kinds[kind]
	passing := strings.Contains(" dns connect tls timeout broken failed ", " "+name+" ")
	return &HostError{Kind: name, Message: message, Retryable: passing}
}

func logLine(level int32, values []any) {
	writeLog(level, strings.ToValidUTF8(strings.TrimSuffix(fmt.Sprintln(values...), "\n"), "\ufffd"))
}

// Debug writes a line of the node's log.
func Debug(values ...any) { logLine(0, values) }

// Info writes a line of the node's log.
func Info(values ...any) { logLine(1, values) }

// Warn writes a line of the node's log.
func Warn(values ...any) { logLine(2, values) }

// Error writes a line of the node's log.
func Error(values ...any) { logLine(3, values) }

// Header is a name and a value.
type Header struct{ Name, Value string }

// HTTPRequest is a request; the zero value of everything but URL will do.
type HTTPRequest struct {
	// Method is GET where nothing is said.
	Method, URL string
	Headers     []Header
	Body        []byte
	Timeout     time.Duration
	// Redirects says how many are followed: 10 where nothing is said, none if negative.
	Redirects int
	Insecure  bool
	// Roots (PEM) are trusted instead of the machine's certificates.
	Roots string
	// Certificate and Key (PEM) are the client's.
	Certificate, Key string
}

// Response is a response whose body is still to be read.
type Response struct {
	io.Reader
	Status  int
	URL     string
	Headers []Header
	method  string
}

// Get asks for a URL.
func Get(url string) (*Response, error) { return Send(HTTPRequest{URL: url}) }

// Send sends a request and waits for the response's headers.
func Send(request HTTPRequest) (*Response, error) {
	if request.Method == "" {
		request.Method = "GET"
	}
	if request.Redirects == 0 {
		request.Redirects = 10
	}
	response, err := send(request)
	if err == nil {
		response.method = request.Method
	}
	return response, err
}

// Header gives the header of that name, in any case; several values joined by commas.
func (r *Response) Header(name string) string {
	var values []string
	for _, header := range r.Headers {
		if strings.EqualFold(header.Name, name) {
			values = append(values, header.Value)
		}
	}
	return strings.Join(values, ", ")
}

// OK: the status is 2xx.
func (r *Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Check gives an error if the status is not 2xx; 408, 429 and 5xx are retryable.
func (r *Response) Check() error {
	if r.OK() {
		return nil
	}
	says, _ := io.ReadAll(io.LimitReader(r, 200))
	message := fmt.Sprintf("%s %s answered %d", r.method, r.URL, r.Status)
	if text := strings.Join(strings.Fields(string(says)), " "); text != "" {
		message += ": " + text
	}
	return &HostError{"status", message, r.Status == 408 || r.Status == 429 || r.Status >= 500}
}

// JSON reads the whole body as JSON.
func (r *Response) JSON(into any) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return &HostError{"invalid", fmt.Sprintf("the answer of %s is not JSON: %v", r.URL, err), false}
	}
	return nil
}

// Entry is an artifact (Name is its whole key) or a file.
type Entry struct {
	Name   string
	Folder bool
	Size   uint64
}

// Artifacts gives every artifact below a location, in order of their keys.
func Artifacts(location Location) ([]Entry, error) {
	const page = 1000
	var all []Entry
	for {
		var after *string
		if len(all) > 0 {
			after = &all[len(all)-1].Name
		}
		entries, err := artifactEntries(string(location), after, page)
		all = append(all, entries...)
		if err != nil || len(entries) < page {
			return all, err
		}
	}
}

// reader reads what the host gives piece by piece.
type reader func(limit uint32) ([]byte, error)

func (r reader) Read(into []byte) (int, error) {
	if len(into) == 0 {
		return 0, nil
	}
	piece, err := r(uint32(min(len(into), 64<<10)))
	if err == nil && len(piece) == 0 {
		err = io.EOF
	}
	return copy(into, piece), err
}

// OpenFile reads a file of a granted folder: models/a.json.
func OpenFile(path string) io.Reader {
	var offset uint64
	return reader(func(limit uint32) ([]byte, error) {
		piece, err := readFile(path, offset, limit)
		offset += uint64(len(piece))
		return piece, err
	})
}
