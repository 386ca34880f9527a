// Infra is the CDK app: what a deployment consists of, in four stacks per stage.
//
//   - Data holds what must outlive every deployment: tables, the bucket, the keys.
//   - Service holds what can be made again from the code: functions, their triggers, the HTTP API.
//   - Mail-settings holds how SES treats our messages.
//   - Observability holds alarms, the dashboard, and whom they tell.
//
// Choose with context: -c stage=dev|prod|emulator -c consent=required|implied -c alarmMail=ADDRESS -c address=https://DOMAIN -c shop=ID -c issuer=ADDRESS -c audience=ID -c train=embedded|warehouse. Nothing is looked up in an account, so synthesis needs none.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stage, err := chooseStage(func(name string) string {
		s, _ := app.Node().TryGetContext(&name).(string)
		return s
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot synthesize:", err)
		os.Exit(1)
	}
	build(app, stage)
	app.Synth(nil)
}

// build adds the stacks of a stage to the app.
func build(app awscdk.App, stage Stage) (awscdk.Stack, awscdk.Stack, awscdk.Stack) {
	data := NewData(app, stage)
	service := NewService(app, stage, data)
	watch := NewObservability(app, stage, data, service)
	stacks := []awscdk.Stack{data.Stack, service.Stack, watch}
	if !stage.Emulated {
		stacks = append(stacks, NewMail(app, stage))
	}
	for _, s := range stacks {
		awscdk.Tags_Of(s).Add(str("project"), str("shopkeeper"), nil)
		awscdk.Tags_Of(s).Add(str("stage"), &stage.Name, nil)
	}
	return data.Stack, service.Stack, watch
}

// The CDK takes pointers to everything.
var (
	str  = jsii.String
	strs = jsii.Strings
	yes  = jsii.Bool(true)
	no   = jsii.Bool(false)
)

func num(n int) *float64 { return jsii.Number(n) }

func seconds(n int) awscdk.Duration { return awscdk.Duration_Seconds(num(n)) }
func minutes(n int) awscdk.Duration { return awscdk.Duration_Minutes(num(n)) }
func hours(n int) awscdk.Duration   { return awscdk.Duration_Hours(num(n)) }
func days(n int) awscdk.Duration    { return awscdk.Duration_Days(num(n)) }
