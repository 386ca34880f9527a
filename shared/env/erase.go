package env

import "shopkeeper/shared/table"

// Erase is what the erase function is told.
type Erase struct {
	Tables map[table.Name]string
	Bucket string // of the archive, of dropped files and of the shops
	Keys   string // ARN of the secret
}

// LoadErase fills Erase; an Invalid fault names every variable that is missing or malformed.
func LoadErase(lookup Lookup) (Erase, error) {
	r := reader{lookup: lookup}
	c := Erase{
		Tables: r.tables("events", "profiles", "people", "identity", "consent", "clicks", "segments", "offers", "campaigns", "ledger", "suppression", "staff"),
		Bucket: r.text(BucketData), Keys: r.arn(KeysSecret, "secretsmanager"),
	}
	return c, r.err()
}
