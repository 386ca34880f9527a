package env

import "shopkeeper/shared/table"

// ConsoleShop is the deployment's only shop, where there is one; empty: the login asks for the shop.
const ConsoleShop = "CONSOLE_SHOP"

// Console is what the console function is told.
type Console struct {
	Tables        map[table.Name]string
	Bucket        string // of the archive, the models, the imports and the reports
	Keys          string // ARN of the secret
	Public        string // address that links in mail begin with
	Configuration string // set of SES
	Shop          string // may be empty
}

// LoadConsole fills Console; an Invalid fault names every variable that is missing or malformed.
func LoadConsole(lookup Lookup) (Console, error) {
	r := reader{lookup: lookup}
	c := Console{
		Tables: r.tables("events", "profiles", "people", "identity", "consent", "catalog", "clicks", "shops", "imports", "segments", "offers", "campaigns", "ledger", "suppression", "staff", "idempotency"),
		Bucket: r.text(BucketData), Keys: r.arn(KeysSecret, "secretsmanager"), Public: r.address(PublicURL), Configuration: r.text(MailConfigurationSet), Shop: lookup(ConsoleShop),
	}
	return c, r.err()
}
