package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"shopkeeper/shared/fault"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/staff"
	"shopkeeper/shared/table"
)

// maxForm bounds a form; a page that takes a file says more.
const maxForm = 2 << 20

// view is one request of a browser.
type view struct {
	*Console
	w        http.ResponseWriter
	r        *http.Request
	session  staff.Session // zero on public pages
	settings shop.Settings
	body     io.ReadCloser // of the request, without the bound of a form
}

// handler answers one request. An error it returns becomes a page; what it writes itself it writes last.
type handler func(v *view) error

func (v *view) ctx() context.Context { return v.r.Context() }
func (v *view) actor() staff.Actor   { return v.session.Actor }

func (c *Console) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &view{Console: c, w: w, r: r, body: r.Body}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				//nolint:contextcheck // the request carries the context
				v.failed(fmt.Errorf("panic: %v", p))
			}
		}()
		if err := h(v); err != nil {
			//nolint:contextcheck // the request carries the context
			v.failed(err)
		}
	})
}

// nothingHere answers what is no page.
func (v *view) nothingHere() error { return errNothingHere }

// trouble is what the error page says.
type trouble struct {
	Text   string
	Fields []fault.Field
}

// failed answers an error with the page that fits it.
func (v *view) failed(err error) {
	status, title, t := v.trouble(err)
	if err := v.page(status, "error", title, t); err != nil {
		v.log.Error("error page failed", "path", v.r.URL.Path, "err", err)
		http.Error(v.w, "Something is wrong on our side.", http.StatusInternalServerError)
	}
}

func (v *view) trouble(err error) (status int, title string, t trouble) {
	if errors.Is(err, errNothingHere) {
		return http.StatusNotFound, "There is no such page", trouble{Text: "The address may be old, or somebody removed what was here."}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, "That is too large", trouble{Text: fmt.Sprintf("At most %d MB can be sent here.", tooLarge.Limit>>20)}
	}
	detail := ""
	if f, ok := errors.AsType[*fault.Error](err); ok {
		detail, t.Fields = f.Detail, f.Fields
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusBadRequest, "That cannot be done as it was entered", trouble{detail, t.Fields}
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge, "That is too large", trouble{detail, t.Fields}
	case fault.Unauthenticated:
		return http.StatusUnauthorized, "Please log in first", trouble{Text: detail}
	case fault.Forbidden:
		return http.StatusForbidden, "You may not do that", trouble{Text: join(detail, "Somebody with another role can: see Users, or ask the owner.")}
	case fault.NotFound:
		return http.StatusNotFound, "It is not there", trouble{Text: join(detail, "It may have been removed meanwhile.")}
	case fault.Conflict:
		return http.StatusConflict, "Something changed meanwhile", trouble{Text: join(detail, "Go back, look at how it is now, and try again.")}
	case fault.TooMany:
		return http.StatusTooManyRequests, "Please wait a moment", trouble{Text: detail}
	case fault.Throttled, fault.Unavailable:
		v.log.Warn("page put off", "path", v.r.URL.Path, "err", err)
		return http.StatusServiceUnavailable, "Back in a moment", trouble{Text: "The shop's data cannot be reached just now. Nothing was lost: please try again."}
	default:
		v.log.Error("page failed", "path", v.r.URL.Path, "err", err)
		return http.StatusInternalServerError, "Something is wrong on our side", trouble{Text: "It is in the log. Please try again."}
	}
}

// join is two sentences.
func join(a, b string) string { return strings.TrimSpace(sentence(a) + " " + b) }

// sentence is a detail of a fault as a sentence: faults begin small and end without a dot.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// stale says whether somebody else changed what was edited.
func stale(err error) bool {
	_, ok := errors.AsType[*table.ConflictError](err)
	return ok
}

// wrong are the reasons by field of an Invalid fault, so that a form can be shown again with them; ok is false for any other error.
func wrong(err error) (map[string]string, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return nil, false
	}
	reasons := map[string]string{}
	for _, field := range f.Fields {
		reasons[field.Path] = join(reasons[field.Path], sentence(field.Reason))
	}
	if len(f.Fields) == 0 {
		reasons[""] = sentence(f.Detail)
	}
	return reasons, true
}

// page writes one page, whole or not at all.
func (v *view) page(status int, name, title string, data any) error {
	set, ok := v.pages[name]
	if !ok {
		return fmt.Errorf("page %q is not there", name)
	}
	var body bytes.Buffer
	if err := set.ExecuteTemplate(&body, "layout", v.chrome(title, data)); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return v.write(status, body.Bytes())
}

// part writes one block of a page, for the live parts.
func (v *view) part(name, block string, data any) error {
	var body bytes.Buffer
	if err := v.pages[name].ExecuteTemplate(&body, block, data); err != nil {
		return fmt.Errorf("part %s of page %s: %w", block, name, err)
	}
	return v.write(http.StatusOK, body.Bytes())
}

func (v *view) write(status int, body []byte) error {
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	if _, err := v.w.Write(body); err != nil {
		v.log.Debug("page not sent", "path", v.r.URL.Path, "err", err)
	}
	return nil
}

// isLive says whether the script asks for a part of the page.
func (v *view) isLive() bool { return v.r.Header.Get("HX-Request") == "true" }

// form reads the form that was sent and checks its CSRF token.
func (v *view) form() error {
	if err := v.r.ParseForm(); err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return tooLarge
		}
		return fault.Wrap(fault.Invalid, err, "the form cannot be read")
	}
	return v.Staff.CheckCSRF(v.session, v.r.PostForm.Get("csrf"))
}

// to redirects to a page of the console, after a change; said is a key of the messages that the page shows.
func (v *view) to(path, said string) error {
	address := Path + path
	if said != "" {
		address += "?said=" + url.QueryEscape(said)
	}
	http.Redirect(v.w, v.r, address, http.StatusSeeOther)
	return nil
}
