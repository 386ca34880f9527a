package local

import (
	"cmp"
	"fmt"
	"slices"

	"shopkeeper/shared/demo"
	"shopkeeper/shared/simulate"
)

// regulars are the customers with the most orders, each of another taste, told in a line. Equal shops have equal regulars.
func regulars(made simulate.Made) []demo.Customer {
	all := slices.Clone(made.Customers)
	slices.SortFunc(all, func(a, b simulate.Customer) int {
		return cmp.Or(cmp.Compare(b.Orders, a.Orders), cmp.Compare(a.UserID, b.UserID))
	})
	var chosen []demo.Customer
	tastes, names := map[string]bool{}, map[string]bool{}
	for _, c := range all {
		taste := favourite(c)
		if c.Orders == 0 || tastes[taste] || names[c.FirstName] {
			continue
		}
		tastes[taste], names[c.FirstName] = true, true
		chosen = append(chosen, demo.Customer{UserID: c.UserID, Name: c.Name, Email: c.Email, Note: fmt.Sprintf("Likes %s; %d orders", taste, c.Orders)})
		if len(chosen) == regularsShown {
			break
		}
	}
	return chosen
}

// favourite is the department a customer likes best.
func favourite(c simulate.Customer) string {
	best := ""
	for d, w := range c.Tastes {
		if best == "" || w > c.Tastes[best] || w == c.Tastes[best] && d < best {
			best = d
		}
	}
	return best
}
