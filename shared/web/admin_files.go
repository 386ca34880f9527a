package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"shopkeeper/shared/admin"
	"shopkeeper/shared/fault"
	"shopkeeper/shared/privacy"
	"shopkeeper/shared/staff"
)

// maxUpload bounds a file that is sent to the admin API. On AWS the gateway takes 6 MB: larger ones go into the bucket, or through the command line.
const maxUpload = 32 << 20

type uploadInput struct {
	Kind    string `query:"kind" required:"true" enum:"contacts,customers,events,items,online-retail,orders"`
	Name    string `query:"name" maxLength:"200" doc:"the file's own, for people"`
	RawBody []byte `contentType:"text/csv" doc:"CSV or NDJSON, which may be compressed with gzip or zstd"`
}

type rejectedInput struct {
	Kind string `path:"kind" maxLength:"64"`
	File string `path:"file" maxLength:"255"`
}

// text is an answer that is a file.
type text struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (b *adminAPI) imports() {
	const path, tag = "/admin/v1/imports", "imports"
	add(b, adminOperation{method: http.MethodGet, path: path, id: "imports", summary: "The latest files and what became of them", tag: tag, access: access{action: staff.ImportsRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[admin.Import]], error) {
			return listed(b.Service.Imports(ctx, a))
		})
	add(b, adminOperation{method: http.MethodPost, path: path, id: "upload-import", summary: "Store a file for the import, which begins within seconds", tag: tag, status: http.StatusAccepted,
		access: access{action: staff.ImportsEdit}, body: maxUpload},
		func(ctx context.Context, a staff.Actor, in *uploadInput) (*body[admin.Import], error) {
			if len(in.RawBody) == 0 {
				return nil, fault.InvalidField("body", "is empty")
			}
			im, err := b.Service.Upload(ctx, a, admin.Upload{Kind: in.Kind, Name: in.Name, Content: bytes.NewReader(in.RawBody)})
			return &body[admin.Import]{im}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: path + "/{kind}/{file}/rejected", id: "rejected-rows", summary: "The refused rows of an import: line, column, reason, value", tag: tag,
		access: access{action: staff.RejectedRead}, media: "text/csv"},
		func(ctx context.Context, a staff.Actor, in *rejectedInput) (*text, error) {
			r, err := b.Service.Rejected(ctx, a, in.Kind+"/"+in.File)
			if err != nil {
				return nil, err
			}
			defer r.Close()
			all, err := io.ReadAll(r)
			if err != nil {
				return nil, fault.Wrap(fault.Unavailable, err, "the list cannot be read")
			}
			return &text{"text/csv", all}, nil
		})
}

func (b *adminAPI) privacy() {
	const path, tag = "/admin/v1/customers/{id}", "privacy"
	add(b, adminOperation{method: http.MethodPost, path: path + "/export", id: "export-customer", summary: "Everything that is kept of a customer, for the customer", tag: tag, access: access{action: staff.CustomersTake}},
		func(ctx context.Context, a staff.Actor, in *CustomerPath) (*body[json.RawMessage], error) {
			out, err := b.Service.ExportCustomer(ctx, a, in.ID)
			if err != nil {
				return nil, err
			}
			all, err := json.Marshal(out) // whatever is kept: no schema promises its members
			return &body[json.RawMessage]{all}, err
		})
	add(b, adminOperation{method: http.MethodPost, path: path + "/erase", id: "erase-customer", summary: "Erase a customer everywhere, for good, with a certificate", tag: tag, access: access{action: staff.CustomersDrop, repeats: true}},
		func(ctx context.Context, a staff.Actor, in *CustomerPath) (*body[privacy.Certificate], error) {
			done, err := b.Service.EraseCustomer(ctx, a, in.ID)
			return &body[privacy.Certificate]{done}, err
		})
	add(b, adminOperation{method: http.MethodGet, path: "/admin/v1/erasures", id: "erasures", summary: "Certificates of the erasures that are finished, oldest first", tag: tag, access: access{action: staff.AuditRead}},
		func(ctx context.Context, a staff.Actor, _ *noInput) (*body[list[privacy.Certificate]], error) {
			return listed(b.Service.Certificates(ctx, a))
		})
}
