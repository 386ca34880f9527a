// Package sdkfault translates what the AWS SDK returns into the product's faults. The adapters of AWS services use it at their borders.
package sdkfault

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"shopkeeper/shared/fault"
)

// kinds are the error codes that mean the same in every service. A wrong credential, a missing table or a forbidden action is nobody's input: it
// stays Internal.
var kinds = map[string]fault.Kind{
	"BandwidthLimitExceeded":                 fault.Throttled,
	"KMSThrottlingException":                 fault.Throttled,
	"LimitExceededException":                 fault.Throttled,
	"OverLimit":                              fault.Throttled,
	"PriorRequestNotComplete":                fault.Throttled,
	"ProvisionedThroughputExceededException": fault.Throttled,
	"RequestLimitExceeded":                   fault.Throttled,
	"RequestThrottled":                       fault.Throttled,
	"RequestThrottledException":              fault.Throttled,
	"SlowDown":                               fault.Throttled,
	"Throttling":                             fault.Throttled,
	"ThrottlingException":                    fault.Throttled,
	"ThrottledException":                     fault.Throttled,
	"TooManyRequestsException":               fault.Throttled,
	"ValidationException":                    fault.Invalid,
	"InternalFailure":                        fault.Unavailable,
	"InternalServerError":                    fault.Unavailable,
	"InternalError":                          fault.Unavailable,
	"RequestTimeout":                         fault.Unavailable,
	"ServiceUnavailable":                     fault.Unavailable,
}

// From is err, which a call of the SDK returned, as a fault: by its code, else by its HTTP status; an error without an answer (network, an ended
// context) is Unavailable. special names codes that mean something particular to the caller; it may be nil. A nil err stays nil.
func From(err error, detail string, special map[string]fault.Kind) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(kindOf(err, special), err, detail)
}

func kindOf(err error, special map[string]fault.Kind) fault.Kind {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Unavailable
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if k, ok := special[api.ErrorCode()]; ok {
			return k
		}
		if k, ok := kinds[api.ErrorCode()]; ok {
			return k
		}
	}
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	switch {
	case !ok:
		if _, sent := errors.AsType[*smithy.OperationError](err); sent && !local(err) {
			return fault.Unavailable
		}
		return fault.Internal
	case answer.HTTPStatusCode() == http.StatusTooManyRequests:
		return fault.Throttled
	case answer.HTTPStatusCode() >= http.StatusInternalServerError, answer.HTTPStatusCode() < http.StatusBadRequest:
		return fault.Unavailable
	default:
		return fault.Internal
	}
}

// local says that the request was never sent because it is wrong: a missing parameter, no region, no endpoint.
func local(err error) bool {
	if _, ok := errors.AsType[smithy.InvalidParamsError](err); ok {
		return true
	}
	_, ok := errors.AsType[*smithy.SerializationError](err)
	return ok
}

// Attempts counts how often one call was sent. A conditional write that was sent more than once may have met its own first attempt, whose
// answer was lost.
type Attempts struct{ n atomic.Int32 }

// Repeated says that the call was sent more than once.
func (a *Attempts) Repeated() bool { return a.n.Load() > 1 }

// Watch adds the counting to a call; it is an element of the APIOptions of a service's Options.
func (a *Attempts) Watch(stack *middleware.Stack) error {
	count := middleware.FinalizeMiddlewareFunc("CountAttempts", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		a.n.Add(1)
		return next.HandleFinalize(ctx, in)
	})
	return stack.Finalize.Insert(count, "Retry", middleware.After)
}
