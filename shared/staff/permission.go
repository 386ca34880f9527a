package staff

import (
	"slices"
	"strings"

	"shopkeeper/shared/fault"
)

// Action is something that needs a permission: what is acted on and how, "offers.write". Reading actions end in ".read".
type Action string

// The actions.
const (
	OverviewRead  Action = "overview.read" // figures of the whole shop, latest events without names
	CustomersRead Action = "customers.read"
	CustomersEdit Action = "customers.write" // merge, unmerge
	CustomersTake Action = "customers.export"
	CustomersDrop Action = "customers.erase"
	CatalogRead   Action = "catalog.read"
	CatalogEdit   Action = "catalog.write"
	OrdersRead    Action = "orders.read"
	OffersRead    Action = "offers.read"
	OffersEdit    Action = "offers.write"
	RulesRead     Action = "rules.read"
	RulesEdit     Action = "rules.write"
	SegmentsRead  Action = "segments.read"
	SegmentsEdit  Action = "segments.write"
	CampaignsRead Action = "campaigns.read"
	CampaignsEdit Action = "campaigns.write"
	CampaignsSend Action = "campaigns.send" // test send, start, pause, resume, stop
	ImportsRead   Action = "imports.read"
	ImportsEdit   Action = "imports.write"
	RejectedRead  Action = "rejected.read" // refused rows of imports, names and addresses included
	ExportsRead   Action = "exports.read"
	KeysRead      Action = "keys.read"
	KeysEdit      Action = "keys.write"
	UsersRead     Action = "users.read"
	UsersEdit     Action = "users.write"
	AuditRead     Action = "audit.read"
	OutboxRead    Action = "outbox.read" // letters as they were sent, addresses included
	HealthRead    Action = "health.read"
	ModelsRead    Action = "models.read"
	ModelsEdit    Action = "models.write" // roll back, compare two
	SelfRead      Action = "self.read"    // who am I
	SelfEdit      Action = "self.write"   // own password, logout
)

// Reads says whether the action changes nothing.
func (a Action) Reads() bool { return strings.HasSuffix(string(a), ".read") }

// permission is one row: who may do the action besides the owner and the shop's server, who may do everything.
type permission struct {
	action Action
	also   []Role
}

// permissions is the one table of what a role may do. The analyst sees figures and opaque ids, never a customer's name; the operator serves customers and writes to no group of them; the marketer does both and manages no
// accounts.
var permissions = []permission{
	{OverviewRead, []Role{Marketer, Operator, Analyst}},
	{CustomersRead, []Role{Marketer, Operator}},
	{CustomersEdit, []Role{Operator}},
	{CustomersTake, []Role{Operator}},
	{CustomersDrop, nil},
	{CatalogRead, []Role{Marketer, Operator, Analyst}},
	{CatalogEdit, []Role{Marketer}},
	{OrdersRead, []Role{Marketer, Operator}},
	{OffersRead, []Role{Marketer, Operator, Analyst}},
	{OffersEdit, []Role{Marketer}},
	{RulesRead, []Role{Marketer, Operator, Analyst}},
	{RulesEdit, []Role{Marketer}},
	{SegmentsRead, []Role{Marketer, Operator, Analyst}},
	{SegmentsEdit, []Role{Marketer}},
	{CampaignsRead, []Role{Marketer, Operator, Analyst}},
	{CampaignsEdit, []Role{Marketer}},
	{CampaignsSend, []Role{Marketer}},
	{ImportsRead, []Role{Marketer, Analyst}},
	{ImportsEdit, []Role{Marketer}},
	{RejectedRead, []Role{Marketer}},
	{ExportsRead, []Role{Marketer, Analyst}},
	{KeysRead, nil},
	{KeysEdit, nil},
	{UsersRead, nil},
	{UsersEdit, nil},
	{AuditRead, nil},
	{OutboxRead, []Role{Marketer, Operator}},
	{HealthRead, []Role{Marketer, Operator, Analyst}},
	{ModelsRead, []Role{Marketer, Operator, Analyst}},
	{ModelsEdit, []Role{Marketer}},
	{SelfRead, []Role{Marketer, Operator, Analyst}},
	{SelfEdit, []Role{Marketer, Operator, Analyst}},
}

// Actions are all actions, in the order of the table.
func Actions() []Action {
	all := make([]Action, len(permissions))
	for i, p := range permissions {
		all[i] = p.action
	}
	return all
}

// May says whether the role is allowed the action.
func (r Role) May(action Action) bool {
	i := slices.IndexFunc(permissions, func(p permission) bool { return p.action == action })
	if i < 0 {
		return false
	}
	return r == Owner || r == Server || slices.Contains(permissions[i].also, r)
}

// May says whether the actor is allowed the action now: what a page asks to leave out what could not be done.
func (a Actor) May(action Action) bool { return a.Check(action) == nil }

// Check is Forbidden unless the actor is allowed the action.
func (a Actor) Check(action Action) error {
	switch {
	case a.Shop == "" || !a.Role.May(action):
		return fault.Newf(fault.Forbidden, "the role %s does not include %s", a.Role, action)
	case a.MustChange && action != SelfEdit && action != SelfRead:
		return fault.New(fault.Forbidden, "the password must be changed first")
	}
	return nil
}
