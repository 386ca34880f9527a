package console

import (
	"maps"
	"slices"
)

// Routes are the patterns of all pages, relative to Path: the tests of permissions must know each of them.
func Routes() []string {
	all := slices.Collect(maps.Keys(public))
	for _, group := range signed {
		all = slices.AppendSeq(all, maps.Keys(group))
	}
	slices.Sort(all)
	return all
}

// Rail is the address of each place in the rail.
func Rail() map[string]string {
	all := map[string]string{}
	for _, g := range places {
		for _, p := range g.Places {
			all[p.Path] = string(p.needs)
		}
	}
	return all
}
