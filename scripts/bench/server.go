package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// server is a real `shopkeeper serve` with the demonstration shop.
type server struct {
	URL       string `json:"url"`
	WriteKey  string `json:"writeKey"`
	SecretKey string `json:"secretKey"`

	*child
}

// pin is the command that keeps a program on one processor, if this machine has one.
func pin(cpu string, command ...string) []string {
	if path, err := exec.LookPath("taskset"); err == nil {
		return append([]string{path, "-c", cpu}, command...)
	}
	return command
}

// child is a program on the first processor. It is told to end by stop, or with the context.
type child struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
}

// start also returns what the program prints.
func start(ctx context.Context, log io.Writer, command ...string) (*child, io.Reader, error) {
	ctx, cancel := context.WithCancel(ctx)
	args := pin("0", command...)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return &child{cmd, cancel}, out, nil
}

func (c *child) stop() {
	c.cancel()
	c.cmd.Wait() //nolint:errcheck // it says that the program was told to end
}

func startServer(ctx context.Context, program, data string, flags ...string) (*server, error) {
	log, err := os.Create(data + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c, out, err := start(ctx, log, append([]string{program, "serve", "--json", "--port", "0", "--data", data}, flags...)...)
	if err != nil {
		return nil, err
	}
	s := &server{child: c}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, s)
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("start the shop: %w (see %s.log)", err, data)
	}
	return s, nil
}

func (s *server) host() string { return strings.TrimPrefix(s.URL, "http://") }

// visitor is a browser.
type visitor struct {
	s      *server
	client *http.Client
	id     string
	n      int
}

func (s *server) newVisitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no options that could be wrong
	}
	return &visitor{s: s, id: "bench-" + rand.Text(), client: &http.Client{Jar: jar, Timeout: 10 * time.Second}}
}

func (v *visitor) call(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, v.s.URL+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "text/plain") // as beacons are sent
	return v.client.Do(req)
}

// view tells that the visitor looks at an item.
func (v *visitor) view(ctx context.Context, item string) error {
	v.n++
	body, err := json.Marshal(map[string]any{"batch": []any{map[string]any{
		"type": "track", "event": "Product Viewed", "anonymousId": v.id, "messageId": fmt.Sprintf("%s-%d", v.id, v.n),
		"properties": map[string]any{"product_id": item},
	}}, "writeKey": v.s.WriteKey})
	if err != nil {
		return err
	}
	res, err := v.call(ctx, http.MethodPost, "/v1/batch", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("collect answered %s", res.Status)
	}
	return nil
}

// page is a front page, as far as the benchmark looks at it.
type page struct {
	Shelves []struct {
		Placement string
		Items     []struct{ ID string }
	}
}

func (v *visitor) frontPage(ctx context.Context) (page, error) {
	res, err := v.call(ctx, http.MethodGet, "/v1/front-page?writeKey="+url.QueryEscape(v.s.WriteKey), nil)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close()
	var p page
	if res.StatusCode != http.StatusOK {
		return p, fmt.Errorf("front page answered %s", res.Status)
	}
	return p, json.NewDecoder(res.Body).Decode(&p)
}

// cookie is the visitor's cookies as a header.
func (v *visitor) cookie() string {
	u, err := url.Parse(v.s.URL)
	if err != nil {
		return ""
	}
	var parts []string
	for _, c := range v.client.Jar.Cookies(u) {
		parts = append(parts, c.Name+"="+c.Value)
	}
	return strings.Join(parts, "; ")
}

// shows says whether a shelf has the item.
func (p page) shows(placement, item string) bool {
	for _, s := range p.Shelves {
		for _, i := range s.Items {
			if s.Placement == placement && i.ID == item {
				return true
			}
		}
	}
	return false
}

// items are all ids on the page.
func (p page) items() []string {
	var ids []string
	for _, s := range p.Shelves {
		for _, i := range s.Items {
			ids = append(ids, i.ID)
		}
	}
	return ids
}
