package local

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"shopkeeper/shared/app"
	"shopkeeper/shared/mail"
)

// letterbox is the site with what the links of its mails lead to.
func (p *process) letterbox(ctx context.Context, site http.Handler) (http.Handler, error) {
	if !p.options.NoDemo {
		if err := p.introduce(ctx); err != nil {
			return nil, err
		}
	}
	mailer, err := p.Mailer()
	if err != nil {
		return nil, err
	}
	answers, err := app.Preferences(p.Log, p.Now, p.DB, p.Ring, mailer, p.url)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/c/", "/o/", "/p/"} {
		mux.Handle(path, answers)
	}
	mux.Handle("/", site)
	return mux, nil
}

// introduce gives the demonstration shop what its mails need: the address it answers at now, which another start may change, a sender and a place. What the owner has set stays.
func (p *process) introduce(ctx context.Context) error {
	s, err := p.Shops.Settings(ctx, ShopID)
	if err != nil {
		return err
	}
	if before := s.URL; before == "" || strings.HasPrefix(before, "http://127.0.0.1:") {
		s.URL = p.url
	}
	s.Address = cmp.Or(s.Address, "1 High Street\nLewes BN7 1AA")
	if s.From.Email == "" {
		s.From = mail.Address{Name: s.Name, Email: "hello@example.com"}
	}
	if err := p.Shops.Put(ctx, s); err != nil {
		return fmt.Errorf("introduce the shop: %w", err)
	}
	return nil
}
