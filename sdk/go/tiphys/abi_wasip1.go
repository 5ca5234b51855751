package tiphys

// The canonical ABI of tiphys:plugin 0.1.0, by hand: records and results lie in memory as the component model says, and what the other
// side is given stays held until the instance is gone, which is after one call.

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"time"
	"unsafe"
)

var held [][]uint64

// alloc gives memory that is aligned to 8 and that the collector leaves alone.
func alloc(size int) []byte {
	block := make([]uint64, (size+7)/8+1)
	held = append(held, block)
	return unsafe.Slice((*byte)(unsafe.Pointer(&block[0])), size)
}

func address(block []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(block)))) }

func at(address, size uint32) []byte {
	if size == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(address))), size)
}

func u32(block []byte, offset int) uint32 { return binary.LittleEndian.Uint32(block[offset:]) }

func putU32(block []byte, offset int, value uint32) {
	binary.LittleEndian.PutUint32(block[offset:], value)
}

func text(block []byte, offset int) string {
	return string(at(u32(block, offset), u32(block, offset+4)))
}

func putBytes(block []byte, offset int, value []byte) {
	copied := alloc(len(value))
	copy(copied, value)
	putU32(block, offset, address(copied))
	putU32(block, offset+4, uint32(len(value)))
}

func putText(block []byte, offset int, value string) { putBytes(block, offset, []byte(value)) }

func putOptional(block []byte, offset int, value string, is bool) {
	if is {
		block[offset] = 1
		putText(block, offset+4, value)
	}
}

// result reads a result whose good side is at most two words, and whose bad side is a variant with a text.
func result(block []byte, kinds []string) (uint32, uint32, error) {
	if block[0] != 0 {
		return 0, 0, hostError(kinds, block[4], text(block, 8))
	}
	return u32(block, 4), u32(block, 8), nil
}

func bytesOf(block []byte, kinds []string) ([]byte, error) {
	address, size, err := result(block, kinds)
	return at(address, size), err
}

//go:wasmexport cabi_realloc
func realloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	block := alloc(int(size))
	if oldSize > 0 {
		copy(block, unsafe.Slice((*byte)(old), oldSize))
	}
	return unsafe.Pointer(unsafe.SliceData(block))
}

//go:wasmexport tiphys:plugin/template@0.1.0#describe
func exportDescribe() unsafe.Pointer {
	answer := alloc(8)
	putText(answer, 0, manifest())
	return unsafe.Pointer(&answer[0])
}

//go:wasmexport tiphys:plugin/template@0.1.0#validate
func exportValidate(kind unsafe.Pointer, kindSize uint32, body unsafe.Pointer, bodySize uint32) unsafe.Pointer {
	faults := validate(string(at(uint32(uintptr(kind)), kindSize)), string(at(uint32(uintptr(body)), bodySize)))
	list := alloc(16 * len(faults))
	for n, fault := range faults {
		putText(list, 16*n, fault.Pointer)
		putText(list, 16*n+8, fault.Message)
	}
	answer := alloc(8)
	putU32(answer, 0, address(list))
	putU32(answer, 4, uint32(len(faults)))
	return unsafe.Pointer(&answer[0])
}

//go:wasmexport tiphys:plugin/template@0.1.0#execute
func exportExecute(given unsafe.Pointer) unsafe.Pointer {
	request, err := readRequest(unsafe.Slice((*byte)(given), 128))
	if err != nil {
		return lower(failureOf(err))
	}
	return lower(execute(request))
}

func readRequest(raw []byte) (*Request, error) {
	var inputs struct {
		Parameters map[string]string
		Artifacts  map[string]Location
	}
	err := json.Unmarshal(at(u32(raw, 76), u32(raw, 80)), &inputs)
	request := &Request{
		WorkflowName: text(raw, 0), WorkflowNamespace: text(raw, 8), WorkflowUID: text(raw, 16),
		NodeID: text(raw, 24), NodeName: text(raw, 32), TemplateName: text(raw, 40),
		Attempt: u32(raw, 48), IdempotencyKey: text(raw, 52), Kind: text(raw, 60),
		Body: json.RawMessage(text(raw, 68)), Parameters: inputs.Parameters, Artifacts: inputs.Artifacts,
		Outputs: json.RawMessage(text(raw, 84)), Round: u32(raw, 112),
	}
	if raw[96] != 0 {
		request.Deadline = time.UnixMilli(int64(binary.LittleEndian.Uint64(raw[104:]))).UTC()
	}
	if raw[116] != 0 {
		state := text(raw, 120)
		request.state = &state
	}
	return request, err
}

