package campaign

import "time"

const dayMinutes = 24 * 60

// none says whether there are no quiet hours.
func (q Quiet) none() bool { return q.From == q.To }

// at says whether a time is quiet by the clocks of a zone.
func (q Quiet) at(t time.Time, zone *time.Location) bool {
	local := t.In(zone)
	m := local.Hour()*60 + local.Minute()
	if q.From <= q.To {
		return q.From <= m && m < q.To
	}
	return m >= q.From || m < q.To
}

// Free is the first time from t on at which a message can begin that takes up to `takes` and no moment of it is quiet, by the clocks of the zone: those of daylight saving, too, when an hour
// is missing or comes twice. Quiet hours that leave less than that free leave nothing, and Free gives up and returns t.
func (q Quiet) Free(t time.Time, takes time.Duration, zone *time.Location) time.Time {
	if q.none() || !q.within(t, takes, zone) {
		return t
	}
	const tries = 3 * dayMinutes
	next := t.Truncate(time.Minute)
	for range tries {
		if next = q.skip(next, zone); !q.within(next, takes, zone) {
			return next
		}
	}
	return t
}

// skip is a later minute than t, and no later than the next one that is free: the end of the quiet hours that t is in, where no clock is changed before it, else the next minute.
func (q Quiet) skip(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	left := (q.To - local.Hour()*60 - local.Minute() + dayMinutes) % dayMinutes
	end := t.Add(time.Duration(left) * time.Minute)
	_, before := local.Zone()
	_, after := end.In(zone).Zone()
	if left == 0 || before != after || !q.at(t, zone) {
		return t.Add(time.Minute)
	}
	return end
}

// within says whether any moment from t to t+takes is quiet. Quiet hours begin and end on whole minutes in every zone of today.
func (q Quiet) within(t time.Time, takes time.Duration, zone *time.Location) bool {
	for step := time.Duration(0); step < takes; step += time.Minute {
		if q.at(t.Add(step), zone) {
			return true
		}
	}
	return q.at(t.Add(takes), zone)
}
