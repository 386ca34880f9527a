package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// The shop's own cookies. They are signed, so that a page may trust what comes back in them.
const (
	basketCookie   = "basket"
	customerCookie = "customer"
	orderCookie    = "order"
	saidCookie     = "said"
	sessionCookie  = "session"
	deviceCookie   = "device"
)

// seal writes a value and its signature. The name is signed too: no cookie passes for another.
func seal[T any](secret, name string, value T) (string, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(body)
	return text + "." + signature(secret, name, text), nil
}

// unseal reads what seal wrote; ok is false for anything else.
func unseal[T any](secret, name, sealed string) (value T, ok bool) {
	text, sign, found := strings.Cut(sealed, ".")
	if !found {
		return value, false
	}
	if !hmac.Equal([]byte(sign), []byte(signature(secret, name, text))) {
		return value, false
	}
	body, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(body, &value) != nil {
		var none T
		return none, false
	}
	return value, true
}

func signature(secret, name, text string) string {
	mac := hmac.New(sha256.New, []byte("demonstration shop cookie\x00"+secret))
	mac.Write([]byte(name + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// keep stores a value in the visitor's browser; life 0 is the browser's session.
func keep[T any](v *visit, name string, value T, life time.Duration) error {
	sealed, err := seal(v.shop.opts.SecretKey, name, value)
	if err != nil {
		return err
	}
	v.setCookie(name, sealed, int(life/time.Second))
	return nil
}

// kept reads what keep stored; the zero value when there is nothing good.
func kept[T any](v *visit, name string) (value T) {
	c, err := v.r.Cookie(name)
	if err != nil {
		return value
	}
	value, _ = unseal[T](v.shop.opts.SecretKey, name, c.Value)
	return value
}

func (v *visit) drop(name string) { v.setCookie(name, "", -1) }

func (v *visit) setCookie(name, value string, maxAge int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: v.r.TLS != nil,
	})
}
