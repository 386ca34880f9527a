package main

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"shopkeeper/shared/consent"
)

// Stage is one deployment's configuration. Two stages can live in one account: nothing they create has the same name.
type Stage struct {
	Name string

	// Consent is the rule of shops that choose none themselves. It has no default on purpose: whoever deploys answers for it.
	Consent consent.Mode

	Protect      bool                  // keep tables, bucket and keys when the stacks are deleted, and refuse to delete the tables
	LogRetention awslogs.RetentionDays // of the functions and of the access log
	Rate, Burst  int                   // requests per second that the HTTP API lets through, and how many at once
	Canary       bool                  // shift a tenth of the traffic first, roll back on errors
	MonthlyUSD   int                   // budget that alarms when it is forecast to be exceeded; 0: none
	AlarmMail    string                // who is told; empty: nobody subscribes

	Address  string // https address that visitors and letters use, such as a domain of the shop's own before the API; empty: the API's
	Shop     string // the deployment's only shop; empty: several share it, and the console asks which
	Issuer   string // of tokens for the admin API (OpenID Connect); empty: staff log in with passwords alone
	Audience string // that the tokens are for

	Build string // where trainings make their lists: embeddedBuild or warehouseBuild

	// Emulated leaves out what the AWS emulator of the deployment test does not know (composite alarms) or cannot keep (it speaks plain http alone), and takes functions built for this machine.
	Emulated bool
	Assets   string // folder with one folder per function, each with its bootstrap
}

// Where trainings make their lists, in the words of shared/env.
const (
	embeddedBuild  = "embedded"  // in the function
	warehouseBuild = "warehouse" // by Athena
)

var stages = map[string]Stage{
	"dev": {
		Name: "dev", Build: embeddedBuild, Consent: consent.Required, LogRetention: awslogs.RetentionDays_ONE_WEEK, Rate: 50, Burst: 100, MonthlyUSD: 20, Assets: "dist",
	},
	"prod": {
		Name: "prod", Build: embeddedBuild, Protect: true, LogRetention: awslogs.RetentionDays_THREE_MONTHS, Rate: 1000, Burst: 2000, Canary: true, MonthlyUSD: 500, Assets: "dist",
	},
	"emulator": {
		Name: "emulator", Build: embeddedBuild, Consent: consent.Implied, LogRetention: awslogs.RetentionDays_ONE_DAY, Rate: 1000, Burst: 2000, Emulated: true, Assets: "dist/host",
		Address: "https://tea.example", // the emulator's own is plain http, which no letter may lead to
	},
}

// chooseStage takes the stage that the context names and what the context adds to it.
func chooseStage(context func(name string) string) (Stage, error) {
	stage, ok := stages[context("stage")]
	if !ok {
		return Stage{}, fmt.Errorf("stage %q is none of %v: choose with -c stage=NAME", context("stage"), slices.Sorted(maps.Keys(stages)))
	}
	if mode := consent.Mode(context("consent")); mode != "" {
		stage.Consent = mode
	}
	switch stage.Consent {
	case consent.Required, consent.Implied:
	case "":
		return Stage{}, errors.New("stage " + stage.Name + " has not chosen when visitors are remembered: -c consent=required (not before they agree) or -c consent=implied (until they object)")
	default:
		return Stage{}, fmt.Errorf("consent %q is neither required nor implied", stage.Consent)
	}
	stage.AlarmMail, stage.Shop = context("alarmMail"), context("shop")
	if address := strings.TrimSuffix(context("address"), "/"); address != "" {
		stage.Address = address
	}
	if stage.Address != "" && !strings.HasPrefix(stage.Address, "https://") {
		return Stage{}, fmt.Errorf("address %q does not begin with https://", stage.Address)
	}
	switch build := context("train"); build {
	case "":
	case embeddedBuild, warehouseBuild:
		stage.Build = build
	default:
		return Stage{}, fmt.Errorf("train %q is neither %s nor %s", build, embeddedBuild, warehouseBuild)
	}
	stage.Issuer, stage.Audience = context("issuer"), context("audience")
	if (stage.Issuer == "") != (stage.Audience == "") {
		return Stage{}, errors.New("tokens need both: -c issuer=ADDRESS -c audience=ID")
	}
	return stage, nil
}

// id is a name that no other stage has.
func (s Stage) id(name string) *string { return str("shopkeeper-" + s.Name + "-" + name) }

func (s Stage) removal() awscdk.RemovalPolicy {
	if s.Protect {
		return awscdk.RemovalPolicy_RETAIN
	}
	return awscdk.RemovalPolicy_DESTROY
}

// architecture is arm64, but for the emulator, which runs the functions on this machine.
func (s Stage) architecture() awslambda.Architecture {
	if s.Emulated && runtime.GOARCH == "amd64" {
		return awslambda.Architecture_X86_64()
	}
	return awslambda.Architecture_ARM_64()
}
