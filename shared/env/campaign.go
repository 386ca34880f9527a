package env

import "shopkeeper/shared/table"

// QueueSend is the address of the queue of jobs for senders: the campaign function writes it, the send function reads it.
const QueueSend = "QUEUE_SEND"

// Campaign is what the campaign function is told.
type Campaign struct {
	Tables map[table.Name]string
	Bucket string // that lists the shops
	Jobs   string // address of the queue that send reads
	Keys   string // ARN of the secret
}

// LoadCampaign fills Campaign; an Invalid fault names every variable that is missing or malformed.
func LoadCampaign(lookup Lookup) (Campaign, error) {
	r := reader{lookup: lookup}
	c := Campaign{
		Tables: r.tables("campaigns", "ledger", "segments", "people", "suppression", "shops"), Bucket: r.text(BucketData), Jobs: r.address(QueueSend), Keys: r.arn(KeysSecret, "secretsmanager"),
	}
	return c, r.err()
}
