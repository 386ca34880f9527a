package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// What the deployment as a whole is held to. What a single function is held to stands with the function.
const (
	apiSlowMs        = 1000   // p99 of all routes
	iteratorLateMs   = 60_000 // how long a change may wait for the function that follows it
	failureWaitHours = 24     // how long a failure may lie before somebody looks at it
)

// watch makes the parts of the observability stack.
type watch struct {
	stage   Stage
	stack   awscdk.Stack
	service Service
	data    Data
}

// NewObservability makes the stack of alarms, dashboard, and whom they tell.
func NewObservability(scope constructs.Construct, stage Stage, data Data, service Service) awscdk.Stack {
	stack := awscdk.NewStack(scope, stage.id("observability"), &awscdk.StackProps{Description: str("Shopkeeper " + stage.Name + ": alarms and dashboard")})
	w := watch{stage: stage, stack: stack, service: service, data: data}
	topic := w.topic()
	alarms := w.alarms()
	for _, a := range alarms {
		a.AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))
	}
	w.composite(topic)
	w.dashboard(alarms)
	w.budget(topic)
	return stack
}

// topic is encrypted with a key of its own, because CloudWatch may not use the account's default one.
func (w watch) topic() awssns.Topic {
	key := awskms.NewKey(w.stack, str("alarm-key"), &awskms.KeyProps{
		Description:       str("Encrypts Shopkeeper's alarms on their way"),
		EnableKeyRotation: yes,
		RemovalPolicy:     awscdk.RemovalPolicy_DESTROY,
	})
	topic := awssns.NewTopic(w.stack, str("alarms"), &awssns.TopicProps{DisplayName: str("Shopkeeper " + w.stage.Name), MasterKey: key, EnforceSSL: yes})
	// A policy of its own takes the place of the one that lets this account's services publish.
	senders := []string{"cloudwatch.amazonaws.com"}
	if w.stage.MonthlyUSD > 0 {
		senders = append(senders, "budgets.amazonaws.com")
	}
	for _, service := range senders {
		sender := awsiam.NewServicePrincipal(&service, &awsiam.ServicePrincipalOpts{Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": w.stack.Account()}}})
		key.Grant(sender, str("kms:Decrypt"), str("kms:GenerateDataKey"))
		topic.GrantPublish(sender)
	}
	if w.stage.AlarmMail != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&w.stage.AlarmMail, nil))
	}
	return topic
}

// alarms are those of the deployment as a whole.
func (w watch) alarms() []awscloudwatch.Alarm {
	five := func(stat string) *awscloudwatch.MetricOptions {
		return &awscloudwatch.MetricOptions{Period: minutes(5), Statistic: &stat}
	}
	alarms := []awscloudwatch.Alarm{
		newAlarm(w.stack, w.stage, "api-5xx", alarmSpec{metric: w.service.API.MetricServerError(five("Sum")), above: 0, periods: 1,
			means: "the HTTP API answered 5xx: the access log names the route and the request id"}),
		newAlarm(w.stack, w.stage, "api-p99", alarmSpec{metric: w.service.API.MetricLatency(five("p99")), above: apiSlowMs, periods: 3,
			means: "one answer in a hundred takes longer than a second"}),
		newAlarm(w.stack, w.stage, "failures", alarmSpec{metric: w.service.Failures.MetricApproximateNumberOfMessagesVisible(five("Maximum")), above: 0, periods: 1,
			means: "something could never be handled: read the failure queue, repair, send it again"}),
		newAlarm(w.stack, w.stage, "failures-age", alarmSpec{metric: w.service.Failures.MetricApproximateAgeOfOldestMessage(five("Maximum")),
			above: failureWaitHours * 3600, periods: 1, means: "a failure lies unattended; the queue forgets it after 14 days"}),
		newAlarm(w.stack, w.stage, "exposures-undelivered", alarmSpec{metric: w.service.Undelivered, above: 0, periods: 1,
			means: "the log of recommend could not hand on what was shown: may it call the function exposures? What it could not is lost to comparisons of models"}),
	}
	for _, f := range w.service.Followers {
		late := f.Lambda.Metric(str("IteratorAge"), five("Maximum"))
		alarms = append(alarms, newAlarm(w.stack, w.stage, f.Name+"-iterator-age", alarmSpec{metric: late, above: iteratorLateMs, periods: 2,
			means: f.Name + " is more than a minute behind the events: is it failing, or does it need more parallel calls?"}))
	}
	for _, spec := range tableSpecs {
		for _, calls := range []string{"Read", "Write"} {
			refused := w.data.Tables[spec.name].Metric(str(calls+"ThrottleEvents"), five("Sum"))
			name := "table-" + string(spec.name) + "-" + strings.ToLower(calls) + "-throttles"
			alarms = append(alarms, newAlarm(w.stack, w.stage, name, alarmSpec{metric: refused, above: 0, periods: 3,
				means: calls + "s of the table " + string(spec.name) + " are refused: one partition is too hot, or the account's limit is reached"}))
		}
	}
	return alarms
}

