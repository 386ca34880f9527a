package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"debug/elf"

	"github.com/google/go-cmp/cmp"
)

func TestTablesArePreserved(t *testing.T) {
	d := synthesize(t, "prod")
	tables := d.of("data", "AWS::DynamoDB::Table")
	if len(tables) != len(tableSpecs) {
		t.Fatalf("%d tables, want %d", len(tables), len(tableSpecs))
	}
	for _, table := range tables {
		t.Run(table.path(), func(t *testing.T) {
			wantAt(t, table, true, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
			wantAt(t, table, true, "DeletionProtectionEnabled")
			wantAt(t, table, "PAY_PER_REQUEST", "BillingMode")
			wantAt(t, table, map[string]any{"AttributeName": "ttl", "Enabled": true}, "TimeToLiveSpecification")
			wantAt(t, table, []any{map[string]any{"AttributeName": "pk", "KeyType": "HASH"}, map[string]any{"AttributeName": "sk", "KeyType": "RANGE"}}, "KeySchema")
			if table.DeletionPolicy != "Retain" {
				t.Errorf("deletion policy %s", table.DeletionPolicy)
			}
			if slices.Contains([]string{"events", "profiles", "people"}, table.path()) {
				wantAt(t, table, "NEW_AND_OLD_IMAGES", "StreamSpecification", "StreamViewType")
			}
		})
	}
}

func TestPeopleAreEncryptedWithAKeyOfOurOwn(t *testing.T) {
	d := synthesize(t, "prod")
	people := d.one(t, "data", "AWS::DynamoDB::Table", "people")
	wantAt(t, people, "KMS", "SSESpecification", "SSEType")
	if !strings.Contains(text(at(people.Properties, "SSESpecification", "KMSMasterKeyId")), "personaldata") {
		t.Errorf("key %s", text(at(people.Properties, "SSESpecification")))
	}
	key := d.one(t, "data", "AWS::KMS::Key", "personal-data")
	wantAt(t, key, true, "EnableKeyRotation")
	if key.DeletionPolicy != "Retain" {
		t.Error("the key is deleted with the stack, and all people with it")
	}
	if got := may(t, d, "profile", "personaldata"); !cmp.Equal(got, []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}) {
		t.Errorf("profile may %v with the key", got)
	}
	if got := may(t, d, "recommend", "personaldata"); got != nil {
		t.Errorf("recommend may %v with the key", got)
	}
}

func TestBucketsAreClosed(t *testing.T) {
	d := synthesize(t, "prod")
	buckets := d.of("data", "AWS::S3::Bucket")
	if len(buckets) != 2 {
		t.Fatalf("%d buckets, want 2", len(buckets))
	}
	for _, b := range buckets {
		t.Run(b.path(), func(t *testing.T) {
			for _, what := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				wantAt(t, b, true, "PublicAccessBlockConfiguration", what)
			}
			if !strings.Contains(text(at(b.Properties, "BucketEncryption")), "AES256") {
				t.Error("not encrypted")
			}
			if b.DeletionPolicy != "Retain" {
				t.Errorf("deletion policy %s", b.DeletionPolicy)
			}
			if at(b.Properties, "LifecycleConfiguration") == nil {
				t.Error("keeps everything for ever")
			}
			policy := d.one(t, "data", "AWS::S3::BucketPolicy", b.path())
			if p := text(policy.Properties); !strings.Contains(p, `"aws:SecureTransport":"false"`) || !strings.Contains(p, `"Deny"`) {
				t.Error("answers without TLS")
			}
		})
	}
	files := d.one(t, "data", "AWS::S3::Bucket", "files")
	wantAt(t, files, "Enabled", "VersioningConfiguration", "Status")
	wantAt(t, files, true, "NotificationConfiguration", "EventBridgeConfiguration", "EventBridgeEnabled")
}

func TestKeysAreMadeAsTheFunctionsReadThem(t *testing.T) {
	secret := synthesize(t, "prod").one(t, "data", "AWS::SecretsManager::Secret", "keys")
	wantAt(t, secret, `{"current":"k1"}`, "GenerateSecretString", "SecretStringTemplate")
	wantAt(t, secret, "k1", "GenerateSecretString", "GenerateStringKey")
	wantAt(t, secret, 64.0, "GenerateSecretString", "PasswordLength")
	excluded, _ := at(secret.Properties, "GenerateSecretString", "ExcludeCharacters").(string)
	for c := rune('!'); c <= '~'; c++ {
		if plain := c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'; plain == strings.ContainsRune(excluded, c) {
			t.Errorf("%q is excluded: %v", c, plain)
		}
	}
	if secret.DeletionPolicy != "Retain" {
		t.Error("the keys are deleted with the stack, and every cookie with them")
	}
}

func TestStagesDifferInWhatTheyKeep(t *testing.T) {
	for _, table := range synthesize(t, "dev").of("data", "AWS::DynamoDB::Table") {
		if table.DeletionPolicy != "Delete" {
			t.Errorf("dev keeps %s", table.path())
		}
		wantAt(t, table, false, "DeletionProtectionEnabled")
		wantAt(t, table, true, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")
	}
	wantAt(t, synthesize(t, "dev").one(t, "service", "AWS::Logs::LogGroup", "collect"), 7.0, "RetentionInDays")
}

func TestChooseStage(t *testing.T) {
	tests := map[string]struct {
		context map[string]string
		want    string // in the error; empty: none
	}{
		"dev has chosen":              {map[string]string{"stage": "dev"}, ""},
		"prod has not":                {map[string]string{"stage": "prod"}, "has not chosen when visitors are remembered"},
		"prod, chosen":                {map[string]string{"stage": "prod", "consent": "implied"}, ""},
		"a choice that is none":       {map[string]string{"stage": "dev", "consent": "perhaps"}, "neither required nor implied"},
		"a stage that does not exist": {map[string]string{"stage": "test"}, "is none of [dev emulator prod]"},
		"no stage":                    {nil, "is none of"},
		"lists by Athena":             {map[string]string{"stage": "dev", "train": "warehouse"}, ""},
		"lists by something else":     {map[string]string{"stage": "dev", "train": "spark"}, "neither embedded nor warehouse"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stage, err := chooseStage(func(name string) string { return tt.context[name] })
			switch {
			case tt.want == "" && (err != nil || stage.Consent == ""):
				t.Errorf("stage %+v, error %v", stage, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestReleaseBinaries looks at what make build made: it is what a deployment uploads.
func TestReleaseBinaries(t *testing.T) {
	for _, name := range functionNames(t) {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("..", "dist", name, "bootstrap")
			if _, err := os.Stat(file); err != nil {
				t.Skipf("make build first: %v", err)
			}
			binary, err := elf.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer binary.Close()
			if binary.Machine != elf.EM_AARCH64 {
				t.Errorf("machine %v, want arm64", binary.Machine)
			}
			if libs, err := binary.ImportedLibraries(); err != nil || len(libs) > 0 {
				t.Errorf("needs the libraries %v (%v)", libs, err)
			}
			if binary.Section(".note.go.buildid") != nil {
				id, err := binary.Section(".note.go.buildid").Data()
				if err != nil || len(id) > 32 {
					t.Errorf("carries a build id of %d bytes (%v): it changes although the program does not", len(id), err)
				}
			}
		})
	}
}
