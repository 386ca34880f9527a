package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/jsii-runtime-go"

	"shopkeeper/shared/env"
)

// mostScanned is the bytes that one statement of a training may read before Athena stops it: 1 TB costs $5.
const mostScanned = 1 << 40

// warehouse lets the function run SQL over the archive: a workgroup that bounds each statement, and a database in which its tables come and go. What it leaves behind is deleted
// with the files of warehouse/ after days; tables whose training did not end, by the next one.
func (s service) warehouse(f Function) {
	bucket := s.data.Bucket
	group := awsathena.NewCfnWorkGroup(s.stack, str("training"), &awsathena.CfnWorkGroupProps{
		Name:                  s.stage.id("training"),
		Description:           str("Trainings: SQL over the archive of events"),
		RecursiveDeleteOption: yes,
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration:   no, // enforced, it would forbid tables at places of their own
			BytesScannedCutoffPerQuery:      jsii.Number(mostScanned),
			PublishCloudWatchMetricsEnabled: yes,
			EngineVersion:                   &awsathena.CfnWorkGroup_EngineVersionProperty{SelectedEngineVersion: str("Athena engine version 3")},
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation:          bucket.S3UrlForObject(str("warehouse/results/")),
				EncryptionConfiguration: &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: str("SSE_S3")},
			},
		},
	})
	name := str(strings.ReplaceAll(*s.stage.id("training"), "-", "_")) // a database's name has no dash
	database := awsglue.NewCfnDatabase(s.stack, str("training-tables"), &awsglue.CfnDatabaseProps{
		CatalogId:     s.stack.Account(),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{Name: name, Description: str("Tables of trainings that run")},
	})
	f.Set(env.AthenaWorkgroup, group.Ref())
	f.Set(env.AthenaDatabase, database.Ref())
	s.files(f, "warehouse/", "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
	f.May(bucket.BucketArn(), "s3:GetBucketLocation", "s3:ListBucketMultipartUploads")
	f.May(s.arn("athena", "workgroup/"+*group.Ref()), "athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution")
	f.May(s.arn("glue", "database/default"), "glue:GetDatabase") // Athena asks for it before any statement that makes a table
	for _, resource := range []string{"catalog", "database/" + *name, "table/" + *name + "/*"} {
		f.May(s.arn("glue", resource), "glue:CreateTable", "glue:DeleteTable", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables")
	}
}

// arn is a resource of this account and Region.
func (s service) arn(service, resource string) *string {
	return s.stack.FormatArn(&awscdk.ArnComponents{Service: &service, Resource: &resource})
}
