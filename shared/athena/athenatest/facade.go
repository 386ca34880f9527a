// Package athenatest is Athena for tests: its API on the loopback, in front of whatever runs the SQL, which is a real Trino server or a function of the test.
package athenatest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// pageRows is how many rows Athena gives at once, the one with the names of the columns included.
const pageRows = 1000

// Result is what a statement answers. A nil value is a NULL.
type Result struct {
	Columns []string
	Rows    [][]any
}

// Refused is an end that is not a success: State is FAILED or CANCELLED.
type Refused struct {
	State     string
	Reason    string
	Retryable bool
}

func (r *Refused) Error() string { return r.State + ": " + r.Reason }

// Facade answers like Athena. Set the fields before the first call.
type Facade struct {
	// Exec runs a statement in a database; an error that is no *Refused is FAILED. Its context ends when the statement is stopped.
	Exec func(ctx context.Context, database, text string) (Result, error)

	// Fault, if set, refuses the n-th call (from 0) of an operation with a code of Athena; "" lets it through.
	Fault func(operation string, n int) (code string)

	mu      sync.Mutex
	queries map[string]*query
	tokens  map[string]string
	calls   map[string]int
}

// request is the part of all requests that matters.
type request struct {
	QueryString           string
	QueryExecutionID      string `json:"QueryExecutionId"`
	NextToken             string
	WorkGroup             string
	ClientRequestToken    string
	QueryExecutionContext struct{ Database string }
	ResultConfiguration   struct{ OutputLocation string }
}

type query struct {
	text   string
	state  string
	refuse *Refused
	result Result
	stop   context.CancelFunc
}

// Config is a configuration of the SDK that reaches the façade alone.
func (f *Facade) Config(t testing.TB) aws.Config {
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		f.mu.Lock()
		for _, q := range f.queries {
			q.stop()
		}
		f.mu.Unlock()
		server.Close()
	})
	return aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }} // what is repeated is the engine's doing
}

// Calls is how often an operation was called.
func (f *Facade) Calls(operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[operation]
}

// Tables are the statements that were begun and make a table of a SELECT.
func (f *Facade) Tables() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, q := range f.queries {
		if strings.HasPrefix(q.text, "CREATE TABLE ") {
			all = append(all, q.text)
		}
	}
	return all
}

// Repeated are those of Tables that were begun more than once, under whatever token.
func (f *Facade) Repeated() (twice []string) {
	seen := map[string]bool{}
	for _, text := range f.Tables() {
		if seen[text] {
			twice = append(twice, text)
		}
		seen[text] = true
	}
	return twice
}

// Started is how many statements were begun.
func (f *Facade) Started() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queries)
}

// ServeHTTP answers one call.
func (f *Facade) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, "SerializationException", err.Error())
		return
	}
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonAthena.")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls == nil {
		f.calls, f.queries, f.tokens = map[string]int{}, map[string]*query{}, map[string]string{}
	}
	n := f.calls[operation]
	f.calls[operation]++
	if f.Fault != nil {
		if code := f.Fault(operation, n); code != "" {
			refuse(w, code, "as the test wants")
			return
		}
	}
	if operation == "StartQueryExecution" {
		f.start(w, in) //nolint:contextcheck // a statement outlives the request that began it
		return
	}
	q := f.queries[in.QueryExecutionID]
	if q == nil {
		refuse(w, "InvalidRequestException", "QueryExecution "+in.QueryExecutionID+" was not found")
		return
	}
	switch operation {
	case "GetQueryExecution":
		answer(w, map[string]any{"QueryExecution": map[string]any{"QueryExecutionId": in.QueryExecutionID, "Status": q.status()}})
	case "GetQueryResults":
		page(w, q, in.NextToken)
	case "StopQueryExecution":
		if q.state == "RUNNING" {
			q.state, q.refuse = "CANCELLED", &Refused{State: "CANCELLED", Reason: "Query cancelled by user"}
		}
		q.stop()
		answer(w, map[string]any{})
	default:
		refuse(w, "InvalidRequestException", "no operation "+operation)
	}
}

func (q *query) status() map[string]any {
	status := map[string]any{"State": q.state}
	if q.refuse != nil {
		status["StateChangeReason"] = q.refuse.Reason
		status["AthenaError"] = map[string]any{"Retryable": q.refuse.Retryable}
	}
	return status
}

// start begins a statement, unless its token did before.
func (f *Facade) start(w http.ResponseWriter, in request) {
	if len(in.ClientRequestToken) < 32 || len(in.ClientRequestToken) > 128 {
		refuse(w, "InvalidRequestException", "the token has not 32 to 128 characters")
		return
	}
	if in.WorkGroup == "" || in.QueryExecutionContext.Database == "" || !strings.HasPrefix(in.ResultConfiguration.OutputLocation, "s3://") {
		refuse(w, "InvalidRequestException", "a statement without workgroup, database or place of results")
		return
	}
	id, known := f.tokens[in.ClientRequestToken]
	if !known {
		id = "query-" + strconv.Itoa(len(f.queries))
		f.tokens[in.ClientRequestToken] = id
		ctx, stop := context.WithCancel(context.Background())
		q := &query{text: in.QueryString, state: "RUNNING", stop: stop}
		f.queries[id] = q
		go f.exec(ctx, q, in)
	}
	answer(w, map[string]any{"QueryExecutionId": id})
}

func (f *Facade) exec(ctx context.Context, q *query, in request) {
	result, err := f.Exec(ctx, in.QueryExecutionContext.Database, in.QueryString)
	f.mu.Lock()
	defer f.mu.Unlock()
	if q.state != "RUNNING" { // it was stopped
		return
	}
	if err == nil {
		q.state, q.result = "SUCCEEDED", result
		return
	}
	refused, ok := errors.AsType[*Refused](err)
	if !ok {
		refused = &Refused{State: "FAILED", Reason: err.Error()}
	}
	q.state, q.refuse = refused.State, refused
}

// page answers at most 1,000 rows; the first of the first page are the names of the columns.
func page(w http.ResponseWriter, q *query, token string) {
	if q.state != "SUCCEEDED" {
		refuse(w, "InvalidRequestException", "Query has not yet finished. Current state: "+q.state)
		return
	}
	from, err := strconv.Atoi("0" + token)
	if err != nil || from > len(q.result.Rows) {
		refuse(w, "InvalidRequestException", "a token of another result")
		return
	}
	var rows []any
	if from == 0 {
		names := make([]any, len(q.result.Columns))
		for n, c := range q.result.Columns {
			names[n] = c
		}
		rows = append(rows, row(names))
	}
	to := min(from+pageRows-len(rows), len(q.result.Rows))
	for _, r := range q.result.Rows[from:to] {
		rows = append(rows, row(r))
	}
	out := map[string]any{"ResultSet": map[string]any{"Rows": rows}}
	if to < len(q.result.Rows) {
		out["NextToken"] = strconv.Itoa(to)
	}
	answer(w, out)
}

func row(values []any) any {
	data := make([]any, len(values))
	for n, v := range values {
		data[n] = map[string]any{}
		if v != nil {
			data[n] = map[string]any{"VarCharValue": fmt.Sprint(v)}
		}
	}
	return map[string]any{"Data": data}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(body) // who went away has no use for it
}

// refuse answers with an error as Athena's are: 500 for its own, 400 for all others.
func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	status := http.StatusBadRequest
	if code == "InternalServerException" {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "Message": message}) // as above
}
