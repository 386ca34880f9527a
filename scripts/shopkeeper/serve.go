package main

import (
	"time"

	"shopkeeper/shared/local"
)

type serveCmd struct {
	Port   int       `help:"Port on 127.0.0.1; 0 takes a free one." default:"8080" placeholder:"N"`
	Clock  time.Time `help:"The time to begin with, as 2026-03-01T12:00:00Z; it goes on from there." placeholder:"TIME"`
	Seed   uint64    `help:"Seed of the made-up shop that a new folder starts with." default:"1" placeholder:"N"`
	NoDemo bool      `name:"no-demo" help:"Do not make up a shop: start with what is in the folder."`
	SMTP   string    `name:"smtp" help:"Server that mail leaves by, as smtp://user:password@host:587 (smtps:// for TLS from the first byte; ?tls=required, ?dkim=domain:selector:keyfile). Without it mail is kept in the folder outbox." placeholder:"URL" env:"SHOPKEEPER_SMTP"`
}

// Help is what --help says besides the flags.
func (*serveCmd) Help() string {
	return "The first start of a folder makes up a shop with a year of history and trains its models, which takes a minute; after that it starts at once. " +
		"With --json the first line on standard output is one object with url, shop, console, user, password, writeKey and secretKey, printed when the server is ready to answer. " +
		"An interrupt answers what is in progress and ends."
}

// Run serves until it is interrupted.
func (c *serveCmd) Run(p *program) error {
	m := newMeter(p.err)
	defer m.close()
	return local.Serve(p, local.ServeOptions{
		Dir: p.dir, Port: c.Port, Clock: c.Clock, Seed: c.Seed, NoDemo: c.NoDemo, SMTP: c.SMTP, JSON: p.json, Log: p.log, Out: finishing{m, p.out}, Progress: m.count,
	})
}
