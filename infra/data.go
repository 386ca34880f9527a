package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"shopkeeper/shared/exposure"
	"shopkeeper/shared/table"
)

// Data is the stack of what must outlive every deployment.
type Data struct {
	Stack  awscdk.Stack
	Tables map[table.Name]awsdynamodb.Table
	Bucket awss3.Bucket
	Keys   *string // ARN of the secret
}

// tableSpec says what is special about a table.
type tableSpec struct {
	name     table.Name
	stream   bool // somebody follows its changes
	personal bool // holds personal data: encrypted with a key of our own
}

var tableSpecs = []tableSpec{
	{name: "events", stream: true},
	{name: "profiles", stream: true},
	{name: "people", stream: true, personal: true},
	{name: "identity"},
	{name: "consent"},
	{name: "catalog"},
	{name: "clicks"},
	{name: "shops"},
	{name: "imports"},
	{name: "segments"},
	{name: "offers"},
	{name: "campaigns"},
	{name: "ledger"},
	{name: "suppression"},
	{name: "staff", personal: true},
	{name: "idempotency"},
}

// NewData makes the stack.
func NewData(scope constructs.Construct, stage Stage) Data {
	stack := awscdk.NewStack(scope, stage.id("data"), &awscdk.StackProps{
		Description:           str("Shopkeeper " + stage.Name + ": tables, files and keys"),
		TerminationProtection: &stage.Protect,
	})
	personal := awskms.NewKey(stack, str("personal-data"), &awskms.KeyProps{
		Description:       str("Encrypts what Shopkeeper knows of people by name"),
		EnableKeyRotation: yes,
		RemovalPolicy:     stage.removal(),
	})
	d := Data{Stack: stack, Tables: map[table.Name]awsdynamodb.Table{}}
	for _, spec := range tableSpecs {
		d.Tables[spec.name] = newTable(stack, stage, spec, personal)
	}
	d.Bucket = newBucket(stack, stage)
	d.Keys = newKeys(stack, stage)
	awscdk.NewCfnOutput(stack, str("Bucket"), &awscdk.CfnOutputProps{
		Value: d.Bucket.BucketName(), Description: str("Drop shops under shops/, catalogs, customers and orders under imports/SHOP/"),
	})
	return d
}

func newTable(scope constructs.Construct, stage Stage, spec tableSpec, personal awskms.IKey) awsdynamodb.Table {
	props := &awsdynamodb.TableProps{
		PartitionKey:                     &awsdynamodb.Attribute{Name: str("pk"), Type: awsdynamodb.AttributeType_STRING},
		SortKey:                          &awsdynamodb.Attribute{Name: str("sk"), Type: awsdynamodb.AttributeType_STRING},
		BillingMode:                      awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute:              str("ttl"),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: yes},
		DeletionProtection:               &stage.Protect,
		RemovalPolicy:                    stage.removal(),
	}
	if spec.stream {
		props.Stream = awsdynamodb.StreamViewType_NEW_AND_OLD_IMAGES
	}
	if spec.personal {
		props.Encryption = awsdynamodb.TableEncryption_CUSTOMER_MANAGED
		props.EncryptionKey = personal
	}
	return awsdynamodb.NewTable(scope, str(string(spec.name)), props)
}

// Lifetimes of files. A model is replaced every night, an import is read within minutes; the archive stays until it is erased.
const (
	importDays   = 30
	replacedDays = 7 // erasure reaches old versions after this long
	accessDays   = 90
	stagedDays   = 2 // a training takes minutes
)

func newBucket(scope constructs.Construct, stage Stage) awss3.Bucket {
	secure := awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		EnforceSSL:        jsii.Bool(!stage.Emulated),
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		RemovalPolicy:     stage.removal(),
	}
	if !stage.Emulated {
		secure.MinimumTLSVersion = jsii.Number(1.2)
	}
	access, data := secure, secure
	access.LifecycleRules = &[]*awss3.LifecycleRule{{Id: str("forget-access"), Expiration: days(accessDays)}}
	data.ServerAccessLogsBucket = awss3.NewBucket(scope, str("access-log"), &access)
	data.ServerAccessLogsPrefix = str("data/")
	data.Versioned = yes
	data.LifecycleRules = &[]*awss3.LifecycleRule{
		{Id: str("forget-replaced"), NoncurrentVersionExpiration: days(replacedDays), ExpiredObjectDeleteMarker: yes},
		{Id: str("forget-imports"), Prefix: str("imports/"), Expiration: days(importDays)},
		{Id: str("forget-staged"), Prefix: str("warehouse/"), Expiration: days(stagedDays), NoncurrentVersionExpiration: days(1)},
		{Id: str("forget-exposures"), Prefix: str(exposure.Folder), Expiration: days(exposure.Days)},
		{Id: str("drop-unfinished"), AbortIncompleteMultipartUploadAfter: days(1)},
	}
	bucket := awss3.NewBucket(scope, str("files"), &data)
	// Told to the default event bus by the bucket itself: the CDK's own switch would bring a function that may change any bucket.
	bucket.Node().DefaultChild().(awss3.CfnBucket).SetNotificationConfiguration(&awss3.CfnBucket_NotificationConfigurationProperty{
		EventBridgeConfiguration: &awss3.CfnBucket_EventBridgeConfigurationProperty{EventBridgeEnabled: yes},
	})
	return bucket
}

// newKeys is the secret that shared/secrets reads: 64 letters and digits, which are base64 of 48 bytes.
func newKeys(scope constructs.Construct, stage Stage) (arn *string) {
	secret := awssecretsmanager.NewSecret(scope, str("keys"), &awssecretsmanager.SecretProps{
		Description: str("Signs cookies and recommendation ids, seals names. Rotate by adding a member and making it current"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: str(`{"current":"k1"}`),
			GenerateStringKey:    str("k1"),
			PasswordLength:       num(64),
			ExcludeCharacters:    str("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"), // named, because an emulator knows no ExcludePunctuation
		},
		RemovalPolicy: stage.removal(),
	})
	return secret.Node().DefaultChild().(awssecretsmanager.CfnSecret).AttrId() // which emulators agree upon
}
