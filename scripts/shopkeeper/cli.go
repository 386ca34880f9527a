package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"shopkeeper/shared/backtest"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/local"
)

// The exit statuses.
const (
	done    = 0
	failed  = 1
	misused = 2
)

// commands is the whole command line. The help texts are its manual.
type commands struct {
	Data string `help:"The shop's folder, made when it does not exist (default: ${default})." default:"data" placeholder:"DIR"`
	JSON bool   `name:"json" help:"Machine-readable output: JSON on standard output, one object per line."`
	Log  string `help:"How much to log on standard error: debug, info, warn or error." enum:"debug,info,warn,error" default:"warn"`

	Serve    serveCmd    `cmd:"" help:"Run the whole product on this machine: API, demonstration shop, background work."`
	Import   importCmd   `cmd:"" help:"Import orders, events, items, customers, contacts or a finished campaign from a CSV or NDJSON file."`
	Train    trainCmd    `cmd:"" help:"Train the shop's recommendation models and publish them if they are not worse."`
	Models   modelsCmd   `cmd:"" help:"List the trained models, and choose which one answers are made from."`
	Backtest backtestCmd `cmd:"" help:"Measure recommendation models on a log: the shop's own, or a file."`
	Campaign campaignCmd `cmd:"" help:"List, start, pause, resume or stop campaigns, and account for their messages."`
	Evaluate evaluateCmd `cmd:"" help:"Say what came of a campaign, or how the shop's segments do month by month."`
	Simulate simulateCmd `cmd:"" help:"Fill a new folder with a made-up shop and a year of its history."`
	Export   exportCmd   `cmd:"" help:"Print everything that is kept about a person, as JSON."`
	Erase    eraseCmd    `cmd:"" help:"Erase a person from every table, queue, file and model, and print the certificate."`
	Shop     shopCmd     `cmd:"" help:"Show or change the shop's settings and keys."`
	Doctor   doctorCmd   `cmd:"" help:"Check the shop's folder and say what is in it."`
}

type streams struct {
	in       io.Reader
	out, err io.Writer
}

// program is what every command gets besides its own flags.
type program struct {
	context.Context
	streams
	dir  string
	json bool
	log  *slog.Logger
	now  func() time.Time
}

// exited carries the status of kong's own exits (help) out of its parser.
type exited int

// run parses and runs one command line and returns its exit status.
func run(ctx context.Context, args []string, s streams) (status int) {
	defer func() {
		if p := recover(); p != nil {
			code, ok := p.(exited)
			if !ok {
				panic(p)
			}
			status = int(code)
		}
	}()
	var c commands
	parser, err := kong.New(&c, kong.Name("shopkeeper"), kong.Description("Shopkeeper gives an online shop the memory of its customers."),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { panic(exited(code)) }), kong.UsageOnError(),
		kong.Vars{"models": strings.Join(backtest.Models(), ", ")}, kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 110}))
	if err != nil {
		fmt.Fprintln(s.err, "shopkeeper:", err)
		return failed
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(s.err, "shopkeeper: %v\nTry: shopkeeper --help, or shopkeeper COMMAND --help\n", err)
		return misused
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log)); err != nil {
		level = slog.LevelWarn
	}
	p := &program{ctx, s, c.Data, c.JSON, slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: level})), time.Now}
	return p.status(parsed.Run(p))
}

// status tells what went wrong and turns it into an exit status.
func (p *program) status(err error) int {
	if err == nil {
		return done
	}
	f, known := errors.AsType[*fault.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(p.err, "shopkeeper: stopped")
	case known && f.Kind == fault.Invalid && len(f.Fields) > 0:
		for _, field := range f.Fields {
			fmt.Fprintf(p.err, "shopkeeper: %s: %s\n", field.Path, field.Reason)
		}
		return misused
	default:
		fmt.Fprintln(p.err, "shopkeeper:", err)
	}
	return failed
}

// print writes a result: as JSON, or as the text.
func (p *program) print(v any, text string) error {
	if !p.json {
		_, err := io.WriteString(p.out, text)
		return err
	}
	return json.NewEncoder(p.out).Encode(v)
}

// open opens the shop's folder. The caller closes it.
func (p *program) open() (*local.Local, error) {
	return local.Open(p, p.dir, &local.Options{Log: p.log, Now: p.now})
}

// existing opens the shop's folder, which must be one.
func (p *program) existing() (*local.Local, error) {
	if _, err := os.Stat(p.dir); err != nil {
		return nil, fault.InvalidField("--data", fmt.Sprintf("%s is not there: shopkeeper serve or shopkeeper import makes a shop's folder", p.dir))
	}
	return p.open()
}

// closing joins the error of a close to the one that is returned.
func closing(c io.Closer, err *error) { *err = errors.Join(*err, c.Close()) }
