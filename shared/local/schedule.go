package local

import "time"

// trainHour is when the models are made anew each day, in the shop's time zone.
const trainHour = 3

// due says whether a training run should start: none was published since the last time the hour struck. A machine that slept through the night trains in
// the morning.
func due(published, now time.Time, zone *time.Location) bool {
	local := now.In(zone)
	struck := time.Date(local.Year(), local.Month(), local.Day(), trainHour, 0, 0, 0, zone)
	if struck.After(local) {
		struck = struck.AddDate(0, 0, -1)
	}
	return published.Before(struck)
}
