package offpolicy

// Placing is the last place of a shelf that was drawn: with a coin's help either kept for the best candidate left or given to one of the next ones, each as likely. So what the place earns when it is
// explored and when it is not can be compared, and of what it was explored with, what any other way to choose among the same candidates would have earned.
type Placing struct {
	Answer   Answer
	Visitor  string
	Shown    string
	Among    []string // nil when the place was kept
	Rewarded float64
}

// Placings finds the drawn last places of an exposure. Shelves whose other places were drawn too, or that two models picked for, are left out: what stands
// before the place then differs from draw to draw.
func Placings(e Exposure) (out []Placing) {
	for _, s := range e.Shelves {
		last := len(s.Items) - 1
		if e.Teams != "" && s.Placement == forYou || last < 0 || s.Items[last].Propensity >= 1 || !(s.Items[last].Propensity > 0) {
			continue
		}
		fixed := true
		for _, i := range s.Items[:last] {
			fixed = fixed && i.Propensity == 1
		}
		if fixed {
			out = append(out, Placing{Answer: e.Answer(s), Visitor: e.Visitor, Shown: s.Items[last].ID, Among: s.Items[last].Among})
		}
	}
	return out
}

// Named is a policy with its name.
type Named struct {
	Name   string
	Policy Policy
}

// Explore evaluates the last place: kept, explored at random, and explored by each of the policies.
func Explore(placings []Placing, policies []Named, o Options) Report {
	units := map[string]int{}
	r := Report{Clip: o.Clip}
	var kept []Decision
	var explored []Choice
	for at, p := range placings {
		unit, known := units[p.Visitor]
		if !known || p.Visitor == "" { // an answer that names nobody is somebody's of its own
			unit = at
			units[p.Visitor] = unit
		}
		if len(p.Among) == 0 {
			kept = append(kept, Decision{Unit: unit, Reward: p.Rewarded, Propensity: 1, Policy: 1})
			continue
		}
		explored = append(explored, Choice{Unit: unit, Shown: p.Shown, Propensity: 1 / float64(len(p.Among)), Reward: p.Rewarded, Among: p.Among})
	}
	r.Rows = append(r.Rows, Row{"kept for the best", Evaluate(kept, o)}, Row{"explored at random", Evaluate(Decide(explored, Uniform), o)})
	for _, n := range policies {
		r.Rows = append(r.Rows, Row{"explored by " + n.Name, Evaluate(Decide(explored, n.Policy), o)})
	}
	return r
}
