package ses

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"shopkeeper/shared/mail"
)

// How long to leave SES alone: after a burst, until the daily quota has moved on, until somebody has mended the account.
const (
	afterBurst = 10 * time.Second
	afterQuota = time.Hour
	untilFixed = 15 * time.Minute
)

// watch tells whether a request was written whole: before that SES cannot have acted on it.
func watch(ctx context.Context) (context.Context, *atomic.Bool) {
	var sent atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			sent.Store(true)
		}
	}}), &sent
}

// failure is what a failed call means for all of its messages. apart says that SES refused the request as wrong: smaller ones may go.
func failure(err error, sent bool) (r mail.Result, apart bool) {
	code := "broken"
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code = api.ErrorCode()
	}
	answer, answered := errors.AsType[*awshttp.ResponseError](err)
	answered = answered && answer.HTTPStatusCode() != 0 // the SDK makes up an answer of status 0 when there was none
	deferred := func(detail string, after time.Duration) (mail.Result, bool) {
		return mail.Result{Outcome: mail.Deferred, Code: code, Detail: detail, RetryAfter: after}, false
	}
	switch {
	case !answered && !sent:
		return deferred("SES was not reached", 0)
	case !answered, answer.HTTPStatusCode() >= http.StatusInternalServerError, answer.HTTPStatusCode() < http.StatusBadRequest:
		return mail.Result{Outcome: mail.Unknown, Code: code, Detail: "SES did not say what became of the messages"}, false
	case answer.HTTPStatusCode() == http.StatusTooManyRequests, code == "TooManyRequestsException", code == "ThrottlingException":
		return deferred("SES asks to send more slowly", afterBurst)
	case code == "LimitExceededException":
		return deferred("the account's quota is used up", afterQuota)
	case code == "BadRequestException", code == "ValidationException", code == "MessageRejected":
		return mail.Result{Outcome: mail.Refused, Code: code, Detail: "SES refuses the message"}, true
	}
	// The account, the sender's domain, the configuration set, our permission: nothing was sent, and somebody has to mend it.
	return deferred("SES cannot send for this account now", untilFixed)
}

// entry is what became of one message of a call that was answered.
func entry(e types.BulkEmailEntryResult) mail.Result {
	r := mail.Result{Outcome: mail.Deferred, Code: string(e.Status), ProviderID: aws.ToString(e.MessageId)}
	switch e.Status {
	case types.BulkEmailStatusSuccess:
		r.Outcome = mail.Accepted
	case types.BulkEmailStatusMessageRejected, types.BulkEmailStatusInvalidParameter, types.BulkEmailStatusFailed:
		r.Outcome, r.Detail = mail.Refused, "SES refuses the message"
	case types.BulkEmailStatusAccountThrottled, types.BulkEmailStatusTransientFailure:
		r.Detail, r.RetryAfter = "SES asks to send it later", afterBurst
	case types.BulkEmailStatusAccountDailyQuotaExceeded:
		r.Detail, r.RetryAfter = "the account's daily quota is used up", afterQuota
	case types.BulkEmailStatusAccountSuspended, types.BulkEmailStatusAccountSendingPaused, types.BulkEmailStatusConfigurationSetSendingPaused,
		types.BulkEmailStatusConfigurationSetNotFound, types.BulkEmailStatusMailFromDomainNotVerified, types.BulkEmailStatusTemplateNotFound, types.BulkEmailStatusInvalidSendingPoolName:
		r.Detail, r.RetryAfter = "SES cannot send for this account now", untilFixed
	default:
		r.Outcome, r.Detail = mail.Unknown, "SES gave the message a status that is not known here"
		if r.Code == "" {
			r.Code = "unanswered"
		}
	}
	return r
}
