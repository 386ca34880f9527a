package web

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"shopkeeper/shared/consent"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/locale"
	"shopkeeper/shared/people"
	"shopkeeper/shared/shop"
	"shopkeeper/shared/tracking"
	"shopkeeper/shared/tracking/choices"
)

// mark is the mail of the token in the path.
func (h *preferences) mark(r *http.Request, kind tracking.Kind) (tracking.Token, shop.Settings, error) {
	token, err := h.Tokens.Parse(kind, r.PathValue("token"), h.Now())
	if err != nil {
		return token, shop.Settings{}, err
	}
	settings, err := h.Shops.Settings(r.Context(), token.Shop)
	return token, settings, err
}

// words are those of the reader's browser, else of the shop.
func (h *preferences) words(r *http.Request, settings shop.Settings) *locale.Words {
	return h.Words.Choose(r.Header.Get("Accept-Language"), settings.Locale)
}

// askUnsubscribe shows a button: GET /p/unsubscribe/{token}. Programs that follow links change nothing.
func (h *preferences) askUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	_, settings, err := h.mark(r, tracking.Unsubscribe)
	if err != nil {
		return err
	}
	v := h.newSheet(h.words(r, settings), settings)
	v.Title = v.say(locale.UnsubscribeTitle)
	v.Lead = v.say(locale.UnsubscribeAsk)
	v.Button = v.say(locale.UnsubscribeButton)
	return v.show(w, http.StatusOK)
}

// unsubscribe carries it out: POST /p/unsubscribe/{token}, by the button, or by a mail program for its user (RFC 8058: the body is List-Unsubscribe=One-Click). Neither needs cookie, login or
// anything else but the token, and a body that cannot be read still means what it means. A retry changes nothing.
func (h *preferences) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	token, settings, err := h.mark(r, tracking.Unsubscribe)
	if err != nil {
		return err
	}
	source := choices.FromPage
	if form, err := postForm(w, r); err == nil && strings.EqualFold(form.Get("List-Unsubscribe"), "One-Click") {
		source = choices.FromOneClick
	}
	if err := h.Choices.Unsubscribe(r.Context(), token.Mark, source); err != nil {
		return err
	}
	v := h.newSheet(h.words(r, settings), settings)
	v.Title = v.say(locale.UnsubscribeTitle)
	v.Done = v.say(locale.UnsubscribeDone)
	v.More, v.MoreText = "/p/preferences/"+h.Tokens.Make(tracking.Token{Kind: tracking.Preferences, Mark: markNow(token.Mark, h)}), v.say(locale.UnsubscribeBack)
	return v.show(w, http.StatusOK)
}

// markNow is the mark for a link that is made now.
func markNow(m tracking.Mark, h *preferences) tracking.Mark {
	m.At = h.Now()
	return m
}

// postForm reads a small form, of either encoding that RFC 8058 allows.
func postForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(maxFormBytes)
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the form cannot be read")
	}
	return r.PostForm, nil
}

var channelNames = map[people.Channel]locale.Key{people.Email: locale.ChannelEmail, people.SMS: locale.ChannelSMS, people.Phone: locale.ChannelPhone, people.Post: locale.ChannelPost}

// showPreferences shows how a person's decisions stand: GET /p/preferences/{token}.
func (h *preferences) showPreferences(w http.ResponseWriter, r *http.Request) error {
	token, _, err := h.mark(r, tracking.Preferences)
	if err != nil {
		return err
	}
	return h.preferencesPage(w, r, token, false)
}

// savePreferences changes them: POST /p/preferences/{token}. A retry changes nothing.
func (h *preferences) savePreferences(w http.ResponseWriter, r *http.Request) error {
	token, _, err := h.mark(r, tracking.Preferences)
	if err != nil {
		return err
	}
	form, err := postForm(w, r)
	if err != nil {
		return err
	}
	c := choices.Choice{Allowed: map[people.Channel]bool{}, Personalization: form.Get("personalization") == "on"}
	for _, shown := range form["shown"] {
		c.Allowed[people.Channel(shown)] = form.Get(shown) == "on"
	}
	if err := h.Choices.Choose(r.Context(), token.Mark, c); err != nil {
		return err
	}
	return h.preferencesPage(w, r, token, true)
}

func (h *preferences) preferencesPage(w http.ResponseWriter, r *http.Request, token tracking.Token, saved bool) error {
	standing, err := h.Choices.Look(r.Context(), token.Mark)
	if err != nil {
		return err
	}
	v := h.newSheet(standing.Words, standing.Shop)
	v.Title, v.Lead, v.Button = v.say(locale.PreferencesTitle), v.say(locale.PreferencesIntro), v.say(locale.PreferencesSave)
	if saved {
		v.Notice = v.say(locale.PreferencesSaved)
	}
	for _, c := range choices.Channels {
		if p, shown := standing.Channels[c]; shown {
			v.Boxes = append(v.Boxes, box{Name: string(c), Text: v.say(channelNames[c]), On: p.Allows(), Shown: true})
		}
	}
	v.Boxes = append(v.Boxes, box{Name: "personalization", Text: v.say(locale.PreferencesSelf), On: standing.Personalization})
	v.HistoryTitle = v.say(locale.PreferencesHistory)
	for _, p := range slices.Backward(standing.History) {
		v.History = append(v.History, line{When: p.At.Format("2006-01-02"), Date: v.words.Date(p.At, "long"), Text: v.say(channelNames[p.Channel]) + ": " + v.say(decided(p))})
	}
	return v.show(w, http.StatusOK)
}

