package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"shopkeeper/shared/fault"
)

// The parameters are the ones that OWASP's Password Storage Cheat Sheet names first for argon2id: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonSalt   = 16
	argonKey    = 32
)

// Limits of a password. NIST SP 800-63B: length is what counts, and no rules of composition.
const (
	MinPassword = 12
	MaxPassword = 256
)

// hashing bounds the memory that logins take at one time.
const hashing = 2

// hasher makes and checks hashes, a few at a time.
type hasher chan struct{}

// hash is a PHC string of a fresh salt.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	rand.Read(salt) // never fails
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// matches says whether the password is the one of the hash. It takes the same time for every wrong one.
func (h hasher) matches(ctx context.Context, phc, password string) (bool, error) {
	p, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	key := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(key, p.key) == 1, nil
}

func (h hasher) enter(ctx context.Context) error {
	select {
	case h <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, ctx.Err(), "too many logins at once")
	}
}

func (h hasher) leave() { <-h }

// phc is a hash with what it was made with, so that old ones stay good when the parameters grow.
type phc struct {
	memory, time uint32
	lanes        uint8
	salt, key    []byte
}

var errPHC = fault.New(fault.Internal, "a stored password hash cannot be read")

// parsePHC reads what hash made. Parameters beyond what we would ever choose are refused, so that a manipulated row takes no memory.
func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return phc{}, errPHC
	}
	var version int
	var p phc
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return phc{}, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.lanes); n != 3 || err != nil {
		return phc{}, errPHC
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil {
		return phc{}, errPHC
	}
	if p.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil {
		return phc{}, errPHC
	}
	if p.memory == 0 || p.memory > 1<<20 || p.time == 0 || p.time > 16 || p.lanes == 0 || p.lanes > 16 || len(p.salt) < 8 || len(p.salt) > 64 || len(p.key) < 16 || len(p.key) > 64 {
		return phc{}, errPHC
	}
	return p, nil
}

// checkPassword says what is wrong with a new password.
func checkPassword(field, password, login string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return fault.InvalidField(field, "is not valid text")
	case n < MinPassword:
		return fault.InvalidField(field, fmt.Sprintf("has at least %d characters", MinPassword))
	case len(password) > MaxPassword:
		return fault.InvalidField(field, fmt.Sprintf("has at most %d bytes", MaxPassword))
	case strings.EqualFold(password, login):
		return fault.InvalidField(field, "must not be the login")
	}
	return nil
}

// NewPassword is a random password of 120 bits, in groups that can be read aloud.
func NewPassword() string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789" // 32 of them, none like another
	var raw [24]byte
	rand.Read(raw[:]) // never fails
	var b strings.Builder
	for i, r := range raw {
		if i > 0 && i%6 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(letters[r&31])
	}
	return b.String()
}
