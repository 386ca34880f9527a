package locale

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// style is how a language writes amounts and dates.
type style struct {
	group, point string
	behind       bool // the currency stands behind the amount
	short        string
	medium       string
	long         string
	months       [12]string
	monthsShort  [12]string
	days         [7]string // from Sunday
	daysShort    [7]string
}

const nbsp = "\u00a0"

// styles by the tag of Words.
var styles = map[string]*style{
	"en": {group: ",", point: ".", short: "%d/%m/%Y", medium: "%-d %b %Y", long: "%-d %B %Y",
		months:      [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		monthsShort: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		days:        [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		daysShort:   [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}},
	"fr": {group: "\u202f", point: ",", behind: true, short: "%d/%m/%Y", medium: "%-d %b %Y", long: "%-d %B %Y",
		months:      [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		monthsShort: [12]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
		days:        [7]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"},
		daysShort:   [7]string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."}},
	"de": {group: ".", point: ",", behind: true, short: "%d.%m.%Y", medium: "%-d. %b %Y", long: "%-d. %B %Y",
		months:      [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		monthsShort: [12]string{"Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."},
		days:        [7]string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"},
		daysShort:   [7]string{"So", "Mo", "Di", "Mi", "Do", "Fr", "Sa"}},
	"ru": {group: nbsp, point: ",", behind: true, short: "%d.%m.%Y", medium: "%-d %b %Y г.", long: "%-d %B %Y г.",
		months:      [12]string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
		monthsShort: [12]string{"янв.", "февр.", "мар.", "апр.", "мая", "июн.", "июл.", "авг.", "сент.", "окт.", "нояб.", "дек."},
		days:        [7]string{"воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"},
		daysShort:   [7]string{"вс", "пн", "вт", "ср", "чт", "пт", "сб"}},
}

// signs of the currencies that have one everybody knows; the others are written by their code.
var signs = map[string]string{"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "RUB": "₽", "INR": "₹", "UAH": "₴", "KRW": "₩", "ILS": "₪", "VND": "₫", "TRY": "₺", "KZT": "₸"}

func (w *Words) style() *style { return cmp.Or(styles[w.Tag], styles["en"]) }

// Money writes an amount of minor units, exponent digits of which stand behind the point: £1,250.00 or 1 250,00 €.
func (w *Words) Money(amount int64, exponent int, currency string) string {
	s := w.style()
	minus, n := "", uint64(amount)
	if amount < 0 {
		minus, n = "−", -n
	}
	scale := uint64(math.Pow10(exponent))
	text := grouped(n/scale, s.group)
	if exponent > 0 {
		text += s.point + fmt.Sprintf("%0*d", exponent, n%scale)
	}
	sign, known := signs[currency]
	switch {
	case currency == "":
		return minus + text
	case s.behind:
		return minus + text + nbsp + cmp.Or(sign, currency)
	case known:
		return minus + sign + text
	}
	return minus + currency + nbsp + text
}

func grouped(n uint64, by string) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(by)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Date writes a time in its own zone. layout is "short", "medium" (which "" is too), "long", or in the words of strftime: %d %-d %e %m %-m %B %b %A %a %Y %y %H %M %I %p %j %%.
func (w *Words) Date(t time.Time, layout string) string {
	s := w.style()
	switch layout {
	case "short":
		layout = s.short
	case "", "medium":
		layout = s.medium
	case "long":
		layout = s.long
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(layout, "%")
		b.WriteString(before)
		if !found || rest == "" {
			return b.String()
		}
		width := 2
		if rest[0] == '-' && len(rest) > 1 {
			width, rest = 1, rest[1:]
		}
		b.WriteString(s.part(t, rest[0], width))
		layout = rest[1:]
	}
}

// part is one of the parts of a date, numbers with at least so many digits.
func (s *style) part(t time.Time, letter byte, width int) string {
	digits := func(n int) string { return fmt.Sprintf("%0*d", width, n) }
	switch letter {
	case 'd':
		return digits(t.Day())
	case 'e':
		return strconv.Itoa(t.Day())
	case 'm':
		return digits(int(t.Month()))
	case 'B':
		return s.months[t.Month()-1]
	case 'b', 'h':
		return s.monthsShort[t.Month()-1]
	case 'A':
		return s.days[t.Weekday()]
	case 'a':
		return s.daysShort[t.Weekday()]
	case 'Y':
		return strconv.Itoa(t.Year())
	case 'y':
		return fmt.Sprintf("%02d", t.Year()%100)
	case 'H':
		return digits(t.Hour())
	case 'I':
		return digits((t.Hour()+11)%12 + 1)
	case 'M':
		return fmt.Sprintf("%02d", t.Minute())
	case 'p':
		return t.Format("PM")
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case '%':
		return "%"
	}
	return "%" + string(rune(letter))
}
