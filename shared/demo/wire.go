package demo

import (
	"encoding/json"
	"time"
)

// What the shop reads of the API's answers, and what it sends. The API has more.

type frontAnswer struct {
	Greeting string
	Shelves  []shelfAnswer
	Offers   []offerAnswer
	Consent  consentAnswer
}

type consentAnswer struct {
	Personalization bool
	Marketing       bool
	Source          string // cookie, gpc or default
}

type shelfAnswer struct {
	Placement        string
	Title            string
	RecommendationID string
	Items            []itemAnswer
}

type offersAnswer struct {
	Offers []offerAnswer
}

type offerAnswer struct {
	ID           string
	Title        string
	Text         string
	Image        string
	URL          string
	Code         string
	Expires      time.Time
	Propensity   float64
	Reason       reasonAnswer
	ImpressionID string
}

type itemAnswer struct {
	ID         string
	Title      string
	Image      string
	Price      priceAnswer
	Position   int
	Score      float64
	Propensity float64
	Source     string
	Reason     reasonAnswer
}

type priceAnswer struct {
	Amount   int64
	Currency string
}

type reasonAnswer struct {
	Code string
	Text string
}

// batch is the body of POST /v1/batch.
type batch struct {
	Batch  []message `json:"batch"`
	SentAt time.Time `json:"sentAt"`
}

// message is one Segment call.
type message struct {
	Type        string         `json:"type"`
	Event       string         `json:"event,omitempty"`
	Name        string         `json:"name,omitempty"` // of a page
	UserID      string         `json:"userId,omitempty"`
	AnonymousID string         `json:"anonymousId"`
	MessageID   string         `json:"messageId"`
	Timestamp   time.Time      `json:"timestamp"`
	Properties  *properties    `json:"properties,omitempty"`
	Traits      *traits        `json:"traits,omitempty"`
	Context     messageContext `json:"context"`
}

type messageContext struct {
	Page      pageContext `json:"page"`
	SessionID string      `json:"sessionId"`
	Locale    string      `json:"locale"`
	UserHash  string      `json:"userHash,omitempty"` // identify only: the shop vouches for the userId
}

type pageContext struct {
	Path  string `json:"path"`
	Title string `json:"title,omitempty"`
}

// properties are those of the ecommerce v2 events that the shop sends; each event fills its own.
type properties struct {
	product
	Path             string      `json:"path,omitempty"`
	Query            string      `json:"query,omitempty"`
	OrderID          string      `json:"order_id,omitempty"`
	Total            json.Number `json:"total,omitempty"`
	Products         []product   `json:"products,omitempty"`
	RecommendationID string      `json:"recommendationId,omitempty"`
	ImpressionID     string      `json:"impressionId,omitempty"`
}

type product struct {
	ProductID string      `json:"product_id,omitempty"`
	Name      string      `json:"name,omitempty"`
	Category  string      `json:"category,omitempty"`
	Brand     string      `json:"brand,omitempty"`
	Price     json.Number `json:"price,omitempty"`
	Currency  string      `json:"currency,omitempty"`
	Quantity  int         `json:"quantity,omitempty"`
	Position  int         `json:"position,omitempty"`
}

type traits struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
}
