package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/web"
)

func TestStreamsAreFollowedToTheLastRecord(t *testing.T) {
	d := synthesize(t, "prod")
	followed := map[string]bool{}
	for _, m := range d.of("service", "AWS::Lambda::EventSourceMapping") {
		if strings.HasSuffix(m.path(), "/jobs") {
			continue
		}
		followed[m.path()] = true
		t.Run(m.path(), func(t *testing.T) {
			wantAt(t, m, []any{"ReportBatchItemFailures"}, "FunctionResponseTypes")
			wantAt(t, m, true, "BisectBatchOnFunctionError")
			wantAt(t, m, float64(followRetries), "MaximumRetryAttempts")
			wantAt(t, m, float64(followHours*3600), "MaximumRecordAgeInSeconds")
			wantAt(t, m, "TRIM_HORIZON", "StartingPosition")
			if !strings.Contains(text(at(m.Properties, "DestinationConfig", "OnFailure")), "failures") {
				t.Error("a batch that fails for good goes nowhere")
			}
			inserts := strings.Contains(text(at(m.Properties, "FilterCriteria")), "INSERT")
			if all := strings.HasPrefix(m.path(), "segment/"); inserts == all {
				t.Errorf("hears of inserts alone: %t", inserts) // profiles change and go, events only come
			}
			if !strings.Contains(text(at(m.Properties, "FunctionName")), ":live") {
				t.Error("does not call the alias")
			}
		})
	}
	want := []string{"archive/changes", "offers/changes", "profile/changes", "segment/changes-people", "segment/changes-profiles"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(followed))); diff != "" {
		t.Errorf("what is followed (-want +got):\n%s", diff)
	}
}

func TestJobsAreDoneByFew(t *testing.T) {
	d := synthesize(t, "prod")
	m := d.one(t, "service", "AWS::Lambda::EventSourceMapping", "send")
	wantAt(t, m, []any{"ReportBatchItemFailures"}, "FunctionResponseTypes")
	wantAt(t, m, float64(senders), "ScalingConfig", "MaximumConcurrency")
	q := d.one(t, "service", "AWS::SQS::Queue", "jobs")
	if got := at(q.Properties, "VisibilityTimeout").(float64); got < 6*sendTimeout.Seconds() {
		t.Errorf("a job is hidden for %v s, less than six times a call", got)
	}
	if got := at(q.Properties, "RedrivePolicy", "maxReceiveCount").(float64); got < 5 {
		t.Errorf("a job is given up after %v tries", got)
	}
}

func TestMailComesBack(t *testing.T) {
	d := synthesize(t, "prod")
	rule := d.one(t, "service", "AWS::Events::Rule", "feedback")
	if pattern := text(rule.Properties["EventPattern"]); !strings.Contains(pattern, "aws.ses") || !strings.Contains(pattern, "shopkeeper-prod-mail") {
		t.Errorf("pattern %s", pattern)
	}
	set := d.one(t, "mail-settings", "AWS::SES::ConfigurationSet", "messages")
	wantAt(t, set, "shopkeeper-prod-mail", "Name")
	wantAt(t, set, "REQUIRE", "DeliveryOptions", "TlsPolicy")
	events := d.one(t, "mail-settings", "AWS::SES::ConfigurationSetEventDestination", "events")
	for _, kind := range []string{"bounce", "complaint", "delivery", "reject"} {
		if !slices.Contains(list(at(events.Properties, "EventDestination", "MatchingEventTypes")), any(kind)) {
			t.Errorf("%s is told to nobody", kind)
		}
	}
}

// TestWhatIsShownIsKept follows the lines: from recommend's log, by one filter that lets exposures through, to the function, which the log may call, and into files that end.
func TestWhatIsShownIsKept(t *testing.T) {
	d := synthesize(t, "prod")
	filters := d.of("service", "AWS::Logs::SubscriptionFilter")
	if len(filters) != 1 {
		t.Fatalf("%d filters, want 1: a log takes two at most", len(filters))
	}
	wantAt(t, filters[0], `{ ($.at > 0) && ($.seed >= 0) && ($.shop = "*") }`, "FilterPattern")
	if from := text(filters[0].Properties["LogGroupName"]); !strings.Contains(from, "recommendlog") {
		t.Errorf("reads the log %s", from)
	}
	live := d.one(t, "service", "AWS::Lambda::Alias", "exposures")
	if to := text(filters[0].Properties["DestinationArn"]); !strings.Contains(to, "exposureslive") || live.Properties["Name"] != "live" {
		t.Errorf("calls %s", to)
	}
	if !slices.ContainsFunc(d.of("service", "AWS::Lambda::Permission"), func(p resource) bool {
		return p.Properties["Principal"] == "logs.amazonaws.com" && strings.Contains(text(p.Properties["SourceArn"]), "recommendlog") && strings.Contains(text(p.Properties["FunctionName"]), "exposureslive")
	}) {
		t.Error("the log may not call the function: nothing would arrive")
	}
	rules := text(d.one(t, "data", "AWS::S3::Bucket", "files").Properties["LifecycleConfiguration"])
	if !strings.Contains(rules, `"ExpirationInDays":90,"Id":"forget-exposures","Prefix":"exposures/","Status":"Enabled"`) {
		t.Errorf("what was shown is kept for ever: %s", rules)
	}
}

