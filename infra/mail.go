package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsses"
	"github.com/aws/constructs-go/constructs/v10"
)

// NewMail makes the stack of what SES needs from us: a configuration set that publishes to EventBridge what becomes of messages, refuses to speak without TLS, and keeps SES from writing to addresses that bounced or
// complained. Senders are verified by whoever owns the domain: that takes DNS records. The emulator knows none of it, so that the stack stands alone.
func NewMail(scope constructs.Construct, stage Stage) awscdk.Stack {
	stack := awscdk.NewStack(scope, stage.id("mail-settings"), &awscdk.StackProps{Description: str("Shopkeeper " + stage.Name + ": how SES treats our messages")})
	set := awsses.NewConfigurationSet(stack, str("messages"), &awsses.ConfigurationSetProps{
		ConfigurationSetName: stage.id("mail"),
		TlsPolicy:            awsses.ConfigurationSetTlsPolicy_REQUIRE,
		SuppressionReasons:   awsses.SuppressionReasons_BOUNCES_AND_COMPLAINTS,
		ReputationMetrics:    yes,
	})
	// The default bus, which is the only one that SES writes to.
	bus := stack.FormatArn(&awscdk.ArnComponents{Service: str("events"), Resource: str("event-bus"), ResourceName: str("default")})
	awsses.NewCfnConfigurationSetEventDestination(stack, str("events"), &awsses.CfnConfigurationSetEventDestinationProps{
		ConfigurationSetName: set.ConfigurationSetName(),
		EventDestination: &awsses.CfnConfigurationSetEventDestination_EventDestinationProperty{
			Name: str("bus"), Enabled: yes,
			// Opens and clicks are counted by our own links, which tell people from machines.
			MatchingEventTypes:     strs("send", "reject", "bounce", "complaint", "delivery", "deliveryDelay", "renderingFailure"),
			EventBridgeDestination: &awsses.CfnConfigurationSetEventDestination_EventBridgeDestinationProperty{EventBusArn: bus},
		},
	})
	return stack
}
