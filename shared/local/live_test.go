package local

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"shopkeeper/shared/app"
	"shopkeeper/shared/catalog"
	"shopkeeper/shared/event"
)

// next is what is recommended first beside an item.
func (v *visitor) next(item string) string {
	v.t.Helper()
	var list struct {
		Items []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(v.do(http.MethodGet, "/v1/recommendations?placement=for-you&limit=3&item="+item, "")), &list); err != nil {
		v.t.Fatal(err)
	}
	if len(list.Items) == 0 {
		return ""
	}
	return list.Items[0].ID
}

// untrained is a folder with goods, a model, and nobody who ever did anything.
func untrained(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	l, err := Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var items []catalog.Item
	for n := range 60 {
		items = append(items, catalog.Item{ID: event.ItemID(fmt.Sprintf("lamp-%02d", n)), Title: fmt.Sprint("Lamp ", n), Currency: "GBP", Price: 100})
	}
	if _, err := l.Items.Put(t.Context(), ShopID, items...); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Train(l.Log, l.Now, l.DB, l.Blobs, nil).Shop(t.Context(), ShopID, nil); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What other visitors click now is recommended without a training, and still after a new start, which knows no more than what is on the disk.
func TestClicksCountAtOnce(t *testing.T) {
	o := ServeOptions{Dir: untrained(t), NoDemo: true}
	s := serve(t, o)
	reader := s.visitor()
	if got := reader.next("lamp-07"); got == "lamp-42" {
		t.Fatal("it is recommended before anybody clicked")
	}
	for range 3 {
		other := s.visitor()
		other.view("lamp-07", 2)
		other.view("lamp-42", 1)
	}
	clicked := time.Now()
	eventually(t, []string{"lamp-42"}, func() []string { return []string{reader.next("lamp-07")} })
	t.Logf("recommended %d ms after the last click", time.Since(clicked).Milliseconds())
	s.end()
	s = serve(t, o)
	reader = s.visitor()
	eventually(t, []string{"lamp-42"}, func() []string { return []string{reader.next("lamp-07")} })
	s.end()
}

// childVariable makes the test binary the process that serves the folder and is killed.
const childVariable = "SHOPKEEPER_LIVE_FOLDER"

func TestMain(m *testing.M) {
	dir := os.Getenv(childVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := Serve(context.Background(), ServeOptions{Dir: dir, NoDemo: true, JSON: true, Out: os.Stdout, Log: slog.New(slog.DiscardHandler)}); err != nil {
		log.Fatal(err)
	}
}

// child starts a process that serves the folder.
func child(t *testing.T, dir string) (*served, *exec.Cmd) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &served{t: t}
	if err := json.NewDecoder(out).Decode(&s.Ready); err != nil {
		t.Fatalf("it did not get ready: %v", err)
	}
	return s, cmd
}

// A process that is killed while it recommends what visitors clicked a moment ago knows it again when it is started anew.
func TestClicksSurviveAKill(t *testing.T) {
	dir := untrained(t)
	s, cmd := child(t, dir)
	other := s.visitor()
	other.view("lamp-07", 2)
	other.view("lamp-42", 1)
	reader := s.visitor()
	eventually(t, []string{"lamp-42"}, func() []string { return []string{reader.next("lamp-07")} })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that it was killed
	s, cmd = child(t, dir)
	reader = s.visitor()
	eventually(t, []string{"lamp-42"}, func() []string { return []string{reader.next("lamp-07")} })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}
