package app

import (
	"net/http"

	"shopkeeper/shared/console"
)

// Console answers the staff's pages, console.Path.
func (o *Office) Console() (http.Handler, error) {
	return console.New(o.log, o.now, console.Deps{Admin: o.Service, Staff: o.Staff, Shops: o.Door.Shops, Shop: o.Door.Only, Plain: o.Door.Plain})
}
