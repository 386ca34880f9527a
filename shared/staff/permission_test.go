package staff

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

// TestPermissions writes the table down a second time, by role, so that a change of it is meant.
func TestPermissions(t *testing.T) {
	all := Actions()
	want := map[Role][]Action{
		Owner: all, Server: all,
		Marketer: {OverviewRead, CustomersRead, CatalogRead, CatalogEdit, OrdersRead, OffersRead, OffersEdit, RulesRead, RulesEdit, SegmentsRead, SegmentsEdit, CampaignsRead, CampaignsEdit, CampaignsSend,
			ImportsRead, ImportsEdit, RejectedRead, ExportsRead, OutboxRead, HealthRead, ModelsRead, ModelsEdit, SelfRead, SelfEdit},
		Operator: {OverviewRead, CustomersRead, CustomersEdit, CustomersTake, CatalogRead, OrdersRead, OffersRead, RulesRead, SegmentsRead, CampaignsRead, OutboxRead, HealthRead, ModelsRead, SelfRead, SelfEdit},
		Analyst:  {OverviewRead, CatalogRead, OffersRead, RulesRead, SegmentsRead, CampaignsRead, ImportsRead, ExportsRead, HealthRead, ModelsRead, SelfRead, SelfEdit},
		"":       nil, "boss": nil,
	}
	for role, actions := range want {
		var may []Action
		for _, a := range all {
			if (Actor{Shop: "lamps", Role: role}).May(a) {
				may = append(may, a)
			}
		}
		if diff := cmp.Diff(actions, may); diff != "" {
			t.Errorf("%q may (-want +got):\n%s", role, diff)
		}
	}
	if (Actor{Role: Owner}).May(OverviewRead) {
		t.Error("an owner of no shop may look")
	}
	if Owner.May("offers.burn") {
		t.Error("an action that is not in the table is allowed")
	}
}

func TestClaims(t *testing.T) {
	tests := map[string]struct {
		claims Claims
		only   string
		want   Actor
		kind   fault.Kind
	}{
		"a role and a shop":      {Claims{"sub": "1", "custom:shop": "lamps", "custom:role": "analyst", "name": "Ada"}, "", Actor{Shop: "lamps", ID: "sub-1", Name: "Ada", Role: Analyst, Via: ByClaims}, 0},
		"groups as flattened":    {Claims{"sub": "1", "cognito:groups": "[operator marketer]"}, "lamps", Actor{Shop: "lamps", ID: "sub-1", Role: Marketer, Via: ByClaims}, 0},
		"groups as a JSON list":  {Claims{"sub": "1", "cognito:groups": `["analyst"]`}, "lamps", Actor{Shop: "lamps", ID: "sub-1", Role: Analyst, Via: ByClaims}, 0},
		"nobody":                 {Claims{"custom:role": "owner"}, "lamps", Actor{}, fault.Unauthenticated},
		"no role":                {Claims{"sub": "1", "cognito:groups": "[ownership]"}, "lamps", Actor{}, fault.Forbidden},
		"the server's role":      {Claims{"sub": "1", "custom:role": "server"}, "lamps", Actor{}, fault.Forbidden},
		"no shop where are many": {Claims{"sub": "1", "custom:role": "owner"}, "", Actor{}, fault.Forbidden},
		"none":                   {nil, "lamps", Actor{}, fault.Unauthenticated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ActorOf(tt.claims, ClaimNames{}, shopID(tt.only))
			if tt.kind != 0 {
				if !fault.Is(err, tt.kind) {
					t.Errorf("error %v, want %v", err, tt.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("actor (-want +got):\n%s", diff)
			}
		})
	}
	if got := ClaimsFrom(t.Context()); got != nil {
		t.Errorf("claims out of nothing: %v", got)
	}
}
