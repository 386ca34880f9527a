package staff

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

func TestLogin(t *testing.T) {
	w := newWorld(t)
	u := w.user("Ada@Lamps.example", Marketer)
	gone := w.user("gone", Analyst)
	if _, err := w.Update(t.Context(), "lamps", gone.ID, 0, "", Analyst, true); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		shop            string
		login, password string
		want            fault.Kind
	}{
		"another spelling of the login": {"lamps", " ada@lamps.EXAMPLE ", good, 0},
		"a wrong password":              {"lamps", "ada@lamps.example", good + "!", fault.Unauthenticated},
		"an unknown login":              {"lamps", "eve", good, fault.Unauthenticated},
		"an account of another shop":    {"rugs", "ada@lamps.example", good, fault.Unauthenticated},
		"a disabled account":            {"lamps", "gone", good, fault.Unauthenticated},
		"nothing at all":                {"lamps", "", "", fault.Unauthenticated},
		"a book as a password":          {"lamps", "ada@lamps.example", strings.Repeat("x", 1<<20), fault.Unauthenticated},
	}
	var said string
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := w.Login(t.Context(), shopID(tt.shop), tt.login, tt.password, "")
			if tt.want == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(Actor{Shop: "lamps", ID: u.ID, Name: "ada@lamps.example", Role: Marketer, Via: BySession}, s.Actor); diff != "" {
					t.Errorf("actor (-want +got):\n%s", diff)
				}
				return
			}
			if !fault.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
			if said == "" {
				said = err.Error()
			}
			if err.Error() != said {
				t.Errorf("refused with %q, elsewhere with %q: the answers tell who has an account", err, said)
			}
		})
	}
}

func TestGuessingIsSlow(t *testing.T) {
	for name, login := range map[string]string{"an account": "ada", "nobody's login": "eve"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.user("ada", Owner)
			try := func(password string) error {
				_, err := w.Login(t.Context(), "lamps", login, password, "")
				return err
			}
			for i := range freeTries {
				if err := try("wrong"); !fault.Is(err, fault.Unauthenticated) {
					t.Fatalf("try %d: %v, want unauthenticated", i, err)
				}
			}
			if err := try(good); !fault.Is(err, fault.TooMany) {
				t.Fatalf("the try after %d wrong ones: %v, want too many", freeTries, err)
			}
			var waited time.Duration
			for range 12 {
				w.wait(maxWait)
				waited += maxWait
				if err := try("wrong"); !fault.Is(err, fault.Unauthenticated) {
					t.Fatalf("after a long wait: %v, want unauthenticated", err)
				}
				if err := try("wrong"); !fault.Is(err, fault.TooMany) {
					t.Fatalf("at once after it: %v, want too many", err)
				}
			}
			w.wait(maxWait)
			if err := try(good); (login == "ada") != (err == nil) {
				t.Errorf("the right password after the wait: %v", err)
			}
			if login != "ada" {
				return
			}
			for range freeTries {
				if err := try("wrong"); !fault.Is(err, fault.Unauthenticated) {
					t.Errorf("a good login did not forget the failures: %v", err)
				}
			}
		})
	}
}

// TestManyGuessesAtOnce holds tries that run side by side to the same count.
func TestManyGuessesAtOnce(t *testing.T) {
	w := newWorld(t)
	w.user("ada", Owner)
	var all sync.WaitGroup
	var compared atomic.Int64
	for range 40 {
		all.Go(func() {
			if _, err := w.Login(t.Context(), "lamps", "ada", "wrong", ""); fault.Is(err, fault.Unauthenticated) {
				compared.Add(1)
			}
		})
	}
	all.Wait()
	if n := compared.Load(); n < 1 || n > freeTries {
		t.Errorf("%d passwords were compared, want 1 to %d", n, freeTries)
	}
}