// composite rings once for the alarms of all functions, however many of them go off together.
func (w watch) composite(topic awssns.ITopic) {
	if w.stage.Emulated {
		return
	}
	var rules []awscloudwatch.IAlarmRule
	for _, f := range w.service.Functions {
		for _, a := range f.Alarms {
			rules = append(rules, awscloudwatch.AlarmRule_FromAlarm(a, awscloudwatch.AlarmState_ALARM))
		}
	}
	all := awscloudwatch.NewCompositeAlarm(w.stack, str("functions"), &awscloudwatch.CompositeAlarmProps{
		CompositeAlarmName: w.stage.id("functions"),
		AlarmDescription:   str("A function fails, is throttled or slow: its own alarm says which and what to do"),
		AlarmRule:          awscloudwatch.AlarmRule_AnyOf(rules...),
	})
	all.AddAlarmAction(awscloudwatchactions.NewSnsAction(topic))
}

// dashboard shows, from the top: is anything wrong, what visitors feel, how far behind the feed is, what the functions do.
func (w watch) dashboard(alarms []awscloudwatch.Alarm) {
	every := make([]interfacesawscloudwatch.IAlarmRef, 0, len(alarms))
	for _, a := range alarms {
		every = append(every, a)
	}
	calls, late, took, failed := []awscloudwatch.IMetric{}, []awscloudwatch.IMetric{}, []awscloudwatch.IMetric{}, []awscloudwatch.IMetric{}
	for _, f := range w.service.Functions {
		calls = append(calls, f.Lambda.MetricInvocations(&awscloudwatch.MetricOptions{Label: &f.Name}))
		took = append(took, f.Lambda.MetricDuration(&awscloudwatch.MetricOptions{Label: &f.Name, Statistic: str("p99")}))
		failed = append(failed, f.Lambda.MetricErrors(&awscloudwatch.MetricOptions{Label: &f.Name}))
	}
	for _, f := range w.service.Followers {
		late = append(late, f.Lambda.Metric(str("IteratorAge"), &awscloudwatch.MetricOptions{Label: &f.Name, Statistic: str("Maximum")}))
	}
	board := awscloudwatch.NewDashboard(w.stack, str("dashboard"), &awscloudwatch.DashboardProps{DashboardName: w.stage.id("overview")})
	board.AddWidgets(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{Title: str("Alarms"), Alarms: &every, Width: num(24)}))
	board.AddWidgets(
		graph("Requests", w.service.API.MetricCount(nil), w.service.API.MetricClientError(nil), w.service.API.MetricServerError(nil)),
		graph("Answer time, ms", w.latency("p50"), w.latency("p99")),
		graph("Behind the events, ms", late...),
	)
	board.AddWidgets(graph("Calls", calls...), graph("Duration p99, ms", took...), graph("Errors", failed...))
	board.AddWidgets(graph("Failures waiting", w.service.Failures.MetricApproximateNumberOfMessagesVisible(nil)), w.capacity("ConsumedReadCapacityUnits", "Read units"),
		w.capacity("ConsumedWriteCapacityUnits", "Write units"))
}

func (w watch) latency(stat string) awscloudwatch.IMetric {
	return w.service.API.MetricLatency(&awscloudwatch.MetricOptions{Statistic: &stat, Label: &stat})
}

func (w watch) capacity(metric, title string) awscloudwatch.IWidget {
	var units []awscloudwatch.IMetric
	for _, spec := range tableSpecs {
		units = append(units, w.data.Tables[spec.name].Metric(&metric, &awscloudwatch.MetricOptions{Label: str(string(spec.name)), Statistic: str("Sum")}))
	}
	return graph(title, units...)
}

func graph(title string, metrics ...awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{Title: &title, Left: &metrics, Width: num(8)})
}

// budget tells when a month is forecast to cost more than the stage allows for what carries its tags.
func (w watch) budget(topic awssns.ITopic) {
	if w.stage.MonthlyUSD == 0 {
		return
	}
	awsbudgets.NewCfnBudget(w.stack, str("budget"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{
			BudgetName:  w.stage.id("monthly"),
			BudgetType:  str("COST"),
			TimeUnit:    str("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: num(w.stage.MonthlyUSD), Unit: str("USD")},
			CostFilters: map[string]any{"TagKeyValue": []string{"user:stage$" + w.stage.Name}},
		},
		NotificationsWithSubscribers: []any{&awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{
				NotificationType: str("FORECASTED"), ComparisonOperator: str("GREATER_THAN"), Threshold: jsii.Number(100), ThresholdType: str("PERCENTAGE"),
			},
			Subscribers: []any{&awsbudgets.CfnBudget_SubscriberProperty{SubscriptionType: str("SNS"), Address: topic.TopicArn()}},
		}},
	})
}
