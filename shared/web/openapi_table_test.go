package web

import (
	"encoding/json"
	"net/http"
	"time"

	"shopkeeper/shared/event"
)

const (
	tagCollect   = "collect"
	tagRecommend = "recommend"
	tagPerson    = "person"
	tagService   = "service"
)

// parameters are in the query or the path.
var parameters = map[string]string{
	"id":        "the shop's own number of an item",
	"key":       "a write key",
	"slots":     "placements with lengths, such as for-you:8,trending; without it the usual front page",
	"placement": "viewed-before, for-you, buy-again, trending, new, similar or bought-together; of offers front-page, product-page or mail",
	"limit":     "how many items",
	"item":      "the item that the page is about",
	"basket":    "items in the basket, with commas between",
	"exclude":   "items that must not be shown, with commas between",
	"category":  "a category path: items within it",
	"filter":    "an expression over items, such as: within(\"Tea\") and price <= 2500; or the short form category=Tea;price<=2500",
	"diversity": "how varied lists are, from 0, by relevance alone, to 1; without it as the shop wants them",
	"fields":    "which members of the items are wanted, with commas between, such as id,score; without it all, and the id always",
	"locale":    "a language, such as fr; without it the shop's",
	"url": "the address of the page that asks, with its utm parameters: of a visitor without history the item or the categories that it names count as interests; without it " +
		"what the browser sends as Referer",
	"referrer":     "the address of the page before it, for the words searched for there and its path",
	"utm_term":     "words of the advertisement that led to the page, where url does not have them",
	"utm_campaign": "the campaign that led to the page, where url does not have it",
	"visitor":      "a visitor, for the shop's server with the secret key",
	"user":         "a userId, for the shop's server with the secret key",
	"event":        "the event's name, and further properties under their own names",
}

// operationRow is one operation of the document. Without answers the answer is a JSON object with success.
type operationRow struct {
	method, path, id, summary, tag string
	params                         []string
	body                           any
	takes                          []string
	answers                        map[string]any
	refusals                       []int
	open, secret                   bool // who may call: anybody; the secret key alone. Else every key
}

// messageDoc is a call of the Segment specification. Other members are ignored.
type messageDoc struct {
	Type        string          `json:"type,omitempty" enum:"track,identify,page,screen,group,alias"`
	Event       string          `json:"event,omitempty" doc:"of a track call: a name of the ecommerce specification, or any other"`
	Name        string          `json:"name,omitempty"`
	MessageID   string          `json:"messageId,omitempty" doc:"an event is counted once by it; made from the content when absent"`
	AnonymousID string          `json:"anonymousId,omitempty" doc:"this or userId is needed"`
	UserID      string          `json:"userId,omitempty"`
	PreviousID  string          `json:"previousId,omitempty"`
	GroupID     string          `json:"groupId,omitempty"`
	WriteKey    string          `json:"writeKey,omitempty" doc:"where Authorization is not sent"`
	Timestamp   string          `json:"timestamp,omitempty"`
	SentAt      string          `json:"sentAt,omitempty" doc:"corrects the client's clock"`
	Properties  json.RawMessage `json:"properties,omitempty"`
	Traits      json.RawMessage `json:"traits,omitempty"`
	Context     json.RawMessage `json:"context,omitempty"`
	_           struct{}        `additionalProperties:"true"`
}

type batchDoc struct {
	Batch    []messageDoc `json:"batch" minItems:"1"`
	WriteKey string       `json:"writeKey,omitempty"`
	SentAt   string       `json:"sentAt,omitempty"`
	_        struct{}     `additionalProperties:"true"`
}

type keyDoc struct {
	WriteKey string `json:"writeKey,omitempty"`
}

// consentDoc is consentForm as it must be sent.
type consentDoc struct {
	Purpose  string   `json:"purpose,omitempty" enum:"personalization,marketing"`
	Purposes []string `json:"purposes,omitempty" enum:"personalization,marketing"`
	Granted  bool     `json:"granted"`
	Version  string   `json:"version,omitempty" maxLength:"100" doc:"of the text that was agreed to"`
	WriteKey string   `json:"writeKey,omitempty"`
}

type successDoc struct {
	Success bool `json:"success"`
}

type consentAnswer struct {
	Consent consentView `json:"consent"`
}

