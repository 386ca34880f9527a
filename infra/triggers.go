package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdaeventsources"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsschedulertargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// follow is how a function reads a table's changes.
type follow struct {
	batch    int // records at most in one call
	window   awscdk.Duration
	parallel int // calls per shard; order is kept per partition
	failures awssqs.IQueue
}

// The retries of one batch end after that many tries or hours, whatever comes first, and long before the stream forgets (24 h).
const (
	followRetries = 10
	followHours   = 6
)

// Follow calls the function with each change that adds an item, in batches. What it reports as failed is tried again from there, halved, and after all tries
// goes to the failure queue. Expiry and erasure are changes that nobody needs to hear of.
func (f Function) Follow(t awsdynamodb.Table, how follow) {
	read := f.May(t.TableStreamArn(), "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
	mapping := awslambda.NewEventSourceMapping(f.scope, str("changes"), &awslambda.EventSourceMappingProps{
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
		Filters: &[]*map[string]any{awslambda.FilterCriteria_Filter(&map[string]any{
			"eventName": awslambda.FilterRule_IsEqual(str("INSERT")),
		})},
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
