package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/env"
)

// text is a value of a template as JSON, for searching in it.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// at walks into nested objects; nil when there is nothing.
func at(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// list is v as a list; what is single becomes a list of one, as in policies.
func list(v any) []any {
	switch l := v.(type) {
	case nil:
		return nil
	case []any:
		return l
	}
	return []any{v}
}

func wantAt(t *testing.T, r resource, want any, path ...string) {
	t.Helper()
	if diff := cmp.Diff(want, at(r.Properties, path...)); diff != "" {
		t.Errorf("%s %s: %s (-want +got):\n%s", r.Type, r.path(), strings.Join(path, "."), diff)
	}
}

func TestEveryFunctionFolderIsDeployed(t *testing.T) {
	var got []string
	for _, f := range synthesize(t, "prod").of("service", "AWS::Lambda::Function") {
		name, _, _ := strings.Cut(f.path(), "/")
		got = append(got, name)
	}
	slices.Sort(got)
	if diff := cmp.Diff(functionNames(t), got); diff != "" {
		t.Errorf("functions (-folders +deployed):\n%s", diff)
	}
}

func TestFunctionsAreAllOfOneKind(t *testing.T) {
	d := synthesize(t, "prod")
	for _, f := range d.of("service", "AWS::Lambda::Function") {
		name, _, _ := strings.Cut(f.path(), "/")
		t.Run(name, func(t *testing.T) {
			wantAt(t, f, []any{"arm64"}, "Architectures")
			wantAt(t, f, "provided.al2023", "Runtime")
			wantAt(t, f, "Active", "TracingConfig", "Mode")
			wantAt(t, f, "JSON", "LoggingConfig", "LogFormat")
			logs := d.one(t, "service", "AWS::Logs::LogGroup", name)
			wantAt(t, logs, 90.0, "RetentionInDays")
			wantAt(t, d.one(t, "service", "AWS::Lambda::Alias", name), "live", "Name")
			failing := d.one(t, "service", "AWS::Lambda::EventInvokeConfig", name)
			if !strings.Contains(text(at(failing.Properties, "DestinationConfig", "OnFailure")), "failures") {
				t.Error("an asynchronous call that fails for good goes nowhere")
			}
			if deployment := d.one(t, "service", "AWS::CodeDeploy::DeploymentGroup", name); !strings.Contains(text(deployment.Properties), "LambdaCanary") {
				t.Error("a new version takes all traffic at once")
			}
			for _, kind := range []string{"Errors", "Throttles", "Duration"} {
				if !slices.ContainsFunc(d.of("service", "AWS::CloudWatch::Alarm"), func(a resource) bool {
					return strings.HasPrefix(a.path(), name+"/") && a.Properties["MetricName"] == kind
				}) {
					t.Errorf("no alarm on %s", kind)
				}
			}
		})
	}
}

// anyResource are the actions that AWS knows no narrower resource for.
var anyResource = map[string]string{
	"xray:PutTraceSegments":    "traces have no resource",
	"xray:PutTelemetryRecords": "traces have no resource",
	"ses:GetAccount":           "an account has one",
}

func TestRolesMayOnlyWhatTheyNeed(t *testing.T) {
	d := synthesize(t, "prod")
	for _, p := range d.of("service", "AWS::IAM::Policy") {
		t.Run(p.path(), func(t *testing.T) {
			for _, s := range list(at(p.Properties, "PolicyDocument", "Statement")) {
				actions, resources := list(at(s, "Action")), list(at(s, "Resource"))
				for _, a := range actions {
					if strings.Contains(a.(string), "*") {
						t.Errorf("action %s", a)
					}
					if a == "dynamodb:Scan" {
						t.Error("may scan a table")
					}
					if _, known := anyResource[a.(string)]; slices.Contains(resources, any("*")) && !known {
						t.Errorf("%s on every resource", a)
					}
				}
				for _, r := range resources {
					if r != "*" && strings.Contains(strings.ReplaceAll(text(r), `/*"`, `"`), "*") {
						t.Errorf("resource %s", text(r)) // only files of one folder, and the account's senders, end in /*
					}
				}
			}
		})
	}
	for _, r := range d.of("service", "AWS::IAM::Role") {
		if managed := list(r.Properties["ManagedPolicyArns"]); len(managed) > 0 && !strings.HasSuffix(r.path(), "/deployment/ServiceRole") {
			t.Errorf("%s has the ready-made policy %s", r.path(), text(managed))
		}
	}
}

// may are the actions of a function on resources whose text contains part.
func may(t *testing.T, d deployment, function, part string) []string {
	t.Helper()
	var out []string
	p := d.one(t, "service", "AWS::IAM::Policy", function+"/role")
	for _, s := range list(at(p.Properties, "PolicyDocument", "Statement")) {
		if strings.Contains(text(at(s, "Resource")), part) {
			for _, a := range list(at(s, "Action")) {
				out = append(out, a.(string))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestWhoMayWhat(t *testing.T) {
	d := synthesize(t, "prod")
	read := []string{"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
	tests := map[string]struct {
		function, resource string
		want               []string
	}{
		"recommend reads profiles and never writes them": {"recommend", "GetAttprofiles", read},
		"recommend does not know people":                 {"recommend", "GetAttpeople", nil},
		"recommend only reads models":                    {"recommend", "/models/*", []string{"s3:GetObject"}},
		"profile makes no events":                        {"profile", "GetAttevents26E65764Arn", append([]string{"dynamodb:BatchGetItem", "dynamodb:DeleteItem"}, read[1:]...)},
		"profile does not know who is who":               {"profile", "GetAttidentity", nil},
		"recommend asks who is who and binds nobody":     {"recommend", "GetAttidentity", read},
		"archive reads no table":                         {"archive", "GetAttevents26E65764Arn", nil},
		"archive writes no model":                        {"archive", "/models/*", nil},
		"train does not know people":                     {"train", "GetAttpeople", nil},
		"train does not know keys":                       {"train", "GetAttkeys", nil},
		"collect knows the keys":                         {"collect", "GetAttkeys", []string{"secretsmanager:GetSecretValue"}},
		"train does not know profiles":                   {"train", "GetAttprofiles", nil},
		"collect does not know files":                    {"collect", "GetAttfiles", nil},
		"segment tells people apart and changes none":    {"segment", "GetAttpeople", []string{"dynamodb:BatchGetItem", "dynamodb:DescribeStream", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams", "dynamodb:Query"}},
		"offers changes no profile":                      {"offers", "GetAttprofiles", read},
		"campaign sends nothing itself":                  {"campaign", ":identity/", nil},
		"send changes nobody":                            {"send", "GetAttpeople", read},
		"send hands over mail and nothing else of SES":   {"send", ":identity/", []string{"ses:SendBulkEmail"}},
		"send hands it over by our configuration set":    {"send", ":configuration-set/shopkeeper-", []string{"ses:SendBulkEmail"}},
		"feedback does not know people":                  {"feedback", "GetAttpeople", nil},
		"evaluate does not know people":                  {"evaluate", "GetAttpeople", nil},
		"erase makes no models":                          {"erase", "/models/*", nil},
		"preferences does not know staff":                {"preferences", "GetAttstaff", nil},
		"recommend does not know staff":                  {"recommend", "GetAttstaff", nil},
		"console chooses among models and removes none":  {"console", "/models/*", []string{"s3:GetObject", "s3:PutObject"}},
		"exposures keeps what was shown and reads none":  {"exposures", "/exposures/*", []string{"s3:PutObject"}},
		"exposures knows no other files":                 {"exposures", "/archive/*", nil},
		"recommend keeps nothing itself":                 {"recommend", "/exposures/*", nil},
		"erase takes people out of what was shown":       {"erase", "/exposures/*", []string{"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}},
		"ingest makes no models":                         {"ingest", "/models/*", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, may(t, d, tt.function, tt.resource)); diff != "" {
				t.Errorf("%s on %s (-want +got):\n%s", tt.function, tt.resource, diff)
			}
		})
	}
}

// TestEnvironment loads each function's configuration from the environment that it is deployed with: nothing is missing, and nothing is there that it does not ask for.
func TestEnvironment(t *testing.T) {
	loads := map[string]func(env.Lookup) error{
		"collect":   func(l env.Lookup) error { _, err := env.LoadCollect(l); return err },
		"recommend": func(l env.Lookup) error { _, err := env.LoadRecommend(l); return err },
		"profile":   func(l env.Lookup) error { _, err := env.LoadProfile(l); return err },
		"archive":   func(l env.Lookup) error { _, err := env.LoadArchive(l); return err },
		"exposures": func(l env.Lookup) error { _, err := env.LoadExposures(l); return err },
		"ingest":    func(l env.Lookup) error { _, err := env.LoadIngest(l); return err },
		"train":     func(l env.Lookup) error { _, err := env.LoadTrain(l); return err },

		"segment":     func(l env.Lookup) error { _, err := env.LoadSegment(l); return err },
		"offers":      func(l env.Lookup) error { _, err := env.LoadOffers(l); return err },
		"campaign":    func(l env.Lookup) error { _, err := env.LoadCampaign(l); return err },
		"send":        func(l env.Lookup) error { _, err := env.LoadSend(l); return err },
		"feedback":    func(l env.Lookup) error { _, err := env.LoadFeedback(l); return err },
		"evaluate":    func(l env.Lookup) error { _, err := env.LoadEvaluate(l); return err },
		"erase":       func(l env.Lookup) error { _, err := env.LoadErase(l); return err },
		"preferences": func(l env.Lookup) error { _, err := env.LoadPreferences(l); return err },
		"console":     func(l env.Lookup) error { _, err := env.LoadConsole(l); return err },
	}
	for _, f := range synthesize(t, "prod").of("service", "AWS::Lambda::Function") {
		name, _, _ := strings.Cut(f.path(), "/")
		t.Run(name, func(t *testing.T) {
			set, _ := at(f.Properties, "Environment", "Variables").(map[string]any)
			asked := map[string]bool{}
			err := loads[name](func(v string) string {
				asked[v] = true
				switch v {
				case env.KeysSecret:
					return "arn:aws:secretsmanager:eu-west-1:111111111111:secret:keys"
				case env.ConsoleShop:
					delete(asked, v) // may be missing
					return ""
				case env.QueueFailures, env.QueueSend, env.PublicURL:
					return "https://sqs.eu-west-1.amazonaws.com/111111111111/failures"
				}
				value, plain := set[v].(string)
				if set[v] != nil && !plain {
					return "a name of another resource"
				}
				return value
			})
			if err != nil {
				t.Errorf("cannot start: %v", err)
			}
			for v := range set {
				if !asked[v] {
					t.Errorf("%s is set and nobody asks for it", v)
				}
			}
			for v := range asked {
				if set[v] == nil {
					t.Errorf("%s is asked for and not set", v)
				}
			}
		})
	}
}
