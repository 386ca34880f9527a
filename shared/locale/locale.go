// Package locale holds the words a visitor reads, by language, and chooses the language.
//
// Texts are short templates with at most one %s. A shop may override any of them. The first entry of the list of languages is the one everybody gets who asks for none of
// the others.
package locale

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// Key names a text.
type Key string

// The texts of recommendations: titles of shelves, the greeting, reasons.
const (
	Greeting       Key = "greeting"        // %s: first name
	ShelfViewed    Key = "shelf.viewed"    // viewed-before
	ShelfForYou    Key = "shelf.for-you"   //
	ShelfBuyAgain  Key = "shelf.buy-again" //
	ShelfTrending  Key = "shelf.trending"  //
	ShelfNew       Key = "shelf.new"       //
	ShelfSimilar   Key = "shelf.similar"   //
	ShelfTogether  Key = "shelf.together"  //
	BecauseViewed  Key = "because-viewed"  // %s: title of an item
	BecauseBought  Key = "because-bought"  // %s: title of an item
	BecauseBasket  Key = "because-basket"  // %s: title of an item
	BecauseSession Key = "because-session" // others who looked at the same went on to it
	BecauseTaste   Key = "because-taste"   // fits interests, which are not named
	BecauseCat     Key = "because-category"
	BecauseCame    Key = "because-came" // %s: name of a category that the visitor was led to
	IsViewed       Key = "viewed-before"
	IsBuyAgain     Key = "buy-again"
	IsTrending     Key = "trending"
	IsPopular      Key = "popular"
	IsNew          Key = "new"
	IsFeatured     Key = "featured"
	IsSimilar      Key = "similar"         // %s: title of an item
	IsTogether     Key = "bought-together" // %s: title of an item
	OfferEveryone  Key = "offer.everyone"
	OfferSegment   Key = "offer.segment" // for a group that the customer belongs to, which is not named
	OfferItem      Key = "offer.item"    // has to do with the product at hand
)

var languages = []language.Tag{language.English, language.French, language.German, language.Russian}

var matcher = language.NewMatcher(languages)

// texts has one column a language, in the order of languages.
var texts = map[Key][4]string{
	Greeting:       {"%s's shop", "La boutique de %s", "Der Laden für %s", "Магазин для вас: %s"},
	ShelfViewed:    {"You looked at", "Vous avez regardé", "Sie haben angesehen", "Вы смотрели"},
	ShelfForYou:    {"For you", "Pour vous", "Für Sie", "Для вас"},
	ShelfBuyAgain:  {"Buy again", "Acheter à nouveau", "Noch einmal kaufen", "Купить снова"},
	ShelfTrending:  {"Popular right now", "Tendances du moment", "Gerade beliebt", "Популярно сейчас"},
	ShelfNew:       {"New in the shop", "Nouveautés", "Neu im Laden", "Новинки"},
	ShelfSimilar:   {"Similar items", "Articles similaires", "Ähnliche Artikel", "Похожие товары"},
	ShelfTogether:  {"Bought together", "Souvent achetés ensemble", "Zusammen gekauft", "Покупают вместе"},
	BecauseViewed:  {"Because you looked at %s", "Parce que vous avez regardé %s", "Weil Sie %s angesehen haben", "Потому что вы смотрели: %s"},
	BecauseBought:  {"Because you bought %s", "Parce que vous avez acheté %s", "Weil Sie %s gekauft haben", "Потому что вы купили: %s"},
	BecauseBasket:  {"Goes with %s in your basket", "Va avec %s dans votre panier", "Passt zu %s in Ihrem Warenkorb", "Подходит к товару в корзине: %s"},
	BecauseSession: {"Others who looked at the same went on to this", "Vu ensuite par d'autres visiteurs", "Das sahen sich andere danach an", "Другие покупатели смотрели дальше"},
	BecauseTaste:   {"Fits your interests", "Selon vos goûts", "Passt zu Ihren Interessen", "По вашим интересам"},
	BecauseCat:     {"Popular in %s", "Populaire dans %s", "Beliebt in %s", "Популярно в разделе: %s"},
	BecauseCame:    {"Because you came for %s", "Parce que vous veniez pour %s", "Weil Sie für %s gekommen sind", "Вы пришли за этим: %s"},
	IsViewed:       {"You looked at this before", "Vous l'avez déjà regardé", "Schon einmal angesehen", "Вы уже смотрели это"},
	IsBuyAgain:     {"You buy this from time to time", "Vous l'achetez de temps en temps", "Das kaufen Sie immer wieder", "Вы покупаете это время от времени"},
	IsTrending:     {"Many look at this right now", "Très regardé en ce moment", "Gerade viel angesehen", "Сейчас это смотрят многие"},
	IsPopular:      {"A favourite of this shop", "Un favori de la boutique", "Ein Liebling dieses Ladens", "Любимый товар магазина"},
	IsNew:          {"Just arrived", "Vient d'arriver", "Gerade eingetroffen", "Только что поступило"},
	IsFeatured:     {"Chosen by the shop", "Choisi par la boutique", "Vom Laden ausgesucht", "Выбор магазина"},
	IsSimilar:      {"Similar to %s", "Semblable à %s", "Ähnlich wie %s", "Похоже на %s"},
	OfferEveryone:  {"For everyone", "Pour tous", "Für alle", "Для всех"},
	OfferSegment:   {"Picked for you", "Choisi pour vous", "Für Sie ausgesucht", "Подобрано для вас"},
	OfferItem:      {"For what you are looking at", "Pour ce que vous regardez", "Zu dem, was Sie ansehen", "К тому, что вы смотрите"},
	IsTogether:     {"Often bought with %s", "Souvent acheté avec %s", "Oft gekauft mit %s", "Часто покупают вместе: %s"},
}

