// Package exposure keeps the log of exposures where functions do not share a disk: what was shown to whom by which model, one line an answer, as files of a blob store. Two models on one list are judged by it,
// and so are other ways to explore and offers.
//
// # The way of a line
//
// Whoever answers writes the line to its own log and waits for nobody. The log's service hands lines on in deliveries, each of one stream of the log, at least once, soon or hours later. Keep stores the lines of a
// delivery as exposures/<shop>/dt=<day of the answer, UTC>/<id>.ndjson.gz, as they were written. The id follows from the log's group and stream and from the first and the last event of the delivery, and a file that is
// there is left alone: a delivery that is repeated whole changes nothing, and nothing that was erased comes back with it. One that was cut differently leaves lines in two files: readers hand over an answer once a day of answers. A line that is larger than the service takes in one piece (256 KB at
// least; a front page has half a KB) arrives as none and is lost.
//
// # Lifetime
//
// Lines are kept for Days, then Prune removes their files; a bucket may have a rule that does the same. At night Compact makes few files of a day that ended: a report reads thousands otherwise. Forget takes a
// visitor's lines out, file by file; a file without lines stays, empty, so that the delivery it came from is still known.
package exposure

import (
	"fmt"
	"time"

	"shopkeeper/shared/blob"
	"shopkeeper/shared/event"
	"shopkeeper/shared/table"
)

// Days is how long what was shown is kept. It is as long as the events that it is compared with.
const Days = 90

// Folder is where the files of all shops are, with a slash at the end.
const Folder = "exposures/"

const (
	suffix = ".ndjson.gz"
	day    = 24 * time.Hour

	listPage = 1000 // file names that are asked for at once
)

// Log is the log of exposures in a blob store. It is safe for concurrent use.
type Log struct {
	files  blob.Store
	merged int // about how many packed bytes Compact puts into a file
}

// New is the log below Folder.
func New(files blob.Store) *Log { return &Log{files, mergedSize} }

func shopPrefix(shop event.ShopID) string {
	return fmt.Sprintf("%s%s/dt=", Folder, table.Partition(string(shop)))
}

func dayPrefix(shop event.ShopID, date string) string { return shopPrefix(shop) + date + "/" }

func dateOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }
