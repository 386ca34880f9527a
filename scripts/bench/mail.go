package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/app"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/disk"
	"shopkeeper/shared/event"
	"shopkeeper/shared/identity"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/people"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/smtp"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/table"
)

// The campaign of the measurement, as listmonk's was.
const (
	mailArg         = "send-mail"
	mailShop        = event.ShopID("bench")
	mailCampaign    = ledger.CampaignID("bench")
	mailCount       = 50_000
	mailConnections = 10
)

// benchMail sends a campaign from one processor to a server on the other.
func benchMail(ctx context.Context, dir string) error {
	dir = filepath.Join(dir, "mail")
	fmt.Printf("\npreparing: %d people and their segment ...\n", mailCount)
	if err := prepareMail(ctx, dir, mailCount); err != nil {
		return err
	}
	sink, err := newSink(ctx)
	if err != nil {
		return err
	}
	defer sink.close()
	c, out, err := start(ctx, os.Stderr, os.Args[0], mailArg, dir, sink.address())
	if err != nil {
		return err
	}
	defer c.stop()
	var r mailResult
	if err := json.NewDecoder(out).Decode(&r); err != nil {
		return fmt.Errorf("the sender ended: %w", err)
	}
	if got := sink.mails.Load(); got != mailCount || r.Handed != mailCount {
		return fmt.Errorf("the server has %d mails and the ledger %d of %d", got, r.Handed, mailCount)
	}
	title("a campaign of %d mails of %.1f kB by SMTP, sender on one core, %d connections: template, links, ledger (claimed before, settled after each, on the disk) and all", mailCount, float64(sink.bytes.Load())/mailCount/1000, mailConnections)
	fmt.Printf("%.0f mails/s, %.2f ms CPU per mail, %.0f MB at most; the ledger has a row for each of %d: %d handed\n", mailCount/r.Seconds, r.CPU/mailCount*1000, r.Memory, r.Rows, r.Handed)
	fmt.Println("peer: listmonk 6.2.0 with PostgreSQL, same size, connections and one core, another day's machine: 2,754 mails/s, .23 ms CPU per mail (its own, without PostgreSQL's), 291 MB; nothing remembered per person")
	return nil
}

type mailResult struct {
	Seconds, CPU, Memory float64
	Rows, Handed         int
}

func openMail(dir string) (*sqlite.DB, *identity.Keyring, error) {
	text, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	if err != nil {
		return nil, nil, err
	}
	keys, err := identity.ParseKeyring(text)
	if err != nil {
		return nil, nil, err
	}
	db, err := sqlite.Open(filepath.Join(dir, "shop.db"), nil)
	return db, keys, err
}

type deaf struct{}

func (deaf) Publish(context.Context, ...bus.Notice) error { return nil }

// prepareMail makes a shop, people who agreed to mail, and a campaign to all of them whose rows are planned.
func prepareMail(ctx context.Context, dir string, count int) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "keys.json"), identity.NewKeyring(), 0o600); err != nil {
		return err
	}
	db, keys, err := openMail(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	seal, err := identity.NewSealer(keys)
	if err != nil {
		return err
	}
	if err := shop.NewStore(time.Now, db, seal).Put(ctx, shop.Settings{ID: mailShop, Name: "Bench", Currency: "GBP", Consent: consent.Implied}); err != nil {
		return err
	}
	if _, err := segment.NewStore(time.Now, db).Put(ctx, segment.Definition{Shop: mailShop, ID: "all", Name: "Everybody", Condition: "true"}); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if err := populateMail(ctx, log, db, count); err != nil {
		return err
	}
	runner, err := app.Campaign(log, time.Now, db, db.Queue("send", nil), keys, nil)
	if err != nil {
		return err
	}
	if _, err := runner.Put(ctx, mailDefinition()); err != nil {
		return err
	}
	if _, err := runner.Start(ctx, mailShop, mailCampaign, 0); err != nil {
		return err
	}
	campaigns := campaign.NewStore(time.Now, db)
	for {
		if err := runner.Tick(ctx, mailShop); err != nil {
			return err
		}
		if d, err := campaigns.Get(ctx, mailShop, mailCampaign); err != nil || d.Status == campaign.Sending {
			return err
		}
	}
}

