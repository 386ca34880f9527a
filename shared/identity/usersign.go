package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// SignUser is what a shop's server computes to vouch for the userId that its page sends: HMAC-SHA256 of the userId with the shop's secret key, in hexadecimal. The page puts
// it into context.userHash (or userHash) of its identify.
func SignUser(secret []byte, userID string) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(userID))
	return hex.EncodeToString(m.Sum(nil))
}

// VerifyUser says whether the signature was made with one of the secrets. The comparison takes the same time for every wrong one.
func VerifyUser(secrets [][]byte, userID, signature string) bool {
	sum, err := hex.DecodeString(signature)
	if err != nil || len(sum) != sha256.Size || userID == "" {
		return false
	}
	good := false
	for _, secret := range secrets {
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(userID))
		good = hmac.Equal(sum, m.Sum(nil)) || good
	}
	return good
}
