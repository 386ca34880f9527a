// Package dynamotest starts DynamoDB Local for tests and makes tables in it. One process of it serves all tests of a test binary; each test makes
// tables of its own.
package dynamotest

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"shopkeeper/shared/dynamo"
	"shopkeeper/shared/standin"
	"shopkeeper/shared/table"
)

var local = standin.Program{Name: "dynamodb", Script: "scripts/dynamodb-local/run.sh", Needs: []string{"java", "npm"}}

// Start returns a configuration for clients of DynamoDB Local. Without Java 17 or npm it skips the test, or fails it when SHOPKEEPER_REQUIRE names
// dynamodb.
func Start(t testing.TB) aws.Config {
	t.Helper()
	endpoint := "http://" + local.Start(t)
	return aws.Config{
		Region:       "local",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	}
}

var made atomic.Int64

// CreateTables makes empty tables as the deployment does (on demand, both images in the stream, expiry by ttl) and drops them when the test ends.
func CreateTables(t testing.TB, cfg aws.Config, names ...table.Name) dynamo.Tables {
	t.Helper()
	client := dynamodb.NewFromConfig(cfg)
	tables := dynamo.Tables{}
	for _, name := range names {
		physical := fmt.Sprintf("%s-%d-%d", name, os.Getpid(), made.Add(1))
		if err := create(t.Context(), client, physical); err != nil {
			t.Fatalf("create table %s: %v", physical, err)
		}
		tables[name] = physical
		t.Cleanup(func() {
			if _, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &physical}); err != nil {
				t.Errorf("drop table %s: %v", physical, err)
			}
		})
	}
	return tables
}

func create(ctx context.Context, client *dynamodb.Client, physical string) error {
	text := types.ScalarAttributeTypeS
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   &physical,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: text}, {AttributeName: aws.String("sk"), AttributeType: text},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
		StreamSpecification: &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeNewAndOldImages},
	})
	if err != nil {
		return err
	}
	known := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 10 * time.Millisecond })
	if err := known.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &physical}, time.Minute); err != nil {
		return err
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               &physical,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ttl"), Enabled: aws.Bool(true)},
	})
	return err
}
