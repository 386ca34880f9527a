package athena

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/sdkfault"
)

// special are Athena's own error codes. A result that is gone or a statement that is wrong is InvalidRequestException, which stays Internal.
var special = map[string]fault.Kind{"InternalServerException": fault.Unavailable}

const noAnswer = "the warehouse did not answer"

// stopping is how long a statement that nobody waits for any more may take to be stopped.
const stopping = 5 * time.Second

// ended is a statement that ended without success. again says that another try may succeed.
type ended struct {
	state  types.QueryExecutionState
	reason string
	again  bool
}

func (e *ended) Error() string { return "the statement is " + string(e.state) + ": " + e.reason }

func asEnded(err error) (*ended, bool) { return errors.AsType[*ended](err) }

// run starts a statement and waits for its end. Without a token the SDK makes one, so that its own repeats start nothing twice.
func (e *Engine) run(ctx context.Context, text string, token *string) (id string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, e.options.Patience, errors.New("the statement takes too long"))
	defer cancel()
	in := &athena.StartQueryExecutionInput{
		QueryString: &text, WorkGroup: &e.settings.Workgroup, ClientRequestToken: token,
		QueryExecutionContext: &types.QueryExecutionContext{Database: &e.settings.Database, Catalog: aws.String("AwsDataCatalog")},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String(e.at(results))},
	}
	err = e.patiently(ctx, func() error {
		out, err := e.client.StartQueryExecution(ctx, in)
		if err == nil {
			id = aws.ToString(out.QueryExecutionId)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if err := e.await(ctx, id); err != nil {
		if ctx.Err() != nil {
			e.stop(ctx, id)
		}
		return "", err
	}
	return id, nil
}

// await asks until the statement has ended.
func (e *Engine) await(ctx context.Context, id string) error {
	for pause := e.options.Poll; ; pause = min(pause*3/2, slowest) {
		var status *types.QueryExecutionStatus
		err := e.patiently(ctx, func() error {
			out, err := e.client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
			if err == nil && out.QueryExecution != nil {
				status = out.QueryExecution.Status
			}
			return err
		})
		switch {
		case err != nil:
			return err
		case status == nil:
			return fault.New(fault.Unavailable, "the warehouse answers without a state")
		case status.State == types.QueryExecutionStateSucceeded:
			return nil
		case status.State == types.QueryExecutionStateFailed || status.State == types.QueryExecutionStateCancelled:
			return endedBadly(status)
		}
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return fault.Wrap(fault.Unavailable, context.Cause(ctx), "the warehouse had no time to end a statement")
		}
	}
}

// endedBadly gives the end its kind: what is too large stays so, what the engine calls worth another try is Unavailable, the rest is our mistake.
func endedBadly(s *types.QueryExecutionStatus) error {
	e := &ended{state: s.State, reason: aws.ToString(s.StateChangeReason)}
	tooLarge := strings.Contains(e.reason, "Bytes scanned limit was exceeded")
	left := strings.Contains(e.reason, "already exists") || strings.Contains(e.reason, "ALREADY_EXISTS")
	e.again = !tooLarge && (left || s.State == types.QueryExecutionStateCancelled || s.AthenaError != nil && s.AthenaError.Retryable)
	switch {
	case tooLarge:
		return fault.Wrap(fault.TooLarge, e, "a statement reads more than the workgroup allows")
	case e.again:
		return fault.Wrap(fault.Unavailable, e, "the warehouse gave a statement up")
	}
	return fault.Wrap(fault.Internal, e, "the warehouse refuses a statement")
}

// stop ends a statement that nobody waits for, so that it costs no more. Whether that worked changes nothing for the caller.
func (e *Engine) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopping)
	defer cancel()
	_, _ = e.client.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id})
}

// patiently repeats a call that was throttled, or that the service failed to answer, beyond what the SDK repeats by itself.
func (e *Engine) patiently(ctx context.Context, call func() error) error {
	for try := 0; ; try++ {
		err := sdkfault.From(call(), noAnswer, special)
		if err == nil || try == sdkfault.MaxTries-1 || ctx.Err() != nil || !fault.Is(err, fault.Throttled) && !fault.Is(err, fault.Unavailable) {
			return err
		}
		if err := sdkfault.Pause(ctx, try); err != nil {
			return err
		}
	}
}
