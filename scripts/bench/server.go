package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// server is a real `shopkeeper serve` with the demonstration shop, pinned to the first processor.
type server struct {
	URL       string `json:"url"`
	WriteKey  string `json:"writeKey"`
	SecretKey string `json:"secretKey"`

	cmd *exec.Cmd
}

// pin is the command that keeps a program on one processor, if this machine has one.
func pin(cpu string, command ...string) []string {
	if path, err := exec.LookPath("taskset"); err == nil {
		return append([]string{path, "-c", cpu}, command...)
	}
	return command
}

func startServer(program, data string) (*server, error) {
	args := pin("0", program, "serve", "--json", "--port", "0", "--data", data)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	log, err := os.Create(data + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
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

func (s *server) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { s.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		s.cmd.Process.Kill()
		<-done
	}
}

func (s *server) host() string { return strings.TrimPrefix(s.URL, "http://") }

// rss is the server's resident memory in MB.
func rss(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}

// visitor is a browser.
type visitor struct {
	s      *server
	client *http.Client
	n      int
}

func (s *server) newVisitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no options that could be wrong
	}
	return &visitor{s: s, client: &http.Client{Jar: jar, Timeout: 10 * time.Second}}
}

// view tells that the visitor looks at an item.
func (v *visitor) view(item string) error {
	v.n++
	body, err := json.Marshal(map[string]any{"batch": []any{map[string]any{
		"type": "track", "event": "Product Viewed", "anonymousId": fmt.Sprintf("bench-%p", v), "messageId": fmt.Sprintf("bench-%p-%d-%d", v, time.Now().UnixNano(), v.n),
		"properties": map[string]any{"product_id": item},
	}}, "writeKey": v.s.WriteKey})
	if err != nil {
		return err
	}
	res, err := v.client.Post(v.s.URL+"/v1/batch", "text/plain", bytes.NewReader(body))
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

func (v *visitor) frontPage() (page, error) {
	res, err := v.client.Get(v.s.URL + "/v1/front-page?writeKey=" + url.QueryEscape(v.s.WriteKey))
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
