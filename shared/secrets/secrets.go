// Package secrets reads a deployment's keys from AWS Secrets Manager.
//
// The secret is flat, because Secrets Manager can generate one member of an object but none inside of another: {"current":"k1","k1":"..."}. To rotate, add
// a member k2, make it current, and remove k1 when the last token made with it has ended.
package secrets

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/sdkfault"
)

// Open loads the AWS configuration of where the function runs, and with it the keyring: what every function that signs or seals starts with.
func Open(ctx context.Context, arn string) (aws.Config, *identity.Keyring, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return cfg, nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	keys, err := Keyring(ctx, cfg, arn)
	return cfg, keys, err
}

// Keyring reads the keyring in the secret of this ARN. It is Invalid when the secret is not a keyring; no fault contains a part of it.
func Keyring(ctx context.Context, cfg aws.Config, arn string) (*identity.Keyring, error) {
	out, err := secretsmanager.NewFromConfig(cfg).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return nil, sdkfault.From(err, "the secret did not answer", nil)
	}
	keys, err := parse([]byte(aws.ToString(out.SecretString)))
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", arn, err)
	}
	return keys, nil
}

// parse turns the flat secret into the shape of a keyring.
func parse(text []byte) (*identity.Keyring, error) {
	keys := map[string]string{}
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fault.InvalidField("secret", `is not {"current": id, id: base64}`)
	}
	current := keys["current"]
	delete(keys, "current")
	nested, err := json.Marshal(map[string]any{"current": current, "keys": keys})
	if err != nil {
		return nil, fmt.Errorf("encode the keyring: %w", err)
	}
	return identity.ParseKeyring(nested)
}
