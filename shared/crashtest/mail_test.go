package crashtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"golang.org/x/sync/errgroup"

	"shopkeeper/shared/app"
	"shopkeeper/shared/bus"
	"shopkeeper/shared/campaign"
	"shopkeeper/shared/consent"
	"shopkeeper/shared/event"
	"shopkeeper/shared/ledger"
	"shopkeeper/shared/mail"
	"shopkeeper/shared/mail/mailtest"
	"shopkeeper/shared/ministacktest"
	"shopkeeper/shared/people"
	"shopkeeper/shared/queue"
	"shopkeeper/shared/segment"
	"shopkeeper/shared/ses/sestest"
	"shopkeeper/shared/smtp/smtptest"
	"shopkeeper/shared/sqlite"
	"shopkeeper/shared/standin"
	"shopkeeper/shared/table"
)

const (
	mailCampaign = ledger.CampaignID("spring")
	mailPatience = 4 * time.Minute // until the campaign is finished, on a busy machine
)

// mailSize is how many people are written to, and how often something is killed meanwhile: ten thousand and fifty where the check must run, fewer on a developer's machine.
func mailSize() (int, int) {
	if standin.Required("crash") {
		return 10_000, kills
	}
	return 1_000, 10
}

func mailPerson(n int) event.PersonID { return event.PersonID(fmt.Sprintf("p_%05d", n)) }

type nobodyListens struct{}

func (nobodyListens) Publish(context.Context, ...bus.Notice) error { return nil }

