package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"shopkeeper/shared/env"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/table"
)

// Service is the stack of what can be made again from the code.
type Service struct {
	Stack     awscdk.Stack
	API       awsapigatewayv2.HttpApi
	Failures  awssqs.Queue // what can never be handled, from every function and trigger
	Functions []Function
	Followers []Function // those of Functions that follow a table's changes

	Undelivered awscloudwatch.IMetric // lines of what was shown that the log could not hand on
}

// What a function may do with a table. Nobody may scan one.
var (
	reads   = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
	writes  = []string{"dynamodb:PutItem", "dynamodb:BatchWriteItem"}
	removes = []string{"dynamodb:DeleteItem"}
)

// service makes the parts of the stack and knows what they share.
type service struct {
	stage    Stage
	data     Data
	stack    awscdk.Stack
	failures awssqs.Queue
	bus      awsevents.EventBus
	api      awsapigatewayv2.HttpApi
}

// NewService makes the stack.
func NewService(scope constructs.Construct, stage Stage, data Data) Service {
	s := service{stage: stage, data: data}
	s.stack = awscdk.NewStack(scope, stage.id("service"), &awscdk.StackProps{Description: str("Shopkeeper " + stage.Name + ": functions, triggers and the HTTP API")})
	s.failures = awssqs.NewQueue(s.stack, str("failures"), &awssqs.QueueProps{
		RetentionPeriod: days(14),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(!stage.Emulated),
	})
	s.bus = awsevents.NewEventBus(s.stack, str("bus"), &awsevents.EventBusProps{EventBusName: stage.id("bus"), Description: str("What happened: model.published and the like")})

	s.api = newAPI(s.stack, stage)
	collect, recommend, preferences, console := s.collect(), s.recommend(), s.preferences(), s.console()
	profile, archive, segment, offers := s.profile(), s.archive(), s.segment(), s.offers()
	jobs, shown := s.jobs(), s.exposures(recommend)
	out := Service{Stack: s.stack, API: s.api, Failures: s.failures, Undelivered: shown.undelivered(recommend), Followers: []Function{profile, archive, segment, offers}}
	routes(s.stack, s.api, stage, doors{collect, recommend, preferences, console})
	out.Functions = []Function{collect, recommend, preferences, console, profile, archive, segment, offers, shown, s.campaign(jobs), s.send(jobs), s.feedback(), s.evaluate(), s.erase(), s.ingest(), s.train()}
	awscdk.NewCfnOutput(s.stack, str("Failures"), &awscdk.CfnOutputProps{Value: s.failures.QueueUrl()})
	return out
}

// function makes one; slow is the part of the time-out above which somebody is told.
func (s service) function(id, description string, memoryMB int, timeout, slow time.Duration) Function {
	return NewFunction(s.stack, id, FunctionProps{Stage: s.stage, Description: description, MemoryMB: memoryMB, Timeout: timeout, Slow: slow, Failures: s.failures})
}

func (s service) collect() Function {
	f := s.function("collect", "Takes events from browsers and SDKs", 256, 10*time.Second, time.Second)
	s.tables(f, reads, "shops")
	s.tables(f, slices.Concat(reads, writes), "identity", "consent", "suppression")              // who was asked by mail lately
	s.tables(f, slices.Concat(reads, writes, removes), "events", "people", "profiles", "clicks") // a visitor may ask to be forgotten
	s.keys(f)
	s.mails(f) // asks a known person by mail to confirm it
	return f
}

func (s service) recommend() Function {
	const memory = 1024
	f := s.function("recommend", "Answers the front page and the other placements", memory, 5*time.Second, 500*time.Millisecond)
	f.Set(env.ModelMemory, str(strconv.Itoa(memory/2))) // the other half holds models that are being replaced, and everything else
	s.tables(f, reads, "shops", "profiles", "catalog", "clicks", "identity", "segments")
	s.tables(f, slices.Concat(reads, writes), "offers") // takes a part of an offer's budget, off the way of requests
	s.files(f, "models/", "s3:GetObject")
	s.keys(f)
	return f
}

