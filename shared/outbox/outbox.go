// Package outbox keeps mail in a folder instead of sending it: one file per message, as it would have left, for the local product and its console.
//
// A file is named by the time and the message's id and appears whole or not at all. The same message again changes nothing.
package outbox

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	stdmime "mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mime"
	"shopkeeper/shared/privacy"
)

const (
	suffix     = ".eml"
	timeLayout = "20060102T150405.000Z"
	headBytes  = 16 << 10 // enough for the headers that we write
	partial    = ".new-"  // begins the name of a file that is being written
	abandoned  = time.Hour
)

// Outbox is a folder of messages. It is safe for concurrent use.
type Outbox struct {
	now func() time.Time
	dir string
	o   mime.Options

	mu    sync.Mutex
	names map[string]string // file by message id, or what is in its place
}

// What stands in the place of a file.
const (
	beingWritten = "writing"
	deleted      = "deleted"
)

func isFile(name string) bool { return strings.HasSuffix(name, suffix) }

var (
	_ mail.Sender    = (*Outbox)(nil)
	_ privacy.Eraser = (*Outbox)(nil)
)

// Open opens the folder, and makes it if it is not there. What a killed process left half-written is removed.
func Open(now func() time.Time, dir string, o mime.Options) (*Outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the outbox cannot be made")
	}
	b := &Outbox{now: now, dir: dir, o: o, names: map[string]string{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the outbox cannot be read")
	}
	for _, e := range entries {
		switch id, ok := idOf(e.Name()); {
		case ok:
			b.names[id] = e.Name()
		case strings.HasPrefix(e.Name(), partial):
			if err := removeOld(filepath.Join(dir, e.Name())); err != nil {
				return nil, fault.Wrap(fault.Unavailable, err, "the outbox cannot be tidied up")
			}
		}
	}
	return b, nil
}

// removeOld removes what a killed process left; what is younger may be another process's that is writing it now.
func removeOld(path string) error {
	info, err := os.Stat(path)
	if err != nil || time.Since(info.ModTime()) < abandoned {
		return nil //nolint:nilerr // it is finished meanwhile
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// idOf is the message id in a file's name.
func idOf(name string) (string, bool) {
	stamp, id, ok := strings.Cut(name, "-")
	id, eml := strings.CutSuffix(id, suffix)
	return id, ok && eml && len(stamp) == len(timeLayout) && id != ""
}

// Batch is 1.
func (b *Outbox) Batch() int { return 1 }

// Send keeps the messages, on the disk when it returns.
func (b *Outbox) Send(ctx context.Context, messages ...mail.Message) []mail.Result {
	results := make([]mail.Result, len(messages))
	for i, m := range messages {
		results[i] = b.send(ctx, m)
	}
	return results
}

func (b *Outbox) send(ctx context.Context, m mail.Message) mail.Result {
	if ctx.Err() != nil {
		return mail.Result{Outcome: mail.Deferred, Code: "ended", Detail: "the sender was stopped before the message was handed over"}
	}
	at := b.now()
	text, err := mime.Append(nil, m, at, b.o)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.Fields[0].Path == "to.email" {
			return mail.Result{Outcome: mail.Refused, Code: "address", Detail: "the address is none that mail can be sent to", BadAddress: true}
		}
		return mail.Result{Outcome: mail.Refused, Code: "message", Detail: f.Error()}
	}
	accepted := mail.Result{Outcome: mail.Accepted, ProviderID: m.ID, Code: "kept"}
	b.mu.Lock()
	name, there := b.names[m.ID]
	if !there {
		b.names[m.ID] = beingWritten
	}
	b.mu.Unlock()
	if name == beingWritten {
		return mail.Result{Outcome: mail.Deferred, Code: "twice", Detail: "the message is being written by another"}
	}
	if there {
		return accepted
	}
	name = at.UTC().Format(timeLayout) + "-" + m.ID + suffix
	err = b.write(name, text)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		delete(b.names, m.ID)
		return mail.Result{Outcome: mail.Deferred, Code: "disk", Detail: "the outbox cannot be written to"}
	}
	b.names[m.ID] = name
	return accepted
}

// write makes a file appear whole, durably.
func (b *Outbox) write(name string, text []byte) (err error) {
	f, err := os.CreateTemp(b.dir, partial+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(b.dir, name))
}