func populateMail(ctx context.Context, log *slog.Logger, db *sqlite.DB, count int) error {
	id := func(n int) event.PersonID { return event.PersonID(fmt.Sprintf("p_%06d", n)) }
	now := time.Now().UTC()
	items := make([]table.Item, count)
	for n := range items {
		body, err := json.Marshal(people.Person{
			FirstName: "Anna", Name: "Anna Bell", Email: string(id(n)) + "@home.example", Created: now, Updated: now,
			Permissions: map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: consent.Granted, At: now}},
		})
		if err != nil {
			return err
		}
		items[n] = table.Item{Key: people.PersonKey(mailShop, id(n)), Body: body}
	}
	if err := db.PutAll(ctx, items...); err != nil {
		return err
	}
	keeper := segment.NewKeeper(log, time.Now, db, deaf{}, func(context.Context, event.ShopID) (string, error) { return "GBP", nil })
	all, working := errgroup.WithContext(ctx)
	all.SetLimit(128)
	for n := range count {
		all.Go(func() error { return keeper.Follow(working, mailShop, string(id(n))) })
	}
	return all.Wait()
}

// mailDefinition is a campaign whose mail has about 6 kB.
func mailDefinition() campaign.Definition {
	paragraph := `<p style="margin:0 0 12px;font:16px/1.5 Georgia,serif;color:#222">Dear {{ customer.first_name }}, the first pickings have come from the hills, and we kept a tin of each for you to try.</p>` + "\n"
	html := "<!doctype html><html><body>" + strings.Repeat(paragraph, 22) + `<p><a href="https://shop.example/new">See them all</a></p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>`
	return campaign.Definition{
		Shop: mailShop, ID: mailCampaign, Name: "Bench", Segment: "all", From: mail.Address{Name: "Bench", Email: "hello@shop.example"},
		Variants: []campaign.Variant{{Name: "a", Share: 1, Subject: "{{ customer.first_name }}, the first pickings are here", HTML: html, Text: "Dear {{ customer.first_name }}, the first pickings are here: https://shop.example/new\n\n{{ unsubscribe_url }}\n"}},
	}
}

// sendMail is the sender's process: it hands over every row of the campaign and prints what that took.
func sendMail(ctx context.Context, dir, address string) (err error) {
	db, keys, err := openMail(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	models, err := disk.Open(filepath.Join(dir, "blobs"))
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	composer, err := app.Composer(log, time.Now, db, models, keys, "https://shop.example", nil)
	if err != nil {
		return err
	}
	sender, err := smtp.New(time.Now, address, &smtp.Options{Connections: mailConnections, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	worker, err := app.Send(log, time.Now, db, keys, composer, sender, nil)
	if err != nil {
		return err
	}
	from, cpu := time.Now(), cpuSeconds()
	var r mailResult
	for shard := range ledger.Shards {
		report, err := worker.Shard(ctx, campaign.Job{Shop: mailShop, Campaign: mailCampaign, Shard: shard})
		if err != nil {
			return err
		}
		r.Handed += report.Handed
	}
	r.Seconds, r.CPU, r.Memory = time.Since(from).Seconds(), cpuSeconds()-cpu, mostMemory()
	sums, err := ledger.New(time.Now, db).Sums(ctx, mailShop, mailCampaign)
	if err != nil {
		return err
	}
	r.Rows = sums.Rows
	return json.NewEncoder(os.Stdout).Encode(r)
}

// cpuSeconds is the processor time of this process.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// mostMemory is the largest resident memory of this process in MB.
func mostMemory() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Maxrss) / 1024
}

// sink is an SMTP server that takes everything, reads it and throws it away.
type sink struct {
	listener     net.Listener
	mails, bytes atomic.Int64
}

func newSink(ctx context.Context) (*sink, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{listener: listener}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = s.talk(c) // the client's end is the end
				_ = c.Close()
			}()
		}
	}()
	return s, nil
}

func (s *sink) address() string { return s.listener.Addr().String() }

func (s *sink) close() { _ = s.listener.Close() }

// talk is one connection. Answers leave when nothing more is there to be read, so that pipelined commands get theirs in one packet.
func (s *sink) talk(c net.Conn) error {
	in, out := bufio.NewReaderSize(c, 32<<10), bufio.NewWriter(c)
	_, _ = out.WriteString("220 sink\r\n")
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch verb := strings.ToUpper(string(line[:min(4, len(line))])); verb {
		case "EHLO":
			_, _ = out.WriteString("250-sink\r\n250 PIPELINING\r\n")
		case "DATA":
			_, _ = out.WriteString("354 go on\r\n")
			if err := out.Flush(); err != nil {
				return err
			}
			if err := s.message(in); err != nil {
				return err
			}
			_, _ = out.WriteString("250 ok\r\n")
		case "QUIT":
			_, _ = out.WriteString("221 bye\r\n")
			return out.Flush()
		default:
			_, _ = out.WriteString("250 ok\r\n")
		}
	}
}

func (s *sink) message(in *bufio.Reader) error {
	for n := 0; ; {
		line, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if len(line) == 3 && line[0] == '.' {
			s.mails.Add(1)
			s.bytes.Add(int64(n))
			return nil
		}
		n += len(line)
		if err != nil {
			return err
		}
	}
}
