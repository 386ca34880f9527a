package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"shopkeeper/shared/console"
)

// Ready is what serve prints with --json when it answers.
type Ready struct {
	URL       string `json:"url"`
	Shop      string `json:"shop,omitempty"` // address of the demonstration shop
	Console   string `json:"console"`
	User      string `json:"user"`               // the owner's login
	Password  string `json:"password,omitempty"` // absent once the owner chose another one
	WriteKey  string `json:"writeKey"`
	SecretKey string `json:"secretKey"`
}

// ready tells where the shop is and what to do.
func (p *process) ready() error {
	if p.options.Out == nil {
		return nil
	}
	r := Ready{URL: p.url, Console: p.url + console.Path, User: ownerLogin, Password: p.password, WriteKey: p.Keys.Write, SecretKey: p.Keys.Secret}
	if !p.options.NoDemo {
		r.Shop = p.url + "/"
	}
	if p.options.JSON {
		if err := json.NewEncoder(p.options.Out).Encode(r); err != nil {
			return fmt.Errorf("tell that it is ready: %w", err)
		}
		return nil
	}
	text := fmt.Sprintf("\n  The shop is open:  %s\n\n  Look at three things, then come back to the front page: it is yours now.\n  The panel below says what the shop knows, and why each thing is there.\n", r.Shop)
	if p.options.NoDemo {
		text = fmt.Sprintf("\n  Shopkeeper answers at  %s  (the page there shows the first calls)\n\n  Write key:   %s\n  Secret key:  in %s/keys.json\n", p.url, p.Keys.Write, p.Dir)
	}
	text += fmt.Sprintf("\n  Console:  %s  (user %s, password %s)\n", r.Console, r.User, cmp.Or(r.Password, "as you chose it"))
	if _, err := fmt.Fprintln(p.options.Out, text+"\n  Ctrl-C stops it; the next start goes on from here."); err != nil {
		return fmt.Errorf("tell that it is ready: %w", err)
	}
	return nil
}
