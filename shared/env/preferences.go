package env

import "shopkeeper/shared/table"

// What functions that write mail are told.
const (
	PublicURL            = "PUBLIC_URL"             // address of the deployment that links in mail begin with
	MailConfigurationSet = "MAIL_CONFIGURATION_SET" // of SES: publishes what becomes of messages
)

// Preferences is what the preferences function is told.
type Preferences struct {
	Tables        map[table.Name]string
	Keys          string // ARN of the secret
	Public        string // address
	Configuration string // set of SES
}

// LoadPreferences fills Preferences; an Invalid fault names every variable that is missing or malformed.
func LoadPreferences(lookup Lookup) (Preferences, error) {
	r := reader{lookup: lookup}
	c := Preferences{
		Tables: r.tables("events", "people", "profiles", "identity", "consent", "shops", "ledger", "suppression"),
		Keys:   r.arn(KeysSecret, "secretsmanager"), Public: r.address(PublicURL), Configuration: r.text(MailConfigurationSet),
	}
	return c, r.err()
}