func lower(outcome Outcome) unsafe.Pointer {
	answer := alloc(32)
	answer[0] = outcome.kind
	switch outcome.kind {
	case kindFailed:
		putText(answer, 8, outcome.message)
		if outcome.retryable {
			answer[16] = 1
		}
		if outcome.outputs != nil {
			putOptional(answer, 20, *outcome.outputs, true)
		}
	case kindPending:
		binary.LittleEndian.PutUint64(answer[8:], uint64(max(outcome.after.Milliseconds(), 0)))
		putText(answer, 16, outcome.text)
		putText(answer, 24, outcome.message)
	default:
		putText(answer, 8, outcome.text)
	}
	return unsafe.Pointer(&answer[0])
}

//go:wasmimport tiphys:plugin/log@0.1.0 write
func writeLog(level int32, message string)

//go:wasmimport tiphys:plugin/http@0.1.0 send
func importSend(request, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/http@0.1.0 [method]response.status
func importStatus(response uint32) uint32

//go:wasmimport tiphys:plugin/http@0.1.0 [method]response.headers
func importHeaders(response uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/http@0.1.0 [method]response.url
func importURL(response uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/http@0.1.0 [method]response.read
func importRead(response, limit uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/secrets@0.1.0 get
func importSecret(name, key string, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/config-maps@0.1.0 get
func importConfigMap(name, key string, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/artifacts@0.1.0 entries
func importArtifacts(location string, some uint32, after string, limit uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/artifacts@0.1.0 open
func importOpen(location string, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/artifacts@0.1.0 [method]reader.read
func importReadArtifact(reader, limit uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/artifacts@0.1.0 create
func importCreate(name string, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/artifacts@0.1.0 [method]writer.write
func importWrite(writer uint32, bytes string, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/artifacts@0.1.0 [method]writer.finish
func importFinish(writer uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/files@0.1.0 read
func importReadFile(path string, offset uint64, limit uint32, result unsafe.Pointer)

//go:wasmimport tiphys:plugin/files@0.1.0 entries
func importFiles(path string, result unsafe.Pointer)

func send(request HTTPRequest) (*Response, error) {
	raw, answer := alloc(96), alloc(16)
	putText(raw, 0, request.Method)
	putText(raw, 8, request.URL)
	headers := alloc(16 * len(request.Headers))
	for n, header := range request.Headers {
		putText(headers, 16*n, header.Name)
		putText(headers, 16*n+8, header.Value)
	}
	putU32(raw, 16, address(headers))
	putU32(raw, 20, uint32(len(request.Headers)))
	putOptional(raw, 24, string(request.Body), request.Body != nil)
	if request.Timeout > 0 {
		raw[40] = 1
		binary.LittleEndian.PutUint64(raw[48:], uint64(request.Timeout.Milliseconds()))
	}
	putU32(raw, 56, uint32(max(request.Redirects, 0)))
	if request.Insecure {
		raw[60] = 1
	}
	putOptional(raw, 64, request.Roots, request.Roots != "")
	if request.Certificate != "" {
		raw[76] = 1
		putText(raw, 80, request.Certificate)
		putText(raw, 88, request.Key)
	}
	importSend(unsafe.Pointer(&raw[0]), unsafe.Pointer(&answer[0]))
	handle, _, err := result(answer, httpErrors)
	if err != nil {
		return nil, err
	}
	return responseOf(handle), nil
}

func responseOf(handle uint32) *Response {
	headers, url := alloc(8), alloc(8)
	importHeaders(handle, unsafe.Pointer(&headers[0]))
	importURL(handle, unsafe.Pointer(&url[0]))
	read := func(limit uint32) ([]byte, error) {
		answer := alloc(16)
		importRead(handle, limit, unsafe.Pointer(&answer[0]))
		return bytesOf(answer, httpErrors)
	}
	response := &Response{Reader: reader(read), Status: int(importStatus(handle)), URL: text(url, 0)}
	list := at(u32(headers, 0), 16*u32(headers, 4))
	for offset := 0; offset < len(list); offset += 16 {
		response.Headers = append(response.Headers, Header{text(list, offset), text(list, offset+8)})
	}
	return response
}

// Secret gives the value of that key of that Secret.
func Secret(name, key string) ([]byte, error) {
	answer := alloc(16)
	importSecret(name, key, unsafe.Pointer(&answer[0]))
	return bytesOf(answer, refusals)
}

// ConfigMap gives the value of that key of that ConfigMap.
func ConfigMap(name, key string) (string, error) {
	answer := alloc(16)
	importConfigMap(name, key, unsafe.Pointer(&answer[0]))
	value, err := bytesOf(answer, refusals)
	return string(value), err
}

func artifactEntries(location string, after *string, limit uint32) ([]Entry, error) {
	answer, some, last := alloc(16), uint32(0), ""
	if after != nil {
		some, last = 1, *after
	}
	importArtifacts(location, some, last, limit, unsafe.Pointer(&answer[0]))
	address, count, err := result(answer, refusals)
	if err != nil {
		return nil, err
	}
	list := at(address, 16*count)
	entries := make([]Entry, 0, count)
	for offset := 0; offset < len(list); offset += 16 {
		entries = append(entries, Entry{Name: text(list, offset), Size: binary.LittleEndian.Uint64(list[offset+8:])})
	}
	return entries, nil
}

// OpenArtifact reads an artifact.
func OpenArtifact(location Location) (io.Reader, error) {
	answer := alloc(16)
	importOpen(string(location), unsafe.Pointer(&answer[0]))
	handle, _, err := result(answer, refusals)
	if err != nil {
		return nil, err
	}
	return reader(func(limit uint32) ([]byte, error) {
		answer := alloc(16)
		importReadArtifact(handle, limit, unsafe.Pointer(&answer[0]))
		return bytesOf(answer, refusals)
	}), nil
}

// Writer writes an output artifact.
type Writer struct{ handle uint32 }

// CreateArtifact writes the output artifact of that name.
func CreateArtifact(name string) (*Writer, error) {
	answer := alloc(16)
	importCreate(name, unsafe.Pointer(&answer[0]))
	handle, _, err := result(answer, refusals)
	return &Writer{handle}, err
}

func (w *Writer) Write(data []byte) (int, error) {
	answer := alloc(16)
	importWrite(w.handle, string(data), unsafe.Pointer(&answer[0]))
	if _, _, err := result(answer, refusals); err != nil {
		return 0, err
	}
	return len(data), nil
}

// Finish gives the artifact's location, for Outputs.Artifacts.
func (w *Writer) Finish() (Location, error) {
	answer := alloc(16)
	importFinish(w.handle, unsafe.Pointer(&answer[0]))
	location, err := bytesOf(answer, refusals)
	return Location(location), err
}

func readFile(path string, offset uint64, limit uint32) ([]byte, error) {
	answer := alloc(16)
	importReadFile(path, offset, limit, unsafe.Pointer(&answer[0]))
	return bytesOf(answer, refusals)
}

// Files gives what is in a granted folder, by name.
func Files(path string) ([]Entry, error) {
	answer := alloc(16)
	importFiles(path, unsafe.Pointer(&answer[0]))
	address, count, err := result(answer, refusals)
	if err != nil {
		return nil, err
	}
	list := at(address, 24*count)
	entries := make([]Entry, 0, count)
	for offset := 0; offset < len(list); offset += 24 {
		size := binary.LittleEndian.Uint64(list[offset+16:])
		entries = append(entries, Entry{Name: text(list, offset), Folder: list[offset+8] != 0, Size: size})
	}
	return entries, nil
}
