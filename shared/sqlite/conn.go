package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	modernc "modernc.org/sqlite"
)

// conn is one connection to the file, with its statements prepared once. It is used by one goroutine at a time. database/sql is left out: its
// pool, its reflection and its goroutine per cancellable call would cost more than the reads do. So a statement runs to its end, whoever asked;
// what ends with a context is the wait for a connection or for the writer.
type conn struct {
	raw   driver.Conn
	stmts map[string]*stmt
}

type stmt struct {
	driver.Stmt
	args []driver.NamedValue
	row  []driver.Value
}

// connect opens the file and runs the pragmas, one by one.
//
//nolint:contextcheck // a statement runs to its end: see conn
func connect(path string, pragmas ...string) (*conn, error) {
	name := (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String()
	connector, err := modernc.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	raw, err := connector.Connect(context.Background())
	if err != nil {
		return nil, translate(err)
	}
	c := &conn{raw: raw, stmts: map[string]*stmt{}}
	for _, p := range pragmas {
		if err := c.run(p); err != nil {
			return nil, fmt.Errorf("%s: %w", p, closing(c, err))
		}
	}
	return c, nil
}

// closing closes c and returns err, which is why.
func closing(c *conn, err error) error {
	if closeErr := c.close(); closeErr != nil {
		return fmt.Errorf("%w (and closing: %w)", err, closeErr)
	}
	return err
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		if err := s.Close(); err != nil {
			return translate(err)
		}
	}
	return translate(c.raw.Close())
}

// prepared is the statement for a text, with its arguments set.
func (c *conn) prepared(text string, args []any) (*stmt, error) {
	s, ok := c.stmts[text]
	if !ok {
		raw, err := c.raw.Prepare(text)
		if err != nil {
			return nil, translate(err)
		}
		s = &stmt{Stmt: raw, args: make([]driver.NamedValue, strings.Count(text, "?"))}
		for i := range s.args {
			s.args[i].Ordinal = i + 1
		}
		c.stmts[text] = s
	}
	for i, a := range args {
		s.args[i].Value = a
	}
	return s, nil
}

// run executes statements without arguments or answers that are not worth keeping prepared.
//
//nolint:contextcheck // a statement runs to its end: see conn
func (c *conn) run(script string) error {
	s, err := c.raw.Prepare(script)
	if err != nil {
		return translate(err)
	}
	if _, err := s.(driver.StmtExecContext).ExecContext(context.Background(), nil); err != nil {
		s.Close() //nolint:errcheck // the first error says more
		return translate(err)
	}
	return translate(s.Close())
}

// exec runs a statement and returns how many rows it changed. args are int64, string, []byte or nil, one per "?".
//
//nolint:contextcheck // a statement runs to its end: see conn
func (c *conn) exec(text string, args ...any) (int64, error) {
	s, err := c.prepared(text, args)
	if err != nil {
		return 0, err
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), s.args)
	if err != nil {
		return 0, translate(err)
	}
	n, err := result.RowsAffected()
	return n, translate(err)
}

// query calls row for each row of the answer, until it returns false. Values are int64, string, []byte or nil and row may keep them.
//
//nolint:contextcheck // a statement runs to its end: see conn
func (c *conn) query(row func(v []driver.Value) bool, text string, args ...any) error {
	s, err := c.prepared(text, args)
	if err != nil {
		return err
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), s.args)
	if err != nil {
		return translate(err)
	}
	if s.row == nil {
		s.row = make([]driver.Value, len(rows.Columns()))
	}
	for {
		if err = rows.Next(s.row); err != nil || !row(s.row) {
			break
		}
	}
	if closeErr := rows.Close(); err == nil || errors.Is(err, io.EOF) {
		err = closeErr
	}
	return translate(err)
}

// number is the one number that a query answers, 0 when it answers nothing or NULL.
func (c *conn) number(text string, args ...any) (n int64, err error) {
	err = c.query(func(v []driver.Value) bool {
		n, _ = v[0].(int64)
		return false
	}, text, args...)
	return n, err
}

func text(v driver.Value) string {
	s, _ := v.(string)
	return s
}

func number(v driver.Value) int64 {
	n, _ := v.(int64)
	return n
}

func bytesOf(v driver.Value) []byte {
	b, _ := v.([]byte)
	return b
}