func TestOtherTriggersHaveADeadLetterQueue(t *testing.T) {
	d := synthesize(t, "prod")
	rule := d.one(t, "service", "AWS::Events::Rule", "ingest")
	for _, target := range list(rule.Properties["Targets"]) {
		if !strings.Contains(text(at(target, "DeadLetterConfig")), "failures") || at(target, "RetryPolicy", "MaximumRetryAttempts") == nil {
			t.Errorf("target %s", text(target))
		}
	}
	for _, prefix := range []string{"imports/", "shops/"} {
		if !strings.Contains(text(rule.Properties["EventPattern"]), fmt.Sprintf(`{"prefix":%q}`, prefix)) {
			t.Errorf("files under %s reach nobody", prefix)
		}
	}
	night := d.one(t, "service", "AWS::Scheduler::Schedule", "train")
	if !strings.Contains(text(at(night.Properties, "Target", "DeadLetterConfig")), "failures") {
		t.Error("a night that is missed is never noticed")
	}
	queue := d.one(t, "service", "AWS::SQS::Queue", "failures")
	wantAt(t, queue, true, "SqsManagedSseEnabled")
	if policy := d.one(t, "service", "AWS::SQS::QueuePolicy", "failures"); !strings.Contains(text(policy.Properties), `"aws:SecureTransport":"false"`) {
		t.Error("the failure queue answers without TLS")
	}
	wantAt(t, queue, 14.0*24*3600, "MessageRetentionPeriod")
}

func TestAPI(t *testing.T) {
	d := synthesize(t, "prod")
	var got []string
	for _, r := range d.of("service", "AWS::ApiGatewayV2::Route") {
		key, _ := r.Properties["RouteKey"].(string)
		got = append(got, key)
	}
	for _, p := range slices.Concat(collectPaths, recommendPaths, preferencePaths, consolePaths) {
		if !slices.Contains(got, "ANY "+p) {
			t.Errorf("no route for %s", p)
		}
	}
	for _, key := range got {
		if key == "$default" || strings.Contains(key, "+}") && !slices.Contains(consolePaths, strings.TrimPrefix(key, "ANY ")) {
			t.Errorf("route %s takes any path", key)
		}
	}
	front := d.one(t, "service", "AWS::ApiGatewayV2::Stage", "default")
	wantAt(t, front, "$default", "StageName")
	wantAt(t, front, 1000.0, "DefaultRouteSettings", "ThrottlingRateLimit")
	wantAt(t, front, 2000.0, "DefaultRouteSettings", "ThrottlingBurstLimit")
	format, _ := at(front.Properties, "AccessLogSettings", "Format").(string)
	for _, private := range []string{"identity", "path", "query", "header", "authorizer", "resourcePath", "domainName"} {
		if strings.Contains(strings.ToLower(format), private) {
			t.Errorf("the access log keeps %s", private)
		}
	}
	if !strings.Contains(format, "$context.requestId") {
		t.Error("the access log lacks the request id")
	}
	wantAt(t, d.one(t, "service", "AWS::Logs::LogGroup", "access"), 90.0, "RetentionInDays")
}

// TestRoutesAreThoseThatTheFunctionsAnswer compares the gateway's paths with the tables of the handlers behind it: none is missing, none leads nowhere.
func TestRoutesAreThoseThatTheFunctionsAnswer(t *testing.T) {
	tests := map[string]struct {
		routes []web.Route
		paths  []string
	}{
		"collect":   {web.CollectRoutes(time.Now, web.CollectDeps{}), collectPaths},
		"recommend": {web.RecommendRoutes(web.RecommendDeps{}), recommendPaths},

		"preferences": {web.PreferencesRoutes(web.PreferencesDeps{}), preferencePaths},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var want []string
			for _, r := range tt.routes {
				if r.Path != "/healthz" { // asked of the local process; AWS watches its own
					want = append(want, strings.TrimSuffix(r.Path, "/{$}")) // a path with and without a slash is one route on AWS
				}
			}
			slices.Sort(want)
			got := slices.Sorted(slices.Values(tt.paths))
			if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
				t.Errorf("paths (-answered +led to):\n%s", diff)
			}
		})
	}
}