// The answers of the hot path, which are appended rather than encoded. A pick has all members but for url and image unless the caller named fields.
type pickDoc struct {
	ID         string     `json:"id"`
	Title      string     `json:"title,omitempty"`
	URL        string     `json:"url,omitempty"`
	Image      string     `json:"image,omitempty"`
	Price      *moneyDoc  `json:"price,omitempty"`
	Position   int        `json:"position,omitempty" minimum:"1"`
	Score      float64    `json:"score,omitempty" minimum:"0" maximum:"1"`
	Propensity float64    `json:"propensity,omitempty" minimum:"0" maximum:"1" doc:"how likely this item was to stand here"`
	Source     string     `json:"source,omitempty"`
	Reason     *reasonDoc `json:"reason,omitempty"`
}

type moneyDoc struct {
	Amount   int64  `json:"amount" doc:"minor units"`
	Currency string `json:"currency" doc:"ISO 4217"`
}

type reasonDoc struct {
	Code  string         `json:"code"`
	Items []event.ItemID `json:"items"`
	Text  string         `json:"text"`
}

type shelfDoc struct {
	Placement        string    `json:"placement" enum:"viewed-before,for-you,buy-again,trending,new,similar,bought-together"`
	Title            string    `json:"title"`
	RecommendationID string    `json:"recommendationId,omitempty" doc:"signed; comes back with the events it leads to"`
	Items            []pickDoc `json:"items"`
}

type visitorDoc struct {
	Known     bool   `json:"known"`
	Name      string `json:"name,omitempty" doc:"only on the visitor's own devices"`
	Returning bool   `json:"returning"`
}

type frontPageDoc struct {
	Visitor  visitorDoc  `json:"visitor"`
	Greeting string      `json:"greeting"`
	Shelves  []shelfDoc  `json:"shelves"`
	Offers   []offerDoc  `json:"offers"`
	Consent  consentView `json:"consent"`
}

type offerDoc struct {
	ID           string         `json:"id"`
	Title        string         `json:"title"`
	Text         string         `json:"text,omitempty"`
	Image        string         `json:"image,omitempty"`
	URL          string         `json:"url,omitempty" doc:"where a click leads"`
	Code         string         `json:"code,omitempty" doc:"an order with this coupon counts for the offer"`
	Items        []event.ItemID `json:"items,omitempty"`
	Expires      *time.Time     `json:"expires,omitempty"`
	Reason       reasonDoc      `json:"reason"`
	Propensity   float64        `json:"propensity" minimum:"0" maximum:"1" doc:"how likely this offer was to stand here"`
	ImpressionID string         `json:"impressionId" doc:"signed; the page sends it with Promotion Viewed when the offer was seen, and with Promotion Clicked"`
}

type offersDoc struct {
	Offers []offerDoc `json:"offers" maxItems:"2"`
}

type listsDoc struct {
	Requests []listDoc `json:"requests" minItems:"1" maxItems:"100"`
}

// listDoc is batchRequest as it must be sent.
type listDoc struct {
	Visitor   string         `json:"visitor,omitempty"`
	User      string         `json:"user,omitempty"`
	Placement string         `json:"placement" enum:"viewed-before,for-you,buy-again,trending,new,similar,bought-together"`
	Limit     int            `json:"limit,omitempty"`
	Item      event.ItemID   `json:"item,omitempty"`
	Basket    []event.ItemID `json:"basket,omitempty"`
	Exclude   []event.ItemID `json:"exclude,omitempty"`
	Category  string         `json:"category,omitempty"`
	Filter    string         `json:"filter,omitempty"`
	Locale    string         `json:"locale,omitempty"`
	Fields    string         `json:"fields,omitempty"`
}

type shelvesDoc struct {
	Results []shelfDoc `json:"results"`
}

var (
	anyJSON  = []string{"application/json", "text/plain"} // SDKs in browsers send JSON as text, so that no preflight is needed
	reading  = []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable}
	asking   = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable}
	ofAnItem = append([]int{http.StatusNotFound}, asking...)
	storing  = append([]int{http.StatusRequestEntityTooLarge}, asking...)
	of       = []string{"locale", "visitor", "user", "category", "basket", "exclude", "filter", "diversity", "url", "referrer", "utm_term", "utm_campaign", "fields"}
)

func inJSON(v any) map[string]any { return map[string]any{"application/json": v} }

// stored is what SDKs are told: RudderStack's in text, the others in JSON.
var stored = map[string]any{"application/json": successDoc{}, "text/plain; charset=utf-8": ""}

func collecting(path, id, summary string, body any) operationRow {
	return operationRow{method: http.MethodPost, path: path, id: id, summary: summary, tag: tagCollect, body: body, takes: anyJSON, answers: stored, refusals: storing}
}

func shelf(path, id, summary string, params []string, refusals []int) operationRow {
	return operationRow{method: http.MethodGet, path: path, id: id, summary: summary, tag: tagRecommend, params: params, answers: inJSON(shelfDoc{}), refusals: refusals}
}

