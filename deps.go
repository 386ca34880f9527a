//go:build deps

package shopkeeper

import (
 _ "github.com/aws/aws-cdk-go/awscdk/v2"
 _ "github.com/aws/constructs-go/constructs/v10"
 _ "github.com/aws/jsii-runtime-go"
)