func TestAlarmsReachSomebody(t *testing.T) {
	d := synthesize(t, "prod")
	names := map[string]bool{}
	for _, a := range d.of("observability", "AWS::CloudWatch::Alarm") {
		name, _ := a.Properties["AlarmName"].(string)
		names[strings.TrimPrefix(name, "shopkeeper-prod-")] = true
		if len(list(a.Properties["AlarmActions"])) == 0 {
			t.Errorf("%s tells nobody", name)
		}
		if a.Properties["AlarmDescription"] == nil {
			t.Errorf("%s does not say what to do", name)
		}
	}
	for _, want := range []string{"api-5xx", "api-p99", "failures", "failures-age", "exposures-undelivered", "profile-iterator-age", "archive-iterator-age", "segment-iterator-age", "offers-iterator-age"} {
		if !names[want] {
			t.Errorf("no alarm %s", want)
		}
	}
	for _, spec := range tableSpecs {
		for _, calls := range []string{"read", "write"} {
			if !names["table-"+string(spec.name)+"-"+calls+"-throttles"] {
				t.Errorf("no alarm on throttled %ss of %s", calls, spec.name)
			}
		}
	}
	all := d.one(t, "observability", "AWS::CloudWatch::CompositeAlarm", "functions")
	if rules := strings.Count(text(all.Properties["AlarmRule"]), "ALARM("); rules != 3*len(functionNames(t)) || len(list(all.Properties["AlarmActions"])) == 0 {
		t.Errorf("the composite alarm knows %d alarms, want three a function, and an action", rules)
	}
	topic := d.one(t, "observability", "AWS::SNS::Topic", "alarms")
	if topic.Properties["KmsMasterKeyId"] == nil {
		t.Error("alarms are not encrypted on their way")
	}
	key := d.one(t, "observability", "AWS::KMS::Key", "alarm-key")
	if !strings.Contains(text(key.Properties["KeyPolicy"]), "cloudwatch.amazonaws.com") {
		t.Error("CloudWatch may not use the topic's key: no alarm would arrive")
	}
	if policy := d.one(t, "observability", "AWS::SNS::TopicPolicy", "alarms"); !strings.Contains(text(policy.Properties), "cloudwatch.amazonaws.com") {
		t.Error("CloudWatch may not publish to the topic: no alarm would arrive")
	}
	d.one(t, "observability", "AWS::CloudWatch::Dashboard", "dashboard")
	d.one(t, "observability", "AWS::SNS::Subscription", "alarms")
}

func TestTheEmulatorsTemplatesHaveOnlyWhatItKnows(t *testing.T) {
	d := synthesize(t, "emulator")
	for stack, read := range d.read {
		for id, r := range read.Resources {
			switch r.Type {
			case "AWS::CloudWatch::CompositeAlarm", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::Budgets::Budget":
				t.Errorf("%s has %s %s", stack, r.Type, id)
			}
			if r.DeletionPolicy == "Retain" {
				t.Errorf("%s keeps %s", stack, id)
			}
		}
	}
}

// TestTokensOfAnIdentityProvider deploys with one: its tokens alone open the admin API, and one path of the console takes a token for a session. Without one no route asks the gateway for a token.
func TestTokensOfAnIdentityProvider(t *testing.T) {
	stage := stages["dev"]
	stage.Issuer, stage.Audience = "https://login.example.com/", "shopkeeper"
	stage.Assets = assets(t)
	d, err := run(stage, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	who := d.one(t, "service", "AWS::ApiGatewayV2::Authorizer", "api")
	wantAt(t, who, "JWT", "AuthorizerType")
	wantAt(t, who, map[string]any{"Audience": []any{"shopkeeper"}, "Issuer": "https://login.example.com/"}, "JwtConfiguration")
	guarded := func(d deployment) (keys []string) {
		for _, r := range d.of("service", "AWS::ApiGatewayV2::Route") {
			if r.Properties["AuthorizationType"] == "JWT" {
				keys = append(keys, r.Properties["RouteKey"].(string))
			}
		}
		slices.Sort(keys)
		return keys
	}
	if diff := cmp.Diff([]string{"ANY /admin/v1/{path+}", "ANY /console/token"}, guarded(d)); diff != "" {
		t.Errorf("routes that take tokens alone (-want +got):\n%s", diff)
	}
	if open := guarded(synthesize(t, "prod")); open != nil {
		t.Errorf("without an identity provider %v ask for tokens", open)
	}
}
