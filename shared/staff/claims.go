package staff

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"shopkeeper/shared/event"
	"shopkeeper/shared/fault"
)

// Claims are what a gateway read from a token whose signature, issuer, audience and life it checked. They reach us in the request's context alone: a header of that
// name is only text that somebody sent.
type Claims map[string]string

type claimsKey struct{}

// WithClaims is a context of a request that the gateway's authorizer let in. Only the code that takes the gateway's event may call it.
func WithClaims(ctx context.Context, c Claims) context.Context {
	if len(c) == 0 {
		return ctx
	}
	return context.WithValue(ctx, claimsKey{}, c)
}

// ClaimsFrom are the claims of a request, none when the gateway checked no token.
func ClaimsFrom(ctx context.Context) Claims {
	c, _ := ctx.Value(claimsKey{}).(Claims)
	return c
}

// ClaimNames says which claims an identity provider uses. The zero value has the names of Amazon Cognito.
type ClaimNames struct {
	Shop  string // default "custom:shop"
	Role  string // default "custom:role"
	Group string // default "cognito:groups": a group named like a role gives it, where the role claim is missing
	Name  string // default "name"
}

// ActorOf is whom claims stand for. Without a shop claim it is the deployment's only shop, empty where there are several. Unauthenticated: there are no claims, or they name nobody; Forbidden: they give no role or no shop.
func ActorOf(c Claims, names ClaimNames, only event.ShopID) (Actor, error) {
	if c["sub"] == "" || len(c["sub"]) > 200 {
		return Actor{}, errNoSession
	}
	a := Actor{Shop: event.ShopID(cmp.Or(c[cmp.Or(names.Shop, "custom:shop")], string(only))), ID: "sub-" + c["sub"], Name: c[cmp.Or(names.Name, "name")], Via: ByClaims}
	if a.Shop == "" {
		return Actor{}, fault.New(fault.Forbidden, "the account belongs to no shop")
	}
	given := append([]string{c[cmp.Or(names.Role, "custom:role")]}, groups(c[cmp.Or(names.Group, "cognito:groups")])...)
	for _, r := range Roles() { // of several, the widest
		if slices.Contains(given, string(r)) {
			a.Role = r
			return a, nil
		}
	}
	return Actor{}, fault.New(fault.Forbidden, "the account has no role in the shop")
}

// groups reads a list as the gateway flattens it: "[owner marketer]", or with commas.
func groups(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("[], \"", r) })
}
