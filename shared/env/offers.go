package env

import "shopkeeper/shared/table"

// Offers is what the offers function is told.
type Offers struct {
	Tables   map[table.Name]string
	Failures string // address of the queue
	Keys     string // ARN of the secret
}

// LoadOffers fills Offers; an Invalid fault names every variable that is missing or malformed.
func LoadOffers(lookup Lookup) (Offers, error) {
	r := reader{lookup: lookup}
	c := Offers{Tables: r.tables("offers", "profiles", "consent"), Failures: r.address(QueueFailures), Keys: r.arn(KeysSecret, "secretsmanager")}
	return c, r.err()
}
