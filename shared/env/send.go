package env

import (
	"strconv"

	"shopkeeper/shared/table"
)

// MailSenders is how many instances of the send function may run at once: they share the account's sending rate.
const MailSenders = "MAIL_SENDERS"

// Send is what the send function is told.
type Send struct {
	Tables        map[table.Name]string
	Bucket        string // of models
	Keys          string // ARN of the secret
	Public        string // address
	Configuration string // set of SES
	Senders       int
}

// LoadSend fills Send; an Invalid fault names every variable that is missing or malformed.
func LoadSend(lookup Lookup) (Send, error) {
	r := reader{lookup: lookup}
	c := Send{
		Tables: r.tables("campaigns", "ledger", "people", "profiles", "suppression", "shops", "catalog", "offers", "segments", "identity"), Bucket: r.text(BucketData),
		Keys: r.arn(KeysSecret, "secretsmanager"), Public: r.address(PublicURL), Configuration: r.text(MailConfigurationSet), Senders: r.count(MailSenders),
	}
	return c, r.err()
}

// Feedback is what the feedback function is told.
type Feedback struct {
	Tables map[table.Name]string
	Keys   string // ARN of the secret
}

// LoadFeedback fills Feedback; an Invalid fault names every variable that is missing or malformed.
func LoadFeedback(lookup Lookup) (Feedback, error) {
	r := reader{lookup: lookup}
	c := Feedback{Tables: r.tables("ledger", "suppression"), Keys: r.arn(KeysSecret, "secretsmanager")}
	return c, r.err()
}

// count is a number from 1 up.
func (r *reader) count(name string) int {
	v := r.text(name)
	n, err := strconv.Atoi(v)
	if v != "" && (err != nil || n < 1) {
		r.refuse(name, "is not a number from 1 up")
	}
	return n
}
