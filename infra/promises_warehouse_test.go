package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/env"
)

// TestWarehouse is there where the stage asks for it, and nowhere else.
func TestWarehouse(t *testing.T) {
	for name, want := range map[string]int{"prod": 0, "prod" + inTheWarehouse: 1} {
		d := synthesize(t, name)
		for _, kind := range []string{"AWS::Athena::WorkGroup", "AWS::Glue::Database"} {
			if got := len(d.of("service", kind)); got != want {
				t.Errorf("%s has %d of %s, want %d", name, got, kind, want)
			}
		}
		set, _ := at(d.one(t, "service", "AWS::Lambda::Function", "train").Properties, "Environment", "Variables").(map[string]any)
		if got := []bool{set[env.AthenaWorkgroup] != nil, set[env.AthenaDatabase] != nil, set[env.TrainBuild] == warehouseBuild}; !cmp.Equal(got, []bool{want == 1, want == 1, want == 1}) {
			t.Errorf("%s tells the function %v", name, set)
		}
	}
}

// TestATrainingCannotCostWithoutEnd: a statement that reads too much is stopped, and what it leaves is deleted.
func TestATrainingCannotCostWithoutEnd(t *testing.T) {
	d := synthesize(t, "prod"+inTheWarehouse)
	group := d.of("service", "AWS::Athena::WorkGroup")[0]
	if got, _ := at(group.Properties, "WorkGroupConfiguration", "BytesScannedCutoffPerQuery").(float64); got != mostScanned {
		t.Errorf("a statement may read %v bytes", got)
	}
	if got := at(group.Properties, "WorkGroupConfiguration", "ResultConfiguration", "EncryptionConfiguration", "EncryptionOption"); got != "SSE_S3" {
		t.Errorf("results are encrypted by %v", got)
	}
	for _, rule := range list(at(d.one(t, "data", "AWS::S3::Bucket", "files").Properties, "LifecycleConfiguration", "Rules")) {
		if at(rule, "Prefix") == "warehouse/" && at(rule, "ExpirationInDays") == float64(stagedDays) && at(rule, "Status") == "Enabled" {
			return
		}
	}
	t.Error("files of warehouse/ stay")
}

// TestTheWarehouseIsTheTrainingsAlone: nobody else may run SQL, and the training none but its own.
func TestTheWarehouseIsTheTrainingsAlone(t *testing.T) {
	d := synthesize(t, "prod"+inTheWarehouse)
	for part, want := range map[string][]string{
		":workgroup/":                       {"athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"},
		":table/shopkeeper_prod_training/*": {"glue:CreateTable", "glue:DeleteTable", "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"},
		":database/default":                 {"glue:GetDatabase"},
		"/warehouse/*":                      {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
	} {
		if diff := cmp.Diff(want, may(t, d, "train", part)); diff != "" {
			t.Errorf("train on %s (-want +got):\n%s", part, diff)
		}
	}
	for _, p := range d.of("service", "AWS::IAM::Policy") {
		for _, s := range list(at(p.Properties, "PolicyDocument", "Statement")) {
			for _, a := range list(at(s, "Action")) {
				service, _, _ := strings.Cut(a.(string), ":")
				if (service == "athena" || service == "glue") && (!strings.HasPrefix(p.path(), "train/") || text(at(s, "Resource")) == `"*"`) {
					t.Errorf("%s may %s on %s", p.path(), a, text(at(s, "Resource")))
				}
			}
		}
	}
}
