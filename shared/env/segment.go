package env

import "shopkeeper/shared/table"

// Segment is what the segment function is told.
type Segment struct {
	Tables   map[table.Name]string
	Bucket   string // that lists the shops
	Failures string // address of the queue
	Bus      string
}

// LoadSegment fills Segment; an Invalid fault names every variable that is missing or malformed.
func LoadSegment(lookup Lookup) (Segment, error) {
	r := reader{lookup: lookup}
	c := Segment{Tables: r.tables("segments", "profiles", "people", "shops"), Bucket: r.text(BucketData), Failures: r.address(QueueFailures), Bus: r.text(BusName)}
	return c, r.err()
}
