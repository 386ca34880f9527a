package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/replay"
)

// payloads are the deliveries of events/exposures, which are packed there as a subscription packs them. The lines are as recommend writes them, between others of its log.
var payloads = map[string]events.CloudwatchLogsData{
	"answers-of-one-visitor": delivery(
		`{"at":1777636800123,"shop":"tea","visitor":"v_anna","model":9714182361129387012,"seed":3131961357,"shelves":[["for-you","t01","t02",0.1,["t02","t03"]],["trending","t04"]]}`,
		`{"at":1777636805456,"shop":"tea","visitor":"v_anna","model":9714182361129387012,"seed":0,"shelves":[["similar","t05"]]}`),
	"two-shops-and-two-days": delivery(
		`{"at":1777593599999,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]]}`,
		`{"at":1777593600000,"shop":"tea","visitor":"v_anna","model":7,"seed":2,"shelves":[["for-you","t02"]]}`,
		`{"at":1777593600000,"shop":"mugs","visitor":"v_bert","model":8,"seed":3,"shelves":[["for-you","m01"]]}`),
	"both-models-on-one-list-and-offers": delivery(
		`{"at":1777636800000,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"trial":"0badcafe","arm":"ab","against":9,"teams":"ab-","shelves":[["for-you","t01","t02","t03"]],"offers":["o1",0.25],"ghosts":["o2"]}`,
		`{"at":1777636800001,"shop":"tea","model":0,"seed":0,"shelves":[],"offers":["o1",1]}`),
	"lines-that-are-no-exposures-between": delivery(
		`{"timestamp":"2026-05-01T12:00:00.000Z","level":"WARN","message":"the delta is old","shop":"tea","requestId":"r1"}`,
		`{"at":1777636800000,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]],"timestamp":"2026-05-01T12:00:00.000Z","level":"INFO"}`+"\n",
		`panic: out of cheese`, ``, `[1,2]`, `null`),
	"broken-lines-between-good-ones": delivery(
		`{"at":1777636800000,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]]}`,
		`{"at":1777636800000,"shop":"../tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]]}`,
		`{"at":"noon","shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]]}`,
		`{"at":9223372036854775807,"shop":"tea","model":7,"seed":1,"shelves":[]}`,
		`{"at":1777636800002,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[[0.5]]}`,
		`{"at":1777636800003,"shop":"tea","visitor":"v_bert","model":7,"seed":2,"shelves":[["for-you","t02"]]}`),
	"an-answer-twice-in-one-delivery": delivery(
		`{"at":1777636800000,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]]}`,
		`{"at":1777636800000,"shop":"tea","visitor":"v_anna","model":7,"seed":1,"shelves":[["for-you","t01"]]}`),
	"an-empty-batch": delivery(),
	"a-control-message": {MessageType: "CONTROL_MESSAGE", Owner: "CloudwatchLogs", SubscriptionFilters: []string{}, LogEvents: []events.CloudwatchLogsLogEvent{
		{Timestamp: 1777636800000, Message: "CWL CONTROL MESSAGE: Checking health of destination Lambda function."}}},
}

// delivery is of one stream of recommend's log, a line a second.
func delivery(lines ...string) events.CloudwatchLogsData {
	d := events.CloudwatchLogsData{Owner: "111111111111", LogGroup: "shopkeeper-prod-service-recommendlog", LogStream: "2026/05/01/shopkeeper-prod-recommend[7]0123456789abcdef0123456789abcdef",
		SubscriptionFilters: []string{"exposures"}, MessageType: "DATA_MESSAGE", LogEvents: []events.CloudwatchLogsLogEvent{}}
	for at, line := range lines {
		d.LogEvents = append(d.LogEvents, events.CloudwatchLogsLogEvent{ID: "3989402513094502871049" + strconv.Itoa(1000+at), Timestamp: 1777636800000 + int64(at)*1000, Message: line})
	}
	return d
}

// TestPayloads says that the packed files hold what stands here; -update packs them anew.
func TestPayloads(t *testing.T) {
	for name, want := range payloads {
		file := filepath.Join(replay.Folder, "exposures", name+".json")
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(file, packed(t, want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var e events.CloudwatchLogsEvent
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		got, err := e.AWSLogs.Parse()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s; if that is meant, make gen (-want +got):\n%s", name, diff)
		}
	}
}

func packed(t *testing.T, d events.CloudwatchLogsData) []byte {
	t.Helper()
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	if err := json.NewEncoder(z).Encode(d); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(map[string]any{"awslogs": map[string]any{"data": body.Bytes()}}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}
