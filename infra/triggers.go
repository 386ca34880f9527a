package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogsdestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsschedulertargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// follow is how a function reads a table's changes.
type follow struct {
	batch    int // records at most in one call
	window   awscdk.Duration
	parallel int    // calls per shard; order is kept per partition
	all      bool   // changes and removals too
	id       string // of the mapping within the function; empty: it follows one table alone
	failures awssqs.IQueue
}

// The retries of one batch end after that many tries or hours, whatever comes first, and long before the stream forgets (24 h).
const (
	followRetries = 10
	followHours   = 6
)

// Follow calls the function with each change that adds an item, or with all changes, in batches. What it reports as failed is tried again from there, halved, and after all tries
// goes to the failure queue. Of events nobody needs to hear of expiry and erasure.
func (f Function) Follow(t awsdynamodb.Table, how follow) {
	read := f.May(t.TableStreamArn(), "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
	id := "changes"
	if how.id != "" {
		id += "-" + how.id
	}
	var filters *[]*map[string]any
	if !how.all {
		filters = &[]*map[string]any{awslambda.FilterCriteria_Filter(&map[string]any{"eventName": awslambda.FilterRule_IsEqual(str("INSERT"))})}
	}
	mapping := awslambda.NewEventSourceMapping(f.scope, &id, &awslambda.EventSourceMappingProps{
		Target:                  f.Live,
		EventSourceArn:          t.TableStreamArn(),
		StartingPosition:        awslambda.StartingPosition_TRIM_HORIZON,
		BatchSize:               num(how.batch),
		MaxBatchingWindow:       how.window,
		ParallelizationFactor:   num(how.parallel),
		ReportBatchItemFailures: yes,
		BisectBatchOnError:      yes,
		RetryAttempts:           num(followRetries),
		MaxRecordAge:            hours(followHours),
		OnFailure:               awslambdaeventsources.NewSqsDlq(how.failures),
		Filters:                 filters,
	})
	read.ApplyBefore(mapping)
}

// OnFile calls the function with each file that appears in the bucket under one of the prefixes.
func (f Function) OnFile(b awss3.IBucket, failures awssqs.IQueue, prefixes ...string) {
	keys := make([]any, 0, len(prefixes))
	for _, p := range prefixes {
		keys = append(keys, map[string]any{"prefix": p})
	}
	awsevents.NewRule(f.scope, str("files"), &awsevents.RuleProps{
		Description: str("A file was dropped"),
		EventPattern: &awsevents.EventPattern{
			Source:     strs("aws.s3"),
			DetailType: strs("Object Created"),
			Detail: &map[string]any{
				"bucket": map[string]any{"name": []any{b.BucketName()}},
				"object": map[string]any{"key": keys},
			},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(f.Live, &awseventstargets.LambdaFunctionProps{
			DeadLetterQueue: failures,
			RetryAttempts:   num(10),
			MaxEventAge:     hours(followHours),
		})},
	})
}

// Nightly calls the function once a night at an hour (UTC), within the hour that follows.
func (f Function) Nightly(hour string, failures awssqs.IQueue, input map[string]any) {
	awsscheduler.NewSchedule(f.scope, str("night"), &awsscheduler.ScheduleProps{
		Description: str("Runs " + f.Name + " every night"),
		Schedule:    awsscheduler.ScheduleExpression_Cron(&awsscheduler.CronOptionsWithTimezone{Minute: str("0"), Hour: &hour, TimeZone: awscdk.TimeZone_ETC_UTC()}),
		TimeWindow:  awsscheduler.TimeWindow_Flexible(minutes(60)),
		Target: awsschedulertargets.NewLambdaInvoke(f.Live, &awsschedulertargets.ScheduleTargetBaseProps{
			Input:           awsscheduler.ScheduleTargetInput_FromObject(input),
			DeadLetterQueue: failures,
			RetryAttempts:   num(2),
			MaxEventAge:     hours(followHours),
		}),
	})
}

// Every calls the function again and again.
func (f Function) Every(id string, pause awscdk.Duration, failures awssqs.IQueue, input map[string]any) {
	awsscheduler.NewSchedule(f.scope, &id, &awsscheduler.ScheduleProps{
		Description: str("Runs " + f.Name + " again and again"),
		Schedule:    awsscheduler.ScheduleExpression_Rate(pause),
		Target: awsschedulertargets.NewLambdaInvoke(f.Live, &awsschedulertargets.ScheduleTargetBaseProps{
			Input:           awsscheduler.ScheduleTargetInput_FromObject(input),
			DeadLetterQueue: failures,
			RetryAttempts:   num(0), // the next call does what this one did not
			MaxEventAge:     minutes(5),
		}),
	})
}

// OnQueue calls the function with the messages of a queue, ten at most and so many calls at once. Only what it names comes again.
func (f Function) OnQueue(q awssqs.Queue, atOnce int) {
	read := f.May(q.QueueArn(), "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
	mapping := awslambda.NewEventSourceMapping(f.scope, str("jobs"), &awslambda.EventSourceMappingProps{
		Target:                  f.Live,
		EventSourceArn:          q.QueueArn(),
		BatchSize:               num(1), // a job is a shard's messages: one fills a call
		ReportBatchItemFailures: yes,
		MaxConcurrency:          num(atOnce),
	})
	read.ApplyBefore(mapping)
}

// OnMail calls the function with what SES tells of the messages of a configuration set. It tells it to the account's default bus alone.
func (f Function) OnMail(configuration *string, failures awssqs.IQueue) {
	awsevents.NewRule(f.scope, str("mail"), &awsevents.RuleProps{
		Description: str("Something became of a message"),
		EventPattern: &awsevents.EventPattern{
			Source: strs("aws.ses"),
			Detail: &map[string]any{"mail": map[string]any{"tags": map[string]any{"ses:configuration-set": []any{configuration}}}},
		},
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(f.Live, &awseventstargets.LambdaFunctionProps{
			DeadLetterQueue: failures,
			RetryAttempts:   num(10),
			MaxEventAge:     hours(followHours),
		})},
	})
}

// subscription is what the filter of a log is called, in the log's metrics too.
const subscription = "exposures"

// OnLines calls the function with lines of another's log, within minutes and at least once; nobody waits for it. A log can have two such filters.
func (f Function) OnLines(of Function, pattern awslogs.IFilterPattern) {
	awslogs.NewSubscriptionFilter(f.scope, str("lines"), &awslogs.SubscriptionFilterProps{
		LogGroup:      of.log,
		FilterName:    str(subscription),
		FilterPattern: pattern,
		Destination:   awslogsdestinations.NewLambdaDestination(f.Live, nil),
	})
}

// undelivered is how many lines of another's log could not be handed on.
func (Function) undelivered(of Function) awscloudwatch.IMetric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace: str("AWS/Logs"), MetricName: str("DeliveryErrors"), Period: minutes(5), Statistic: str("Sum"),
		DimensionsMap: &map[string]*string{"LogGroupName": of.log.LogGroupName(), "DestinationType": str("Lambda"), "FilterName": str(subscription)},
	})
}

// exposureLines lets through the lines that package exposure keeps, and no other: they alone have a time, a seed and a shop. All are numbers below 2^53 or text, unlike the model's version.
func (s Stage) exposureLines() awslogs.IFilterPattern {
	if s.Emulated {
		return awslogs.FilterPattern_AllTerms(str("shop"), str("seed"), str("shelves")) // the emulator knows words alone
	}
	return awslogs.FilterPattern_All(awslogs.FilterPattern_NumberValue(str("$.at"), str(">"), num(0)), awslogs.FilterPattern_NumberValue(str("$.seed"), str(">="), num(0)),
		awslogs.FilterPattern_Exists(str("$.shop")))
}
