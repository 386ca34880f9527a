package main

import (
	"encoding/json"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/local"
)

type exportCmd struct {
	Person string `required:"" help:"Whom: a person's or visitor's id, an e-mail address, a telephone number, or the shop's own user id." placeholder:"WHO"`
}

// Run prints the export: indented for people, on one line with --json.
func (c *exportCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	private, err := l.Privacy()
	if err != nil {
		return err
	}
	all, err := private.Export(p, local.ShopID, c.Person)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return p.print(all, string(text)+"\n")
}

type eraseCmd struct {
	Person string `xor:"what" required:"" help:"Whom: a person's or visitor's id, an e-mail address, a telephone number, or the shop's own user id." placeholder:"WHO"`
	Resume bool   `xor:"what" required:"" help:"Finish erasures that were cut short."`
}

// Help is what --help says besides the flags.
func (*eraseCmd) Help() string {
	return `Removes the person's events, profile, personal data, memberships and mail from the shop's folder, also while it is being served, and scans every byte of it afterwards. ` +
		`What happened before the erasure is dropped from then on, however late it arrives. An erasure that is cut short goes on with --resume, or with the next serve. ` +
		`The exit status is 1 when the scan still finds something.`
}

// Run erases and prints the certificate.
func (c *eraseCmd) Run(p *program) (err error) {
	l, err := p.existing()
	if err != nil {
		return err
	}
	defer closing(l, &err)
	private, err := l.Privacy()
	if err != nil {
		return err
	}
	if c.Resume {
		return p.resume(l)
	}
	certificate, err := private.Erase(p, local.ShopID, c.Person)
	if err != nil {
		return err
	}
	if err := p.print(certificate, certificate.Text()); err != nil {
		return err
	}
	if !certificate.Clean() {
		return fault.New(fault.Internal, "the scan still finds something: erase again, and look at what the certificate names")
	}
	return nil
}

// resume finishes what was begun.
func (p *program) resume(l *local.Local) error {
	private, err := l.Privacy()
	if err != nil {
		return err
	}
	finished, err := private.Resume(p, local.ShopID, 0)
	for _, c := range finished {
		if err := p.print(c, c.Text()); err != nil {
			return err
		}
	}
	return err
}
