package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/staff"
)

// AdminRoutes is the table of what the admin API answers, and the document that describes it.
func AdminRoutes(now func() time.Time, deps AdminDeps) ([]Route, *huma.OpenAPI) {
	b := newAdminAPI(now, deps)
	b.sessions()
	b.accounts()
	b.keys()
	b.customers()
	b.catalog()
	b.segments()
	b.offers()
	b.rules()
	b.campaigns()
	b.letters()
	b.imports()
	b.privacy()
	b.shop()
	b.models()
	b.trial()
	doc := b.huma.OpenAPI()
	for _, unused := range [...]string{"ErrorModel", "ErrorDetail"} { // huma's own problems never leave: ours do
		delete(doc.Components.Schemas.Map(), unused)
	}
	document, err := json.Marshal(doc)
	b.routes = append(b.routes, Route{Method: http.MethodGet, Path: "/admin/v1/openapi.json", Serve: func(w http.ResponseWriter, _ *http.Request) error {
		if err != nil {
			return fault.Wrap(fault.Internal, err, "")
		}
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(document) // the client is gone when this fails
		return nil
	}})
	return b.routes, doc
}

// sessionView is who is logged in.
type sessionView struct {
	Actor       staff.Actor `json:"actor"`
	Permissions []string    `json:"permissions" doc:"the actions that the actor may do now"`
	CSRF        string      `json:"csrf,omitempty" doc:"of a session: send it as X-CSRF-Token with every change"`
	Ends        time.Time   `json:"ends,omitzero" doc:"of a session"`
}

func viewSession(a staff.Actor, in staff.Session) sessionView {
	v := sessionView{Actor: a, Permissions: []string{}, CSRF: in.CSRF, Ends: in.Ends}
	for _, action := range staff.Actions() {
		if a.May(action) {
			v.Permissions = append(v.Permissions, string(action))
		}
	}
	return v
}

type loginInput struct {
	Body struct {
		Login    string `json:"login,omitempty" maxLength:"254" doc:"not needed with a token of the identity provider"`
		Password string `json:"password,omitempty" maxLength:"256"`
		Shop     string `json:"shop,omitempty" maxLength:"40" doc:"where a deployment has several"`
	}
}

type loginOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      sessionView
}

type logoutOutput struct {
	SetCookie string `header:"Set-Cookie"`
}

type passwordInput struct {
	Body struct {
		Old string `json:"old" maxLength:"256"`
		New string `json:"new" minLength:"12" maxLength:"256"`
	}
}

func (b *adminAPI) sessions() {
	const path, tag = "/admin/v1/session", "session"
	add(b, adminOperation{method: http.MethodPost, path: path, id: "login", summary: "Log in; the session before, if there was one, ends", tag: tag,
		refusals: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}}, b.login)
	add(b, adminOperation{method: http.MethodGet, path: path, id: "who-am-i", summary: "Who is logged in, and what they may do", tag: tag, access: access{action: staff.SelfRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[sessionView], error) {
			return &body[sessionView]{viewSession(a, callOf(ctx).session)}, nil
		})
	add(b, adminOperation{method: http.MethodDelete, path: path, id: "logout", summary: "Log out", tag: tag, status: http.StatusNoContent, access: access{action: staff.SelfEdit}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*logoutOutput, error) {
			return &logoutOutput{b.Door.Gone().String()}, b.Service.Logout(ctx, a, callOf(ctx).session)
		})
	add(b, adminOperation{method: http.MethodPut, path: path + "/password", id: "change-password", summary: "Change the own password; all sessions of the account end", tag: tag, status: http.StatusNoContent,
		access: access{action: staff.SelfEdit}, refusals: []int{http.StatusTooManyRequests}},
		func(ctx context.Context, a staff.Actor, in *passwordInput) (*noAnswer, error) {
			return nil, b.Service.ChangePassword(ctx, a, in.Body.Old, in.Body.New)
		})
}

// login is open: it is where everybody begins. A page of another site cannot log somebody in.
func (b *adminAPI) login(ctx context.Context, _ staff.Actor, in *loginInput) (*loginOutput, error) {
	r := callOf(ctx).request
	if err := b.Door.CheckOrigin(r); err != nil {
		return nil, err
	}
	s, err := b.begin(ctx, r, in)
	if err != nil {
		return nil, err
	}
	return &loginOutput{b.Door.Cookie(s.Token).String(), viewSession(s.Actor, s)}, nil
}

func (b *adminAPI) begin(ctx context.Context, r *http.Request, in *loginInput) (staff.Session, error) {
	old := b.Door.Token(r)
	if claims := staff.ClaimsFrom(ctx); claims != nil {
		a, err := staff.ActorOf(claims, b.Door.Names, b.Door.Only)
		if err != nil {
			return staff.Session{}, err
		}
		return b.Door.Staff.LoginClaims(ctx, a, old)
	}
	shop := b.Door.Only
	if shop == "" {
		shop = shopID(in.Body.Shop)
	}
	return b.Door.Staff.Login(ctx, shop, in.Body.Login, in.Body.Password, old)
}
