package dynamo

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/table"
)

const keysJSON = `"Keys":{"pk":{"S":"shop#p"},"sk":{"S":"a"}}`

func recordJSON(rest string) string {
	return `{"eventID":"1","eventName":"MODIFY","dynamodb":{"ApproximateCreationDateTime":1767323045,"SequenceNumber":"111","SizeBytes":1,"StreamViewType":"NEW_AND_OLD_IMAGES",` +
		keysJSON + rest + `}`
}

func imageJSON(which, ver, rest string) string {
	return `,"` + which + `":{"pk":{"S":"shop#p"},"sk":{"S":"a"},"ver":{"N":"` + ver + `"}` + rest + `}`
}

func TestChangeOf(t *testing.T) {
	k := table.Key{Table: "events", Partition: "shop#p", Sort: "a"}
	at := time.Unix(1767323045, 0).UTC()
	item := func(version int64, body string) *table.Item {
		return &table.Item{Key: k, Version: version, Body: json.RawMessage(body)}
	}
	expiring := item(2, `{}`)
	expiring.Expires = time.Unix(1767000000, 0).UTC()
	all := `,"b":{"BOOL":true},"l":{"L":[{"N":"1.50"},{"S":"x"},{"NULL":true}]},"m":{"M":{"n":{"N":"12345678901234567890"}}},"s":{"S":"é\"\u0001"}`
	tests := map[string]struct {
		json string
		want table.Change
		same bool
	}{
		"an insert": {recordJSON(imageJSON("NewImage", "1.123456789012", all)) + `}`,
			table.Change{New: item(1, `{"b":true,"l":[1.5,"x",null],"m":{"n":12345678901234567890},"s":"é\"\u0001"}`)}, false},
		"a change": {recordJSON(imageJSON("OldImage", "1.5", `,"n":{"N":"1"}`)+imageJSON("NewImage", "2.5", `,"n":{"N":"2"}`)) + `}`,
			table.Change{Old: item(1, `{"n":1}`), New: item(2, `{"n":2}`)}, false},
		"a change of the version alone": {recordJSON(imageJSON("OldImage", "1.5", `,"n":{"N":"1"}`)+imageJSON("NewImage", "1767323045000000.5", `,"n":{"N":"1"}`)) + `}`,
			table.Change{Old: item(1, `{"n":1}`), New: item(1767323045000000, `{"n":1}`)}, true},
		"a removal": {recordJSON(imageJSON("OldImage", "2.5", "")) + `}`, table.Change{Old: item(2, `{}`)}, false},
		"a removal by expiry": {recordJSON(imageJSON("OldImage", "2.5", `,"ttl":{"N":"1767000000"}`)) + `,"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}}`,
			table.Change{Old: expiring, Expired: true}, false},
		"a removal by somebody": {recordJSON(imageJSON("OldImage", "2.5", `,"ttl":{"N":"1767000000"}`)) + `,"userIdentity":{"type":"User","principalId":"dynamodb.amazonaws.com"}}`,
			table.Change{Old: expiring}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := changeFrom(t, tt.json)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Seq, tt.want.Key, tt.want.At = "111", k, at
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
			if Same(got) != tt.same {
				t.Errorf("same = %t, want %t", !tt.same, tt.same)
			}
		})
	}
}

func changeFrom(t *testing.T, text string) (table.Change, error) {
	t.Helper()
	var r events.DynamoDBEventRecord
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return ChangeOf(r, "events")
}

func TestChangeOfRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a record without images":       recordJSON("") + `}`,
		"a record without key":          `{"dynamodb":{"SequenceNumber":"1","NewImage":{"pk":{"S":"p"},"sk":{"S":"s"},"ver":{"N":"1"}}}}`,
		"a record without number":       `{"dynamodb":{` + keysJSON + imageJSON("NewImage", "1", "") + `}}`,
		"an image of another key":       recordJSON(`,"NewImage":{"pk":{"S":"shop#p"},"sk":{"S":"b"},"ver":{"N":"1"}}`) + `}`,
		"a version that is text":        recordJSON(`,"NewImage":{"pk":{"S":"shop#p"},"sk":{"S":"a"},"ver":{"S":"1"}}`) + `}`,
		"a version that is no number":   recordJSON(imageJSON("NewImage", "one", "")) + `}`,
		"an expiry that is no number":   recordJSON(imageJSON("NewImage", "1", `,"ttl":{"S":"soon"}`)) + `}`,
		"a member that is binary":       recordJSON(imageJSON("NewImage", "1", `,"b":{"B":"AAEC"}`)) + `}`,
		"a member that is a set":        recordJSON(imageJSON("NewImage", "1", `,"l":{"L":[{"SS":["a"]}]}`)) + `}`,
		"a number that would break out": recordJSON(imageJSON("NewImage", "1", `,"n":{"N":"1,\"x\":2"}`)) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := changeFrom(t, text); !fault.Is(err, fault.Invalid) {
				t.Errorf("change = %+v, %v; want Invalid", c, err)
			}
		})
	}
}

func FuzzChangeOf(f *testing.F) {
	f.Add(recordJSON(imageJSON("NewImage", "1.5", `,"n":{"N":"1e3"},"l":{"L":[{"M":{"x":{"NULL":true}}}]}`)) + `}`)
	f.Add(recordJSON(imageJSON("OldImage", "1", `,"b":{"B":"AAEC"}`)) + `,"userIdentity":{"type":"Service"}}`)
	f.Add(`{"dynamodb":{"Keys":null}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var r events.DynamoDBEventRecord
		if json.Unmarshal([]byte(text), &r) != nil {
			return
		}
		c, err := ChangeOf(r, "events")
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("error %v; want Invalid", err)
			}
			return
		}
		for _, it := range []*table.Item{c.Old, c.New} {
			if it == nil {
				continue
			}
			if canonical, err := table.Canonical(it.Body); err != nil || string(canonical) != string(it.Body) || it.Key != c.Key {
				t.Errorf("item %+v of %+v: %v", it, c.Key, err)
			}
		}
	})
}
