package campaign

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"shopkeeper/shared/ledger"
	"shopkeeper/shared/people"
)

func TestQuietHours(t *testing.T) {
	night := Quiet{From: 21 * 60, To: 8 * 60}
	tests := map[string]struct {
		quiet    Quiet
		zone, at string
		want     string
	}{
		"none":                               {Quiet{}, "Europe/Paris", "2026-03-14T02:00:00+01:00", "2026-03-14T02:00:00+01:00"},
		"by day":                             {night, "Europe/Paris", "2026-03-14T12:00:30+01:00", "2026-03-14T12:00:30+01:00"},
		"before midnight":                    {night, "Europe/Paris", "2026-03-14T23:10:30+01:00", "2026-03-15T08:00:00+01:00"},
		"after midnight":                     {night, "Europe/Paris", "2026-03-14T00:10:00+01:00", "2026-03-14T08:00:00+01:00"},
		"the last minute before it":          {night, "Europe/Paris", "2026-03-14T20:59:59+01:00", "2026-03-14T20:59:59+01:00"},
		"its first":                          {night, "Europe/Paris", "2026-03-14T21:00:00+01:00", "2026-03-15T08:00:00+01:00"},
		"within one day":                     {Quiet{From: 12 * 60, To: 13 * 60}, "Asia/Kolkata", "2026-03-14T12:30:00+05:30", "2026-03-14T13:00:00+05:30"},
		"until midnight":                     {Quiet{From: 22 * 60, To: 0}, "Asia/Tokyo", "2026-03-14T23:00:00+09:00", "2026-03-15T00:00:00+09:00"},
		"the night that lacks an hour":       {night, "Europe/Paris", "2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"},
		"the night that has one more":        {night, "Europe/Paris", "2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"},
		"an end that the clock jumps over":   {Quiet{From: 60, To: 150}, "Europe/Paris", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"},
		"an end that comes twice":            {Quiet{From: 60, To: 150}, "Europe/Paris", "2026-10-25T02:10:00+02:00", "2026-10-25T02:30:00+02:00"},
		"half an hour of daylight saving":    {night, "Australia/Lord_Howe", "2026-10-03T23:00:00+10:30", "2026-10-04T08:00:00+11:00"},
		"where the date line is another day": {night, "Pacific/Kiritimati", "2026-03-14T10:00:00Z", "2026-03-14T18:00:00Z"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := tt.quiet.Free(at, 0, zone(tt.zone)).In(at.Location()); got.Format(time.RFC3339) != tt.want {
				want, err := time.Parse(time.RFC3339, tt.want)
				if err != nil || !got.Equal(want) {
					t.Errorf("%s, want %s", got.Format(time.RFC3339), tt.want)
				}
			}
		})
	}
}

// TestQuietHoursInRandomYears holds Free against a walk minute by minute, in every kind of zone and any year.
func TestQuietHoursInRandomYears(t *testing.T) {
	names := []string{"UTC", "Europe/Paris", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/Santiago"}
	rapid.Check(t, func(t *rapid.T) {
		z := zone(rapid.SampledFrom(names).Draw(t, "zone"))
		q := Quiet{From: rapid.IntRange(0, dayMinutes-1).Draw(t, "from")}
		q.To = (q.From + rapid.IntRange(1, dayMinutes-minQuietFree).Draw(t, "length")) % dayMinutes
		begin := time.Date(rapid.IntRange(2000, 2060).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
		at := begin.Add(time.Duration(rapid.IntRange(0, 366*24*3600).Draw(t, "second")) * time.Second)
		takes := time.Duration(rapid.IntRange(0, 600).Draw(t, "takes")) * time.Second
		got := q.Free(at, takes, z)
		want := at
		for first := true; ; first = false {
			free := true
			for s := time.Duration(0); s <= takes && free; s += time.Second {
				free = !q.at(want.Add(s), z)
			}
			if free {
				break
			}
			if first {
				want = want.Truncate(time.Minute)
			}
			want = want.Add(time.Minute)
		}
		if !got.Equal(want) {
			t.Fatalf("free from %s, by the minute %s", got.In(z), want.In(z))
		}
	})
}

func TestZoneName(t *testing.T) {
	trait := func(value string) people.Person {
		return people.Person{Country: "DE", Traits: map[string]jsonText{"timezone": jsonText(value)}}
	}
	tests := map[string]struct {
		p    people.Person
		want string
	}{
		"by the trait":                {trait(`"America/Lima"`), "America/Lima"},
		"a trait that is no zone":     {trait(`"../../etc/passwd"`), "Europe/Berlin"},
		"a trait that is no text":     {trait(`7`), "Europe/Berlin"},
		"the machine's own zone":      {trait(`"Local"`), "Europe/Berlin"},
		"by the country":              {people.Person{Country: " fr "}, "Europe/Paris"},
		"a country of one time":       {people.Person{Country: "AR"}, "America/Argentina/Buenos_Aires"},
		"a country of many":           {people.Person{Country: "US"}, ""},
		"a country that is none":      {people.Person{Country: "Atlantis"}, ""},
		"nobody knows":                {people.Person{}, ""},
		"a country and a broken zone": {trait(`"Mars/Olympus"`), "Europe/Berlin"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ZoneName(tt.p); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	for code, name := range countryZones() {
		if len(code) != 2 || zone(name) == nil {
			t.Errorf("%s has the zone %q, which is none", code, name)
		}
	}
}

// TestNobodyIsWrittenToInQuietHours runs a campaign for days, ticking at random times: whatever is claimed, is claimed where it is not quiet, and stays so until its lease ends.
func TestNobodyIsWrittenToInQuietHours(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.at = time.Date(rapid.IntRange(2027, 2050).Draw(rt, "year"), time.Month(rapid.IntRange(1, 12).Draw(rt, "month")), rapid.IntRange(1, 28).Draw(rt, "day"), 0, 0, 0, 0, time.UTC)
		zones := []string{"Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", ""}
		w.join(t, 10, func(i int, p *people.Person) {
			if z := zones[i%len(zones)]; z != "" {
				p.Traits = map[string]jsonText{"timezone": jsonText(`"` + z + `"`)}
			}
		})
		d := spring()
		d.Quiet = Quiet{From: rapid.IntRange(0, dayMinutes-1).Draw(rt, "from")}
		d.Quiet.To = (d.Quiet.From + rapid.IntRange(1, dayMinutes-minQuietFree).Draw(rt, "length")) % dayMinutes
		w.start(t, d)
		for range 200 {
			w.tick(t)
			w.hand(t, d.ID)
			if w.get(t, d.ID).Status == Finished {
				break
			}
			w.move(time.Duration(rapid.IntRange(1, 90).Draw(rt, "minutes")) * time.Minute)
		}
		for r, err := range w.ledger.All(t.Context(), tea, d.ID) {
			if err != nil {
				rt.Fatal(err)
			}
			if home := zoneOf(r, time.UTC); r.State == ledger.Handed && d.Quiet.within(r.HandedAt, lease, home) {
				rt.Errorf("%s was written to at %s, quiet is %v", r.Person, r.HandedAt.In(home), d.Quiet)
			}
		}
		if sums := w.sums(t, d.ID); sums.States[ledger.Handed] != 10 {
			rt.Errorf("%+v; want everybody written to", sums)
		}
	})
}
