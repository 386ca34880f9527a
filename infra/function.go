package main

import (
	"path/filepath"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
)

// Function is one of our Lambdas with everything ours always have: arm64, our runtime, tracing, JSON logs with retention, a role of its own that may do nothing
// else, a failure destination, the alias "live", alarms on errors, throttles and duration, and in protected stages a canary deployment.
type Function struct {
	scope  constructs.Construct // its parts are below it
	log    awslogs.LogGroup
	Name   string
	Lambda awslambda.Function
	Live   awslambda.Alias // what triggers point at
	Alarms []awscloudwatch.Alarm
}

// FunctionProps says what differs between our functions. Nothing in it is optional.
type FunctionProps struct {
	Stage       Stage
	Description string
	MemoryMB    int
	Timeout     time.Duration
	Slow        time.Duration // p99 above which somebody is told
	Failures    awssqs.IQueue // where an asynchronous call goes when its retries are spent
}

// NewFunction takes props by value and changes none of the caller's. The asset is <Assets>/<id>: make build puts it there.
func NewFunction(scope constructs.Construct, id string, p FunctionProps) Function {
	c := constructs.NewConstruct(scope, &id)
	logs := awslogs.NewLogGroup(c, str("log"), &awslogs.LogGroupProps{Retention: p.Stage.LogRetention, RemovalPolicy: p.Stage.removal()})
	role := awsiam.NewRole(c, str("role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(str("lambda.amazonaws.com"), nil),
		Description: str("What the function " + id + " may do"),
	})
	logs.GrantWrite(role)
	f := Function{scope: c, log: logs, Name: id}
	f.Lambda = awslambda.NewFunction(c, str("function"), &awslambda.FunctionProps{
		FunctionName:          p.Stage.id(id),
		Description:           &p.Description,
		Runtime:               awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:          p.Stage.architecture(),
		Handler:               str("bootstrap"),
		Code:                  awslambda.Code_FromAsset(str(filepath.Join(p.Stage.Assets, id)), nil),
		MemorySize:            num(p.MemoryMB),
		Timeout:               seconds(int(p.Timeout.Seconds())),
		Role:                  role,
		Tracing:               awslambda.Tracing_ACTIVE,
		LogGroup:              logs,
		LoggingFormat:         awslambda.LoggingFormat_JSON,
		ApplicationLogLevelV2: awslambda.ApplicationLogLevel_INFO,
		SystemLogLevelV2:      awslambda.SystemLogLevel_WARN,
	})
	f.Live = awslambda.NewAlias(c, str("live"), &awslambda.AliasProps{
		AliasName:     str("live"),
		Version:       f.Lambda.CurrentVersion(),
		RetryAttempts: num(2),
		MaxEventAge:   hours(6),
		OnFailure:     awslambdadestinations.NewSqsDestination(p.Failures),
	})
	f.alarm(p)
	if p.Stage.Canary {
		f.deployGradually()
	}
	return f
}

// alarm watches the function over all its versions.
func (f *Function) alarm(p FunctionProps) {
	over := &awscloudwatch.MetricOptions{Period: minutes(5)}
	p99 := &awscloudwatch.MetricOptions{Period: minutes(5), Statistic: str("p99")}
	f.Alarms = []awscloudwatch.Alarm{
		newAlarm(f.scope, p.Stage, f.Name+"-errors", alarmSpec{metric: f.Lambda.MetricErrors(over), above: 0, periods: 1,
			means: "calls of " + f.Name + " failed: read its log group for level ERROR"}),
		newAlarm(f.scope, p.Stage, f.Name+"-throttles", alarmSpec{metric: f.Lambda.MetricThrottles(over), above: 0, periods: 1,
			means: f.Name + " was refused concurrency: raise the account's limit, or look for who calls it so often"}),
		newAlarm(f.scope, p.Stage, f.Name+"-duration", alarmSpec{metric: f.Lambda.MetricDuration(p99), above: float64(p.Slow.Milliseconds()), periods: 3,
			means: "one call of " + f.Name + " in a hundred takes longer than " + p.Slow.String() + " of its " + p.Timeout.String()}),
	}
}

// deployGradually sends a tenth of the calls to a new version for five minutes, and all of them back when errors are seen.
func (f *Function) deployGradually() {
	awscodedeploy.NewLambdaDeploymentGroup(f.scope, str("deployment"), &awscodedeploy.LambdaDeploymentGroupProps{
		Alias:            f.Live,
		DeploymentConfig: awscodedeploy.LambdaDeploymentConfig_CANARY_10PERCENT_5MINUTES(),
		Alarms:           &[]interfacesawscloudwatch.IAlarmRef{f.Alarms[0]},
	})
}

// Set tells the function a value under a name of shared/env.
func (f Function) Set(name string, value *string) { f.Lambda.AddEnvironment(&name, value, nil) }

// May lets the function do exactly these actions on exactly this resource.
func (f Function) May(resource *string, actions ...string) awsiam.Grant {
	return awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee:      f.Lambda,
		Actions:      strs(actions...),
		ResourceArns: &[]*string{resource},
	})
}

// alarmSpec is what our alarms differ in.
type alarmSpec struct {
	metric  awscloudwatch.IMetric
	above   float64
	periods int
	means   string // what happened and what to do
}

// newAlarm is quiet while there is no data: what nobody calls has no errors.
func newAlarm(scope constructs.Construct, stage Stage, name string, s alarmSpec) awscloudwatch.Alarm {
	return awscloudwatch.NewAlarm(scope, str("alarm-"+name), &awscloudwatch.AlarmProps{
		AlarmName:          stage.id(name),
		AlarmDescription:   &s.means,
		Metric:             s.metric,
		Threshold:          &s.above,
		EvaluationPeriods:  num(s.periods),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD,
		TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
	})
}
