package local

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shopkeeper/shared/staff"
	"shopkeeper/shared/web"
)

// asOwner asks the admin API with a session's cookie and token.
type asOwner struct {
	*served
	cookie *http.Cookie
	csrf   string
}

func (s *served) logIn(password string) (*asOwner, int) {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"login": s.User, "password": password})
	if err != nil {
		s.t.Fatal(err)
	}
	o := &asOwner{served: s}
	status, text, cookies := o.ask(http.MethodPost, "session", string(body))
	var in struct{ CSRF string }
	if status == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			s.t.Fatal(err)
		}
		o.cookie, o.csrf = cookies[0], in.CSRF
	}
	return o, status
}

func (o *asOwner) ask(method, path, body string) (int, string, []*http.Cookie) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, o.URL+"/admin/v1/"+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "imports") {
		req.Header.Set("Content-Type", "text/csv")
	}
	req.Header.Set(web.CSRFHeader, o.csrf)
	if o.cookie != nil {
		req.AddCookie(o.cookie)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Cookies()
}

// TestTheOwnersFirstDays logs in with what serve told, imports a file, and chooses another password.
func TestTheOwnersFirstDays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	first := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	if first.Console != first.URL+"/console/" || first.User == "" || len(first.Password) < staff.MinPassword {
		t.Fatalf("it told console %q, user %q and a password of %d letters", first.Console, first.User, len(first.Password))
	}
	if _, status := first.logIn("something else"); status != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", status)
	}
	o, status := first.logIn(first.Password)
	if status != http.StatusOK || !o.cookie.HttpOnly || o.cookie.SameSite != http.SameSiteLaxMode || o.cookie.Name != staff.LocalCookieName {
		t.Fatalf("%d, cookie %v", status, o.cookie)
	}
	if status, text, _ := o.ask(http.MethodPost, "imports?kind=items&name=goods.csv", "id,title,price\nT1,Cup,4.50\n,Nameless,1\n"); status != http.StatusAccepted {
		t.Fatalf("upload: %d %s", status, text)
	}
	eventually(t, []string{"done 2 1"}, func() []string {
		_, text, _ := o.ask(http.MethodGet, "imports", "")
		var list struct {
			Items []struct {
				Done   bool
				Result struct{ Rows, Accepted int }
			}
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Items) == 1 && list.Items[0].Done && list.Items[0].Result.Rows == 2 && list.Items[0].Result.Accepted == 1 {
			return []string{"done 2 1"}
		}
		return nil
	})
	if status, text, _ := o.ask(http.MethodGet, "items/T1", ""); status != http.StatusOK || !strings.Contains(text, `"Cup"`) {
		t.Errorf("the imported item: %d %s", status, text)
	}
	if status, text, _ := o.ask(http.MethodGet, "health", ""); status != http.StatusOK || !strings.Contains(text, "events for profile") && !strings.Contains(text, `"backlogs"`) {
		t.Errorf("health: %d %s", status, text)
	}
	first.end()

	second := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	if second.Password != first.Password {
		t.Error("the second start told another password")
	}
	o, _ = second.logIn(second.Password)
	if status, text, _ := o.ask(http.MethodPut, "session/password", `{"old":"`+second.Password+`","new":"a password of my own"}`); status != http.StatusNoContent {
		t.Fatalf("new password: %d %s", status, text)
	}
	second.end()

	third := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	if third.Password != "" {
		t.Error("it told a password that is none any more")
	}
	if _, status := third.logIn("a password of my own"); status != http.StatusOK {
		t.Errorf("the own password: %d", status)
	}
	third.end()
}

// TestAFolderOfOldGetsAnOwner starts with a file of keys from before there was a console.
func TestAFolderOfOldGetsAnOwner(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	keys, err := loadKeys(keysIn(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	keys.Console = ""
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, ServeOptions{Dir: dir, NoDemo: true})
	if _, status := s.logIn(s.Password); status != http.StatusOK {
		t.Errorf("login with %q: %d", s.Password, status)
	}
	if s.SecretKey != keys.Secret {
		t.Error("the other keys changed")
	}
	s.end()
	info, err := os.Stat(filepath.Join(dir, "keys.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keys.json: %v, %v", info.Mode(), err)
	}
}

func keysIn(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "keys.json")
}