func TestSession(t *testing.T) {
	ends := map[string]func(w *world, u User, s Session){
		"logging out":             func(w *world, _ User, s Session) { must(w, w.End(w.t.Context(), s.Token)) },
		"doing nothing for hours": func(w *world, _ User, _ Session) { w.wait(SessionIdle) },
		"the end of the day": func(w *world, _ User, s Session) {
			for range int(SessionLife / time.Hour) {
				w.wait(time.Hour)
				_, _ = w.Session(w.t.Context(), s.Token)
			}
		},
		"another role": func(w *world, u User, _ Session) {
			_, err := w.Update(w.t.Context(), "lamps", u.ID, 0, "", Analyst, false)
			must(w, err)
		},
		"disabling": func(w *world, u User, _ Session) {
			_, err := w.Update(w.t.Context(), "lamps", u.ID, 0, "", Marketer, true)
			must(w, err)
		},
		"a new password": func(w *world, u User, _ Session) {
			must(w, w.SetPassword(w.t.Context(), "lamps", u.ID, good, good+"2"))
		},
		"somebody's reset": func(w *world, u User, _ Session) {
			_, err := w.ResetPassword(w.t.Context(), "lamps", u.ID)
			must(w, err)
		},
		"a login in its place": func(w *world, _ User, s Session) {
			_, err := w.Login(w.t.Context(), "lamps", "ada", good, s.Token)
			must(w, err)
		},
		"claims in its place": func(w *world, _ User, s Session) {
			_, err := w.LoginClaims(w.t.Context(), Actor{Shop: "lamps", ID: "sub-1", Role: Owner, Via: ByClaims}, s.Token)
			must(w, err)
		},
	}
	for name, end := range ends {
		t.Run("ended by "+name, func(t *testing.T) {
			w := newWorld(t)
			w.user("boss", Owner)
			u := w.user("ada", Marketer)
			s, other := w.login("ada"), w.login("boss")
			if _, err := w.Session(t.Context(), s.Token); err != nil {
				t.Fatal(err)
			}
			end(w, u, s)
			if _, err := w.Session(t.Context(), s.Token); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("error %v, want unauthenticated", err)
			}
			if name == "doing nothing for hours" || name == "the end of the day" {
				return
			}
			if _, err := w.Session(t.Context(), other.Token); err != nil {
				t.Errorf("somebody else's session ended too: %v", err)
			}
		})
	}
}

func must(w *world, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestASessionInUseGoesOn(t *testing.T) {
	w := newWorld(t)
	w.user("ada", Owner)
	s := w.login("ada")
	for range 5 {
		w.wait(SessionIdle - time.Minute)
		if _, err := w.Session(t.Context(), s.Token); err != nil {
			t.Fatalf("at %v: %v", w.time(), err)
		}
	}
}

func TestForgedTokens(t *testing.T) {
	w, elsewhere := newWorld(t), newWorld(t)
	w.user("ada", Owner)
	elsewhere.user("ada", Owner)
	s := w.login("ada")
	changed := []byte(s.Token)
	changed[len(changed)-1] ^= 1
	for name, token := range map[string]string{
		"changed": string(changed), "cut": s.Token[:len(s.Token)-2], "empty": "", "another deployment's": elsewhere.login("ada").Token, "the CSRF token": s.CSRF,
		"without a signature": "k1.bGFtcHMAQUFBQQ", "no token": "hello", "of a session that never was": string(w.tokens.Append(nil, scopeSession, []byte("lamps\x00AAAA"))),
		"of another shop": string(w.tokens.Append(nil, scopeSession, []byte("rugs\x00"+s.id))),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := w.Session(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("error %v, want unauthenticated", err)
			}
		})
	}
}

func TestCSRF(t *testing.T) {
	w := newWorld(t)
	w.user("ada", Owner)
	s, other := w.login("ada"), w.login("ada")
	if err := w.CheckCSRF(s, s.CSRF); err != nil {
		t.Errorf("the session's own token: %v", err)
	}
	for name, token := range map[string]string{"none": "", "another session's": other.CSRF, "the session's cookie": s.Token, "made up": "k1.AAAAAAAAAAAAAAAAAAAAAA"} {
		t.Run(name, func(t *testing.T) {
			if err := w.CheckCSRF(s, token); !fault.Is(err, fault.Forbidden) {
				t.Errorf("error %v, want forbidden", err)
			}
		})
	}
}

// FuzzSession holds the tokens to this: nothing but what we made opens a session.
func FuzzSession(f *testing.F) {
	f.Add("k1.bGFtcHMAQUFBQQ")
	f.Add("")
	f.Add("k1.")
	f.Fuzz(func(t *testing.T, token string) {
		w := newWorld(t)
		if _, err := w.Session(t.Context(), token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%q: %v, want unauthenticated", token, err)
		}
		if err := w.End(t.Context(), token); err != nil {
			t.Errorf("ending %q: %v", token, err)
		}
	})
}