// Entry is one message of the outbox, as a list shows it.
type Entry struct {
	ID       string // of the message; names it in Read and Delete
	At       time.Time
	From, To mail.Address
	Subject  string
	Tags     mail.Tags
	Bytes    int64

	name string
}

// List are the newest messages, at most limit of them, older than before (the ID of the last one of the page before; empty: from the newest). keep may be nil.
func (b *Outbox) List(ctx context.Context, before string, limit int, keep func(Entry) bool) ([]Entry, error) {
	names := b.files()
	var list []Entry
	passed := before == ""
	for _, name := range slices.Backward(names) {
		id, _ := idOf(name)
		if !passed {
			passed = id == before
			continue
		}
		if err := ctx.Err(); err != nil || len(list) == limit {
			return list, err
		}
		e, err := b.entry(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if keep == nil || keep(e) {
			list = append(list, e)
		}
	}
	return list, nil
}

// files are the names of all messages, oldest first.
func (b *Outbox) files() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	names := make([]string, 0, len(b.names))
	for _, name := range b.names {
		if isFile(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *Outbox) entry(name string) (Entry, error) {
	f, err := os.Open(filepath.Join(b.dir, name))
	if err != nil {
		return Entry{}, err
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, err := f.ReadAt(head, 0)
	if n == 0 {
		return Entry{}, fault.Wrap(fault.Unavailable, err, "a message of the outbox cannot be read")
	}
	info, err := f.Stat()
	if err != nil {
		return Entry{}, fault.Wrap(fault.Unavailable, err, "a message of the outbox cannot be read")
	}
	e := Entry{name: name, Bytes: info.Size()}
	e.ID, _ = idOf(name)
	if e.At, err = time.Parse(timeLayout, name[:len(timeLayout)]); err != nil {
		return e, fault.Wrap(fault.Internal, err, "a file of the outbox is not ours")
	}
	m, err := netmail.ReadMessage(bytes.NewReader(head[:n]))
	if err != nil {
		return e, nil // somebody wrote into it: it is listed all the same
	}
	e.From, e.To = mailbox(m.Header.Get("From")), mailbox(m.Header.Get("To"))
	if e.Subject, err = new(stdmime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		e.Subject = m.Header.Get("Subject")
	}
	e.Tags = mail.Tags{Shop: m.Header.Get(mime.HeaderShop), Campaign: m.Header.Get(mime.HeaderCampaign), Person: m.Header.Get(mime.HeaderPerson), Step: m.Header.Get(mime.HeaderStep)}
	return e, nil
}

func mailbox(value string) mail.Address {
	a, err := netmail.ParseAddress(value)
	if err != nil {
		return mail.Address{}
	}
	return mail.Address{Name: a.Name, Email: a.Address}
}

// Read is a message as it would have left. NotFound: there is none of that id.
func (b *Outbox) Read(_ context.Context, id string) ([]byte, error) {
	b.mu.Lock()
	name := b.names[id]
	b.mu.Unlock()
	if !isFile(name) {
		return nil, fault.New(fault.NotFound, "there is no such message in the outbox")
	}
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "the message is no longer in the outbox")
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "a message of the outbox cannot be read")
	}
	return text, nil
}

// Delete removes a message. Its id is remembered as long as the process runs, so that it is not kept a second time. NotFound: there is none of that id.
func (b *Outbox) Delete(_ context.Context, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := b.names[id]
	if !isFile(name) {
		return fault.New(fault.NotFound, "there is no such message in the outbox")
	}
	if err := os.Remove(filepath.Join(b.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, err, "a message of the outbox cannot be removed")
	}
	b.names[id] = deleted
	return nil
}

// Name is what a certificate of erasure calls the outbox.
func (b *Outbox) Name() string { return "outbox" }

// Erase removes every message that was made for the person or sent to one of the addresses.
func (b *Outbox) Erase(ctx context.Context, shop event.ShopID, s privacy.Subject) (found int, err error) {
	for _, name := range b.files() {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		e, err := b.entry(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return found, err
		}
		of := e.Tags.Shop == "" || e.Tags.Shop == string(shop)
		theirs := slices.Contains(s.IDs(), e.Tags.Person) || slices.ContainsFunc(s.Emails, func(email string) bool { return strings.EqualFold(email, e.To.Email) })
		if !of || !theirs {
			continue
		}
		if err := b.Delete(ctx, e.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return found, err
		}
		found++
	}
	return found, nil
}
