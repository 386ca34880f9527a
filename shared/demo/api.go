package demo

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patience is how long a page waits for one answer of the API before it does without.
const patience = 2 * time.Second

// answerError is an answer of the API that is not a success.
type answerError struct {
	Status int
	Detail string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the API answered %d: %s", e.Status, e.Detail)
}

// recorder is the response of a call in process.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// call asks the API in the visitor's name and decodes the answer into out (nil: it does not matter). Cookies that the API sets go to the browser, and to
// the later calls of this page.
func (v *visit) call(method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode the body of %s %s: %w", method, path, err)
		}
		body = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+v.r.Host+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	v.dress(req)
	answer := &recorder{header: http.Header{}}
	v.shop.api.ServeHTTP(answer, req)
	v.takeCookies(answer.header)
	if answer.status >= 300 {
		return fmt.Errorf("%s %s: %w", method, path, problem(answer))
	}
	if out == nil || answer.body.Len() == 0 {
		return nil
	}
	if err := json.Unmarshal(answer.body.Bytes(), out); err != nil {
		return fmt.Errorf("decode the answer of %s %s: %w", method, path, err)
	}
	return nil
}

// dress gives the call what the visitor's browser sent and the shop's key.
func (v *visit) dress(req *http.Request) {
	for _, name := range []string{"User-Agent", "Accept-Language", "Sec-GPC", "X-Forwarded-For"} {
		if value := v.r.Header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	for _, c := range v.jar {
		req.AddCookie(c)
	}
	req.RemoteAddr, req.RequestURI = v.r.RemoteAddr, req.URL.RequestURI()
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth(v.shop.opts.WriteKey, "")
}

func (v *visit) takeCookies(h http.Header) {
	for _, c := range (&http.Response{Header: h}).Cookies() {
		v.jar = putCookie(v.jar, c)
	}
	for _, line := range h.Values("Set-Cookie") {
		v.w.Header().Add("Set-Cookie", line)
	}
}

// putCookie replaces the cookie of the same name, or removes it when the new one ends it.
func putCookie(jar []*http.Cookie, c *http.Cookie) []*http.Cookie {
	kept := make([]*http.Cookie, 0, len(jar)+1)
	for _, old := range jar {
		if old.Name != c.Name {
			kept = append(kept, old)
		}
	}
	if c.MaxAge < 0 || c.Value == "" {
		return kept
	}
	return append(kept, &http.Cookie{Name: c.Name, Value: c.Value})
}

func problem(answer *recorder) error {
	var p struct{ Title, Detail string }
	if json.Unmarshal(answer.body.Bytes(), &p) != nil {
		p.Detail = http.StatusText(answer.status)
	}
	return &answerError{Status: answer.status, Detail: cmp.Or(p.Detail, p.Title)}
}
