package web

import (
	_ "embed"
	"net/http"
)

// Version is the version of what the routes promise. It is raised with every change of the OpenAPI document: the last number for words, the middle one for what was added, the first for what a
// caller can trip over.
const Version = "1.5.0"

// document describes all routes in OpenAPI 3.1. A test makes it from the types of the answers, so that no function spends its start on that, and holds the table of routes and every recorded
// answer of events/ to it.
//
//go:embed testdata/openapi.json
var document []byte

func openAPI(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	h.Set("Cache-Control", "public, max-age=3600")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(document) // the client is gone when this fails
	return nil
}
