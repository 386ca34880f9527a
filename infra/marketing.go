package main

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"shopkeeper/shared/env"
	"shopkeeper/shared/exposure"
	"shopkeeper/shared/table"
)

// senders is how many sending functions may run at once. They share the account's sending rate, so that more of them would not send faster.
const senders = 2

// sendTimeout bounds one call of the send function; a job is hidden from others for six times as long.
const sendTimeout = 2 * time.Minute

func (s service) segment() Function {
	f := s.function("segment", "Keeps segments up to date as customers change", 512, 5*time.Minute, time.Minute)
	s.tables(f, reads, "profiles", "people", "shops")
	s.tables(f, slices.Concat(reads, writes, removes), "segments")
	s.files(f, "shops/", "s3:GetObject")
	f.Set(env.BusName, s.bus.EventBusName())
	f.May(s.bus.EventBusArn(), "events:PutEvents")
	s.poison(f)
	for _, name := range []table.Name{"profiles", "people"} {
		f.Follow(s.data.Tables[name], follow{batch: 100, window: seconds(0), parallel: 10, all: true, id: string(name), failures: s.failures})
	}
	f.Every("sweep", minutes(5), s.failures, map[string]any{})
	return f
}

func (s service) offers() Function {
	f := s.function("offers", "Counts what became of offers", 512, time.Minute, 20*time.Second)
	s.tables(f, reads, "profiles", "consent")
	s.tables(f, slices.Concat(reads, writes), "offers")
	s.keys(f)
	s.poison(f)
	f.Follow(s.data.Tables["events"], follow{batch: 100, window: seconds(5), parallel: 5, failures: s.failures})
	return f
}

// jobs is the queue of work for senders. What fails too often is a failure like any other: rows wait in the ledger and are asked for again.
func (s service) jobs() awssqs.Queue {
	return awssqs.NewQueue(s.stack, str("jobs"), &awssqs.QueueProps{
		VisibilityTimeout: seconds(6 * int(sendTimeout.Seconds())),
		RetentionPeriod:   days(1),
		Encryption:        awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:        jsii.Bool(!s.stage.Emulated),
		DeadLetterQueue:   &awssqs.DeadLetterQueue{Queue: s.failures, MaxReceiveCount: num(5)},
	})
}

func (s service) campaign(jobs awssqs.Queue) Function {
	f := s.function("campaign", "Plans campaigns and asks senders for what is due", 512, 5*time.Minute, time.Minute)
	s.tables(f, reads, "segments", "people", "suppression", "shops")
	s.tables(f, slices.Concat(reads, writes, removes), "campaigns", "ledger")
	s.files(f, "shops/", "s3:GetObject")
	s.keys(f)
	f.Set(env.QueueSend, jobs.QueueUrl())
	f.May(jobs.QueueArn(), "sqs:SendMessage")
	if s.stage.Emulated {
		f.May(jobs.QueueArn(), "sqs:SendMessageBatch") // AWS knows it as SendMessage; the emulator as an action of its own
	}
	f.Every("minute", minutes(1), s.failures, map[string]any{})
	return f
}

func (s service) send(jobs awssqs.Queue) Function {
	f := s.function("send", "Hands messages of campaigns to SES", 1024, sendTimeout, 90*time.Second)
	s.tables(f, reads, "people", "profiles", "shops", "catalog", "segments", "identity", "campaigns")
	s.tables(f, slices.Concat(reads, writes), "ledger", "suppression", "offers")
	s.files(f, "models/", "s3:GetObject")
	s.keys(f)
	s.mails(f)
	f.Set(env.MailSenders, str(strconv.Itoa(senders)))
	f.OnQueue(jobs, senders)
	return f
}

func (s service) feedback() Function {
	f := s.function("feedback", "Takes what SES tells of messages to the ledger", 256, time.Minute, 10*time.Second)
	s.tables(f, slices.Concat(reads, writes), "ledger", "suppression")
	s.keys(f)
	f.OnMail(s.stage.id("mail"), s.failures)
	return f
}

func (s service) evaluate() Function {
	f := s.function("evaluate", "Says every night what campaigns were worth", 3008, 15*time.Minute, 12*time.Minute)
	s.tables(f, reads, "campaigns", "ledger", "segments", "shops")
	s.files(f, "archive/", "s3:GetObject")
	s.files(f, "shops/", "s3:GetObject")
	s.files(f, "reports/", "s3:GetObject", "s3:PutObject")
	s.keys(f)
	f.Nightly("5", s.failures, map[string]any{})
	return f
}

// erase may remove from wherever somebody is known.
func (s service) erase() Function {
	f := s.function("erase", "Carries out erasures that people confirmed, and finishes those that were cut short", 1024, 15*time.Minute, 12*time.Minute)
	s.tables(f, slices.Concat(reads, writes, removes), "events", "profiles", "people", "identity", "consent", "clicks", "segments", "offers", "campaigns", "ledger", "suppression", "staff")
	for _, folder := range []string{"archive/", "imports/", exposure.Folder} {
		s.files(f, folder, "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
	}
	s.files(f, "shops/", "s3:GetObject")
	s.keys(f)
	f.Every("erasures", minutes(5), s.failures, map[string]any{})
	return f
}

func (s service) preferences() Function {
	f := s.function("preferences", "Answers links in letters and the pages behind them", 256, 10*time.Second, time.Second)
	s.tables(f, reads, "shops", "profiles")
	s.tables(f, slices.Concat(reads, writes), "events", "people", "identity", "consent", "ledger", "suppression")
	s.keys(f)
	s.mails(f)
	return f
}

// console is staff's: it may change what staff may change, and forget people.
func (s service) console() Function {
	f := s.function("console", "The staff's pages and the admin API", 1024, 29*time.Second, 5*time.Second)
	s.tables(f, slices.Concat(reads, writes, removes), "events", "profiles", "people", "identity", "consent", "catalog", "clicks", "shops", "imports", "segments", "offers", "campaigns", "ledger", "suppression", "staff", "idempotency")
	for _, folder := range []string{"archive/", "imports/", "reports/", exposure.Folder} {
		s.files(f, folder, "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
	}
	s.files(f, "models/", "s3:GetObject", "s3:PutObject")
	s.keys(f)
	s.mails(f)
	if s.stage.Shop != "" {
		f.Set(env.ConsoleShop, &s.stage.Shop)
	}
	return f
}

// mails tells a function what it needs to write mail, and lets it: from whichever of the account's senders in this region SES has verified, and by our configuration set, which SES asks permission for as well.
func (s service) mails(f Function) {
	f.Set(env.MailConfigurationSet, s.stage.id("mail"))
	f.Set(env.PublicURL, s.address())
	f.May(s.mailARN("identity", str("*")), "ses:SendBulkEmail")
	f.May(s.mailARN("configuration-set", s.stage.id("mail")), "ses:SendBulkEmail")
	f.May(str("*"), "ses:GetAccount") // the account's rate: AWS knows no narrower resource
	if s.stage.Emulated {
		f.May(str("*"), "ses:SendBulkEmail") // the emulator asks for it on no resource at all
	}
}

// address is where links in letters lead.
func (s service) address() *string {
	if s.stage.Address != "" {
		return &s.stage.Address
	}
	return s.api.ApiEndpoint()
}

func (s service) mailARN(resource string, name *string) *string {
	return s.stack.FormatArn(&awscdk.ArnComponents{Service: str("ses"), Resource: &resource, ResourceName: name})
}
