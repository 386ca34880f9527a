package web

import (
	"net/http"

	"shopkeeper/shared/locale"
	"shopkeeper/shared/tracking"
)

// askErase shows a button: GET /p/erase/{token}. Programs that follow links erase nobody.
func (h *preferences) askErase(w http.ResponseWriter, r *http.Request) error {
	_, settings, err := h.mark(r, tracking.Erase)
	if err != nil {
		return err
	}
	v := h.newSheet(h.words(r, settings), settings)
	v.Title, v.Lead, v.Button = v.say(locale.EraseTitle), v.say(locale.EraseAsk), v.say(locale.EraseButton)
	return v.show(w, http.StatusOK)
}

// erase erases the person whom the link was sent to: POST /p/erase/{token}. A retry finds nobody, and says the same.
func (h *preferences) erase(w http.ResponseWriter, r *http.Request) error {
	token, settings, err := h.mark(r, tracking.Erase)
	if err != nil {
		return err
	}
	if err := h.Requests.Confirmed(r.Context(), token); err != nil {
		return err
	}
	v := h.newSheet(h.words(r, settings), settings)
	v.Title, v.Done = v.say(locale.EraseTitle), v.say(locale.EraseDone)
	return v.show(w, http.StatusOK)
}
