package replay

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMask(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"what we drew":                 {`{"requestId":"0af","at":1.50}`, "{\n  \"at\": 1.50,\n  \"requestId\": \"*\"\n}\n"},
		"an id that the payload named": {`["v_anna","v_0123456789012345678901"]`, "[\n  \"v_anna\",\n  \"v_*\"\n]\n"},
		"an id within a key":           {`"tea#v_0123456789012345678901"`, "\"tea#v_*\"\n"},
		"a cookie, not its attributes": {`["__Host-sk=k1.abc; Path=/","sk_consent=tea.1; Path=/"]`, "[\n  \"__Host-sk=*; Path=/\",\n  \"sk_consent=tea.1; Path=/\"\n]\n"},
		"a cookie that is cleared":     {`"__Host-sk=; Path=/; Max-Age=0"`, "\"__Host-sk=; Path=/; Max-Age=0\"\n"},
		"a session of staff":           {`["__Host-sk-staff=k1.abc; Path=/",{"csrf":"k1.def"}]`, "[\n  \"__Host-sk-staff=*; Path=/\",\n  {\n    \"csrf\": \"*\"\n  }\n]\n"},
		"a style's fingerprint":        {`"/console/assets/console.css?0123456789abcdef01 /a?0123456789abcdef01"`, "\"/console/assets/console.css?* /a?0123456789abcdef01\"\n"},
		"a body is shown as an object": {`"{\"a\":\"<b>\"}"`, "{\n  \"a\": \"<b>\"\n}\n"},
		"a decision on consent":        {`"1777636800000-2e0b07d712c41f03"`, "\"1777636800000-*\"\n"},
		"a temporary folder":           {`"open /tmp/TestReplay_x12/002/imports/a.csv: none"`, "\"open */imports/a.csv: none\"\n"},
		"a model's version":            {`["12345678901234567890","models/tea/0123456789abcdef.model","model-tea-0123456789abcdef","100000000000000000002"]`, "[\n  \"*\",\n  \"models/tea/*.model\",\n  \"model-tea-*\",\n  \"100000000000000000002\"\n]\n"},
		"what has no value":            {`{"a":null,"b":[],"c":"0001-01-01T00:00:00Z","d":0}`, "{\n  \"b\": [],\n  \"d\": 0\n}\n"},
		"a text that only begins so":   {`"{a"`, "\"{a\"\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Mask([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("masked (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := Mask([]byte(`{`)); err == nil {
		t.Error("what is no JSON was masked")
	}
}
