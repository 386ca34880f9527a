// Package athena runs the warehouse's SQL on Amazon Athena.
//
// A statement is started, asked after until it has ended, and read page by page. Starting is idempotent by a token: Materialize makes it from the statement, so that a process that is started again
// after a crash meets the query of its first life instead of paying for a second one. Every try of a table has a place of its own, as Athena leaves files of failed ones behind.
package athena

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/warehouse"
)

// Settings are the deployment's. The workgroup must not override where tables are put.
type Settings struct {
	Workgroup string
	Database  string // of the Glue catalog; tables come and go in it
	Bucket    string // of the files that the blob.Store beside it holds
}

// Options tune an Engine.
type Options struct {
	Poll     time.Duration // first pause between two questions whether a statement has ended; it grows to ten seconds
	Patience time.Duration // for one statement
}

// DefaultOptions cost a statement of a second some quarter of one more, and wait for Athena's longest, which take half an hour.
var DefaultOptions = Options{Poll: 250 * time.Millisecond, Patience: 35 * time.Minute}

const (
	slowest  = 10 * time.Second // between two questions
	tries    = 4                // of a table
	droppers = 4                // statements that drop tables side by side
	results  = "warehouse/results/"
)

// Engine is a database of Athena.
type Engine struct {
	client   *athena.Client
	settings Settings
	options  Options
}

var _ warehouse.Engine = (*Engine)(nil)

// Open returns the database; no call is made yet. o may be nil.
func Open(cfg aws.Config, s Settings, o *Options) *Engine {
	if o == nil {
		o = &DefaultOptions
	}
	return &Engine{client: athena.NewFromConfig(cfg), settings: s, options: *o}
}

// hive are Hive's names of columns' types.
var hive = map[warehouse.Type]string{warehouse.Text: "string", warehouse.Integer: "bigint", warehouse.Integer4: "int", warehouse.Time: "timestamp"}

// Register is warehouse.Engine's. Athena reads the folders below a table's place too.
func (e *Engine) Register(ctx context.Context, table string, columns []warehouse.Column, prefix string) error {
	declared := make([]string, len(columns))
	for n, c := range columns {
		declared[n] = "`" + c.Name + "` " + hive[c.Type]
	}
	_, err := e.run(ctx, fmt.Sprintf("CREATE EXTERNAL TABLE IF NOT EXISTS `%s` (%s) STORED AS PARQUET LOCATION '%s'", table, strings.Join(declared, ", "), e.at(prefix)), nil)
	return err
}

// at is where the blob.Store's file of a name is.
func (e *Engine) at(name string) string { return "s3://" + e.settings.Bucket + "/" + name }

// Materialize is warehouse.Engine's.
func (e *Engine) Materialize(ctx context.Context, table, query, folder string) (place string, err error) {
	for try := range tries {
		place = fmt.Sprintf("%st%d/", folder, try)
		text := fmt.Sprintf("CREATE TABLE %s WITH (format = 'PARQUET', external_location = '%s') AS\n%s", table, e.at(place), query)
		_, err = e.run(ctx, text, new(e.token(text)))
		if err == nil {
			return place, nil
		}
		if ended, ok := asEnded(err); !ok || !ended.again || ctx.Err() != nil {
			return "", err
		}
		if err := e.Drop(ctx, table); err != nil {
			return "", err
		}
	}
	return "", err
}

// token names a statement: 64 characters, of which Athena wants 32 to 128.
func (e *Engine) token(text string) string {
	sum := sha256.Sum256([]byte(e.settings.Workgroup + "\x00" + e.settings.Database + "\x00" + text))
	return hex.EncodeToString(sum[:])
}

// Drop is warehouse.Engine's.
func (e *Engine) Drop(ctx context.Context, tables ...string) error {
	if len(tables) == 0 {
		return nil
	}
	var there []string
	query := fmt.Sprintf("SELECT table_name FROM information_schema.tables WHERE table_schema = '%s' AND table_name IN ('%s') ORDER BY table_name",
		e.settings.Database, strings.Join(tables, "', '"))
	if err := e.Rows(ctx, query, func(row []string) error {
		there = append(there, row[0])
		return nil
	}); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(droppers)
	for _, table := range there {
		g.Go(func() error {
			_, err := e.run(ctx, "DROP TABLE IF EXISTS `"+table+"`", nil)
			return err
		})
	}
	return g.Wait()
}

// Rows is warehouse.Engine's.
func (e *Engine) Rows(ctx context.Context, query string, each func([]string) error) error {
	id, err := e.run(ctx, query, nil)
	if err != nil {
		return err
	}
	pages := athena.NewGetQueryResultsPaginator(e.client, &athena.GetQueryResultsInput{QueryExecutionId: &id})
	for first := true; pages.HasMorePages(); first = false {
		var page *athena.GetQueryResultsOutput
		if err := e.patiently(ctx, func() (err error) {
			page, err = pages.NextPage(ctx)
			return err
		}); err != nil {
			return err
		}
		if page.ResultSet == nil {
			return fault.New(fault.Unavailable, "the warehouse answers without rows")
		}
		rows := page.ResultSet.Rows
		if first && len(rows) > 0 {
			rows = rows[1:] // the names of the columns
		}
		for _, r := range rows {
			values := make([]string, len(r.Data))
			for n, d := range r.Data {
				values[n] = aws.ToString(d.VarCharValue)
			}
			if err := each(values); err != nil {
				return err
			}
		}
	}
	return nil
}
