//go:build !wasip1

package tiphys

import "io"

// Only in a component is there a host; elsewhere these are here so that editors and `go vet` have something to look at.

const nowhere = "there is a host only in a component: run tiphys plugin test"

func writeLog(int32, string) { panic(nowhere) }

func send(HTTPRequest) (*Response, error) { panic(nowhere) }

func artifactEntries(string, *string, uint32) ([]Entry, error) { panic(nowhere) }

func readFile(string, uint64, uint32) ([]byte, error) { panic(nowhere) }

// Secret gives the value of that key of that Secret.
func Secret(name, key string) ([]byte, error) { panic(nowhere) }

// ConfigMap gives the value of that key of that ConfigMap.
func ConfigMap(name, key string) (string, error) { panic(nowhere) }

// OpenArtifact reads an artifact.
func OpenArtifact(location Location) (io.Reader, error) { panic(nowhere) }

// Writer writes an output artifact.
type Writer struct{}

// CreateArtifact writes the output artifact of that name.
func CreateArtifact(name string) (*Writer, error) { panic(nowhere) }

func (w *Writer) Write(data []byte) (int, error) { panic(nowhere) }

// Finish gives the artifact's location, for Outputs.Artifacts.
func (w *Writer) Finish() (Location, error) { panic(nowhere) }

// Files gives what is in a granted folder, by name.
func Files(path string) ([]Entry, error) { panic(nowhere) }