// populate makes a shop with people who agreed to mail, a segment of all of them and a campaign to it that begins now.
func populate(t *testing.T, dir string, count int) {
	t.Helper()
	found(t, dir)
	db, keys, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, log := t.Context(), slog.New(slog.DiscardHandler)
	items := make([]table.Item, count)
	for n := range items {
		now := time.Now().UTC()
		body, err := json.Marshal(people.Person{
			FirstName: "Anna", Email: string(mailPerson(n)) + "@home.example", Created: now, Updated: now,
			Permissions: map[people.Channel]people.Permission{people.Email: {Channel: people.Email, Choice: consent.Granted, At: now}},
		})
		if err != nil {
			t.Fatal(err)
		}
		items[n] = table.Item{Key: people.PersonKey(demo, mailPerson(n)), Body: body}
	}
	if err := db.PutAll(ctx, items...); err != nil {
		t.Fatal(err)
	}
	if _, err := segment.NewStore(time.Now, db).Put(ctx, segment.Definition{Shop: demo, ID: "all", Name: "Everybody", Condition: "true"}); err != nil {
		t.Fatal(err)
	}
	keeper := segment.NewKeeper(log, time.Now, db, nobodyListens{}, func(context.Context, event.ShopID) (string, error) { return "GBP", nil })
	all, working := errgroup.WithContext(ctx)
	all.SetLimit(64)
	for n := range count {
		all.Go(func() error { return keeper.Follow(working, demo, string(mailPerson(n))) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	runner, err := app.Campaign(log, time.Now, db, db.Queue("send", nil), keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runner.Put(ctx, campaign.Definition{
		Shop: demo, ID: mailCampaign, Name: "Spring", Segment: "all", From: mail.Address{Name: "Demo", Email: "hello@shop.example"},
		Variants: []campaign.Variant{{Name: "a", Share: 1, Subject: "Spring for {{ customer.first_name }}", HTML: `<p>Spring. <a href="{{ unsubscribe_url }}">Leave</a></p>`, Text: "Spring. {{ unsubscribe_url }}"}},
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := runner.Start(ctx, demo, mailCampaign, 0); err != nil {
		t.Fatal(err)
	}
}

// postOffice is what the provider has: how often it accepted a message for each person. It tells the news of it, some of it twice and in any order.
type postOffice struct {
	mu       sync.Mutex
	accepted map[string]int
	news     [][]byte
	total    atomic.Int64
}

// accept is called when the provider has a message, before it answers.
func (p *postOffice) accept(person string) {
	p.total.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted[person]++
	if fate(person, "news", 100) < 50 {
		return // nothing is told of half of them
	}
	kind, more := "Delivery", ""
	if fate(person, "bounce", 100) == 0 {
		kind, more = "Bounce", `,"bounce":{"bounceType":"Permanent","bouncedRecipients":[{"status":"5.1.1"}]}`
	}
	detail := fmt.Appendf(nil, `{"eventType":%q,"mail":{"messageId":"m","destination":["%s@home.example"],"tags":{"shop":["demo"],"campaign":[%q],"person":[%q],"step":["0"]}}%s}`, kind, person, mailCampaign, person, more)
	p.news = append(p.news, detail)
	if fate(person, "twice", 100) < 20 {
		p.news = append(p.news, detail)
	}
}

// tell puts the news into the queue until stop is closed.
func (p *postOffice) tell(ctx context.Context, q queue.Queue, stop <-chan struct{}) error {
	for done := false; ; {
		p.mu.Lock()
		news := p.news
		p.news = nil
		p.mu.Unlock()
		rand.Shuffle(len(news), func(i, j int) { news[i], news[j] = news[j], news[i] })
		if len(news) > 0 {
			if err := q.Send(ctx, 0, news...); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		select {
		case <-stop:
			done = true
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// fate draws a number below n that person and purpose alone decide.
func fate(person, purpose string, n uint32) uint32 {
	h := fnv.New32a()
	fmt.Fprint(h, purpose, "/", person)
	return (h.Sum32() >> 8) % n
}

// firsts tells whether something happens for the first time.
type firsts struct{ seen sync.Map }

func (f *firsts) first(person string) bool {
	_, loaded := f.seen.LoadOrStore(person, true)
	return !loaded
}

// crew is the processes that work on the campaign.
type crew struct {
	dir      string
	env      []string
	running  map[string]*exec.Cmd
	logs     map[string]*bytes.Buffer
	hardEnds int // kill -9 of the sender
}

func (c *crew) start(t *testing.T, role string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(append(os.Environ(), c.env...), folderVariable+"="+c.dir, roleVariable+"="+role)
	if c.logs[role] == nil {
		c.logs[role] = &bytes.Buffer{}
	}
	cmd.Stderr = c.logs[role]
	if _, err := cmd.StdinPipe(); err != nil { // ends when this process does
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%s does not start: %q %v\n%s", role, line, err, c.logs[role])
	}
	c.running[role] = cmd
}

// end kills or stops a process and waits for its end.
func (c *crew) end(t *testing.T, role string, s syscall.Signal) {
	t.Helper()
	cmd := c.running[role]
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatalf("%s is gone: %v\n%s", role, err, c.logs[role])
	}
	err := cmd.Wait()
	if s == syscall.SIGTERM && err != nil {
		t.Errorf("%s did not stop in good order: %v\n%s", role, err, c.logs[role])
	}
	if s == syscall.SIGKILL && role == "sender" {
		c.hardEnds++
	}
}

// through kills and stops the crew's processes again and again while the campaign is sent, then lets it finish.
func (c *crew) through(t *testing.T, p *postOffice, people, kills int) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	roles := []string{"planner", "sender", "feedback"}
	for _, role := range roles {
		c.start(t, role)
	}
	deadline := time.Now().Add(mailPatience)
	for range kills {
		from, want := p.total.Load(), random.Int64N(int64(2*people/kills))
		for begin := time.Now(); p.total.Load() < from+want && time.Since(begin) < 2*time.Second; {
			<-time.After(time.Millisecond)
		}
		<-time.After(time.Duration(random.Int64N(int64(4 * time.Millisecond)))) // between any two instructions
		role, how := roles[random.IntN(len(roles))], syscall.SIGKILL
		if random.IntN(3) == 0 {
			how = syscall.SIGTERM
		}
		c.end(t, role, how)
		c.start(t, role)
	}
	for tick := time.NewTicker(200 * time.Millisecond); ; <-tick.C {
		if d := c.definition(t); d.Status == campaign.Finished {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the campaign is not finished: %d accepted, %+v\n%s", p.total.Load(), c.sums(t), c.logs["sender"])
		}
	}
}

func (c *crew) definition(t *testing.T) (d campaign.Definition) {
	t.Helper()
	c.look(t, func(db *sqlite.DB) (err error) {
		d, err = campaign.NewStore(time.Now, db).Get(t.Context(), demo, mailCampaign)
		return err
	})
	return d
}

func (c *crew) sums(t *testing.T) (s ledger.Sums) {
	t.Helper()
	c.look(t, func(db *sqlite.DB) (err error) {
		s, err = ledger.New(time.Now, db).Sums(t.Context(), demo, mailCampaign)
		return err
	})
	return s
}

func (c *crew) look(t *testing.T, do func(*sqlite.DB) error) {
	t.Helper()
	db, _, err := open(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := do(db); err != nil {
		t.Fatal(err)
	}
}

// heard waits until the feedback process has dealt with all news.
func (c *crew) heard(t *testing.T) {
	t.Helper()
	db, _, err := open(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	news := db.Queue("news", nil)
	for deadline := time.Now().Add(mailPatience); ; <-time.After(50 * time.Millisecond) {
		n, err := news.Len(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d news are not heard\n%s", n, c.logs["feedback"])
		}
	}
}

// account holds every person's row against what the provider has. inHand is how many messages a sender has in hand at most; unanswered is how many the provider left without an answer.
func (c *crew) account(t *testing.T, p *postOffice, people, inHand, unanswered int) {
	t.Helper()
	counts := map[ledger.State]int{}
	doubtful := 0
	c.look(t, func(db *sqlite.DB) error {
		rows := ledger.New(time.Now, db)
		for n := range people {
			id := mailPerson(n)
			row, err := rows.Get(t.Context(), demo, mailCampaign, id, 0)
			if err != nil {
				t.Errorf("%s is not accounted for: %v", id, err)
				continue
			}
			counts[row.State]++
			has := p.accepted[string(id)]
			told := has > 0 && fate(string(id), "news", 100) >= 50
			sure := row.State == ledger.Handed || row.State == ledger.Delivered || row.State == ledger.Bounced
			switch {
			case has > 1:
				t.Errorf("%s was sent %d mails", id, has)
			case !sure && row.State != ledger.Uncertain:
				t.Errorf("%s is %s %s at the end", id, row.State, row.Why)
			case has == 0 && sure:
				t.Errorf("%s was sent nothing and is %s", id, row.State)
			case told && row.State != ledger.Delivered && row.State != ledger.Bounced:
				t.Errorf("%s is %s, and the provider told more", id, row.State)
			}
			if row.HandedAt.IsZero() {
				doubtful++ // nobody saw the answer, whatever was told later
			}
		}
		return nil
	})
	t.Logf("%d people, %d kill -9 of the sender: %v; the answer was not seen for %d, of which the provider left %d unanswered", people, c.hardEnds, counts, doubtful, unanswered)
	if c.hardEnds == 0 && standin.Required("crash") {
		t.Error("the sender was never killed")
	}
	if most := c.hardEnds*inHand + unanswered; doubtful > most {
		t.Errorf("%d messages are in doubt, at most %d can have been in flight", doubtful, most)
	}
	if p.total.Load() < int64(people)-int64(doubtful) {
		t.Errorf("the provider has %d messages of %d", p.total.Load(), people)
	}
}

// campaignThroughKills runs the whole: people, processes, kills, the end.
func campaignThroughKills(t *testing.T, p *postOffice, env []string, inHand int, unanswered func() int) {
	t.Helper()
	people, kills := mailSize()
	c := &crew{dir: t.TempDir(), env: env, running: map[string]*exec.Cmd{}, logs: map[string]*bytes.Buffer{}}
	populate(t, c.dir, people)
	t.Cleanup(func() {
		for _, cmd := range c.running {
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()
		}
	})
	telling, _, err := open(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	stop, told := make(chan struct{}), make(chan error, 1)
	go func() { told <- p.tell(context.WithoutCancel(t.Context()), newsQueue(telling), stop) }()
	c.through(t, p, people, kills)
	close(stop)
	if err := <-told; err != nil {
		t.Error(err)
	}
	if err := telling.Close(); err != nil {
		t.Error(err)
	}
	c.heard(t)
	for role := range c.running {
		c.end(t, role, syscall.SIGTERM)
	}
	c.account(t, p, people, inHand, unanswered())
}

// TestCampaignThroughKills sends a campaign by SMTP while planner, sender and feedback are killed and stopped at random moments, and the server turns some messages away for now and breaks
// some connections before and after the message: nobody gets two mails, and everybody is accounted for.
func TestCampaignThroughKills(t *testing.T) {
	p := &postOffice{accepted: map[string]int{}}
	var busy, early, late firsts
	var unanswered atomic.Int64
	server := smtptest.Start(t, smtptest.Options{
		Rcpt: func(to string) error {
			if person, _, _ := strings.Cut(to, "@"); fate(person, "early", 200) == 0 && early.first(person) {
				return smtptest.ErrDrop
			}
			return nil
		},
		Data: func(to string, _ []byte) error {
			person, _, _ := strings.Cut(to, "@")
			if fate(person, "busy", 100) == 0 && busy.first(person) {
				return smtptest.Busy
			}
			return nil
		},
		After: func(to string, _ []byte) error {
			person, _, _ := strings.Cut(to, "@")
			p.accept(person)
			if fate(person, "late", 200) == 0 && late.first(person) {
				unanswered.Add(1)
				return smtptest.ErrDrop
			}
			return nil
		},
	})
	campaignThroughKills(t, p, []string{mailerVariable + "=smtp://" + server.Addr}, mailLanes, func() int { return int(unanswered.Load()) })
}

// TestCampaignThroughKillsOnAWS is the same with jobs in SQS and mail by SES, which throttles, breaks off after accepting, and fails single messages.
func TestCampaignThroughKillsOnAWS(t *testing.T) {
	endpoint := ministacktest.Start(t, ministacktest.Options{})
	made, err := awssqs.NewFromConfig(ministacktest.Config(endpoint)).CreateQueue(t.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String(fmt.Sprint("send-", time.Now().UnixNano())), Attributes: map[string]string{"VisibilityTimeout": "5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{accepted: map[string]int{}}
	var failed firsts
	var calls, unanswered atomic.Int64
	server := sestest.Start(t, sestest.Options{
		Call: func(entries int) sestest.Whole {
			switch n := calls.Add(1); {
			case n%20 == 0:
				return sestest.Busy
			case n%33 == 0:
				unanswered.Add(int64(entries))
				return sestest.Vanished
			case n%57 == 0:
				unanswered.Add(int64(entries))
				return sestest.Lost
			}
			return sestest.Answered
		},
		Entry: func(m mailtest.Received) sestest.Answer {
			if fate(m.Tags.Person, "entry", 100) == 0 && failed.first(m.Tags.Person) {
				return sestest.Transient
			}
			p.accept(m.Tags.Person)
			return sestest.Success
		},
	})
	env := []string{mailerVariable + "=" + server.URL(), queueVariable + "=" + endpoint + " " + *made.QueueUrl}
	campaignThroughKills(t, p, env, 2*50, func() int { return int(unanswered.Load()) })
}
