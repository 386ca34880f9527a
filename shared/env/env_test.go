package env

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

const secret = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:keys-AbCdEf"

func lookup(m map[string]string) Lookup { return func(name string) string { return m[name] } }

func TestLoadArchive(t *testing.T) {
	got, err := LoadArchive(lookup(map[string]string{
		"BUCKET_DATA":    "prod-data",
		"QUEUE_FAILURES": "https://sqs.eu-west-1.amazonaws.com/111111111111/failures",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := Archive{Bucket: "prod-data", Failures: "https://sqs.eu-west-1.amazonaws.com/111111111111/failures"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
}

func TestEveryFaultIsReportedTogether(t *testing.T) {
	tests := map[string]struct {
		load func(Lookup) error
		set  map[string]string
		want []fault.Field
	}{
		"nothing is set": {
			load: func(l Lookup) error { _, err := LoadArchive(l); return err },
			want: []fault.Field{{Path: "BUCKET_DATA", Reason: "is not set"}, {Path: "QUEUE_FAILURES", Reason: "is not set"}},
		},
		"a queue by name, a bucket with a space": {
			load: func(l Lookup) error { _, err := LoadArchive(l); return err },
			set:  map[string]string{"BUCKET_DATA": "b ", "QUEUE_FAILURES": "failures"},
			want: []fault.Field{{Path: "BUCKET_DATA", Reason: "begins or ends with a space"}, {Path: "QUEUE_FAILURES", Reason: "is not an http or https address"}},
		},
		"a secret by name": {
			load: func(l Lookup) error { _, err := LoadRecommend(l); return err },
			set:  map[string]string{"TABLE_PROFILES": "p", "TABLE_CATALOG": "c", "TABLE_CLICKS": "k", "TABLE_SHOPS": "s", "TABLE_IDENTITY": "i", "TABLE_OFFERS": "o", "TABLE_SEGMENTS": "g", "BUCKET_DATA": "b", "KEYS_SECRET": "keys"},
			want: []fault.Field{{Path: "KEYS_SECRET", Reason: "is not the ARN of a resource of secretsmanager"}},
		},
		"a consent rule that is none": {
			load: func(l Lookup) error { _, err := LoadIngest(l); return err },
			set: map[string]string{"TABLE_EVENTS": "e", "TABLE_PEOPLE": "p", "TABLE_IDENTITY": "i", "TABLE_CATALOG": "c", "TABLE_CLICKS": "k", "TABLE_SHOPS": "s", "TABLE_IMPORTS": "m", "TABLE_CONSENT": "n",
				"BUCKET_DATA": "b", "KEYS_SECRET": secret, "CONSENT": "maybe"},
			want: []fault.Field{{Path: "CONSENT", Reason: "is neither required nor implied"}},
		},
		"a number that is none": {
			load: func(l Lookup) error { _, err := LoadSend(l); return err },
			set: map[string]string{"TABLE_CAMPAIGNS": "c", "TABLE_LEDGER": "l", "TABLE_PEOPLE": "p", "TABLE_PROFILES": "r", "TABLE_SUPPRESSION": "x", "TABLE_SHOPS": "s", "TABLE_CATALOG": "g", "TABLE_OFFERS": "o",
				"TABLE_SEGMENTS": "t", "TABLE_IDENTITY": "i", "BUCKET_DATA": "b", "KEYS_SECRET": secret, "PUBLIC_URL": "https://tea.example", "MAIL_CONFIGURATION_SET": "m", "MAIL_SENDERS": "0"},
			want: []fault.Field{{Path: "MAIL_SENDERS", Reason: "is not a number from 1 up"}},
		},
		"a builder that there is not": {
			load: func(l Lookup) error { _, err := LoadTrain(l); return err },
			set:  map[string]string{"TABLE_CATALOG": "g", "TABLE_CONSENT": "n", "TABLE_SHOPS": "s", "BUCKET_DATA": "b", "BUS_NAME": "u", "TRAIN_BUILD": "spark"},
			want: []fault.Field{{Path: "TRAIN_BUILD", Reason: "is neither embedded nor warehouse"}},
		},
		"a warehouse that is nowhere": {
			load: func(l Lookup) error { _, err := LoadTrain(l); return err },
			set:  map[string]string{"TABLE_CATALOG": "g", "TABLE_CONSENT": "n", "TABLE_SHOPS": "s", "BUCKET_DATA": "b", "BUS_NAME": "u", "TRAIN_BUILD": "warehouse"},
			want: []fault.Field{{Path: "ATHENA_WORKGROUP", Reason: "is not set"}, {Path: "ATHENA_DATABASE", Reason: "is not set"}},
		},
		"the ARN of something else": {
			load: func(l Lookup) error { _, err := LoadRecommend(l); return err },
			set:  map[string]string{"TABLE_PROFILES": "p", "TABLE_CATALOG": "c", "TABLE_CLICKS": "k", "TABLE_SHOPS": "s", "TABLE_IDENTITY": "i", "TABLE_OFFERS": "o", "TABLE_SEGMENTS": "g", "BUCKET_DATA": "b", "KEYS_SECRET": "arn:aws:sqs:eu-west-1:111111111111:q"},
			want: []fault.Field{{Path: "KEYS_SECRET", Reason: "is not the ARN of a resource of secretsmanager"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			err := tt.load(lookup(tt.set))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Invalid {
				t.Fatalf("got %v, want an Invalid fault", err)
			}
			if diff := cmp.Diff(tt.want, f.Fields); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryFunctionLoads loads each function from a full environment and from an empty one.
func TestEveryFunctionLoads(t *testing.T) {
	full := func(name string) string {
		switch name {
		case KeysSecret:
			return secret
		case QueueFailures, QueueSend, PublicURL:
			return "https://sqs.example/1/q"
		case Consent:
			return "implied"
		case TrainBuild:
			return "warehouse"
		case MailSenders, ModelMemory:
			return "2"
		}
		return "x"
	}
	loads := map[string]func(Lookup) error{
		"collect":     func(l Lookup) error { _, err := LoadCollect(l); return err },
		"recommend":   func(l Lookup) error { _, err := LoadRecommend(l); return err },
		"profile":     func(l Lookup) error { _, err := LoadProfile(l); return err },
		"archive":     func(l Lookup) error { _, err := LoadArchive(l); return err },
		"exposures":   func(l Lookup) error { _, err := LoadExposures(l); return err },
		"ingest":      func(l Lookup) error { _, err := LoadIngest(l); return err },
		"offers":      func(l Lookup) error { _, err := LoadOffers(l); return err },
		"train":       func(l Lookup) error { _, err := LoadTrain(l); return err },
		"erase":       func(l Lookup) error { _, err := LoadErase(l); return err },
		"evaluate":    func(l Lookup) error { _, err := LoadEvaluate(l); return err },
		"segment":     func(l Lookup) error { _, err := LoadSegment(l); return err },
		"preferences": func(l Lookup) error { _, err := LoadPreferences(l); return err },
		"campaign":    func(l Lookup) error { _, err := LoadCampaign(l); return err },
		"send":        func(l Lookup) error { _, err := LoadSend(l); return err },
		"console":     func(l Lookup) error { _, err := LoadConsole(l); return err },
		"feedback":    func(l Lookup) error { _, err := LoadFeedback(l); return err },
	}
	for name, load := range loads {
		t.Run(name, func(t *testing.T) {
			if err := load(full); err != nil {
				t.Errorf("a full environment: %v", err)
			}
			if err := load(lookup(nil)); !fault.Is(err, fault.Invalid) {
				t.Errorf("an empty environment: %v, want Invalid", err)
			}
		})
	}
}

func TestModelMemory(t *testing.T) {
	for name, c := range map[string]struct {
		set   string
		want  int64
		wrong bool
	}{
		"not told":         {"", 0, false},
		"told":             {"200", 200 << 20, false},
		"no number":        {"lots", 0, true},
		"less than one":    {"0", 0, true},
		"more than exists": {"99999999999", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := LoadRecommend(func(name string) string {
				switch name {
				case ModelMemory:
					return c.set
				case KeysSecret:
					return "arn:aws:secretsmanager:eu-west-1:1:secret:x"
				}
				return "x"
			})
			if fault.Is(err, fault.Invalid) != c.wrong || err == nil && got.Memory != c.want {
				t.Errorf("%d bytes, %v", got.Memory, err)
			}
		})
	}
}
