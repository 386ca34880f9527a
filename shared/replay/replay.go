package replay

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the wanted files of events/")

// Folder is where the payloads are, seen from a function's folder.
const Folder = "../../events"

// Started is a function that is ready for one payload.
type Started struct {
	Handler any                                // what main hands to lambda.StartHandlerFunc
	State   func(context.Context) (any, error) // what is there after the payload; nil where the answer is all
	Keeps   func(context.Context) (any, error) // what must stay as it is when the payload is delivered a second time; nil where nothing must
}

// outcome is a wanted file.
type outcome struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	State  any             `json:"state,omitempty"`
}

// Cases replays every case of events/<function>. start sets the world up anew for each, or once for all where nothing is changed.
func Cases(t *testing.T, function string, start func(t *testing.T) Started) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(Folder, function, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, file := range files {
		name, isCase := strings.CutSuffix(file, ".json")
		if strings.HasSuffix(name, ".want") || !isCase {
			continue
		}
		ran++
		t.Run(strings.ReplaceAll(filepath.Base(name), "-", " "), func(t *testing.T) {
			payload, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name+".want.json", invoke(t, start(t), payload))
		})
	}
	if ran == 0 {
		t.Errorf("no payloads in %s", filepath.Join(Folder, function))
	}
}

// invoke calls the handler as the runtime does: bytes in, bytes out.
func invoke(t *testing.T, s Started, payload []byte) []byte {
	t.Helper()
	function := lambda.NewHandler(s.Handler)
	var out outcome
	var err error
	if out.Answer, err = function.Invoke(t.Context(), payload); err != nil {
		out.Error = err.Error()
	}
	out.State = stateOf(t, s.State)
	text := pretty(t, out) // now: the answer is the runtime's to write over
	if s.Keeps == nil {
		return text
	}
	once := pretty(t, stateOf(t, s.Keeps))
	if _, err := function.Invoke(t.Context(), payload); err != nil && out.Error == "" {
		t.Errorf("delivered again: %v", err)
	}
	if diff := cmp.Diff(string(once), string(pretty(t, stateOf(t, s.Keeps)))); diff != "" {
		t.Errorf("delivered again, it left another state (-once +twice):\n%s", diff)
	}
	return text
}

func stateOf(t *testing.T, read func(context.Context) (any, error)) any {
	t.Helper()
	if read == nil {
		return nil
	}
	state, err := read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// pretty is v, masked, as it stands in a file.
func pretty(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = Mask(text); err != nil {
		t.Fatal(err)
	}
	return text
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s; if that is meant, make gen (-want +got):\n%s", filepath.Base(file), diff)
	}
}