func (s service) profile() Function {
	f := s.function("profile", "Folds events into profiles", 512, time.Minute, 20*time.Second)
	s.tables(f, reads, "shops", "consent")
	s.tables(f, slices.Concat(reads, removes), "events") // what came in just as its visitor was forgotten goes
	s.tables(f, slices.Concat(reads, writes, removes), "profiles", "people", "clicks")
	s.keys(f)
	s.poison(f)
	f.Follow(s.data.Tables["events"], follow{batch: 100, window: seconds(0), parallel: 10, failures: s.failures})
	return f
}

func (s service) archive() Function {
	f := s.function("archive", "Keeps events as Parquet files", 1024, 2*time.Minute, time.Minute)
	s.files(f, "archive/", "s3:PutObject")
	s.poison(f)
	f.Follow(s.data.Tables["events"], follow{batch: 10_000, window: seconds(30), parallel: 1, failures: s.failures})
	return f
}

// exposures takes what recommend shows from its log, so that no answer waits for a file.
func (s service) exposures(recommend Function) Function {
	f := s.function("exposures", "Keeps what recommend showed", 256, time.Minute, 10*time.Second)
	s.files(f, exposure.Folder, "s3:PutObject")
	s.poison(f)
	f.OnLines(recommend, s.stage.exposureLines())
	return f
}

func (s service) ingest() Function {
	f := s.function("ingest", "Reads shops, catalogs, customers and orders from dropped files", 1024, 15*time.Minute, 12*time.Minute)
	s.tables(f, reads, "consent")
	s.tables(f, slices.Concat(reads, writes), "events", "people", "identity", "catalog", "shops", "imports")
	s.files(f, "imports/", "s3:GetObject", "s3:PutObject")
	s.files(f, "shops/", "s3:GetObject")
	s.keys(f)
	f.Set(env.Consent, str(string(s.stage.Consent)))
	f.OnFile(s.data.Bucket, s.failures, "imports/", "shops/")
	return f
}

func (s service) train() Function {
	f := s.function("train", "Makes each shop's model from its archive and publishes it when it is not worse", 3008, 15*time.Minute, 12*time.Minute)
	s.tables(f, slices.Concat(reads, writes), "catalog")
	s.tables(f, slices.Concat(reads, removes), "consent")
	s.tables(f, reads, "shops")
	for _, folder := range []string{"archive/", exposure.Folder} { // who was forgotten goes from both
		s.files(f, folder, "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
	}
	s.files(f, "shops/", "s3:GetObject")
	s.files(f, "models/", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
	f.Set(env.BusName, s.bus.EventBusName())
	f.May(s.bus.EventBusArn(), "events:PutEvents")
	f.Set(env.TrainBuild, str(s.stage.Build))
	if s.stage.Build == warehouseBuild {
		s.warehouse(f)
	}
	f.Nightly("3", s.failures, map[string]any{})
	return f
}

// tables tells the function where tables are and lets it do the actions on them.
func (s service) tables(f Function, actions []string, names ...table.Name) {
	for _, n := range names {
		t := s.data.Tables[n]
		f.Set(env.TableVar(n), t.TableName())
		f.May(t.TableArn(), actions...)
		if key := t.EncryptionKey(); key != nil {
			s.decrypts(f, key)
		}
	}
}

// files lets the function do the actions on the files of one folder, and see what is in it: without that an absent file looks like a forbidden one.
func (s service) files(f Function, folder string, actions ...string) {
	f.Set(env.BucketData, s.data.Bucket.BucketName())
	f.May(s.data.Bucket.ArnForObjects(str(folder+"*")), actions...)
	f.May(s.data.Bucket.BucketArn(), "s3:ListBucket")
}

func (s service) keys(f Function) {
	f.Set(env.KeysSecret, s.data.Keys)
	f.May(s.data.Keys, "secretsmanager:GetSecretValue")
}

// decrypts lets the function use the key through the table alone.
func (s service) decrypts(f Function, key awskms.IKey) {
	f.Lambda.AddToRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions:   strs("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
		Resources: &[]*string{key.KeyArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{
			"kms:ViaService": "dynamodb." + *s.stack.Region() + ".amazonaws.com",
		}},
	}))
}

func (s service) poison(f Function) {
	f.Set(env.QueueFailures, s.failures.QueueUrl())
	f.May(s.failures.QueueArn(), "sqs:SendMessage")
}