func reads(path, id, summary, tag string, answers map[string]any) operationRow {
	return operationRow{method: http.MethodGet, path: path, id: id, summary: summary, tag: tag, answers: answers, refusals: reading}
}

var operations = append([]operationRow{
	collecting("/v1/batch", "batch", "Store several calls; 200 once they are stored", batchDoc{}),
	collecting("/v1/b", "b", "The same as /v1/batch, as browser SDKs call it", batchDoc{}),
	collecting("/beacon/v1/batch", "beacon", "The same, as a page is left", batchDoc{}),
	{method: http.MethodGet, path: "/pixel/v1/track", id: "pixel-track", summary: "An event as an image, for mails and pages without scripts", tag: tagCollect,
		params: []string{"event"}, answers: map[string]any{"image/gif": []byte{}}, refusals: asking},
	{method: http.MethodGet, path: "/pixel/v1/page", id: "pixel-page", summary: "A page view as an image", tag: tagCollect, answers: map[string]any{"image/gif": []byte{}}, refusals: asking},
	reads("/sourceConfig", "source-config", "What RudderStack's SDKs need to start", tagCollect, inJSON(json.RawMessage{})),
	{method: http.MethodGet, path: "/v1/projects/{key}/settings", id: "project-settings", summary: "What Segment's browser SDK needs to start", tag: tagCollect, params: []string{"key"},
		answers: inJSON(json.RawMessage{}), refusals: reading, open: true},
	{method: http.MethodGet, path: "/sk.js", id: "snippet", summary: "The script for the shop's pages", tag: tagCollect, answers: map[string]any{"text/javascript; charset=utf-8": ""}, open: true},

	{method: http.MethodGet, path: "/v1/front-page", id: "front-page", summary: "All that a front page needs, in one read", tag: tagRecommend,
		params: append([]string{"slots", "item"}, of...), answers: inJSON(frontPageDoc{}), refusals: asking},
	shelf("/v1/recommendations", "recommendations", "One list, for a product page, basket, search or mail", append([]string{"placement", "limit", "item"}, of...), asking),
	{method: http.MethodGet, path: "/v1/offers", id: "offers", summary: "Offers for a placement: front-page, product-page or mail", tag: tagRecommend,
		params: []string{"placement", "limit", "item", "locale", "visitor", "user"}, answers: inJSON(offersDoc{}), refusals: asking},
	shelf("/v1/items/{id}/similar", "similar", "Items like this one", append([]string{"id", "limit"}, of...), ofAnItem),
	shelf("/v1/items/{id}/bought-together", "bought-together", "Items that are bought with this one", append([]string{"id", "limit"}, of...), ofAnItem),
	{method: http.MethodPost, path: "/v1/recommendations:batch", id: "recommendations-batch", summary: "Many lists in one answer, in the order asked", tag: tagRecommend,
		body: listsDoc{}, takes: []string{"application/json"}, answers: inJSON(shelvesDoc{}), refusals: asking, secret: true},

	{method: http.MethodPost, path: "/v1/consent", id: "consent", summary: "Record a decision and carry it out", tag: tagPerson, body: consentDoc{}, takes: anyJSON,
		answers: inJSON(consentAnswer{}), refusals: storing},
	reads("/v1/me", "me", "What is kept about the cookie's visitor", tagPerson, inJSON(meView{})),
	reads("/v1/me/export", "export", "The same with every event and decision, as a file", tagPerson, inJSON(meView{})),
	{method: http.MethodDelete, path: "/v1/me", id: "forget", summary: "Forget the cookie's visitor", tag: tagPerson, answers: inJSON(forgotten{}), refusals: reading},
	{method: http.MethodPost, path: "/v1/reset", id: "reset", summary: "Make the browser another visitor, as at logout", tag: tagPerson, body: keyDoc{}, takes: anyJSON,
		answers: inJSON(successDoc{}), refusals: storing},

	{method: http.MethodGet, path: "/v1/openapi.json", id: "openapi", summary: "This document", tag: tagService,
		answers: map[string]any{"application/vnd.oai.openapi+json;version=3.1": json.RawMessage{}}, open: true},
}, singles()...)

// singles are the calls of the specification, by name and by letter.
func singles() (rows []operationRow) {
	for letter, call := range letters {
		rows = append(rows,
			collecting("/v1/"+string(call), string(call), "Store a "+string(call)+" call", messageDoc{}),
			collecting("/v1/"+letter, letter, "The same as /v1/"+string(call)+", as browser SDKs call it", messageDoc{}))
	}
	return rows
}
