package trigger

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/disk"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/fault"
)

// logged is lines as a subscription delivers them.
func logged(t *testing.T, lines ...string) events.CloudwatchLogsEvent {
	t.Helper()
	d := events.CloudwatchLogsData{LogGroup: "g", LogStream: "s", MessageType: dataMessage}
	for n, line := range lines {
		d.LogEvents = append(d.LogEvents, events.CloudwatchLogsLogEvent{ID: string(rune('a' + n)), Message: line})
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(text)
	z.Close()
	return events.CloudwatchLogsEvent{AWSLogs: events.CloudwatchLogsRawData{Data: base64.StdEncoding.EncodeToString(packed.Bytes())}}
}

func TestExposuresFunction(t *testing.T) {
	const good, bad, badToo = `{"at":1,"shop":"tea","seed":1,"visitor":"v_ann"}`, `{"at":1,"shop":"..","seed":1,"visitor":"v_ann"}`, `{"at":0,"shop":"tea","seed":1}`
	tests := map[string]struct {
		lines  []string
		broken bool // failure queue
		want   exposure.Kept
		lost   *LostLines
		fails  bool
	}{
		"all good":                             {lines: []string{good}, want: exposure.Kept{Lines: 1, Files: 1}},
		"lost lines are told once":             {lines: []string{good, bad, badToo}, want: exposure.Kept{Lines: 1, Files: 1, Broken: 2}, lost: &LostLines{Function: "exposures", Group: "g", Stream: "s", Event: "b", Lines: 2}},
		"they cannot be told: all comes again": {lines: []string{bad, good}, broken: true, want: exposure.Kept{Lines: 1, Files: 1, Broken: 1}, fails: true},
		"nothing":                              {},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files, err := disk.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			failures := &sink{broken: tt.broken}
			got, err := ExposuresFunction(quiet, files, failures)(t.Context(), logged(t, tt.lines...))
			if got.First = (exposure.Bad{}); got != tt.want || (err != nil) != tt.fails {
				t.Errorf("answer %+v, error %v", got, err)
			}
			if (len(failures.bodies) == 1) != (tt.lost != nil) {
				t.Fatalf("the failure queue has %s", failures.bodies)
			}
			if tt.lost == nil {
				return
			}
			var lost LostLines
			if err := json.Unmarshal(failures.bodies[0], &lost); err != nil || lost.Reason == "" || strings.Contains(string(failures.bodies[0]), "v_ann") {
				t.Errorf("lost lines %s (%v)", failures.bodies[0], err)
			}
			lost.Reason = ""
			if diff := cmp.Diff(*tt.lost, lost); diff != "" {
				t.Errorf("lost lines (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzExposuresFunction(f *testing.F) {
	f.Add("")
	f.Add("bm90IHBhY2tlZA==")
	f.Add("H4sIAAAAAAAC/6tWKkktLlGyUlAqS8wpTtVRKi1OLYrPTFGyMjQxr6wFAJtOu8EgAAAA")
	f.Fuzz(func(t *testing.T, data string) {
		files, err := disk.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		got, err := ExposuresFunction(quiet, files, &sink{})(t.Context(), events.CloudwatchLogsEvent{AWSLogs: events.CloudwatchLogsRawData{Data: data}})
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %+v, %v", data, got, err)
		}
	})
}
