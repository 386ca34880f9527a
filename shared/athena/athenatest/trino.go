package athenatest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shopkeeper/shared/athena"
	"shopkeeper/shared/blob"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/standin"
)

var trino = standin.Program{Name: "trino", Script: "scripts/trino/run.sh", Needs: []string{"mvn", "curl", "unzip", "python3"}}

var databases atomic.Int32

// Warehouse is a fresh database of a Trino server behind Athena's API, and the files beside it.
type Warehouse struct {
	Engine *athena.Engine
	Files  blob.Store
	Facade *Facade
}

// Open starts the server, if it does not run already, and makes a database. The test is skipped unless SHOPKEEPER_REQUIRE names trino.
func Open(t *testing.T) Warehouse {
	t.Helper()
	if !standin.Required(trino.Name) {
		t.Skip("Trino takes 2 GB and a minute to start: SHOPKEEPER_REQUIRE=trino runs what needs it")
	}
	addr := trino.Start(t)
	folder := filepath.Join(t.TempDir(), "files")
	files, err := disk.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Rel(os.TempDir(), folder)
	if err != nil || strings.HasPrefix(below, "..") {
		t.Fatalf("%s is not below %s, where the server may read: %v", folder, os.TempDir(), err)
	}
	server := &engine{url: "http://" + addr, bucket: "data", folder: folder, place: "local:///" + below + "/"}
	database := fmt.Sprintf("d%d_%d", os.Getpid(), databases.Add(1))
	if _, err := server.exec(t.Context(), "", "CREATE SCHEMA "+database); err != nil {
		t.Fatal(err)
	}
	if err := server.work(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	f := &Facade{Exec: server.exec}
	settings := athena.Settings{Workgroup: "training", Database: database, Bucket: server.bucket}
	return Warehouse{athena.Open(f.Config(t), settings, &athena.Options{Poll: 5 * time.Millisecond, Patience: 5 * time.Minute}), files, f}
}

// engine speaks Trino's protocol. The bucket's files are in a folder.
type engine struct {
	url, bucket, folder, place string

	drops sync.Mutex // the metastore, which is a folder, loses its way when two tables go at once
}

// work waits until the server does work: it takes statements before it knows of its one worker.
func (e *engine) work(ctx context.Context, database string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := e.exec(ctx, database, "CREATE TABLE IF NOT EXISTS ready AS SELECT 1 AS n")
		if err == nil || !strings.Contains(err.Error(), "NO_NODES_AVAILABLE") {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

var (
	external = regexp.MustCompile("(?s)^CREATE EXTERNAL TABLE IF NOT EXISTS `([^`]+)` \\((.*)\\) STORED AS PARQUET LOCATION '([^']*)'$")
	kept     = regexp.MustCompile("(?s)^(CREATE TABLE .* WITH \\(format = 'PARQUET'), external_location = '[^']+'(\\) AS\n.*)$")
	quoted   = regexp.MustCompile("`([^`]*)`")
)

// translate turns the two statements that Athena has from Hive into Trino's, and places in the bucket into places in the folder.
func (e *engine) translate(text string) (string, error) {
	if m := external.FindStringSubmatch(text); m != nil {
		if name, ok := strings.CutPrefix(m[3], "s3://"+e.bucket+"/"); ok { // S3 has no folders that may be missing
			if err := os.MkdirAll(filepath.Join(e.folder, filepath.FromSlash(name)), 0o750); err != nil {
				return "", err
			}
		}
		columns := strings.ReplaceAll(quoted.ReplaceAllString(m[2], `"$1"`), " string", " varchar")
		text = fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (%s) WITH (format = 'PARQUET', external_location = '%s')", m[1], columns, m[3])
	}
	return strings.ReplaceAll(text, "'s3://"+e.bucket+"/", "'"+e.place), nil
}

// answered is one answer of the server; the statement is over when it names no next one.
type answered struct {
	NextURI string `json:"nextUri"`
	Columns []struct{ Name string }
	Data    [][]any
	Error   *struct {
		Message   string `json:"message"`
		ErrorName string `json:"errorName"`
	}
}

// exec runs one statement to its end. On a disk a table without rows has no folder, and that is an error, which it is not in S3: such a table is made elsewhere.
func (e *engine) exec(ctx context.Context, database, text string) (Result, error) {
	result, err := e.once(ctx, database, text)
	if m := kept.FindStringSubmatch(text); m != nil && err != nil && strings.Contains(err.Error(), "External table location does not exist") {
		return e.once(ctx, database, m[1]+m[2]+" WITH NO DATA")
	}
	return result, err
}

func (e *engine) once(ctx context.Context, database, text string) (Result, error) {
	text, err := e.translate(text)
	if err != nil {
		return Result{}, err
	}
	if strings.HasPrefix(text, "DROP ") {
		e.drops.Lock()
		defer e.drops.Unlock()
		text = quoted.ReplaceAllString(text, "$1")
	}
	var all Result
	next, method := e.url+"/v1/statement", http.MethodPost
	for next != "" {
		a, err := e.call(ctx, method, next, database, text)
		if err != nil && ctx.Err() != nil && method == http.MethodGet { // it was stopped
			_, stopped := e.call(context.WithoutCancel(ctx), http.MethodDelete, next, database, "")
			err = errors.Join(err, stopped)
		}
		if err != nil {
			return Result{}, err
		}
		if a.Error != nil {
			return Result{}, &Refused{State: "FAILED", Reason: a.Error.ErrorName + ": " + a.Error.Message}
		}
		if len(all.Columns) == 0 {
			for _, c := range a.Columns {
				all.Columns = append(all.Columns, c.Name)
			}
		}
		all.Rows = append(all.Rows, a.Data...)
		next, method, text = a.NextURI, http.MethodGet, ""
	}
	return all, nil
}

func (e *engine) call(ctx context.Context, method, url, database, body string) (a answered, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	for name, value := range map[string]string{"X-Trino-User": "test", "X-Trino-Catalog": "hive", "X-Trino-Schema": database} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return a, nil
	}
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(resp.Body)
		return a, errors.Join(fmt.Errorf("trino answers %s: %s", resp.Status, text), err)
	}
	d := json.NewDecoder(resp.Body)
	d.UseNumber()
	return a, d.Decode(&a)
}