func decided(p people.Permission) locale.Key {
	switch {
	case p.Choice == consent.Denied:
		return locale.PreferencesRefused
	case p.Pending:
		return locale.PreferencesPending
	}
	return locale.PreferencesAllowed
}

// shopOfKey finds the shop of a form by its public key.
func (h *preferences) shopOfKey(r *http.Request, key string) (shop.Settings, error) {
	if key == "" {
		return shop.Settings{}, fault.InvalidField("writeKey", "is missing: the shop's write key")
	}
	info, err := h.Shops.Key(r.Context(), key)
	if err != nil {
		return shop.Settings{}, err
	}
	return h.Shops.Settings(r.Context(), info.Shop)
}

// newsletterForm shows the form: GET /p/newsletter?writeKey=.
func (h *preferences) newsletterForm(w http.ResponseWriter, r *http.Request) error {
	key := keyOf(r)
	settings, err := h.shopOfKey(r, key)
	if err != nil {
		return err
	}
	return h.newsletter(r, settings, key).show(w, http.StatusOK)
}

func (h *preferences) newsletter(r *http.Request, settings shop.Settings, key string) *sheet {
	v := h.newSheet(h.words(r, settings), settings)
	v.Title, v.Lead, v.Button, v.Key = v.say(locale.NewsletterTitle), v.say(locale.NewsletterIntro), v.say(locale.NewsletterButton), key
	v.Email, v.Name, v.Agree = v.say(locale.NewsletterEmail), v.say(locale.NewsletterName), v.say(locale.NewsletterConsent)
	return v
}

// subscribe sends the mail that confirms: POST /p/newsletter, by the form here or one on the shop's own site. The answer is the same for every address. A retry sends no second mail for a while.
func (h *preferences) subscribe(w http.ResponseWriter, r *http.Request) error {
	form, err := postForm(w, r)
	if err != nil {
		return err
	}
	key := form.Get("writeKey")
	if key == "" {
		key = keyOf(r)
	}
	settings, err := h.shopOfKey(r, key)
	if err != nil {
		return err
	}
	if wait := h.asked.wait(networkOf(r), h.Now()); wait > 0 {
		return &fault.Error{Kind: fault.TooMany, Detail: "too many subscriptions from one place", RetryAfter: wait}
	}
	v := h.newsletter(r, settings, key)
	if form.Get("consent") != "on" {
		v.Notice, v.Wrong = v.say(locale.NewsletterWrong), true
		return v.show(w, http.StatusBadRequest)
	}
	if form.Get("website") == "" { // people do not see that field: who fills it in is a program
		err = h.Choices.Ask(r.Context(), settings.ID, choices.Form{Email: form.Get("email"), FirstName: form.Get("firstName"), Language: r.Header.Get("Accept-Language")})
	}
	if fault.Is(err, fault.Invalid) {
		v.Notice, v.Wrong = v.say(locale.NewsletterWrong), true
		return v.show(w, http.StatusBadRequest)
	}
	if err != nil {
		return err
	}
	done := h.newSheet(v.words, settings)
	done.Title, done.Done = v.Title, v.say(locale.NewsletterSent)
	return done.show(w, http.StatusOK)
}

// askConfirm shows a button: GET /p/confirm/{token}. Programs that follow links confirm nothing.
func (h *preferences) askConfirm(w http.ResponseWriter, r *http.Request) error {
	token, _, err := h.mark(r, tracking.Confirm)
	if err != nil {
		return err
	}
	standing, err := h.Choices.Asked(r.Context(), token)
	if err != nil {
		return err
	}
	v := h.newSheet(standing.Words, standing.Shop)
	v.Title, v.Lead, v.Button = v.say(locale.ConfirmTitle), v.say(locale.ConfirmAsk), v.say(locale.ConfirmButton)
	return v.show(w, http.StatusOK)
}

// confirm makes a subscriber: POST /p/confirm/{token}. A retry changes nothing.
func (h *preferences) confirm(w http.ResponseWriter, r *http.Request) error {
	token, _, err := h.mark(r, tracking.Confirm)
	if err != nil {
		return err
	}
	standing, err := h.Choices.Asked(r.Context(), token)
	if err != nil {
		return err
	}
	if _, err := h.Choices.Confirm(r.Context(), token); err != nil {
		return err
	}
	v := h.newSheet(standing.Words, standing.Shop)
	v.Title, v.Done = v.say(locale.ConfirmTitle), v.say(locale.ConfirmDone)
	return v.show(w, http.StatusOK)
}
