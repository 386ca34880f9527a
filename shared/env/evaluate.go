package env

import "shopkeeper/shared/table"

// Evaluate is what the evaluate function is told.
type Evaluate struct {
	Tables map[table.Name]string
	Bucket string // of the archive, the shops and the reports
	Keys   string // ARN of the secret
}

// LoadEvaluate fills Evaluate; an Invalid fault names every variable that is missing or malformed.
func LoadEvaluate(lookup Lookup) (Evaluate, error) {
	r := reader{lookup: lookup}
	c := Evaluate{Tables: r.tables("campaigns", "ledger", "segments", "shops"), Bucket: r.text(BucketData), Keys: r.arn(KeysSecret, "secretsmanager")}
	return c, r.err()
}
