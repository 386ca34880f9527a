package secrets

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"shopkeeper/shared/fault"
)

// generated is what Secrets Manager makes of the deployment's template: 64 letters and digits, which are base64 of 48 bytes.
const generated = "q0M7bVt3ZrLJ5c8xY2WgK4nD6pHfS9uE1aRiTzQwXyCvBkNmGjFdPsAoIeUhLl0O"

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string // key ids; nil: refused
	}{
		"as it is generated":              {`{"current":"k1","k1":"` + generated + `"}`, []string{"k1"}},
		"two keys while one replaces one": {`{"current":"k2","k1":"` + generated + `","k2":"` + generated + `"}`, []string{"k1", "k2"}},
		"the current key is not there":    {`{"current":"k2","k1":"` + generated + `"}`, nil},
		"no current key":                  {`{"k1":"` + generated + `"}`, nil},
		"a key that is too short":         {`{"current":"k1","k1":"c2hvcnQ="}`, nil},
		"a key that is not base64":        {`{"current":"k1","k1":"` + strings.Repeat("!", 64) + `"}`, nil},
		"a nested keyring":                {`{"current":"k1","keys":{"k1":"` + generated + `"}}`, nil},
		"a plain password":                {generated, nil},
		"nothing":                         {``, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			keys, err := parse([]byte(tt.text))
			if tt.want == nil {
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("got %v, want Invalid", err)
				}
				if strings.Contains(err.Error(), generated) {
					t.Errorf("the fault shows the secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, keys.KeyIDs()); diff != "" {
				t.Errorf("key ids (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"current":"k1","k1":"` + generated + `"}`))
	f.Add([]byte(`{"current":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := parse(text)
		if (keys == nil) == (err == nil) {
			t.Errorf("keys %v and error %v", keys, err)
		}
	})
}

func TestKeyring(t *testing.T) {
	const arn = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:keys"
	answer := func(status int, body string) aws.Config {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(status)
			w.Write([]byte(body))
		}))
		t.Cleanup(srv.Close)
		return aws.Config{Region: "eu-west-1", BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
			Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
	}
	t.Run("a secret that is there", func(t *testing.T) {
		keys, err := Keyring(t.Context(), answer(http.StatusOK, `{"SecretString":"{\"current\":\"k1\",\"k1\":\"`+generated+`\"}"}`), arn)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"k1"}, keys.KeyIDs()); diff != "" {
			t.Errorf("key ids (-want +got):\n%s", diff)
		}
	})
	t.Run("a secret that is absent", func(t *testing.T) {
		if _, err := Keyring(t.Context(), answer(http.StatusBadRequest, `{"__type":"ResourceNotFoundException"}`), arn); err == nil {
			t.Error("got keys")
		}
	})
	t.Run("a service that has a pause", func(t *testing.T) {
		if _, err := Keyring(t.Context(), answer(http.StatusInternalServerError, `{"__type":"InternalServiceError"}`), arn); !fault.Retryable(err) {
			t.Errorf("got %v, want a fault that may be repeated", err)
		}
	})
}