// Text is a template cut at its placeholder: Before, the argument if Has, After.
type Text struct {
	Before, After string
	Has           bool
}

// With puts the argument in.
func (t Text) With(arg string) string {
	if !t.Has {
		return t.Before
	}
	return t.Before + arg + t.After
}

// Words are the texts of one language. They are built once and read by all.
type Words struct {
	Tag   string
	texts map[Key]Text
}

// Text is the text of a key; an unknown key gives itself, so that a gap is seen.
func (w *Words) Text(k Key) Text {
	if t, ok := w.texts[k]; ok {
		return t
	}
	return Text{Before: string(k)}
}

// Catalog chooses words. It is safe for concurrent use.
type Catalog struct {
	words []*Words

	mu     sync.RWMutex
	chosen map[string]int // by wish; -1 for one that fits nothing
}

// maxChosen bounds what is remembered of wishes, which strangers send.
const maxChosen = 1000

// New is the catalog of all languages, with a shop's overrides by language tag and key on top.
func New(overrides map[string]map[Key]string) *Catalog {
	c := &Catalog{chosen: map[string]int{}}
	for i, tag := range languages {
		w := &Words{Tag: tag.String(), texts: make(map[Key]Text, len(texts)+len(letterTexts))}
		for _, some := range []map[Key][4]string{texts, letterTexts} {
			for k, columns := range some {
				w.texts[k] = cut(columns[i])
			}
		}
		for k, s := range overrides[w.Tag] {
			w.texts[k] = cut(s)
		}
		c.words = append(c.words, w)
	}
	return c
}

func cut(s string) Text {
	before, after, has := strings.Cut(s, "%s")
	return Text{before, after, has}
}

// Choose finds the words for the wanted languages, each a BCP 47 tag or an Accept-Language list, the first that fits winning; English when
// none does. Malformed wishes are passed over.
func (c *Catalog) Choose(wanted ...string) *Words {
	for _, w := range wanted {
		if w == "" {
			continue
		}
		if i := c.match(w); i >= 0 {
			return c.words[i]
		}
	}
	return c.words[0]
}

// match is the index of the language that fits a wish, -1 for none. Parsing a wish costs more than the rest of an answer, so it is remembered.
func (c *Catalog) match(wish string) int {
	c.mu.RLock()
	i, known := c.chosen[wish]
	c.mu.RUnlock()
	if known {
		return i
	}
	i = -1
	if tags, _, err := language.ParseAcceptLanguage(wish); err == nil && len(tags) > 0 {
		if _, at, confidence := matcher.Match(tags...); confidence > language.Low {
			i = at
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.chosen) >= maxChosen {
		clear(c.chosen)
	}
	c.chosen[strings.Clone(wish)] = i
	return i
}
